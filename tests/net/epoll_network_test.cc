#include "net/epoll_network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/address.h"

namespace pixhaul::net {
namespace {

using namespace std::chrono_literals;

SocketAddress loopback(std::uint16_t port) {
  SocketAddress address;
  address.ip.bytes = {127, 0, 0, 1};
  address.port = port;
  return address;
}

// A listening socket on a port of the system's choice.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_.get(), generic, sizeof address), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(fd_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] UniqueFd accept() { return UniqueFd(::accept(fd_.get(), nullptr, nullptr)); }
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

struct Event {
  SocketId socket;
  bool readable;
  bool writable;
};

struct Recorder final : Watcher {
  std::vector<Event> events;
  std::function<void(SocketId)> then;
  void on_ready(SocketId socket, bool readable, bool writable) override {
    events.push_back({socket, readable, writable});
    if (then) then(socket);
  }
};

class EpollNetworkTest : public testing::Test {
 protected:
  EpollNetworkTest() : network_(EpollNetwork::create().value()) {}

  SocketId connected() {
    const SocketId socket = network_->connect(loopback(listener_.port())).value();
    network_->watch(socket, Interest::write, &recorder_);
    network_->wait(1s);
    EXPECT_EQ(network_->connect_error(socket), 0);
    network_->watch(socket, Interest::none, nullptr);
    recorder_.events.clear();
    return socket;
  }
  std::string read(SocketId socket) {
    std::array<std::byte, 64> bytes;
    last_ = network_->read(socket, bytes);
    return {reinterpret_cast<const char*>(bytes.data()), last_.bytes};
  }

  Listener listener_;
  std::unique_ptr<EpollNetwork> network_;
  Recorder recorder_;
  IoResult last_;
};

TEST_F(EpollNetworkTest, ConnectsWithoutNagleAndMovesBytesBothWays) {
  const SocketId socket = connected();
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  ASSERT_EQ(::getsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
  const UniqueFd peer = listener_.accept();

  EXPECT_EQ(read(socket), "");
  EXPECT_EQ(last_.status, IoStatus::would_block);
  const std::string_view text = "ping";
  const IoResult written = network_->write(socket, std::as_bytes(std::span(text)));
  EXPECT_EQ(written.status, IoStatus::ok);
  EXPECT_EQ(written.bytes, 4u);
  std::array<char, 8> got{};
  ASSERT_EQ(::recv(peer.get(), got.data(), got.size(), 0), 4);
  ASSERT_EQ(::send(peer.get(), "pong", 4, 0), 4);
  network_->watch(socket, Interest::read, &recorder_);
  network_->wait(1s);
  ASSERT_EQ(recorder_.events.size(), 1u);
  EXPECT_TRUE(recorder_.events[0].readable);
  EXPECT_FALSE(recorder_.events[0].writable);
  EXPECT_EQ(read(socket), "pong");
  network_->close(socket);
}

TEST_F(EpollNetworkTest, OrderlyEndIsReadableAndReadsAsEnd) {
  const SocketId socket = connected();
  listener_.accept().reset();
  network_->watch(socket, Interest::read, &recorder_);
  network_->wait(1s);
  ASSERT_EQ(recorder_.events.size(), 1u);
  EXPECT_TRUE(recorder_.events[0].readable);
  (void)read(socket);
  EXPECT_EQ(last_.status, IoStatus::end);
  network_->close(socket);
}

TEST_F(EpollNetworkTest, ResetByPeerIsAFailedReadAndAFailedWriteRaisesNoSignal) {
  const SocketId socket = connected();
  UniqueFd peer = listener_.accept();
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  peer.reset();
  network_->watch(socket, Interest::read, &recorder_);
  network_->wait(1s);
  (void)read(socket);
  EXPECT_EQ(last_.status, IoStatus::failed);
  EXPECT_EQ(last_.os_error, ECONNRESET);
  const IoResult written = network_->write(socket, std::as_bytes(std::span("x", 1)));
  EXPECT_EQ(written.status, IoStatus::failed);
  EXPECT_EQ(written.os_error, EPIPE);
  network_->close(socket);
}

TEST_F(EpollNetworkTest, RefusedConnectIsToldAsWritableWithItsError) {
  listener_.close();
  const Result<SocketId> socket = network_->connect(loopback(listener_.port()));
  if (!socket) {
    EXPECT_EQ(socket.error().code, ErrorCode::connect_refused);
    return;
  }
  network_->watch(*socket, Interest::write, &recorder_);
  network_->wait(1s);
  ASSERT_EQ(recorder_.events.size(), 1u);
  EXPECT_TRUE(recorder_.events[0].writable);
  const int error = network_->connect_error(*socket);
  EXPECT_EQ(error, ECONNREFUSED);
  EXPECT_EQ(connect_failure(error), ErrorCode::connect_refused);
  network_->close(*socket);
}

TEST_F(EpollNetworkTest, EventsOfASocketClosedInTheSameBatchAreDropped) {
  const SocketId first = connected();
  const UniqueFd first_peer = listener_.accept();
  const SocketId second = connected();
  const UniqueFd second_peer = listener_.accept();
  ASSERT_EQ(::send(first_peer.get(), "x", 1, 0), 1);
  ASSERT_EQ(::send(second_peer.get(), "x", 1, 0), 1);
  // Whichever is told first closes the other and opens a new socket under the same descriptor.
  Recorder newcomer;
  SocketId reopened = -1;
  recorder_.then = [&](SocketId told) {
    const SocketId other = told == first ? second : first;
    network_->close(other);
    reopened = network_->connect(loopback(listener_.port())).value();
    EXPECT_EQ(reopened, other);
    network_->watch(reopened, Interest::read, &newcomer);
  };
  network_->watch(first, Interest::read, &recorder_);
  network_->watch(second, Interest::read, &recorder_);
  network_->wait(1s);
  EXPECT_EQ(recorder_.events.size(), 1u);
  EXPECT_TRUE(newcomer.events.empty());
  network_->close(first);
  network_->close(second);
}

TEST_F(EpollNetworkTest, ForgottenSocketIsNotToldAndCanBeWatchedAgain) {
  const SocketId socket = connected();
  const UniqueFd peer = listener_.accept();
  ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1);
  network_->watch(socket, Interest::read, &recorder_);
  network_->watch(socket, Interest::none, nullptr);
  network_->wait(0s);
  EXPECT_TRUE(recorder_.events.empty());
  network_->watch(socket, Interest::read_write, &recorder_);
  network_->wait(1s);
  ASSERT_EQ(recorder_.events.size(), 1u);
  EXPECT_TRUE(recorder_.events[0].readable && recorder_.events[0].writable);
  network_->close(socket);
}

TEST_F(EpollNetworkTest, WakeFromAnotherThreadEndsAWait) {
  const Instant start = SystemClock().now();
  std::thread waker([this] { network_->wake(); });
  network_->wait(60s);
  waker.join();
  EXPECT_LT(SystemClock().now() - start, 30s);
  network_->wait(0s);  // the wake was used up; this must simply return
}

TEST_F(EpollNetworkTest, OutOfDescriptorsIsOurOwnFault) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Result<SocketId> socket = network_->connect(loopback(listener_.port()));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, ErrorCode::internal);
  EXPECT_EQ(socket.error().os_error, EMFILE);
}

TEST(ConnectFailure, NamesWhatTheSystemSaid) {
  EXPECT_EQ(connect_failure(ENETUNREACH), ErrorCode::unreachable);
  EXPECT_EQ(connect_failure(EHOSTUNREACH), ErrorCode::unreachable);
  EXPECT_EQ(connect_failure(EADDRNOTAVAIL), ErrorCode::unreachable);
  EXPECT_EQ(connect_failure(ETIMEDOUT), ErrorCode::connect_timeout);
  EXPECT_EQ(connect_failure(ENFILE), ErrorCode::internal);
}

}  // namespace
}  // namespace pixhaul::net
