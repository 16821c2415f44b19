#include <fmt/core.h>
#include <zstd.h>

#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "readers/compressed.h"

namespace pixhaul::readers {

namespace {

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

class ZstdFile final : public ReadableFile {
 public:
  ZstdFile(std::unique_ptr<ReadableFile> file, std::string_view name)
      : file_(std::move(file)), name_(name), stream_(ZSTD_createDStream()) {
    PIXHAUL_CHECK(stream_ != nullptr);
  }

  Result<std::size_t> read(std::span<std::byte> into) override {
    ZSTD_outBuffer out{.dst = into.data(), .size = into.size(), .pos = 0};
    while (out.pos == 0 && !into.empty()) {
      // Output the decoder still holds comes before new input.
      if (left_.pos == left_.size && !holds_output_) {
        Result<std::size_t> count = file_->read(std::as_writable_bytes(std::span(input_)));
        if (!count) return std::unexpected(std::move(count).error());
        if (*count == 0) return at_end();
        left_ = ZSTD_inBuffer{.src = input_.data(), .size = *count, .pos = 0};
      }
      wanted_ = ZSTD_decompressStream(stream_.get(), &out, &left_);
      if (ZSTD_isError(wanted_) != 0) return std::unexpected(damage());
      holds_output_ = out.pos == out.size && wanted_ != 0;
    }
    return out.pos;
  }

  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  Result<std::size_t> at_end() const {
    if (wanted_ == 0) return std::size_t{0};
    return std::unexpected(Error{
        .code = ErrorCode::input_unreadable,
        .detail = fmt::format("'{}' ends in the middle of its zstd data; fetch or compress it "
                              "again (zstd -t checks it)",
                              name_)});
  }

  Error damage() const {
    return Error{.code = ErrorCode::input_unreadable,
                 .detail = fmt::format("cannot read '{}': its zstd data is damaged ({}); fetch or "
                                       "compress it again (zstd -t checks it)",
                                       name_, ZSTD_getErrorName(wanted_))};
  }

  std::unique_ptr<ReadableFile> file_;
  std::string name_;
  std::unique_ptr<ZSTD_DStream, FreeStream> stream_;
  std::array<unsigned char, 64 * 1024> input_;
  ZSTD_inBuffer left_{};
  std::size_t wanted_ = 0;  // what the decoder said last: 0 at the end of a frame
  bool holds_output_ = false;
};

}  // namespace

std::unique_ptr<ReadableFile> make_zstd_file(std::unique_ptr<ReadableFile> file,
                                             std::string_view name) {
  return std::make_unique<ZstdFile>(std::move(file), name);
}

}  // namespace pixhaul::readers
