#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "net/response_head.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// A GET. Views are read during `submit()` only.
struct Http2Request {
  std::string_view scheme{};        ///< "http" or "https"
  std::string_view authority{};     ///< host, with the port unless it is the scheme's own
  std::string_view path{};          ///< path and query, "/" at least
  std::span<const Field> fields{};  ///< the rest; names in lower case, none of connection's own
};

/// What happens to one request, in order: `on_head`, `on_body` as often as needed, then `on_end` or
/// `on_failed`, after which the receiver is never called again. Calls come from within `receive()`,
/// `output()` or `fail_all()`; they may submit and cancel but not destroy the session.
class StreamReceiver {
 public:
  /// The final response; 1xx are skipped. `head` is valid during the call. `framing` is `none`
  /// (204, 304), `length`, or else `chunked`, as the protocol marks the end by itself.
  virtual void on_head(const ResponseHead& head) = 0;
  virtual void on_body(std::span<const std::byte> bytes) = 0;
  virtual void on_end() = 0;
  /// `code`: connection_reset (reset, refused, GOAWAY), protocol_error, header_limit, truncated, or
  /// what `fail_all()` was given. `unprocessed`: the server never acted on the request, so that
  /// sending it again is safe and uses up no try (RFC 9113 §8.7). `detail` is valid during the
  /// call.
  virtual void on_failed(ErrorCode code, bool unprocessed, std::string_view detail) = 0;

 protected:
  ~StreamReceiver() = default;
};

struct Http2Settings {
  std::uint32_t stream_window_bytes = 1u << 20;
  std::uint32_t connection_window_bytes = 8u << 20;
  std::uint32_t header_list_bytes = 64 * 1024;  ///< as RFC 9113 §6.5.2 counts: 32 more per field
  std::uint32_t field_count = 200;
  /// Frames that carry no response (PING, SETTINGS, empty DATA …): how many at once and per second.
  double control_frame_burst = 100;
  double control_frames_per_second = 33;
};

/// The client's end of an HTTP/2 connection (RFC 9113) over libnghttp2; no I/O. One thread.
class Http2Session {
 public:
  /// The preface and our SETTINGS are in `output()` at once. Errors: internal.
  [[nodiscard]] static Result<std::unique_ptr<Http2Session>> create(
      const Http2Settings& settings = {});
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  /// Queues a request and returns its stream. `receiver` is not owned and outlives the stream or
  /// its `cancel()`. REQUIRES: can_submit(). Errors: protocol_error.
  [[nodiscard]] Result<std::int32_t> submit(const Http2Request& request, StreamReceiver* receiver);
  /// Resets the stream; its receiver hears no more. Unknown or finished streams are ignored.
  void cancel(std::int32_t stream);

  /// Takes bytes from the connection. On error the connection is lost: every receiver has been
  /// told, what `output()` still holds (a GOAWAY) may be sent, and the session is not to be used
  /// further. Errors: protocol_error.
  [[nodiscard]] Result<> receive(std::span<const std::byte> bytes, Instant now);
  /// Bytes to be sent, all frames that are due in one piece; valid until the next call.
  [[nodiscard]] std::span<const std::byte> output();
  /// The first `count` bytes of `output()` were sent.
  void consume_output(std::size_t count);

  /// The connection is gone: every open stream fails with `code`.
  void fail_all(ErrorCode code, std::string_view detail);

  /// Another stream may be opened now (peer's limit of streams, no GOAWAY).
  [[nodiscard]] bool can_submit() const;
  /// No stream will be opened any more (GOAWAY, failure, stream numbers used up): close when idle.
  [[nodiscard]] bool is_draining() const;
  [[nodiscard]] std::size_t active_streams() const;

 private:
  struct Impl;
  explicit Http2Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pixhaul::net
