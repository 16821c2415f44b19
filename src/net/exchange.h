#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "net/body_judge.h"
#include "net/content_encoding.h"
#include "net/http2.h"
#include "net/response_head.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// What a response must keep to.
struct ResponseRules {
  std::uint64_t max_body_bytes = 32u << 20;  ///< on the wire and decoded
  bool keeps_first_part = false;  ///< a longer body is no failure: it ends behind that many
  std::vector<std::string> disallowed_header_directives{};
  std::string user_agent_token{};  ///< ours, as robots directives name it
};

/// One response as it comes back, whatever the protocol: decides on the head, counts, decodes and
/// judges the body. The receiving session calls on_…; the owner looks at `phase()` afterwards. No
/// I/O. One thread; reused.
class Exchange final : public StreamReceiver {
 public:
  enum class Phase : std::uint8_t { waiting_head, reading_body, complete, failed };

  /// Facts of the head that outlive it.
  struct Facts {
    std::uint16_t status = 0;
    std::string reason{};
    std::string location{};
    std::string retry_after{};
    std::string etag{};
    std::string last_modified{};
  };

  /// Starts over for a new attempt. `rules` outlives the exchange; `judge` and `sink` may be null
  /// and are not owned.
  void begin(const ResponseRules& rules, BodyJudge* judge, BodySink* sink);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool is_finished() const {
    return phase_ == Phase::complete || phase_ == Phase::failed;
  }
  [[nodiscard]] const Facts& facts() const { return facts_; }
  /// Why it failed; meaningful in Phase::failed.
  [[nodiscard]] const Error& error() const { return error_; }
  /// The server did not begin to act on it: sending it again takes no try.
  [[nodiscard]] bool is_unprocessed() const { return unprocessed_; }
  /// Any byte of the response has come.
  [[nodiscard]] bool has_begun() const { return begun_; }
  [[nodiscard]] std::uint64_t body_bytes() const { return decoded_bytes_; }
  [[nodiscard]] std::uint64_t wire_bytes() const { return wire_bytes_; }
  /// What a Content-Length announced and did not have to come, once failed.
  [[nodiscard]] std::uint64_t bytes_saved() const;

  /// HTTP/1.1 reads straight into here: the head, then the body behind it.
  [[nodiscard]] Buffer& buffer() { return buffer_; }
  /// Body bytes lie behind this offset of `buffer()` (identity coding, buffered mode).
  [[nodiscard]] std::size_t body_begin() const { return body_begin_; }
  /// Memory it holds on to, in bytes.
  [[nodiscard]] std::uint64_t held_bytes() const {
    return buffer_.capacity() + decoded_.capacity();
  }
  /// Moves the body out; its bytes lie behind `begin`.
  [[nodiscard]] Buffer take_body(std::size_t& begin);
  /// Memory to receive into, lent for as long as bytes are coming.
  void give_buffer(Buffer&& buffer) { buffer_ = std::move(buffer); }
  /// How much may be set aside at once for a body that announces its length.
  void set_reserve(std::uint64_t bytes) { reserve_bytes_ = bytes; }
  [[nodiscard]] Buffer give_back_buffer() { return std::move(buffer_); }

  // From the session.
  void note_begun() { begun_ = true; }
  void on_head(const ResponseHead& head) override;
  /// The head of `size` bytes at the front of `buffer()` was parsed; body bytes follow it there.
  void on_head_in_place(const ResponseHead& head, std::size_t size);
  void on_body(std::span<const std::byte> bytes) override;
  /// Body bytes that already lie at the end of `buffer()` (`count` of them).
  void on_body_in_place(std::size_t count);
  void on_end() override;
  void on_failed(ErrorCode code, bool unprocessed, std::string_view detail) override;

 private:
  [[nodiscard]] std::optional<Error> refuse(const ResponseHead& head);
  void count_wire(std::size_t bytes);
  void deliver(std::span<const std::byte> decoded);
  void end_when_enough();
  void fail(Error error);

  const ResponseRules* rules_ = nullptr;
  BodyJudge* judge_ = nullptr;
  BodySink* sink_ = nullptr;
  std::unique_ptr<ContentDecoder> decoder_;
  Buffer buffer_;
  Buffer decoded_;
  std::size_t body_begin_ = 0;
  std::uint64_t reserve_bytes_ = 1u << 20;
  std::uint64_t wire_bytes_ = 0;
  std::uint64_t decoded_bytes_ = 0;
  std::optional<std::uint64_t> announced_;
  Phase phase_ = Phase::waiting_head;
  bool begun_ = false;
  bool unprocessed_ = false;
  Facts facts_;
  Error error_;
};

}  // namespace pixhaul::net
