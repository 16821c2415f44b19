#include "support/dns_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/unique_fd.h"
#include "support/listener.h"
#include "support/script.h"

// One thread, one poll: the UDP socket, the TCP listener and its connections, and a queue of
// answers that are due later. Answers are made when the query comes and sent when their delay has
// passed.

namespace pixhaul::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view kForgedIpv4 = "203.0.113.66";
constexpr std::string_view kForgedIpv6 = "2001:db8::66";
constexpr int kMostAliases = 16;

// Where an answer goes: back to a UDP address, or into a TCP connection by number.
struct Destination {
  sockaddr_storage address{};
  socklen_t address_size = 0;
  std::uint64_t tcp_id = 0;  // 0 for UDP
};

struct Pending {
  steady_clock::time_point due;
  Destination to;
  std::string packet;
  bool from_other_port = false;
};

struct TcpClient {
  std::uint64_t id = 0;
  UniqueFd fd;
  std::string input;
};

DnsCode code_of(DnsAnswer::Kind kind) {
  switch (kind) {
    case DnsAnswer::Kind::records:
    case DnsAnswer::Kind::drop:
      return DnsCode::ok;
    case DnsAnswer::Kind::name_error:
      return DnsCode::name_error;
    case DnsAnswer::Kind::server_failure:
      return DnsCode::server_failure;
    case DnsAnswer::Kind::refused:
      return DnsCode::refused;
  }
  return DnsCode::ok;
}

std::string forged_packet(DnsQuestion question, DnsForgery forgery) {
  if (forgery == DnsForgery::wrong_id) question.id ^= 0x5a5a;
  if (forgery == DnsForgery::wrong_question) {
    question.name = "other.invalid";
    question.wire = dns_name_data(question.name) + question.wire.substr(question.wire.size() - 4);
  }
  const bool is_ipv6 = question.type == DnsType::aaaa;
  const auto data = dns_address_data(is_ipv6 ? kForgedIpv6 : kForgedIpv4, question.type);
  DnsReply reply;
  reply.answers.push_back({question.name, question.type, 300, data.value_or("")});
  std::string packet = dns_packet(question, reply);
  const std::size_t answers_at = 12 + question.wire.size();
  if (forgery == DnsForgery::garbage)
    packet.replace(answers_at, std::string::npos, "\xff\xfe\x07noise");
  if (forgery == DnsForgery::pointer_loop) {
    // RFC 1035 §4.1.4: a pointer to its own offset.
    packet.resize(answers_at);
    packet += static_cast<char>(0xc0 | (answers_at >> 8));
    packet += static_cast<char>(answers_at & 255);
    packet += std::string("\0\x01\0\x01\0\0\0\x3c\0\x04\xcb\0\x71\x42", 14);
  }
  return packet;
}

bool is_below(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix) &&
         name[name.size() - suffix.size() - 1] == '.';
}

}  // namespace

struct DnsServer::State {
  using Rule = std::function<DnsAnswer(std::string_view)>;

  [[nodiscard]] bool open(std::uint16_t wanted);
  void run();
  void read_udp();
  void accept_tcp();
  void read_tcp(TcpClient& client);
  void handle(std::string_view packet, const Destination& to);
  void send_due();
  void send(const Pending& pending);
  [[nodiscard]] int poll_timeout() const;
  [[nodiscard]] DnsAnswer answer_for(const std::string& name);
  [[nodiscard]] DnsAnswer counted_answer_for(const DnsQuestion& question);
  [[nodiscard]] DnsReply reply_to(const DnsQuestion& question, const DnsAnswer& first);

  UniqueFd udp;
  UniqueFd other_udp;  // forged answers come from here
  UniqueFd tcp;
  UniqueFd stop_fd;
  std::uint16_t port = 0;
  std::list<TcpClient> clients;  // the thread's own
  std::vector<Pending> pending;  // the thread's own
  std::uint64_t last_client_id = 0;
  std::thread thread;

  mutable std::mutex mutex;  // guards the rest
  std::map<std::string, DnsAnswer> answers;
  std::map<std::string, Rule> rules;
  std::map<std::pair<std::string, DnsType>, std::uint64_t> counts;
  std::uint64_t count = 0;
  std::uint64_t tcp_count = 0;
};

// UDP takes whatever port the system gives; TCP must get the same one, so a few tries may be
// needed.
bool DnsServer::State::open(std::uint16_t wanted) {
  for (int tries = 0; tries < 20; ++tries) {
    auto first = bind_loopback(Family::ipv4, SocketType::datagram, wanted);
    if (!first) return false;
    port = local_port(first->get());
    auto second = bind_loopback(Family::ipv4, SocketType::stream, port);
    auto third = bind_loopback(Family::ipv4, SocketType::datagram, 0);
    if (!second || !third || ::listen(second->get(), 128) != 0) continue;
    udp = std::move(*first);
    tcp = std::move(*second);
    other_udp = std::move(*third);
    stop_fd.reset(::eventfd(0, EFD_CLOEXEC));
    return true;
  }
  return false;
}

void DnsServer::State::run() {
  while (true) {
    std::vector<pollfd> polled = {
        {stop_fd.get(), POLLIN, 0}, {udp.get(), POLLIN, 0}, {tcp.get(), POLLIN, 0}};
    for (const TcpClient& client : clients) polled.push_back({client.fd.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), poll_timeout()) < 0) continue;
    if (polled[0].revents != 0) return;
    std::size_t at = 3;
    for (TcpClient& client : clients) {
      if (polled[at++].revents != 0) read_tcp(client);
    }
    if (polled[1].revents != 0) read_udp();
    if (polled[2].revents != 0) accept_tcp();
    std::erase_if(clients, [](const TcpClient& client) { return !client.fd.is_open(); });
    send_due();
  }
}

int DnsServer::State::poll_timeout() const {
  int soonest = -1;
  for (const Pending& one : pending) {
    const auto left = std::chrono::ceil<milliseconds>(one.due - steady_clock::now()).count();
    const int wait = static_cast<int>(std::clamp<milliseconds::rep>(left, 0, 1'000'000));
    soonest = soonest < 0 ? wait : std::min(soonest, wait);
  }
  return soonest;
}

void DnsServer::State::read_udp() {
  std::array<char, 4096> packet;
  Destination to;
  to.address_size = sizeof(to.address);
  const ssize_t size = ::recvfrom(udp.get(), packet.data(), packet.size(), MSG_DONTWAIT,
                                  reinterpret_cast<sockaddr*>(&to.address), &to.address_size);
  if (size > 0) handle({packet.data(), static_cast<std::size_t>(size)}, to);
}

void DnsServer::State::accept_tcp() {
  UniqueFd fd(::accept4(tcp.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd.is_open()) clients.push_back({.id = ++last_client_id, .fd = std::move(fd)});
}

// RFC 1035 §4.2.2: two bytes of length before each message.
void DnsServer::State::read_tcp(TcpClient& client) {
  std::array<char, 4096> chunk;
  const ssize_t size = ::recv(client.fd.get(), chunk.data(), chunk.size(), 0);
  if (size <= 0) {
    client.fd.reset();
    return;
  }
  client.input.append(chunk.data(), static_cast<std::size_t>(size));
  while (client.input.size() >= 2) {
    const std::size_t wanted = static_cast<unsigned char>(client.input[0]) * 256U +
                               static_cast<unsigned char>(client.input[1]);
    if (client.input.size() < wanted + 2) return;
    const std::string packet = client.input.substr(2, wanted);
    client.input.erase(0, wanted + 2);
    handle(packet, {.tcp_id = client.id});
  }
}

void DnsServer::State::handle(std::string_view packet, const Destination& to) {
  const std::optional<DnsQuestion> question = parse_dns_query(packet);
  if (!question) return;
  const std::lock_guard lock(mutex);
  const bool is_tcp = to.tcp_id != 0;
  if (is_tcp) ++tcp_count;
  const DnsAnswer answer = counted_answer_for(*question);
  const auto due = steady_clock::now() + answer.delay;
  if (!is_tcp) {
    for (const DnsForgery forgery : answer.forgeries) {
      pending.push_back(
          {due, to, forged_packet(*question, forgery), forgery == DnsForgery::wrong_port});
    }
  }
  if (answer.kind == DnsAnswer::Kind::drop) return;
  DnsReply reply;
  if (answer.is_truncated && !is_tcp) {
    reply.is_truncated = true;
  } else {
    reply = reply_to(*question, answer);
  }
  pending.push_back({due, to, dns_packet(*question, reply)});
}

DnsAnswer DnsServer::State::counted_answer_for(const DnsQuestion& question) {
  ++count;
  const std::uint64_t seen = counts[{question.name, question.type}]++;
  DnsAnswer answer = answer_for(question.name);
  if (seen < answer.fail_first) answer.kind = answer.fail_kind;
  return answer;
}

DnsAnswer DnsServer::State::answer_for(const std::string& name) {
  if (const auto found = answers.find(name); found != answers.end()) return found->second;
  const Rule* best = nullptr;
  std::size_t best_size = 0;
  for (const auto& [suffix, rule] : rules) {
    if (!is_below(name, suffix) || suffix.size() < best_size) continue;
    best = &rule;
    best_size = suffix.size();
  }
  return best == nullptr ? DnsAnswer{.kind = DnsAnswer::Kind::name_error} : (*best)(name);
}

// Follows aliases as a recursive resolver would. RFC 2308 §2: negative answers carry the SOA.
DnsReply DnsServer::State::reply_to(const DnsQuestion& question, const DnsAnswer& first) {
  DnsReply reply;
  DnsAnswer answer = first;
  std::string name = question.name;
  const auto ttl = [&answer] { return static_cast<std::uint32_t>(answer.ttl.count()); };
  for (int hops = 0; hops < kMostAliases && !answer.cname.empty(); ++hops) {
    if (answer.kind != DnsAnswer::Kind::records) break;
    reply.answers.push_back({name, DnsType::cname, ttl(), dns_name_data(answer.cname)});
    name = answer.cname;
    answer = answer_for(name);
  }
  reply.code = code_of(answer.kind);
  bool has_addresses = false;
  if (answer.kind == DnsAnswer::Kind::records) {
    for (const std::string& address : answer.addresses) {
      if (question.type != DnsType::a && question.type != DnsType::aaaa) break;
      std::optional<std::string> data = dns_address_data(address, question.type);
      if (!data) continue;
      reply.answers.push_back({name, question.type, ttl(), std::move(*data)});
      has_addresses = true;
    }
  }
  const bool is_negative = reply.code == DnsCode::name_error || reply.code == DnsCode::ok;
  if (!has_addresses && is_negative) {
    const auto dot = name.find('.');
    reply.authorities.push_back(
        dns_soa(dot == std::string::npos ? name : name.substr(dot + 1), ttl()));
  }
  return reply;
}

void DnsServer::State::send_due() {
  const auto now = steady_clock::now();
  for (const Pending& one : pending) {
    if (one.due <= now) send(one);
  }
  std::erase_if(pending, [now](const Pending& one) { return one.due <= now; });
}

void DnsServer::State::send(const Pending& one) {
  if (one.to.tcp_id == 0) {
    const int fd = one.from_other_port ? other_udp.get() : udp.get();
    static_cast<void>(::sendto(fd, one.packet.data(), one.packet.size(), MSG_DONTWAIT,
                               reinterpret_cast<const sockaddr*>(&one.to.address),
                               one.to.address_size));
    return;
  }
  std::string framed;
  framed += static_cast<char>(one.packet.size() >> 8);
  framed += static_cast<char>(one.packet.size() & 255);
  framed += one.packet;
  for (const TcpClient& client : clients) {
    if (client.id != one.to.tcp_id) continue;
    static_cast<void>(::send(client.fd.get(), framed.data(), framed.size(), MSG_NOSIGNAL));
  }
}

DnsServer::DnsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<DnsServer>> DnsServer::create(std::uint16_t port) {
  auto state = std::make_unique<State>();
  if (!state->open(port)) {
    return std::unexpected(Error{.code = ErrorCode::unreachable,
                                 .os_error = errno,
                                 .detail = "bind DNS to loopback port " + std::to_string(port)});
  }
  std::unique_ptr<DnsServer> server(new DnsServer(std::move(state)));
  State* running = server->state_.get();
  running->thread = std::thread([running] { running->run(); });
  return server;
}

DnsServer::~DnsServer() {
  ::eventfd_write(state_->stop_fd.get(), 1);
  state_->thread.join();
}

std::uint16_t DnsServer::port() const { return state_->port; }
std::string DnsServer::address() const { return "127.0.0.1:" + std::to_string(port()); }

void DnsServer::answer(std::string_view name, DnsAnswer answer) {
  const std::lock_guard lock(state_->mutex);
  state_->answers[lower_case(name)] = std::move(answer);
}

void DnsServer::answer_below(std::string_view suffix,
                             std::function<DnsAnswer(std::string_view)> rule) {
  const std::lock_guard lock(state_->mutex);
  state_->rules[lower_case(suffix)] = std::move(rule);
}

void DnsServer::answer_below(std::string_view suffix, DnsAnswer answer) {
  answer_below(suffix, [answer = std::move(answer)](std::string_view) { return answer; });
}

std::uint64_t DnsServer::query_count(std::string_view name, DnsType type) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->counts.find({lower_case(name), type});
  return found == state_->counts.end() ? 0 : found->second;
}

std::uint64_t DnsServer::query_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->count;
}

std::uint64_t DnsServer::tcp_query_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tcp_count;
}

std::unique_ptr<DnsServer> make_dns_server() {
  Result<std::unique_ptr<DnsServer>> server = DnsServer::create(0);
  PIXHAUL_CHECK(server.has_value());
  return std::move(*server);
}

}  // namespace pixhaul::testing
