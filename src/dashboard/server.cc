// cpp-httplib parses and writes; sockets are ours, because its own would wait for a client as long
// as bytes trickle in, and its queue would keep a thousand connections open before 32 threads.
#include "dashboard/server.h"

#include <fmt/core.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

namespace pixhaul::dashboard {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kGrace{250};
constexpr std::size_t kMaxRequestBytes = std::size_t{64} << 10;

bool wait_until(int socket, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{.fd = socket, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

/// One connection: the whole request has `kPatience` to arrive, each write `kPatience` to be taken.
class Connection final : public httplib::Stream {
 public:
  explicit Connection(int socket) : socket_(socket), deadline_(Clock::now() + kPatience) {}

  bool is_readable() const override {
    return received_ < kMaxRequestBytes && wait_until(socket_, POLLIN, deadline_);
  }
  bool is_writable() const override {
    return wait_until(socket_, POLLOUT, Clock::now() + kPatience);
  }
  ssize_t read(char* into, std::size_t size) override {
    if (begin_ == end_) {
      if (!is_readable()) return -1;
      const ssize_t count = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (count <= 0) return count;
      received_ += static_cast<std::size_t>(count);
      begin_ = 0;
      end_ = static_cast<std::size_t>(count);
    }
    const std::size_t count = std::min(size, end_ - begin_);
    std::copy_n(buffer_.data() + begin_, count, into);
    begin_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    if (!is_writable()) return -1;
    return ::send(socket_, bytes, size, MSG_NOSIGNAL);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = "127.0.0.1";
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    get_remote_ip_and_port(ip, port);
  }
  socket_t socket() const override { return socket_; }

 private:
  int socket_;
  Clock::time_point deadline_;
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t received_ = 0;
};

/// A thread for each connection, kConnections at most. While there are so many no more is accepted:
/// the kernel's queue holds 64 and drops what is beyond, which costs us nothing, whereas accepting
/// and closing each cost 2.5 % of a core under 1,000 clients that come back every second.
class Threads final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return running_ < Server::kConnections; });
    ++running_;
    std::thread([this, task = std::move(task)] {
      task();
      const std::scoped_lock done(mutex_);
      --running_;
      ended_.notify_all();
    }).detach();
  }
  void shutdown() override {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  int running_ = 0;
};

/// The connections' sockets, so that they can be ended from outside. Any thread.
class OpenSockets {
 public:
  void add(int socket) {
    const std::scoped_lock lock(mutex_);
    sockets_.insert(socket);
    if (is_closing_) ::shutdown(socket, SHUT_RDWR);
  }
  /// Before the socket is closed: its number may be another's then.
  void remove(int socket) {
    const std::scoped_lock lock(mutex_);
    sockets_.erase(socket);
    changed_.notify_all();
  }
  /// Ends requests that are still arriving at once; an answer has `grace` to be taken.
  void end_all(std::chrono::milliseconds grace) {
    std::unique_lock lock(mutex_);
    is_closing_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RD);
    changed_.wait_for(lock, grace, [this] { return sockets_.empty(); });
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> sockets_;
  bool is_closing_ = false;
};

class Listener final : public httplib::Server {
 public:
  OpenSockets& sockets() { return sockets_; }

 private:
  bool process_and_close_socket(socket_t socket) override {
    sockets_.add(socket);
    Connection connection(socket);
    bool is_closed = false;
    const bool done = process_request(connection, true, is_closed, nullptr);
    // What the client still sends would turn our close into a reset that eats the answer.
    ::shutdown(socket, SHUT_WR);
    sockets_.remove(socket);
    ::close(socket);
    return done;
  }

  OpenSockets sockets_;
};

Error cannot_listen(std::uint16_t port) {
  return {.code = ErrorCode::bad_option,
          .detail = fmt::format(
              "--dashboard {}: the port is taken or not allowed; 0 takes any that is free", port)};
}

httplib::Headers closed_headers(const std::string& policy) {
  return {{"Content-Security-Policy", policy},
          {"X-Content-Type-Options", "nosniff"},
          {"X-Frame-Options", "DENY"},
          {"Referrer-Policy", "no-referrer"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
          {"Cache-Control", "no-store"}};
}

Verdict judge(Gate& gate, const httplib::Request& request, const std::string& token) {
  const std::string host = request.get_header_value("Host");
  const std::string origin = request.get_header_value("Origin");
  const std::string site = request.get_header_value("Sec-Fetch-Site");
  const std::string cookie = request.get_header_value("Cookie");
  const std::string authorization = request.get_header_value("Authorization");
  const std::string length = request.get_header_value("Content-Length");
  const bool has_body =
      (!length.empty() && length != "0") || request.has_header("Transfer-Encoding");
  // Two Host headers could mean one thing here and another to the browser.
  const bool is_single = request.get_header_value_count("Host") == 1;
  return gate.judge({.method = request.method,
                     .path = request.path,
                     .host = is_single ? std::string_view(host) : std::string_view(),
                     .origin = origin,
                     .fetch_site = site,
                     .cookie = cookie,
                     .token = token,
                     .authorization = authorization,
                     .has_body = has_body});
}

void fill(httplib::Response& to, Response from) {
  to.status = from.status;
  if (!from.stream) {
    to.set_content(from.body, std::string(from.type));
    return;
  }
  to.set_chunked_content_provider(
      std::string(from.type),
      [stream = std::move(from.stream)](std::size_t, httplib::DataSink& sink) {
        std::string piece;
        if (!stream(piece)) return false;
        return piece.empty() || sink.write(piece.data(), piece.size());
      });
}

}  // namespace

struct Server::State {
  Listener listener{};
  std::optional<Gate> gate{};
  Handler handler{};
  std::thread thread{};
  std::uint16_t port = 0;

  void answer(const httplib::Request& request, httplib::Response& response) {
    Request inner{.path = request.path};
    for (const auto& [name, value] : request.params) inner.query.emplace(name, value);
    const auto token = inner.query.find("token");
    const Verdict verdict =
        judge(*gate, request, token == inner.query.end() ? std::string() : token->second);
    if (verdict.sets_cookie) response.set_header("Set-Cookie", gate->set_cookie());
    if (verdict.status == 405) response.set_header("Allow", "GET, HEAD");
    if (verdict.status == 200) {
      fill(response, handler(inner));
    } else {
      fill(response, {.status = verdict.status, .body = std::string(verdict.reason)});
    }
  }
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::open(std::uint16_t port, const std::string& policy) {
  auto state = std::make_unique<State>();
  Listener& listener = state->listener;
  // Not SO_REUSEPORT, cpp-httplib's default: another process could share the port.
  listener.set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  listener.new_task_queue = [] { return new Threads; };
  listener.set_default_headers(closed_headers(policy));
  const int bound = port != 0 ? (listener.bind_to_port("127.0.0.1", port) ? port : -1)
                              : listener.bind_to_any_port("127.0.0.1");
  if (bound <= 0) return std::unexpected(cannot_listen(port));
  state->port = static_cast<std::uint16_t>(bound);
  Result<Gate> gate = Gate::create(state->port);
  if (!gate) return std::unexpected(std::move(gate).error());
  state->gate.emplace(std::move(*gate));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() {
  if (!state_->thread.joinable()) return;
  // A page that listens hears that the run has ended; who dawdles does not hold the command up.
  state_->listener.sockets().end_all(kGrace);
  state_->listener.stop();
  state_->thread.join();
}

void Server::start(Handler handler) {
  state_->handler = std::move(handler);
  state_->listener.set_pre_routing_handler(
      [state = state_.get()](const httplib::Request& request, httplib::Response& response) {
        state->answer(request, response);
        return httplib::Server::HandlerResponse::Handled;
      });
  state_->thread = std::thread([state = state_.get()] { state->listener.listen_after_bind(); });
  // stop() before the loop has begun would be lost.
  while (!state_->listener.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::uint16_t Server::port() const { return state_->port; }
Gate& Server::gate() { return *state_->gate; }

}  // namespace pixhaul::dashboard
