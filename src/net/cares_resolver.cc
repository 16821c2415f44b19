// Questions go through ares_query, one family each, and the raw replies are read here:
// ares_getaddrinfo would look at the hosts file again and sort the addresses with a connect() for
// each, and neither it nor the A/AAAA parsers tell how long a negative answer may be kept (RFC
// 2308).
//
// c-ares finds its time-outs by itself when asked to; asking it for the next one walks all
// questions under way, so it is simply given the time ten times a second while there are any.

#include "net/cares_resolver.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <deque>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

namespace pixhaul::net {
namespace {

using Bytes = std::span<const unsigned char>;

constexpr Duration kTick = std::chrono::milliseconds(100);
// A name with thousands of addresses is an attack or a mistake.
constexpr std::size_t kMaxAddresses = 32;
// More at once overrun the receive buffers of small resolvers, and every lost packet costs a
// time-out.
constexpr std::size_t kMaxOpen = 256;
constexpr int kReceiveBufferBytes = 1 << 20;  // thousands of replies may arrive in one batch
constexpr std::uint16_t kDnsPort = 53;
constexpr int kTypeA = 1;
constexpr int kTypeSoa = 6;
constexpr int kTypeAaaa = 28;
constexpr int kClassInternet = 1;

// ---- replies (RFC 1035 §4.1)
// ----------------------------------------------------------------------

struct Record {
  unsigned type = 0;
  std::uint32_t ttl_seconds = 0;
  Bytes data{};
};

class ReplyReader {
 public:
  explicit ReplyReader(Bytes reply) : bytes_(reply) {}

  // Skips the header and the questions; c-ares has checked that they are ours.
  bool begin() {
    if (bytes_.size() < 12) return false;
    const unsigned questions = number16(4);
    answer_count = number16(6);
    authority_count = number16(8);
    at_ = 12;
    for (unsigned i = 0; i < questions; ++i) {
      if (!skip_name() || !has(4)) return false;
      at_ += 4;
    }
    return true;
  }
  std::optional<Record> next() {
    if (!skip_name() || !has(10)) return std::nullopt;
    Record record{.type = number16(at_), .ttl_seconds = number32(at_ + 4)};
    const std::size_t size = number16(at_ + 8);
    at_ += 10;
    if (!has(size)) return std::nullopt;
    record.data = bytes_.subspan(at_, size);
    at_ += size;
    // RFC 2181 §8: a TTL with its highest bit set counts as zero.
    if (record.ttl_seconds > 0x7fffffffu) record.ttl_seconds = 0;
    return record;
  }

  unsigned answer_count = 0;
  unsigned authority_count = 0;

 private:
  [[nodiscard]] bool has(std::size_t count) const { return bytes_.size() - at_ >= count; }
  [[nodiscard]] unsigned number16(std::size_t at) const {
    return static_cast<unsigned>(bytes_[at]) << 8 | bytes_[at + 1];
  }
  [[nodiscard]] std::uint32_t number32(std::size_t at) const {
    return number16(at) << 16 | number16(at + 2);
  }
  // Names are never followed through their pointers, so loops of pointers do no harm.
  bool skip_name() {
    while (has(1)) {
      const unsigned length = bytes_[at_];
      if (length >= 0xc0) {
        if (!has(2)) return false;
        at_ += 2;
        return true;
      }
      if (length > 63 || !has(1 + length)) return false;
      at_ += 1 + length;
      if (length == 0) return true;
    }
    return false;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
};

// One of c-ares's parsers; both have this shape. They follow the CNAME chain from the question to
// the addresses, and give each address the smallest TTL on its way.
template <class Parsed>
int read_addresses(Bytes reply, int (*parse)(const unsigned char*, int, hostent**, Parsed*, int*),
                   Answer& answer) {
  std::array<Parsed, kMaxAddresses> parsed;
  int count = static_cast<int>(parsed.size());
  const int status =
      parse(reply.data(), static_cast<int>(reply.size()), nullptr, parsed.data(), &count);
  if (status != ARES_SUCCESS) return status;
  answer.ttl = std::chrono::seconds(count > 0 ? parsed[0].ttl : 0);
  for (const Parsed& one : std::span(parsed).first(static_cast<std::size_t>(count))) {
    IpAddress ip{.family = answer.family};
    const std::size_t size = answer.family == AddressFamily::v4 ? 4 : 16;
    std::memcpy(ip.bytes.data(), &one, size);  // the address comes first in both structures
    answer.addresses.push_back(ip);
    answer.ttl = std::min(answer.ttl, Duration(std::chrono::seconds(std::max(one.ttl, 0))));
  }
  return count > 0 ? ARES_SUCCESS : ARES_ENODATA;
}

// RFC 2308 §5: "the minimum of the SOA.MINIMUM field and SOA's TTL". Zero if there is none.
Duration negative_ttl(Bytes reply) {
  ReplyReader reader(reply);
  if (!reader.begin()) return {};
  for (unsigned i = 0; i < reader.answer_count + reader.authority_count; ++i) {
    const std::optional<Record> record = reader.next();
    if (!record) return {};
    if (record->type != kTypeSoa || record->data.size() < 4) continue;
    const Bytes minimum = record->data.last(4);
    const std::uint32_t seconds = static_cast<std::uint32_t>(minimum[0]) << 24 |
                                  static_cast<std::uint32_t>(minimum[1]) << 16 |
                                  static_cast<std::uint32_t>(minimum[2]) << 8 | minimum[3];
    return std::chrono::seconds(std::min(seconds, record->ttl_seconds));
  }
  return {};
}

ErrorCode status_of(int status) {
  switch (status) {
    case ARES_SUCCESS:
      return ErrorCode::success;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return ErrorCode::dns_not_found;
    case ARES_ETIMEOUT:
      return ErrorCode::dns_timeout;
    default:  // SERVFAIL, REFUSED, NOTIMP, FORMERR, connection refused, out of memory …
      return ErrorCode::dns_error;
  }
}

std::string detail_of(int status, AddressFamily family) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "no such host name";
    case ARES_ENODATA:
      return family == AddressFamily::v4 ? "no IPv4 address" : "no IPv6 address";
    case ARES_EBADNAME:
      return "not a valid host name";
    case ARES_ETIMEOUT:
      return "no DNS server answered in time";
    case ARES_ESERVFAIL:
      return "the DNS server failed (SERVFAIL)";
    case ARES_EREFUSED:
      return "the DNS server refused the question";
    case ARES_ECONNREFUSED:
      return "no DNS server could be reached";
    default:
      return ares_strerror(status);
  }
}

// ---- upstreams
// ------------------------------------------------------------------------------------

struct Upstream {
  IpAddress ip{};
  std::uint16_t port = kDnsPort;
};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::optional<Upstream> parse_upstream(std::string_view text) {
  if (const std::optional<IpAddress> bare = parse_ip_address(text)) return Upstream{.ip = *bare};
  std::string_view host = text;
  std::optional<std::uint16_t> port = kDnsPort;
  if (const std::size_t colon = text.rfind(':');
      colon != std::string_view::npos && !text.ends_with(']')) {
    host = text.substr(0, colon);
    port = parse_port(text.substr(colon + 1));
  }
  const bool has_brackets = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (has_brackets) host = host.substr(1, host.size() - 2);
  const std::optional<IpAddress> ip = parse_ip_address(host);
  if (!ip || !port || has_brackets != (ip->family == AddressFamily::v6)) return std::nullopt;
  return Upstream{.ip = *ip, .port = *port};
}

Result<std::vector<Upstream>> parse_upstreams(const std::vector<std::string>& texts) {
  std::vector<Upstream> upstreams;
  for (const std::string& text : texts) {
    const std::optional<Upstream> upstream = parse_upstream(text);
    if (!upstream) {
      return std::unexpected(Error{
          .code = ErrorCode::bad_option,
          .detail = "dns_servers: '" + text +
                    "' is not an address such as 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53"});
    }
    upstreams.push_back(*upstream);
  }
  return upstreams;
}

int set_upstreams(ares_channel channel, const std::vector<Upstream>& upstreams) {
  if (upstreams.empty()) return ARES_SUCCESS;
  std::vector<ares_addr_port_node> nodes(upstreams.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ares_addr_port_node& node = nodes[i];
    const IpAddress& ip = upstreams[i].ip;
    node.next = i + 1 < nodes.size() ? &nodes[i + 1] : nullptr;
    node.family = ip.family == AddressFamily::v4 ? AF_INET : AF_INET6;
    std::memcpy(&node.addr, ip.bytes.data(), sizeof node.addr);
    node.udp_port = node.tcp_port = upstreams[i].port;
  }
  return ares_set_servers_ports(channel, nodes.data());
}

}  // namespace

// ---- the resolver
// ---------------------------------------------------------------------------------

namespace {

struct Question;

// What the callbacks reach; outlives the channel, which ends every question when it is destroyed.
struct Asker {
  Network* network = nullptr;
  Watcher* watcher = nullptr;
  std::vector<Answer> answers{};
  std::size_t open_count = 0;
};

struct Question {
  Asker* asker = nullptr;
  Answer answer{};
};

// Called by C: no exception leaves.
void on_answer(void* argument, int status, int, unsigned char* reply, int reply_size) noexcept {
  const std::unique_ptr<Question> question(static_cast<Question*>(argument));
  Asker& asker = *question->asker;
  --asker.open_count;
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  Answer& answer = question->answer;
  const Bytes bytes(reply, static_cast<std::size_t>(reply != nullptr ? reply_size : 0));
  if (status == ARES_SUCCESS) {
    status = answer.family == AddressFamily::v4
                 ? read_addresses<ares_addrttl>(bytes, ares_parse_a_reply, answer)
                 : read_addresses<ares_addr6ttl>(bytes, ares_parse_aaaa_reply, answer);
  }
  answer.status = status_of(status);
  if (answer.status != ErrorCode::success) answer.detail = detail_of(status, answer.family);
  if (answer.status == ErrorCode::dns_not_found) answer.ttl = negative_ttl(bytes);
  asker.answers.push_back(std::move(answer));
}

void on_socket_state(void* argument, ares_socket_t socket, int wants_read,
                     int wants_write) noexcept {
  const Asker& asker = *static_cast<const Asker*>(argument);
  Interest interest = Interest::none;
  if (wants_read != 0) interest = Interest::read;
  if (wants_write != 0) interest = wants_read != 0 ? Interest::read_write : Interest::write;
  asker.network->watch(socket, interest, asker.watcher);
}

}  // namespace

struct CaresResolver::Impl {
  Asker asker{};
  std::deque<std::unique_ptr<Question>> backlog{};
  ares_channel channel = nullptr;
  Instant last_tick{};

  ~Impl() {
    if (channel != nullptr) ares_destroy(channel);
  }
  void start_questions();
  int open(const CaresSettings& settings, const std::vector<Upstream>& upstreams);
};

int CaresResolver::Impl::open(const CaresSettings& settings,
                              const std::vector<Upstream>& upstreams) {
  char lookups[] = "b";  // DNS only; the hosts file is read by HostsFile, once
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_STAYOPEN;
  options.timeout = static_cast<int>(settings.timeout.count());
  options.tries = settings.tries > 0 ? settings.tries : (upstreams.size() > 1 ? 2 : 3);
  options.lookups = lookups;
  options.sock_state_cb = on_socket_state;
  options.sock_state_cb_data = &asker;
  options.socket_receive_buffer_size = kReceiveBufferBytes;
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
             ARES_OPT_SOCK_STATE_CB | ARES_OPT_SOCK_RCVBUF;
  if (upstreams.size() > 1) mask |= ARES_OPT_ROTATE;
  const int status = ares_init_options(&channel, &options, mask);
  return status == ARES_SUCCESS ? set_upstreams(channel, upstreams) : status;
}

CaresResolver::CaresResolver(Network& network) : impl_(std::make_unique<Impl>()) {
  impl_->asker.network = &network;
  impl_->asker.watcher = this;
}

CaresResolver::~CaresResolver() = default;

Result<std::unique_ptr<CaresResolver>> CaresResolver::create(Network& network,
                                                             const CaresSettings& settings) {
  const Result<std::vector<Upstream>> upstreams = parse_upstreams(settings.dns_servers);
  if (!upstreams) return std::unexpected(upstreams.error());
  std::unique_ptr<CaresResolver> resolver(new CaresResolver(network));
  if (const int status = resolver->impl_->open(settings, *upstreams); status != ARES_SUCCESS) {
    return std::unexpected(Error{.code = ErrorCode::internal,
                                 .detail = std::string("start c-ares: ") + ares_strerror(status)});
  }
  return resolver;
}

void CaresResolver::Impl::start_questions() {
  while (!backlog.empty() && asker.open_count < kMaxOpen) {
    Question* question =
        backlog.front().release();  // the callback owns it; it may be called at once
    backlog.pop_front();
    ++asker.open_count;
    const std::string name = question->answer.name;
    ares_query(channel, name.c_str(), kClassInternet,
               question->answer.family == AddressFamily::v4 ? kTypeA : kTypeAaaa, on_answer,
               question);
  }
}

void CaresResolver::ask(std::string_view name, AddressFamily family) {
  impl_->backlog.push_back(std::make_unique<Question>(
      Question{.asker = &impl_->asker, .answer = {.name = std::string(name), .family = family}}));
  impl_->start_questions();
}

void CaresResolver::take_answers(Instant now, std::vector<Answer>& answers) {
  Impl& impl = *impl_;
  if (impl.asker.open_count > 0 && now - impl.last_tick >= kTick) {
    impl.last_tick = now;
    ares_process_fd(impl.channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  impl.start_questions();
  std::ranges::move(impl.asker.answers, std::back_inserter(answers));
  impl.asker.answers.clear();
}

Instant CaresResolver::next_due() const {
  if (!impl_->asker.answers.empty()) return Instant::min();
  return impl_->asker.open_count > 0 ? impl_->last_tick + kTick : Instant::max();
}

void CaresResolver::on_ready(SocketId socket, bool readable, bool writable) {
  ares_process_fd(impl_->channel, readable ? socket : ARES_SOCKET_BAD,
                  writable ? socket : ARES_SOCKET_BAD);
}

}  // namespace pixhaul::net
