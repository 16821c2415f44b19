#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/http2.h"
#include "net/response_head.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// The open streams of one HTTP/2 connection: gathers their heads, hands on their bodies and names
/// how each of them ended. Told by the session what the frames say, in their order; knows no
/// frames. One thread.
class Http2Streams {
 public:
  Http2Streams(std::size_t header_list_bytes, std::size_t field_count)
      : header_list_bytes_(header_list_bytes), field_count_(field_count) {}

  void add(std::int32_t id, StreamReceiver* receiver) { streams_[id] = {.receiver = receiver}; }
  /// Its receiver hears no more. False if the stream is not open.
  bool silence(std::int32_t id);
  [[nodiscard]] bool contains(std::int32_t id) const { return streams_.contains(id); }
  [[nodiscard]] std::size_t size() const { return streams_.size(); }

  /// A header block begins; blocks never interleave (RFC 9113 §4.3).
  void begin_block(std::int32_t id);
  /// False when the head grows too large: reset the stream.
  [[nodiscard]] bool add_field(std::string_view name, std::string_view value);
  /// False when it is no head that a response may have: reset the stream.
  [[nodiscard]] bool end_block(std::int32_t id);

  void on_data_announced(std::int32_t id, std::size_t size);
  void on_data(std::int32_t id, std::span<const std::byte> bytes);
  void on_end_of_stream(std::int32_t id);
  void on_reset_by_peer(std::int32_t id);
  void on_request_sent(std::int32_t id);
  void on_goaway() { has_peer_goaway_ = true; }
  /// The stream is closed with an error code of RFC 9113 §7; its receiver is told what that means.
  void close(std::int32_t id, std::uint32_t http2_error);
  /// The connection is gone: all of them fail.
  void fail_all(ErrorCode code, std::string_view detail, bool unsent_are_unprocessed);

 private:
  struct Stream {
    StreamReceiver* receiver = nullptr;  // not owned; null once it has been told the end
    bool is_sent = false;
    bool has_head = false;
    bool has_ended = false;  // END_STREAM came
    bool is_reset_by_peer = false;
    int informational_count = 0;
    std::optional<std::uint64_t> content_length{};
    std::uint64_t body_bytes = 0;  // handed on
    // Announced by DATA frames; nghttp2 hands on none beyond the length.
    std::uint64_t frame_bytes = 0;
    ErrorCode failure = ErrorCode::success;  // ours; decided before the stream is closed
  };
  // One of these serves the connection.
  struct HeadBlock {
    struct Range {
      std::size_t name = 0, name_size = 0, value = 0, value_size = 0;
    };
    Stream* stream = nullptr;
    std::string text{};
    std::vector<Range> ranges{};
    std::uint16_t status = 0;
    std::size_t list_bytes = 0;
    ResponseHead head{};
  };

  [[nodiscard]] Stream* find(std::int32_t id);
  void deliver_head(Stream& stream);
  void tell_end(Stream& stream, std::uint32_t http2_error) const;

  std::size_t header_list_bytes_;
  std::size_t field_count_;
  std::unordered_map<std::int32_t, Stream> streams_{};
  HeadBlock block_{};
  bool has_peer_goaway_ = false;
};

}  // namespace pixhaul::net
