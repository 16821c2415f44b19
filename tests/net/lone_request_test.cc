#include "net/lone_request.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "net/cares_resolver.h"
#include "net/epoll_network.h"

namespace pixhaul::net {
namespace {

using std::chrono::milliseconds;

// Takes one connection, reads a request that ends with `last`, answers and closes; without an
// answer it waits for the client to go.
class OneAnswerServer {
 public:
  OneAnswerServer(std::string last, std::string answer)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread(
        [this, last = std::move(last), answer = std::move(answer)] { serve(last, answer); });
  }

  std::uint16_t port() const { return port_; }
  std::string request() {
    thread_.join();
    return request_;
  }

 private:
  void serve(const std::string& last, const std::string& answer) {
    const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 1024> bytes;
    while (!request_.ends_with(last) || answer.empty()) {
      const ssize_t got = ::read(client.get(), bytes.data(), bytes.size());
      if (got <= 0) return;
      request_.append(bytes.data(), static_cast<std::size_t>(got));
    }
    EXPECT_EQ(::write(client.get(), answer.data(), answer.size()),
              static_cast<ssize_t>(answer.size()));
  }

  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::jthread thread_;
};

class LoneRequests : public testing::Test {
 protected:
  Result<LoneAnswer> put(std::uint16_t port, milliseconds limit = milliseconds(5000)) {
    const LoneRequest request{
        .method = "PUT",
        .url = parse_url("http://127.0.0.1:" + std::to_string(port) + "/b/k%20y").value(),
        .headers = {{"if-none-match", "*"}},
        .body = "whole"};
    return send_lone_request({.network = *network_,
                              .resolver = *resolver_,
                              .hosts = hosts_,
                              .tls = tls_,
                              .clock = clock_},
                             request, limit);
  }

  std::unique_ptr<EpollNetwork> network_ = EpollNetwork::create().value();
  std::unique_ptr<CaresResolver> resolver_ = CaresResolver::create(*network_).value();
  HostsFile hosts_;
  TlsContext tls_{TlsSettings{}};
  SystemClock clock_;
};

TEST_F(LoneRequests, HeadersAndBodyArriveWhole) {
  OneAnswerServer server("whole", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const auto answer = put(server.port());
  ASSERT_TRUE(answer.has_value()) << answer.error().detail;
  EXPECT_EQ(server.request(),
            "PUT /b/k%20y HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                "\r\nif-none-match: *\r\nContent-Length: 5\r\nConnection: "
                "close\r\n\r\nwhole");
}

TEST_F(LoneRequests, AnswersAreReadByTheirFraming) {
  struct Case {
    const char* wire;
    std::uint16_t status;
    const char* body;
  };
  constexpr Case kCases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 412 No\r\nContent-Length: 0\r\n\r\n", 412, ""},
      {"HTTP/1.1 204 None\r\n\r\n", 204, ""},
      {"HTTP/1.1 403 No\r\n\r\n<Code>A</Code>", 403, "<Code>A</Code>"},
      {"HTTP/1.1 403 No\r\nContent-Length: 90\r\n\r\ncut", 403, "cut"},
  };
  for (const Case& one : kCases) {
    OneAnswerServer server("whole", one.wire);
    const auto answer = put(server.port());
    ASSERT_TRUE(answer.has_value()) << one.wire;
    EXPECT_EQ(answer->status, one.status) << one.wire;
    EXPECT_EQ(answer->body, one.body) << one.wire;
  }
}

TEST_F(LoneRequests, HeadersOfTheAnswerAreFoundWithoutCase) {
  OneAnswerServer server("whole",
                         "HTTP/1.1 301 Moved\r\nX-Amz-Bucket-Region: eu-west-1\r\n"
                         "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(put(server.port()).value().find("x-amz-bucket-region"), "eu-west-1");
}

TEST_F(LoneRequests, WhatIsNoAnswerIsAnError) {
  OneAnswerServer cut("whole", "HTTP/1.1 200 OK\r\nContent-");
  EXPECT_EQ(put(cut.port()).error().code, ErrorCode::connection_reset);
  OneAnswerServer nonsense("whole", "SSH-2.0-server\r\n\r\n");
  EXPECT_EQ(put(nonsense.port()).error().code, ErrorCode::protocol_error);
  OneAnswerServer silent("whole", "");
  EXPECT_EQ(put(silent.port(), milliseconds(30)).error().code, ErrorCode::deadline);
}

TEST_F(LoneRequests, AClosedPortIsRefused) {
  std::uint16_t port = 0;
  {
    OneAnswerServer server("whole", "HTTP/1.1 204 None\r\n\r\n");
    port = server.port();
    ASSERT_TRUE(put(port).has_value());
  }
  EXPECT_EQ(put(port).error().code, ErrorCode::connect_refused);
}

}  // namespace
}  // namespace pixhaul::net
