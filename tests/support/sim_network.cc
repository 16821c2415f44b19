// Time is a heap of events: a connect is decided, bytes arrive at the server, bytes or an end
// arrive at the client. Bytes of one connection never overtake one another; with a bandwidth they
// arrive in pieces of 4 KiB, as fast as it allows. What a socket is ready for follows from its
// state alone, so watchers are told again at every wait until they have read.
#include "support/sim_network.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pixhaul::testing {

namespace {

using net::Interest;
using net::IoResult;
using net::IoStatus;
using net::SocketId;

constexpr std::size_t kPieceBytes = 4096;

bool wants(Interest interest, Interest what) {
  return (static_cast<unsigned>(interest) & static_cast<unsigned>(what)) != 0;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string SimRequest::field(std::string_view name) const {
  std::string_view rest(head);
  for (;;) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos || end == 0) return {};
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos && same_name(line.substr(0, colon), name)) {
      return std::string(line.substr(colon + 2));
    }
    rest.remove_prefix(end + 2);
  }
}

void SimNetwork::serve(const net::SocketAddress& address, SimServer server) {
  servers_[address] = std::make_shared<const SimServer>(std::move(server));
}

std::size_t SimNetwork::most_of_host(const std::string& host) const {
  const auto found = host_load_.find(host);
  return found == host_load_.end() ? 0 : found->second.most;
}

std::size_t SimNetwork::most_of_address(const net::SocketAddress& address) const {
  const auto found = address_load_.find(address);
  return found == address_load_.end() ? 0 : found->second.most;
}

// ---- the client's side

Result<SocketId> SimNetwork::connect(const net::SocketAddress& to) {
  if (sockets_.size() >= socket_limit_) {
    return std::unexpected(
        Error{.code = ErrorCode::internal, .os_error = EMFILE, .detail = "no descriptor left"});
  }
  connects_.push_back({to, clock_.now()});
  const auto found = servers_.find(to);
  const auto server = found != servers_.end() ? found->second : nullptr;
  if (server != nullptr && server->accept == SimServer::Accept::unreachable) {
    return std::unexpected(Error{.code = ErrorCode::unreachable, .os_error = ENETUNREACH});
  }
  const SocketId id = ++last_socket_;
  Socket& socket = sockets_[id];
  socket.address = to;
  socket.server = server;
  socket.talking = server != nullptr && server->talk;
  if (server != nullptr && server->accept != SimServer::Accept::never) {
    push(clock_.now() + 2 * server->one_way, Event::Kind::decide, id);
  }
  return id;
}

int SimNetwork::connect_error(SocketId id) {
  const Socket& socket = sockets_.at(id);
  return socket.decided ? socket.error : EINPROGRESS;
}

IoResult SimNetwork::read(SocketId id, std::span<std::byte> into) {
  Socket& socket = sockets_.at(id);
  if (!socket.inbox.empty()) {
    const std::size_t count = std::min(into.size(), socket.inbox.size());
    std::memcpy(into.data(), socket.inbox.data(), count);
    socket.inbox.erase(0, count);
    return {.status = IoStatus::ok, .bytes = count};
  }
  if (socket.error != 0) return {.status = IoStatus::failed, .os_error = socket.error};
  return {.status = socket.ended ? IoStatus::end : IoStatus::would_block};
}

IoResult SimNetwork::write(SocketId id, std::span<const std::byte> from) {
  Socket& socket = sockets_.at(id);
  if (socket.error != 0) return {.status = IoStatus::failed, .os_error = EPIPE};
  if (!socket.decided) return {.status = IoStatus::would_block};
  std::string bytes(from.size(), '\0');
  std::memcpy(bytes.data(), from.data(), from.size());
  push(clock_.now() + socket.server->one_way, Event::Kind::hear, id, std::move(bytes));
  return {.status = IoStatus::ok, .bytes = from.size()};
}

void SimNetwork::close(SocketId id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  end_work(found->second);
  sockets_.erase(found);
}

void SimNetwork::watch(SocketId id, Interest interest, net::Watcher* watcher) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  found->second.interest = interest;
  found->second.watcher = interest == Interest::none ? nullptr : watcher;
}

// ---- time

void SimNetwork::wait(Duration timeout) {
  const Instant until = clock_.now() + std::min<Duration>(timeout, std::chrono::hours(24));
  run_until(clock_.now());
  for (;;) {
    if (notify() || std::exchange(woken_, false)) return;
    if (events_.empty() || events_.top().at > until) return clock_.set(until);
    clock_.set(std::max(clock_.now(), events_.top().at));
    run_until(clock_.now());
  }
}

void SimNetwork::run_until(Instant now) {
  while (!events_.empty() && events_.top().at <= now) {
    Event event = events_.top();
    events_.pop();
    process(std::move(event));
  }
}

// Tells everybody who was ready when the round began and, when his turn comes, still is.
bool SimNetwork::notify() {
  const auto readiness = [this](SocketId id) {
    const auto found = sockets_.find(id);
    if (found == sockets_.end() || found->second.watcher == nullptr) return Interest::none;
    const Socket& socket = found->second;
    const bool readable =
        !socket.inbox.empty() || socket.ended || (socket.decided && socket.error != 0);
    unsigned ready = 0;
    if (readable && wants(socket.interest, Interest::read)) ready |= 1;
    if (socket.decided && wants(socket.interest, Interest::write)) ready |= 2;
    return static_cast<Interest>(ready);
  };
  std::vector<SocketId> ready;
  for (const auto& [id, socket] : sockets_) {
    if (readiness(id) != Interest::none) ready.push_back(id);
  }
  for (const SocketId id : ready) {
    const Interest now = readiness(id);
    if (now == Interest::none) continue;
    sockets_.at(id).watcher->on_ready(id, wants(now, Interest::read), wants(now, Interest::write));
  }
  return !ready.empty();
}

// ---- the server's side

void SimNetwork::push(Instant at, Event::Kind kind, SocketId socket, std::string bytes) {
  events_.push({at, event_count_++, kind, socket, std::move(bytes)});
}

void SimNetwork::process(Event event) {
  const auto found = sockets_.find(event.socket);
  if (found == sockets_.end()) return;
  Socket& socket = found->second;
  switch (event.kind) {
    case Event::Kind::decide:
      socket.decided = true;
      if (socket.server->accept == SimServer::Accept::refuse) socket.error = ECONNREFUSED;
      return;
    case Event::Kind::hear:
      return hear(event.socket, socket, event.bytes);
    case Event::Kind::tell:
      if (socket.error == 0) socket.inbox += event.bytes;
      return;
    case Event::Kind::end:
      socket.ended = true;
      return;
    case Event::Kind::reset:
      socket.error = ECONNRESET;
      return;
    case Event::Kind::done:
      return end_work(socket);
  }
}

void SimNetwork::hear(SocketId id, Socket& socket, const std::string& bytes) {
  // RFC 9293 §3.10.7.1: data for a closed connection is answered by a reset.
  if (socket.server_gone && socket.work_free <= clock_.now()) {
    return push(clock_.now() + socket.server->one_way, Event::Kind::reset, id);
  }
  socket.heard += bytes;
  if (socket.talking) {
    const auto steps = socket.server->talk(socket.heard);
    if (!steps.empty()) return play(id, socket, steps);
    socket.talking = false;
  }
  for (;;) {
    const std::size_t end = socket.heard.find("\r\n\r\n");
    if (end == std::string::npos) return;
    SimRequest request{.server = socket.address,
                       .connection = id,
                       .number = ++socket.request_count,
                       .at = clock_.now(),
                       .head = socket.heard.substr(0, end + 4)};
    socket.heard.erase(0, end + 4);
    const std::size_t space = request.head.find(' ');
    request.method = request.head.substr(0, space);
    request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
    requests_.push_back(request);
    begin_work(socket, request.host());
    play(id, socket,
         socket.server->handler ? socket.server->handler(request) : std::vector<SimStep>());
  }
}

void SimNetwork::play(SocketId id, Socket& socket, const std::vector<SimStep>& steps) {
  const SimServer& server = *socket.server;
  Instant at = std::max(clock_.now(), socket.work_free);
  for (const SimStep& step : steps) {
    at = std::max(at + step.wait, socket.send_free);
    for (std::size_t sent = 0; sent < step.bytes.size();) {
      const std::size_t piece = server.bytes_per_second == 0
                                    ? step.bytes.size()
                                    : std::min(kPieceBytes, step.bytes.size() - sent);
      if (server.bytes_per_second != 0) {
        at += std::chrono::ceil<Duration>(std::chrono::duration<double>(
            static_cast<double>(piece) / static_cast<double>(server.bytes_per_second)));
      }
      push(at + server.one_way, Event::Kind::tell, id, step.bytes.substr(sent, piece));
      sent += piece;
    }
    socket.send_free = at;
    if (step.end == SimStep::End::none) continue;
    socket.server_gone = true;
    push(at + server.one_way,
         step.end == SimStep::End::close ? Event::Kind::end : Event::Kind::reset, id);
  }
  socket.work_free = at;
  if (!steps.empty()) push(at, Event::Kind::done, id);
}

void SimNetwork::begin_work(Socket& socket, const std::string& host) {
  end_work(socket);
  socket.busy_host = host.empty() ? "?" : host;
  for (Load* load : {&host_load_[socket.busy_host], &address_load_[socket.address]}) {
    load->most = std::max(load->most, ++load->now);
  }
}

void SimNetwork::end_work(Socket& socket) {
  if (socket.busy_host.empty()) return;
  --host_load_[socket.busy_host].now;
  --address_load_[socket.address].now;
  socket.busy_host.clear();
}

// ---- texts

std::string http_response(int status, std::string_view body, std::string_view more_fields) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
  text.append(more_fields);
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text.append(body);
}

std::vector<SimStep> reply(int status, std::string_view body, std::string_view more_fields,
                           Duration wait) {
  return {{.wait = wait, .bytes = http_response(status, body, more_fields)}};
}

}  // namespace pixhaul::testing
