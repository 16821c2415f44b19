#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "support/script.h"

namespace pixhaul::testing {

struct ConnectionRecord {
  std::uint64_t id = 0;
  std::chrono::milliseconds opened_at{0};  ///< since the origin started
  bool is_open = true;
  bool is_tls = false;
  bool is_http2 = false;
  bool is_resumed = false;  ///< a TLS session was resumed
  bool is_ipv6 = false;
  std::string tls_version{};  ///< "TLSv1.3", or empty
  std::string server_name{};  ///< SNI, or empty
  std::string fault{};        ///< a handshake failure, or the injected connection fault
};

struct RequestRecord {
  std::uint64_t id = 0;
  std::uint64_t connection_id = 0;
  std::uint64_t number_on_connection = 0;
  std::int32_t stream_id = 0;
  std::chrono::milliseconds read_at{0};  ///< since the origin started
  std::chrono::milliseconds finished_at{0};
  std::string method{};
  std::string target{};
  std::string path{};
  std::string host{};
  std::vector<HeaderField> headers{};
  int status = 0;                ///< the last head sent, 0 for none
  std::uint64_t body_bytes = 0;  ///< body bytes handed to the kernel
  bool is_finished = false;      ///< the script ended, one way or another
  bool is_complete = false;      ///< every step was carried out
  std::string body_sha256{};     ///< lower-case hex; of completed bodies only
};

/// A copy of everything seen so far. Immutable.
struct LedgerSnapshot {
  std::vector<ConnectionRecord> connections{};
  std::vector<RequestRecord> requests{};
  std::map<std::string, std::uint64_t> max_simultaneous{};  ///< requests in flight, per Host
  std::uint64_t max_open_connections = 0;

  [[nodiscard]] std::uint64_t count(std::string_view path) const;
  [[nodiscard]] std::vector<RequestRecord> requests_to(std::string_view path) const;
  /// The same as one JSON object: "connections", "requests", "max_simultaneous",
  /// "max_open_connections".
  [[nodiscard]] std::string to_json() const;
};

/// What the origin saw: every connection, every request, every body. Any thread.
class Ledger {
 public:
  /// `file`: NDJSON, a line when a connection ends and one when a request does; "" for none.
  explicit Ledger(const std::string& file);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  [[nodiscard]] std::uint64_t open_connection(bool is_tls, bool is_ipv6);
  void describe_tls(std::uint64_t id, std::string version, std::string server_name, bool is_resumed,
                    bool is_http2);
  void note_fault(std::uint64_t id, std::string fault);
  void close_connection(std::uint64_t id);
  [[nodiscard]] std::uint64_t open_request(const Request& request);
  /// What a script achieved; `sha256` is kept only when `is_complete`.
  struct Finish {
    int status = 0;
    std::uint64_t body_bytes = 0;
    bool is_complete = false;
    std::string sha256{};
  };
  void finish_request(std::uint64_t id, Finish finish);
  [[nodiscard]] LedgerSnapshot snapshot() const;
  /// Until every request is finished; false when `timeout` passes first.
  bool wait_until_idle(std::chrono::milliseconds timeout) const;
  /// Forgets finished requests and closed connections.
  void clear();

 private:
  [[nodiscard]] std::chrono::milliseconds elapsed() const;
  void write_line(const std::string& line);

  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;  // guards everything below
  mutable std::condition_variable idle_;
  std::map<std::uint64_t, ConnectionRecord> connections_;
  std::map<std::uint64_t, RequestRecord> requests_;
  std::map<std::string, std::uint64_t> in_flight_;
  std::map<std::string, std::uint64_t> max_simultaneous_;
  std::uint64_t open_requests_ = 0;
  std::uint64_t open_connections_ = 0;
  std::uint64_t max_open_connections_ = 0;
  std::uint64_t last_id_ = 0;
  std::FILE* file_ = nullptr;
};

/// SHA-256 of bytes as they pass. One thread.
class BodyDigest {
 public:
  BodyDigest();
  ~BodyDigest();
  BodyDigest(const BodyDigest&) = delete;
  BodyDigest& operator=(const BodyDigest&) = delete;
  void add(std::string_view bytes);
  [[nodiscard]] std::string hex();
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::uint64_t size_ = 0;
};

/// SHA-256 in lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace pixhaul::testing
