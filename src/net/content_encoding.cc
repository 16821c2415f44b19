#include "net/content_encoding.h"

#include <brotli/decode.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "base/check.h"
#include "net/response_head.h"

// We ask for identity; some servers compress all the same. Output is taken in steps of 16 KiB and
// measured after each, so that no input, however small, makes more than one step beyond its limit.

namespace pixhaul::net {

namespace {

constexpr std::size_t kStepBytes = 16 * 1024;
constexpr std::uint64_t kFreeBytes = 1024 * 1024;
constexpr std::uint64_t kMaxRatio = 100;

std::unexpected<Error> refused(std::string detail) {
  return std::unexpected(Error{.code = ErrorCode::encoding_limit, .detail = std::move(detail)});
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

class ContentDecoder::Engine {
 public:
  virtual ~Engine() = default;
  /// Moves on with some of `in` (what is used is cut off its front) into `out`; returns the bytes
  /// written. Less than `out` holds means that all of `in` was used or the stream has ended.
  [[nodiscard]] virtual Result<std::size_t> step(std::span<const std::byte>& in,
                                                 std::span<std::byte> out) = 0;
  [[nodiscard]] virtual bool is_ended() const = 0;
};

namespace {

class ZlibEngine final : public ContentDecoder::Engine {
 public:
  enum class Kind : std::uint8_t { gzip, deflate };

  explicit ZlibEngine(Kind kind) : kind_(kind) {}
  ~ZlibEngine() override {
    if (is_open_) inflateEnd(&stream_);
  }

  Result<std::size_t> step(std::span<const std::byte>& in, std::span<std::byte> out) override {
    if (is_ended_ && !begin_next_member(in)) {
      in = {};
      return 0;
    }
    if (!is_open_ && !open(in)) return 0;
    if (held_given_ < held_count_) {
      std::span<const std::byte> held =
          std::span(held_).subspan(held_given_, held_count_ - held_given_);
      const std::size_t before = held.size();
      Result<std::size_t> made = inflate_some(held, out);
      held_given_ += before - held.size();
      if (!made || held_given_ < held_count_ || is_ended_ || in.empty()) return made;
      Result<std::size_t> more = inflate_some(in, out.subspan(*made));
      return more ? Result<std::size_t>(*made + *more) : more;
    }
    return inflate_some(in, out);
  }
  bool is_ended() const override { return is_ended_; }

 private:
  // RFC 9110 §8.4.1.2: "deflate" is the zlib format, but "some non-conformant implementations send
  // the deflate compressed data without the zlib wrapper". Two bytes tell (RFC 1950 §2.2).
  bool open(std::span<const std::byte>& in) {
    int window_bits = 15 + 16;
    if (kind_ == Kind::deflate) {
      while (held_count_ < held_.size() && !in.empty()) {
        held_[held_count_++] = in.front();
        in = in.subspan(1);
      }
      if (held_count_ < held_.size()) return false;
      const unsigned first = std::to_integer<unsigned>(held_[0]);
      const bool has_wrapper =
          (first & 0x0f) == 8 && (first * 256 + std::to_integer<unsigned>(held_[1])) % 31 == 0;
      window_bits = has_wrapper ? 15 : -15;
    }
    PIXHAUL_CHECK(inflateInit2(&stream_, window_bits) == Z_OK);
    is_open_ = true;
    return true;
  }

  // RFC 1952 §2.2: a gzip file may be several members. Anything else behind the end is dropped, as
  // browsers do.
  bool begin_next_member(std::span<const std::byte> in) {
    if (kind_ != Kind::gzip || in.empty() || in.front() != std::byte{0x1f}) return false;
    if (inflateReset(&stream_) != Z_OK) return false;
    is_ended_ = false;
    return true;
  }

  Result<std::size_t> inflate_some(std::span<const std::byte>& in, std::span<std::byte> out) {
    const std::size_t offered = std::min<std::size_t>(in.size(), std::numeric_limits<uInt>::max());
    // zlib's interface is older than const.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return refused(kind_ == Kind::gzip ? "malformed gzip body" : "malformed deflate body");
    }
    in = in.subspan(offered - stream_.avail_in);
    is_ended_ = code == Z_STREAM_END;
    return out.size() - stream_.avail_out;
  }

  Kind kind_;
  z_stream stream_{};
  std::array<std::byte, 2> held_{};
  std::size_t held_count_ = 0;
  std::size_t held_given_ = 0;
  bool is_open_ = false;
  bool is_ended_ = false;
};

class BrotliEngine final : public ContentDecoder::Engine {
 public:
  BrotliEngine() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    PIXHAUL_CHECK(state_ != nullptr);
  }
  ~BrotliEngine() override { BrotliDecoderDestroyInstance(state_); }

  Result<std::size_t> step(std::span<const std::byte>& in, std::span<std::byte> out) override {
    if (is_ended_) {
      in = {};
      return 0;
    }
    std::size_t in_left = in.size();
    const std::uint8_t* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    std::size_t out_left = out.size();
    std::uint8_t* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state_, &in_left, &next_in, &out_left, &next_out, nullptr);
    if (result == BROTLI_DECODER_RESULT_ERROR) return refused("malformed br body");
    in = in.subspan(in.size() - in_left);
    is_ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
    return out.size() - out_left;
  }
  bool is_ended() const override { return is_ended_; }

 private:
  BrotliDecoderState* state_;
  bool is_ended_ = false;
};

std::unique_ptr<ContentDecoder::Engine> make_engine(std::string_view coding) {
  if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
    return std::make_unique<ZlibEngine>(ZlibEngine::Kind::gzip);
  }
  if (equals_ignoring_case(coding, "deflate"))
    return std::make_unique<ZlibEngine>(ZlibEngine::Kind::deflate);
  if (equals_ignoring_case(coding, "br")) return std::make_unique<BrotliEngine>();
  return nullptr;
}

}  // namespace

ContentDecoder::ContentDecoder(std::unique_ptr<Engine> engine, std::uint64_t max_bytes)
    : engine_(std::move(engine)), max_bytes_(max_bytes) {}

ContentDecoder::~ContentDecoder() = default;

Result<std::unique_ptr<ContentDecoder>> ContentDecoder::create(std::string_view content_encoding,
                                                               std::uint64_t max_bytes) {
  std::string_view coding;
  while (!content_encoding.empty()) {
    const std::size_t comma = content_encoding.find(',');
    const std::string_view next = trim(content_encoding.substr(0, comma));
    content_encoding.remove_prefix(comma == std::string_view::npos ? content_encoding.size()
                                                                   : comma + 1);
    if (next.empty() || equals_ignoring_case(next, "identity")) continue;
    if (!coding.empty()) return refused("more than one Content-Encoding");
    coding = next;
  }
  if (coding.empty()) return nullptr;
  std::unique_ptr<Engine> engine = make_engine(coding);
  if (!engine) return refused(fmt::format("unknown Content-Encoding '{}'", coding.substr(0, 64)));
  return std::unique_ptr<ContentDecoder>(new ContentDecoder(std::move(engine), max_bytes));
}

Result<> ContentDecoder::check_limits() const {
  if (given_bytes_ > max_bytes_) {
    return std::unexpected(Error{.code = ErrorCode::too_large,
                                 .detail = fmt::format("decoded body above {} bytes", max_bytes_)});
  }
  if (given_bytes_ > kFreeBytes && given_bytes_ / kMaxRatio > taken_bytes_) {
    return refused("compressed more than 100 : 1");
  }
  return {};
}

Result<> ContentDecoder::decode(std::span<const std::byte> in, Buffer& out) {
  taken_bytes_ += in.size();
  std::size_t made = 0;
  do {
    std::span<std::byte> room = out.writable(kStepBytes).first(kStepBytes);
    Result<std::size_t> written = engine_->step(in, room);
    if (!written) return std::unexpected(std::move(written).error());
    made = *written;
    out.commit(made);
    given_bytes_ += made;
    if (auto checked = check_limits(); !checked) return checked;
  } while (made == kStepBytes || !in.empty());
  return {};
}

Result<> ContentDecoder::finish() const {
  if (engine_->is_ended() || taken_bytes_ == 0) return {};
  return std::unexpected(
      Error{.code = ErrorCode::truncated, .detail = "the compressed body is cut short"});
}

}  // namespace pixhaul::net
