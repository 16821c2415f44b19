// One table from name to what is known. An entry is made by the first request and stays where it is
// (unordered_map nodes do not move), so that the queues hold pointers; entries that something still
// points to are never evicted. Eviction is second-chance over the order of insertion: no
// bookkeeping per find beyond one bit, and names in use survive.

#include "net/name_cache.h"

#include <algorithm>
#include <utility>

namespace pixhaul::net {
namespace {

constexpr int kSecondChances = 16;  // per eviction: bounds the work when every entry is in use

bool is_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

std::vector<IpAddress> loopback(bool with_ipv6) {
  std::vector<IpAddress> addresses;
  if (with_ipv6) addresses.push_back(*parse_ip_address("::1"));
  addresses.push_back(*parse_ip_address("127.0.0.1"));
  return addresses;
}

// RFC 8305 §4: "the client SHOULD ... interleave address families", here one of each, IPv6 first.
std::vector<IpAddress> interleave(const std::vector<IpAddress>& v6,
                                  const std::vector<IpAddress>& v4) {
  std::vector<IpAddress> all;
  all.reserve(v6.size() + v4.size());
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) all.push_back(v6[i]);
    if (i < v4.size()) all.push_back(v4[i]);
  }
  return all;
}

std::vector<IpAddress> interleave(const std::vector<IpAddress>& mixed) {
  std::vector<IpAddress> v6;
  std::vector<IpAddress> v4;
  for (const IpAddress& ip : mixed) (ip.family == AddressFamily::v6 ? v6 : v4).push_back(ip);
  return interleave(v6, v4);
}

bool is_link_local(const IpAddress& ip) {  // fe80::/10
  return ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
}

}  // namespace

bool machine_has_ipv6() {
  const IpAddress self = *parse_ip_address("::1");
  return std::ranges::any_of(local_addresses(), [&](const IpAddress& ip) {
    return ip.family == AddressFamily::v6 && ip != self && !is_link_local(ip);
  });
}

NameCache::NameCache(Resolver& resolver, const HostsFile& hosts, const NameCacheSettings& settings)
    : resolver_(resolver), settings_(settings) {
  const auto pin = [this](const std::string& name, std::vector<IpAddress> addresses) {
    Entry& entry = entries_[name];
    if (entry.is_known) return;
    entry.known = {.addresses = std::move(addresses), .expires = Instant::max()};
    entry.is_known = true;
  };
  for (const auto& [name, addresses] : hosts.entries()) pin(name, interleave(addresses));
  pin("localhost", loopback(settings_.ask_ipv6));
}

const HostAddresses* NameCache::find(std::string_view host, Instant now) {
  const auto found = entries_.find(host);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  if (!entry.is_known || entry.known.expires <= now) return nullptr;
  entry.is_used = true;
  return &entry.known;
}

void NameCache::request(std::string_view host, Instant now) {
  const auto found = entries_.find(host);
  Node& node = found != entries_.end() ? *found : insert(host);
  Entry& entry = node.second;
  if (entry.is_wanted) return;
  entry.is_wanted = true;
  if (is_localhost(host) && !entry.is_known) {
    entry.known = {.addresses = loopback(settings_.ask_ipv6), .expires = Instant::max()};
    entry.is_known = true;
  }
  if (entry.is_known && entry.known.expires > now) {
    ready_.push_back(&node);
  } else {
    ask(node);
  }
}

NameCache::Node& NameCache::insert(std::string_view host) {
  while (queue_.size() >= settings_.capacity) {
    const std::size_t before = queue_.size();
    evict();
    if (queue_.size() == before) break;  // all are being looked up; they come to an end
  }
  Node& node = *entries_.try_emplace(std::string(host)).first;
  queue_.push_back(&node);
  return node;
}

void NameCache::evict() {
  for (int i = 0; i < kSecondChances && !queue_.empty(); ++i) {
    Node* node = queue_.front();
    queue_.pop_front();
    Entry& entry = node->second;
    const bool is_referred_to = entry.is_wanted || entry.lookup != nullptr;
    const bool is_last_chance = i + 1 == kSecondChances;
    if (!is_referred_to && (!std::exchange(entry.is_used, false) || is_last_chance)) {
      entries_.erase(entries_.find(node->first));
      return;
    }
    queue_.push_back(node);
  }
}

void NameCache::ask(Node& node) {
  if (node.second.lookup == nullptr) node.second.lookup = std::make_unique<Lookup>();
  Lookup& lookup = *node.second.lookup;
  const auto ask_family = [&](Family& family, AddressFamily which) {
    if (family.is_pending) return;  // a late answer to an earlier question serves as well
    family = {.is_pending = true};
    resolver_.ask(node.first, which);
  };
  if (settings_.ask_ipv6) ask_family(lookup.v6, AddressFamily::v6);
  ask_family(lookup.v4, AddressFamily::v4);
}

void NameCache::advance(Instant now, std::vector<std::string>& finished) {
  resolver_.take_answers(now, answers_);
  for (Answer& answer : answers_) take(answer, now, finished);
  answers_.clear();
  end_delays(now, finished);
  for (Node* node : std::exchange(ready_, {})) {
    tell(*node, finished);
  }
}

void NameCache::take(Answer& answer, Instant now, std::vector<std::string>& finished) {
  const auto found = entries_.find(answer.name);
  if (found == entries_.end() || found->second.lookup == nullptr) return;
  Lookup& lookup = *found->second.lookup;
  Family& family = answer.family == AddressFamily::v4 ? lookup.v4 : lookup.v6;
  family = {.is_answered = true,
            .status = answer.status,
            .ttl = answer.ttl,
            .addresses = std::move(answer.addresses),
            .detail = std::move(answer.detail)};
  if (lookup.is_pending()) {
    delay(*found, now);
    return;
  }
  Entry& entry = found->second;
  conclude(entry, now);
  if (entry.is_wanted) tell(*found, finished);
  if (!lookup.is_delayed) entry.lookup.reset();
}

void NameCache::tell(Node& node, std::vector<std::string>& finished) {
  node.second.is_wanted = false;
  finished.push_back(node.first);
}

// RFC 8305 §3: after the first good answer "the client SHOULD wait a short time" for the other. The
// RFC lets a good AAAA start at once; we wait the same for its A, which is hardly ever later, so
// that the list has both families from the start. After a bad answer the other one is simply waited
// for.
void NameCache::delay(Node& node, Instant now) {
  Lookup& lookup = *node.second.lookup;
  const Family& first = lookup.v4.is_pending ? lookup.v6 : lookup.v4;
  if (first.addresses.empty() || !node.second.is_wanted || lookup.is_delayed) return;
  lookup.is_delayed = true;
  delayed_.push_back({now + settings_.resolution_delay, &node});
}

// From what both families answered, or one of them while the other is late.
void NameCache::conclude(Entry& entry, Instant now) const {
  const Family& v4 = entry.lookup->v4;
  const Family& v6 = entry.lookup->v6;
  HostAddresses& known = entry.known;
  known = {.addresses = interleave(v6.addresses, v4.addresses)};
  entry.is_known = true;
  if (!known.addresses.empty()) {
    Duration ttl = settings_.max_ttl;
    for (const Family* family : {&v4, &v6}) {
      if (!family->addresses.empty()) ttl = std::min(ttl, family->ttl);
    }
    known.expires = now + std::max(ttl, settings_.min_ttl);
    return;
  }
  // Not found only if every question says so; a family that could not be asked leaves it open.
  const auto is_transient = [](const Family& family) {
    return family.is_answered && family.status != ErrorCode::dns_not_found;
  };
  const Family& cause = is_transient(v6) && !is_transient(v4) ? v6 : v4;
  known.status = cause.status == ErrorCode::success ? ErrorCode::dns_not_found : cause.status;
  known.detail = cause.detail;
  if (is_transient(cause)) {
    known.expires = now + settings_.failure_ttl;
    return;
  }
  if (v6.is_answered && v6.detail != v4.detail) known.detail += ", " + v6.detail;
  const Duration ttl = cause.ttl > Duration::zero() ? cause.ttl : settings_.max_negative_ttl;
  known.expires = now + std::clamp(ttl, std::min(settings_.min_ttl, settings_.max_negative_ttl),
                                   settings_.max_negative_ttl);
}

void NameCache::end_delays(Instant now, std::vector<std::string>& finished) {
  while (!delayed_.empty()) {
    Node& node = *delayed_.front().node;
    const bool is_due = delayed_.front().until <= now;
    if (!is_due && node.second.is_wanted) return;
    delayed_.pop_front();
    Entry& entry = node.second;
    entry.lookup->is_delayed = false;
    if (entry.is_wanted) {
      conclude(entry, now);
      tell(node, finished);
    }
    if (!entry.lookup->is_pending()) entry.lookup.reset();
  }
}

Instant NameCache::next_due() const {
  if (!ready_.empty()) return Instant::min();
  const Instant due = resolver_.next_due();
  return delayed_.empty() ? due : std::min(due, delayed_.front().until);
}

}  // namespace pixhaul::net
