#include "support/origin.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "support/builtin_scripts.h"
#include "support/connection.h"
#include "support/listener.h"

// One thread accepts, one thread serves each connection. A thread a connection is what lets a
// script be a plain list of steps, carried out in order, whatever it does to its own connection; a
// few hundred sleeping threads cost a test nothing.

namespace pixhaul::testing {

using std::chrono::milliseconds;

struct Origin::State {
  explicit State(OriginSettings chosen)
      : settings(std::move(chosen)),
        ledger(settings.ledger_file),
        certificates(settings.tls_versions, settings.http2 == Http2::offered),
        stop_fd(::eventfd(0, EFD_CLOEXEC)) {}

  struct Listener {
    UniqueFd fd;
    bool is_tls = false;
    bool is_ipv6 = false;
  };
  struct Worker {
    std::atomic<bool> is_finished = false;
    std::thread thread;
  };

  [[nodiscard]] Result<> listen_on(Family family, bool is_tls, std::uint16_t port);
  void accept_until_stopped();
  void accept_one(const Listener& listener);
  void reap_finished();
  void serve(UniqueFd fd, bool is_tls, std::uint64_t id);
  void serve_sanely(Transport& transport, ConnectionContext context);
  [[nodiscard]] ConnectFault next_fault();
  [[nodiscard]] Script set_fault(const Request& request);
  [[nodiscard]] Script store(const Request& request);
  [[nodiscard]] Script script_for(const Request& request);
  [[nodiscard]] Script undelayed_script_for(const Request& request);
  void stop();

  const OriginSettings settings;
  Ledger ledger;
  Certificates certificates;
  UniqueFd stop_fd;
  std::vector<Listener> listeners;  // immutable once the acceptor runs
  std::uint16_t port = 0;
  std::uint16_t tls_port = 0;
  std::list<Worker> workers;  // the acceptor's; stop() takes over after joining it
  std::thread acceptor;

  std::mutex mutex;  // guards the rest
  std::map<std::string, Behaviour, std::less<>> behaviours;
  BuiltinScripts builtins;  // locks for itself
  ConnectFault fault = ConnectFault::none;
  std::uint64_t faults_left = 0;
};

Result<> Origin::State::listen_on(Family family, bool is_tls, std::uint16_t wanted) {
  std::optional<UniqueFd> fd = bind_loopback(family, SocketType::stream, wanted);
  if (!fd || ::listen(fd->get(), 4096) != 0) {
    return std::unexpected(Error{.code = ErrorCode::unreachable,
                                 .os_error = errno,
                                 .detail = "listen on loopback port " + std::to_string(wanted)});
  }
  (is_tls ? tls_port : port) = local_port(fd->get());
  listeners.push_back({std::move(*fd), is_tls, family == Family::ipv6});
  return {};
}

void Origin::State::accept_until_stopped() {
  std::vector<pollfd> polled = {{stop_fd.get(), POLLIN, 0}};
  for (const Listener& listener : listeners) polled.push_back({listener.fd.get(), POLLIN, 0});
  while (true) {
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) return;
    for (std::size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents != 0) accept_one(listeners[i - 1]);
    }
    reap_finished();
  }
}

void Origin::State::accept_one(const Listener& listener) {
  UniqueFd fd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd.is_open()) return;
  const std::uint64_t id = ledger.open_connection(listener.is_tls, listener.is_ipv6);
  Worker& worker = workers.emplace_back();
  worker.thread = std::thread([this, &worker, &listener, id, taken = std::move(fd)]() mutable {
    serve(std::move(taken), listener.is_tls, id);
    worker.is_finished = true;
  });
}

void Origin::State::reap_finished() {
  for (auto worker = workers.begin(); worker != workers.end();) {
    if (worker->is_finished) {
      worker->thread.join();
      worker = workers.erase(worker);
    } else {
      ++worker;
    }
  }
}

void Origin::State::serve(UniqueFd fd, bool is_tls, std::uint64_t id) {
  // OpenSSL writes without MSG_NOSIGNAL.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);

  Transport transport(std::move(fd), stop_fd.get());
  switch (next_fault()) {
    case ConnectFault::none:
      serve_sanely(transport, {.id = id,
                               .is_tls = is_tls,
                               .h2_max_concurrent_streams = settings.h2_max_concurrent_streams,
                               .ledger = ledger,
                               .script_for = [this](const Request& r) { return script_for(r); }});
      break;
    case ConnectFault::reset:
      ledger.note_fault(id, "reset");
      transport.end(Ending::reset);
      break;
    case ConnectFault::close:
      ledger.note_fault(id, "close");
      transport.end(Ending::cut);
      break;
    case ConnectFault::stall:
      ledger.note_fault(id, "stall");
      transport.wait_closed();
      break;
  }
  ledger.close_connection(id);
}

void Origin::State::serve_sanely(Transport& transport, ConnectionContext context) {
  if (!context.is_tls) return serve_http1(transport, context);
  std::optional<Transport::Handshake> handshake =
      transport.accept_tls(certificates.context(settings.certificate));
  if (!handshake) {
    ledger.note_fault(context.id, transport.fault());
    return;
  }
  const bool is_http2 = handshake->protocol == "h2";
  ledger.describe_tls(context.id, handshake->version, handshake->server_name, handshake->is_resumed,
                      is_http2);
  if (is_http2) {
    serve_http2(transport, context);
  } else {
    serve_http1(transport, context);
  }
}

ConnectFault Origin::State::next_fault() {
  const std::lock_guard lock(mutex);
  if (faults_left == 0) return ConnectFault::none;
  --faults_left;
  return fault;
}

Script Origin::State::script_for(const Request& request) {
  Script script = undelayed_script_for(request);
  if (settings.delay.count() > 0 && !request.path.starts_with("/__")) {
    script.steps.insert(script.steps.begin(), Step::wait(settings.delay));
  }
  return script;
}

// /__connect?fault=reset|close|stall&count=N
Script Origin::State::set_fault(const Request& request) {
  const std::string name = request.text("fault");
  const std::lock_guard lock(mutex);
  fault = name == "reset"   ? ConnectFault::reset
          : name == "close" ? ConnectFault::close
          : name == "stall" ? ConnectFault::stall
                            : ConnectFault::none;
  faults_left = fault == ConnectFault::none ? 0 : request.number("count", 1);
  return reply(200, "text/plain", "ok\n");
}

// PUT gives a path a body of its own, such as another robots.txt; ?status=N its status.
Script Origin::State::store(const Request& request) {
  const int code = static_cast<int>(request.number("status", 200));
  std::string type(request.header("content-type"));
  const Script script = reply(code, type.empty() ? "text/plain" : type, request.body);
  const std::lock_guard lock(mutex);
  behaviours[request.path] = [script](const Request&) { return script; };
  return reply(201, "text/plain", "stored\n");
}

Script Origin::State::undelayed_script_for(const Request& request) {
  if (request.method == "PUT") return store(request);
  Behaviour behaviour;
  {
    const std::lock_guard lock(mutex);
    const auto found = behaviours.find(request.path);
    if (found != behaviours.end()) behaviour = found->second;
  }
  return behaviour ? behaviour(request) : builtins.script_for(request);
}

void Origin::State::stop() {
  ::eventfd_write(stop_fd.get(), 1);
  if (acceptor.joinable()) acceptor.join();
  for (Worker& worker : workers) worker.thread.join();
}

Origin::Origin(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Origin>> Origin::create(OriginSettings settings) {
  auto state = std::make_unique<State>(std::move(settings));
  for (const bool is_tls : {false, true}) {
    const std::uint16_t wanted = is_tls ? state->settings.tls_port : state->settings.port;
    if (auto done = state->listen_on(Family::ipv4, is_tls, wanted); !done) {
      return std::unexpected(std::move(done).error());
    }
    if (!state->settings.also_ipv6) continue;
    const std::uint16_t same = is_tls ? state->tls_port : state->port;
    if (auto done = state->listen_on(Family::ipv6, is_tls, same); !done) {
      return std::unexpected(std::move(done).error());
    }
  }
  std::unique_ptr<Origin> origin(new Origin(std::move(state)));
  State* running = origin->state_.get();
  const auto serve_control = [running](std::string path, Behaviour behaviour) {
    running->behaviours[std::move(path)] = std::move(behaviour);
  };
  serve_control("/__connect",
                [running](const Request& request) { return running->set_fault(request); });
  serve_control("/__ledger", [running](const Request& request) {
    std::string text = running->ledger.snapshot().to_json();
    if (request.query.contains("clear")) running->ledger.clear();
    return reply(200, "application/json", std::move(text));
  });
  running->acceptor = std::thread([running] { running->accept_until_stopped(); });
  return origin;
}

Origin::~Origin() { state_->stop(); }

std::uint16_t Origin::port() const { return state_->port; }
std::uint16_t Origin::tls_port() const { return state_->tls_port; }

std::string Origin::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port()) + std::string(path);
}

std::string Origin::tls_url(std::string_view path, std::string_view host) const {
  return "https://" + std::string(host) + ":" + std::to_string(tls_port()) + std::string(path);
}

const std::string& Origin::ca_pem() const { return state_->certificates.ca_pem(); }

void Origin::serve(std::string path, Script script) {
  serve(std::move(path), [script = std::move(script)](const Request&) { return script; });
}

void Origin::serve(std::string path, Behaviour behaviour) {
  const std::lock_guard lock(state_->mutex);
  state_->behaviours[std::move(path)] = std::move(behaviour);
}

void Origin::fail_connections(ConnectFault fault, std::uint64_t count) {
  const std::lock_guard lock(state_->mutex);
  state_->fault = fault;
  state_->faults_left = count;
}

LedgerSnapshot Origin::ledger() const { return state_->ledger.snapshot(); }
LedgerSnapshot Origin::settled_ledger() const {
  state_->ledger.wait_until_idle(std::chrono::seconds(5));
  return state_->ledger.snapshot();
}
void Origin::clear_ledger() { state_->ledger.clear(); }

std::unique_ptr<Origin> make_origin(OriginSettings settings) {
  Result<std::unique_ptr<Origin>> origin = Origin::create(std::move(settings));
  PIXHAUL_CHECK(origin.has_value());
  return std::move(*origin);
}

RefusingPort::RefusingPort() {
  std::optional<UniqueFd> fd = bind_loopback(Family::ipv4, SocketType::stream, 0);
  PIXHAUL_CHECK(fd.has_value());
  fd_ = std::move(*fd);
  port_ = local_port(fd_.get());
}

SilentPort::SilentPort() {
  std::optional<UniqueFd> fd = bind_loopback(Family::ipv4, SocketType::stream, 0);
  PIXHAUL_CHECK(fd.has_value() && ::listen(fd->get(), 0) == 0);
  fd_ = std::move(*fd);
  port_ = local_port(fd_.get());
  // A backlog of 0 holds one connection; the SYNs after it are dropped.
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  for (UniqueFd& filler : fillers_) {
    filler.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    static_cast<void>(::connect(filler.get(), reinterpret_cast<sockaddr*>(&address), size));
  }
}

}  // namespace pixhaul::testing
