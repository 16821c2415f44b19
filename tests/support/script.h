#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pixhaul::testing {

struct HeaderField {
  std::string name;
  std::string value;
};

/// One request as the origin read it.
struct Request {
  std::uint64_t connection_id = 0;
  std::uint64_t number_on_connection = 1;  ///< 1 for the first request of a connection
  std::int32_t stream_id = 0;              ///< 0 on HTTP/1.1
  bool is_tls = false;
  bool is_last = false;  ///< the client will not use the connection again
  std::string method;
  std::string target;  ///< as sent: origin form, or absolute form from a proxy's client
  std::string path;    ///< as sent, without the query
  std::string host;    ///< Host or :authority, as sent
  std::map<std::string, std::string> query;  ///< percent-decoded; the last of equal names
  std::vector<HeaderField> headers;          ///< names in lower case, values as sent
  std::string body;

  /// The first field of that (lower-case) name, or "".
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::string text(const std::string& name, std::string fallback = "") const;
  [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t fallback) const;
};

/// How a connection ends: `close` is orderly (close_notify, FIN), `cut` is a FIN without
/// close_notify, `reset` is a RST after the bytes so far have been taken.
enum class Ending : std::uint8_t { close, cut, reset };

/// One thing the origin does. `head` and `body` mean the same on HTTP/1.1 and HTTP/2; `send` puts
/// raw bytes on the connection (on HTTP/2 between frames); the h2_ steps end an HTTP/1.1
/// connection.
struct Step {
  enum class Kind : std::uint8_t {
    head,
    body,
    repeat,
    send,
    wait,
    stall,
    end,
    half_close,
    h2_reset_stream,
    h2_goaway,
    h2_settings,
  };
  Kind kind = Kind::stall;
  std::string bytes{};
  std::vector<HeaderField> headers{};
  int status = 0;
  std::uint64_t count = 0;
  std::uint32_t code = 0;
  std::int64_t value = 0;
  Ending ending = Ending::close;
  std::chrono::milliseconds pause{0};

  /// A status line and fields, or a HEADERS frame; 1xx may precede the final one.
  static Step head(int status, std::vector<HeaderField> headers);
  /// Body bytes: counted and hashed by the ledger. Chunk framing is the script's own affair.
  static Step body(std::string bytes);
  /// `bytes` as body `count` times over, each after `pause`.
  static Step repeat(std::string bytes, std::uint64_t count, std::chrono::milliseconds pause);
  static Step send(std::string bytes);
  static Step wait(std::chrono::milliseconds pause);
  /// Nothing more, until the client leaves or the origin stops.
  static Step stall();
  static Step end(Ending ending);
  /// FIN towards the client, then reads until the client leaves.
  static Step half_close();
  static Step h2_reset_stream(std::uint32_t code);
  /// GOAWAY naming this stream as the last processed, or the one before it when `refuse_this`.
  static Step h2_goaway(std::uint32_t code, bool refuse_this);
  /// A SETTINGS frame holding `identifier` = `value`.
  static Step h2_settings(std::uint16_t identifier, std::uint32_t value);
};

/// What one request gets. After the last step the connection is kept, unless the request or a head
/// said `Connection: close`.
struct Script {
  struct WireLimit {
    std::uint64_t bytes = 0;
    Ending ending = Ending::close;
  };
  std::vector<Step> steps{};
  /// The connection ends after exactly this many bytes of the response (below TLS: of plaintext).
  std::optional<WireLimit> wire_limit{};
};

using Behaviour = std::function<Script(const Request&)>;

/// A complete response with Content-Type, Content-Length and `more` fields.
[[nodiscard]] Script reply(int status, std::string_view media_type, std::string body,
                           std::vector<HeaderField> more = {});

/// The standard reason phrase, or "Status".
[[nodiscard]] std::string_view reason_phrase(int status);
[[nodiscard]] std::string lower_case(std::string_view text);
/// Fills path and query from the target (origin or absolute form).
void split_target(Request& request);

}  // namespace pixhaul::testing
