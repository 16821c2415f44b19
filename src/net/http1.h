#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/response_head.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// Limits of a response head (reliability N6).
struct HeadLimits {
  std::size_t total_bytes = 64 * 1024;
  std::size_t line_bytes = 8 * 1024;
  std::size_t field_count = 200;
};

/// Finds and parses response heads in a growing run of bytes; no I/O, no copies (RFC 9112 §4, §5,
/// §6). Strict where leniency has been exploited: bare CR, obs-fold, space before the colon,
/// conflicting or signed lengths, Transfer-Encoding with Content-Length are errors, and the
/// connection is not to be reused. One thread.
class HeadParser {
 public:
  explicit HeadParser(const HeadLimits& limits = {}) : limits_(limits) {}

  /// `bytes`: everything received since the head began (the same bytes again plus what is new).
  /// Returns the head's length when it is whole, 0 when more is needed (`head` is then
  /// unspecified). 1xx heads are returned too: `head.status` is < 200 and the caller goes on behind
  /// them with a reset parser. Errors: protocol_error, header_limit.
  [[nodiscard]] Result<std::size_t> parse(std::string_view bytes, ResponseHead& head);
  void reset() { line_start_ = scanned_ = 0; }

 private:
  /// What the fields say about framing, gathered as they pass.
  struct Message;

  [[nodiscard]] Result<std::size_t> parse_from(std::string_view bytes, std::size_t line_start,
                                               ResponseHead& head, Message& message);
  [[nodiscard]] Result<> parse_line(std::string_view line, bool is_first, ResponseHead& head,
                                    Message& message) const;

  HeadLimits limits_;
  std::size_t line_start_ = 0;  // lines before it are whole and well formed
  std::size_t scanned_ = 0;     // bytes known to hold no end of the line at line_start_
};

/// Takes chunked framing off a body as it arrives (RFC 9112 §7.1). Extensions ≤ 256 bytes a chunk
/// (4 KiB in all) and trailers ≤ 4 KiB are read and dropped; bare LF, signs, over-long sizes are
/// errors.
class ChunkDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  ///< of `bytes`
    std::size_t produced = 0;  ///< body bytes, now at the front of `bytes`
    bool done = false;         ///< the last chunk and its trailers were read
  };
  /// Decodes in place. Errors: protocol_error, header_limit (trailers or extensions too long).
  [[nodiscard]] Result<Step> decode(std::span<std::byte> bytes);
  void reset() { *this = ChunkDecoder(); }

 private:
  enum class State : std::uint8_t {
    size_start,
    size,
    padding,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done
  };

  [[nodiscard]] Result<> step(char c);
  [[nodiscard]] Result<> on_size_digit(char c);
  [[nodiscard]] Result<> on_size_end(char c);
  [[nodiscard]] Result<> on_extension(char c);
  [[nodiscard]] Result<> on_trailer_name(char c);
  [[nodiscard]] Result<> on_trailer_value(char c);
  [[nodiscard]] Result<> expect(char c, char wanted, State next);

  State state_ = State::size_start;
  std::uint8_t digits_ = 0;
  std::uint64_t left_ = 0;
  std::uint32_t extra_ = 0;       // bytes of this chunk's extension, or of the trailers, so far
  std::uint32_t extensions_ = 0;  // bytes of all chunks' extensions so far
};

}  // namespace pixhaul::net
