#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "support/script.h"

struct ssl_st;
struct ssl_ctx_st;

namespace pixhaul::testing {

/// The server's end of one connection, plain or TLS, whose every wait ends when the origin stops.
/// One thread.
class Transport {
 public:
  /// `stop_fd`: readable from the moment the origin stops; not owned, outlives this.
  Transport(UniqueFd fd, int stop_fd);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  struct Handshake {
    std::string version;
    std::string server_name;
    std::string protocol;  ///< by ALPN
    bool is_resumed = false;
  };
  /// Nothing when the handshake fails; `fault()` says why.
  [[nodiscard]] std::optional<Handshake> accept_tls(ssl_ctx_st* context);
  [[nodiscard]] const std::string& fault() const { return fault_; }

  /// Bytes read; 0 when there are none now; nothing when the connection is over.
  [[nodiscard]] std::optional<std::size_t> try_read(std::span<char> into);
  /// Waits for at least a byte. Nothing when the connection is over or the origin stops.
  [[nodiscard]] std::optional<std::size_t> read(std::span<char> into);
  /// All of `bytes`, or as many as `limit_writes` leaves. False: the connection is over.
  [[nodiscard]] bool write(std::string_view bytes);
  /// After exactly `limit.bytes` more bytes the connection ends.
  void limit_writes(Script::WireLimit limit);

  enum class Wake : std::uint8_t { ready, timeout, over };
  /// Until something can be read; `over` when the peer is gone or the origin stops.
  [[nodiscard]] Wake wait_readable(std::optional<std::chrono::milliseconds> timeout);
  /// False: the peer left or the origin stops.
  [[nodiscard]] bool pause(std::chrono::milliseconds duration);
  /// Until the peer leaves or the origin stops.
  void wait_closed();
  void end(Ending ending);
  /// FIN, then reads and drops until the peer leaves.
  void half_close();
  [[nodiscard]] bool is_over() const { return !fd_.is_open(); }

 private:
  [[nodiscard]] Wake poll_for(short events, std::optional<std::chrono::milliseconds> timeout);
  [[nodiscard]] bool write_some(std::string_view& bytes);
  void wait_taken();

  UniqueFd fd_;
  int stop_fd_;
  ssl_st* ssl_ = nullptr;
  std::optional<Script::WireLimit> limit_;
  std::string fault_;
};

}  // namespace pixhaul::testing
