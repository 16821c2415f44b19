#include <fmt/core.h>
#include <zlib.h>

#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "readers/compressed.h"

namespace pixhaul::readers {

namespace {

constexpr int kGzipOnly = 15 + 16;

class GzipFile final : public ReadableFile {
 public:
  GzipFile(std::unique_ptr<ReadableFile> file, std::string_view name)
      : file_(std::move(file)), name_(name) {
    PIXHAUL_CHECK(inflateInit2(&stream_, kGzipOnly) == Z_OK);
  }
  ~GzipFile() override { inflateEnd(&stream_); }

  Result<std::size_t> read(std::span<std::byte> into) override {
    if (padding_ || into.empty()) return std::size_t{0};
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = static_cast<uInt>(into.size());
    while (stream_.avail_out == into.size()) {
      if (stream_.avail_in == 0) {
        Result<bool> more = refill();
        if (!more) return std::unexpected(std::move(more).error());
        if (!*more) return at_end();
      }
      if (between_members_ && starts_padding()) return std::size_t{0};
      between_members_ = false;
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        between_members_ = true;
        seen_member_ = true;
        PIXHAUL_CHECK(inflateReset(&stream_) == Z_OK);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        damaged_ = true;
        break;
      }
    }
    const std::size_t count = into.size() - stream_.avail_out;
    if (damaged_ && count == 0) return std::unexpected(damage());
    return count;
  }

  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  Result<bool> refill() {
    Result<std::size_t> count = file_->read(std::as_writable_bytes(std::span(input_)));
    if (!count) return std::unexpected(std::move(count).error());
    stream_.next_in = input_.data();
    stream_.avail_in = static_cast<uInt>(*count);
    return *count > 0;
  }

  // Between members the file may end, or be padded with zeros to a block (tapes, some servers).
  bool starts_padding() {
    padding_ = seen_member_ && *stream_.next_in == 0;
    return padding_;
  }

  Result<std::size_t> at_end() {
    if (between_members_) return std::size_t{0};
    return std::unexpected(Error{
        .code = ErrorCode::input_unreadable,
        .detail = fmt::format("'{}' ends in the middle of its gzip data; fetch or compress it "
                              "again (gzip -t checks it)",
                              name_)});
  }

  Error damage() const {
    const std::string what =
        seen_member_ || stream_.total_out > 0
            ? "its gzip data is damaged; fetch or compress it again (gzip -t checks it)"
            : "it is not gzip data; rename it if it is plain text";
    return Error{.code = ErrorCode::input_unreadable,
                 .detail = fmt::format("cannot read '{}': {}", name_, what)};
  }

  std::unique_ptr<ReadableFile> file_;
  std::string name_;
  z_stream stream_{};
  std::array<unsigned char, 64 * 1024> input_;
  bool between_members_ = true;  // an empty file is an empty list
  bool seen_member_ = false;
  bool padding_ = false;
  bool damaged_ = false;
};

}  // namespace

std::unique_ptr<ReadableFile> make_gzip_file(std::unique_ptr<ReadableFile> file,
                                             std::string_view name) {
  return std::make_unique<GzipFile>(std::move(file), name);
}

}  // namespace pixhaul::readers
