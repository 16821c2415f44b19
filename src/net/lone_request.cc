// One connection, one request, one answer, straight down: name, connect, handshake, write, read.
// The engine's own machinery is for many transfers at once and for strangers' servers; here a
// thread has nothing better to do than to wait.
#include "net/lone_request.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "net/epoll_network.h"
#include "net/http1.h"
#include "net/stream.h"

namespace pixhaul::net {

namespace {

constexpr std::size_t kMostBytes = 64 * 1024;

Error error(ErrorCode code, const Url& url, std::string_view why) {
  return Error{.code = code, .detail = fmt::format("{}: {}", url.origin(), why)};
}

// Only wakes the wait.
class Bystander final : public Watcher {
 public:
  void on_ready(SocketId, bool, bool) override {}
};

class LoneExchange {
 public:
  LoneExchange(const LoneNet& net, const LoneRequest& request, Duration limit)
      : net_(net), request_(request), deadline_(net.clock.now() + limit) {}
  ~LoneExchange() {
    stream_.reset();
    close();
  }
  LoneExchange(const LoneExchange&) = delete;
  LoneExchange& operator=(const LoneExchange&) = delete;

  Result<LoneAnswer> run() {
    Result<std::vector<IpAddress>> addresses = resolve();
    if (!addresses) return std::unexpected(std::move(addresses).error());
    if (Result<> connected = connect(*addresses); !connected) {
      return std::unexpected(std::move(connected).error());
    }
    if (Result<> ready = open_stream(); !ready) return std::unexpected(std::move(ready).error());
    if (Result<> sent = send(); !sent) return std::unexpected(std::move(sent).error());
    return receive();
  }

 private:
  // False when the time is over.
  bool wait(Interest interest) {
    const Instant now = net_.clock.now();
    if (now >= deadline_) return false;
    Duration pause = deadline_ - now;
    if (socket_ >= 0) {
      net_.network.watch(socket_, interest, &bystander_);
    } else {
      const Instant due = net_.resolver.next_due();
      if (due < deadline_) pause = std::max(Duration::zero(), due - now);
    }
    net_.network.wait(pause);
    return true;
  }

  Error too_late() const { return error(ErrorCode::deadline, request_.url, "does not answer"); }

  void close() {
    if (socket_ >= 0) net_.network.close(socket_);
    socket_ = -1;
  }

  Result<std::vector<IpAddress>> resolve() {
    if (const auto literal = literal_address(request_.url)) return std::vector{*literal};
    const std::string host(request_.url.host());
    const auto entry = net_.hosts.entries().find(host);
    if (entry != net_.hosts.entries().end()) return entry->second;
    net_.resolver.ask(host, AddressFamily::v4);
    net_.resolver.ask(host, AddressFamily::v6);
    std::vector<Answer> answers;
    for (;;) {
      net_.resolver.take_answers(net_.clock.now(), answers);
      if (answers.size() >= 2) break;
      if (!wait(Interest::none)) return std::unexpected(too_late());
    }
    std::vector<IpAddress> addresses;
    for (const Answer& answer : answers) {
      addresses.insert(addresses.end(), answer.addresses.begin(), answer.addresses.end());
    }
    if (!addresses.empty()) return addresses;
    return std::unexpected(error(answers.front().status, request_.url, answers.front().detail));
  }

  Result<> connect(const std::vector<IpAddress>& addresses) {
    Error last = error(ErrorCode::unreachable, request_.url, "no address");
    for (const IpAddress& address : addresses) {
      Result<SocketId> socket =
          net_.network.connect(SocketAddress{.ip = address, .port = request_.url.port()});
      if (!socket) {
        last = std::move(socket).error();
        continue;
      }
      socket_ = *socket;
      if (!wait(Interest::write)) return std::unexpected(too_late());
      const int failed = net_.network.connect_error(socket_);
      if (failed == 0) return {};
      last = error(connect_failure(failed), request_.url, "cannot connect");
      last.os_error = failed;
      close();
    }
    return std::unexpected(std::move(last));
  }

  Result<> open_stream() {
    if (request_.url.scheme() == Scheme::http) {
      stream_ = std::make_unique<PlainStream>(net_.network, socket_);
      return {};
    }
    Result<std::unique_ptr<TlsStream>> tls =
        TlsStream::create(net_.tls, sessions_, net_.network, socket_, request_.url.host(),
                          request_.url.origin(), Alpn::http1);
    if (!tls) return std::unexpected(std::move(tls).error());
    for (;;) {
      Result<bool> done = (*tls)->handshake();
      if (!done) return std::unexpected(std::move(done).error());
      if (*done) break;
      if (!wait((*tls)->blocked_on())) return std::unexpected(too_late());
    }
    stream_ = std::move(*tls);
    return {};
  }

  Result<> send() {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request_.method,
                                   request_.url.target(), request_.url.host_header());
    for (const auto& [name, value] : request_.headers) {
      text += fmt::format("{}: {}\r\n", name, value);
    }
    text += fmt::format("Content-Length: {}\r\nConnection: close\r\n\r\n{}", request_.body.size(),
                        request_.body);
    std::span<const std::byte> left = std::as_bytes(std::span(text));
    while (!left.empty()) {
      const IoResult sent = stream_->write(left);
      if (sent.status == IoStatus::ok) {
        left = left.subspan(sent.bytes);
      } else if (sent.status != IoStatus::would_block) {
        return std::unexpected(hung_up());
      } else if (!wait(stream_->blocked_on())) {
        return std::unexpected(too_late());
      }
    }
    return {};
  }

  Error hung_up() const {
    return error(ErrorCode::connection_reset, request_.url, "the server hung up");
  }

  Result<LoneAnswer> receive() {
    HeadParser parser;
    LoneAnswer answer;
    std::string text;
    std::optional<std::uint64_t> body_bytes;  // once the head is read
    for (;;) {
      while (!body_bytes) {
        ResponseHead head;
        Result<std::size_t> length = parser.parse(text, head);
        if (!length) return std::unexpected(std::move(length).error());
        if (*length == 0) break;
        if (head.status >= 200) body_bytes = take_head(head, answer);
        parser.reset();
        text.erase(0, *length);
      }
      if (body_bytes && text.size() >= *body_bytes) break;
      Result<bool> more = read_into(text);
      if (!more) return std::unexpected(std::move(more).error());
      if (*more) continue;
      if (!body_bytes) return std::unexpected(hung_up());
      break;
    }
    answer.body = text.substr(0, std::min<std::size_t>(text.size(), kMostBytes));
    return answer;
  }

  // How much of the body is waited for.
  static std::uint64_t take_head(const ResponseHead& head, LoneAnswer& answer) {
    answer.status = head.status;
    for (const Field& field : head.fields) {
      answer.headers.emplace_back(std::string(field.name), std::string(field.value));
    }
    if (head.framing == Framing::none) return 0;
    return std::min<std::uint64_t>(head.content_length.value_or(kMostBytes), kMostBytes);
  }

  // False at the end of the connection.
  Result<bool> read_into(std::string& text) {
    std::array<std::byte, 4096> bytes;
    for (;;) {
      const IoResult got = stream_->read(bytes);
      if (got.status == IoStatus::ok) {
        text.append(reinterpret_cast<const char*>(bytes.data()), got.bytes);
        return true;
      }
      if (got.status == IoStatus::end) return false;
      if (got.status != IoStatus::would_block) return std::unexpected(hung_up());
      if (!wait(stream_->blocked_on())) return std::unexpected(too_late());
    }
  }

  const LoneNet& net_;
  const LoneRequest& request_;
  const Instant deadline_;
  Bystander bystander_;
  TlsSessionCache sessions_;
  SocketId socket_ = -1;
  std::unique_ptr<Stream> stream_;
};

}  // namespace

std::string_view LoneAnswer::find(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

Result<LoneAnswer> send_lone_request(const LoneNet& net, const LoneRequest& request,
                                     Duration limit) {
  return LoneExchange(net, request, limit).run();
}

}  // namespace pixhaul::net
