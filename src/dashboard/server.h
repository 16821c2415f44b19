#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "dashboard/gate.h"
#include "pixhaul/result.h"

namespace pixhaul::dashboard {

/// A request that the gate let in.
struct Request {
  std::string path{};
  std::map<std::string, std::string> query{};
};

struct Response {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";  ///< static text
  std::string body{};
  /// If set, the body is what this gives, piece by piece, until it gives false; "" waits on.
  std::function<bool(std::string& piece)> stream{};
};

/// HTTP on 127.0.0.1: one request a connection, 32 connections at once, ten seconds for a request
/// to arrive and for each piece of an answer to be taken, 64 KiB for a request. What is more waits,
/// 64 of them. Every request passes the gate, every answer has the same closed set of headers.
class Server {
 public:
  static constexpr int kConnections = 32;
  using Handler = std::function<Response(const Request&)>;  ///< any thread, several at once

  /// `policy`: the Content-Security-Policy of every answer. Listens at once; answers after start().
  /// Errors: bad_option, in a sentence; internal.
  [[nodiscard]] static Result<std::unique_ptr<Server>> open(std::uint16_t port,
                                                            const std::string& policy);
  /// Closes everything, within a quarter of a second but for handlers that are at work; waits for
  /// those, so a stream of theirs must have been told to end.
  ~Server();

  void start(Handler handler);
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] Gate& gate();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pixhaul::dashboard
