// The guard against requests into the machine's own network. Everything it knows is in two tables:
// ranges that are refused with the reason, and the ways an IPv4 address hides in an IPv6 one. IPv6
// is refused by default outside 2000::/3, so the rows there only give a better reason.
#include "net/address_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace pixhaul::net {
namespace {

struct Range4 {
  std::uint32_t base;
  std::uint8_t prefix_bits;
  std::string_view what;
};

// IANA IPv4 special-purpose registry (RFC 6890) and what cloud platforms put elsewhere. First match
// wins.
constexpr auto kDenied4 = std::to_array<Range4>({
    {0x00000000, 8, "this network (RFC 791)"},
    {0x0a000000, 8, "private (RFC 1918)"},
    {0x64400000, 10, "shared by a carrier (RFC 6598)"},
    {0x7f000000, 8, "loopback"},
    {0xa9fe0000, 16, "link-local, where clouds keep credentials"},
    {0xac100000, 12, "private (RFC 1918)"},
    {0xc0000000, 24, "reserved for protocols (RFC 6890)"},
    {0xc0000200, 24, "for documentation (RFC 5737)"},
    {0xc0586300, 24, "a former 6to4 relay (RFC 7526)"},
    {0xc0a80000, 16, "private (RFC 1918)"},
    {0xc6120000, 15, "for benchmarks (RFC 2544)"},
    {0xc6336400, 24, "for documentation (RFC 5737)"},
    {0xcb007100, 24, "for documentation (RFC 5737)"},
    {0xe0000000, 4, "multicast"},
    {0xffffffff, 32, "broadcast"},
    {0xf0000000, 4, "reserved (RFC 1112)"},
    {0xa83f8110, 32, "a cloud platform's own service"},
});

struct Range6 {
  std::array<std::uint8_t, 16> base;
  std::uint8_t prefix_bits;
  std::string_view what;
};

constexpr Range6 kGlobalUnicast{{0x20}, 3, ""};

constexpr auto kDenied6 = std::to_array<Range6>({
    // inside 2000::/3
    {{0x20, 0x01}, 23, "reserved for protocols (RFC 2928)"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "for documentation (RFC 3849)"},
    {{0x20, 0x02}, 16, "6to4 (RFC 3056)"},
    {{0x3f, 0xff}, 20, "for documentation (RFC 9637)"},
    // outside it
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, "loopback"},
    {{}, 128, "unspecified"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, "IPv4-mapped (RFC 4291)"},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, "IPv4-translated (RFC 2765)"},
    {{}, 96, "IPv4-compatible (RFC 4291)"},
    {{0x00, 0x64, 0xff, 0x9b}, 96, "behind a NAT64 (RFC 6052)"},
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, "behind a local NAT64 (RFC 8215)"},
    {{0x01}, 64, "discarded (RFC 6666)"},
    {{0x5f}, 16, "for segment routing (RFC 9602)"},
    {{0xfc}, 7, "private (RFC 4193)"},
    {{0xfe, 0x80}, 10, "link-local"},
    {{0xfe, 0xc0}, 10, "site-local (RFC 3879)"},
    {{0xff}, 8, "multicast"},
});

struct Embedding {
  std::array<std::uint8_t, 16> base;
  std::uint8_t prefix_bits;
  std::uint8_t offset;  // of the IPv4 address
  std::uint8_t mask;    // XORed onto its bytes
};

constexpr Embedding kMapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12, 0};

constexpr auto kEmbeddings = std::to_array<Embedding>({
    kMapped,
    {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12, 0},  // IPv4-translated, RFC 2765
    {{}, 96, 12, 0},                                    // IPv4-compatible, RFC 4291 section 2.5.5.1
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12, 0},              // NAT64, RFC 6052
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, 12, 0},  // local NAT64, RFC 8215
    {{0x20, 0x02}, 16, 2, 0},                           // 6to4, RFC 3056
    {{0x20, 0x01}, 32, 12, 0xff},                       // Teredo, RFC 4380 section 4
});

Cidr block(const Range4& range) { return {IpAddress::v4(range.base), range.prefix_bits}; }

template <class Row>
Cidr block(const Row& row) {
  return {IpAddress::v6(row.base), row.prefix_bits};
}

IpAddress v4_at(const IpAddress& address, std::size_t offset, std::uint8_t mask) {
  IpAddress inner;
  for (std::size_t at = 0; at < 4; ++at) inner.bytes[at] = address.bytes[offset + at] ^ mask;
  return inner;
}

/// RFC 5214, section 6.1: interface identifier 0:5efe or 200:5efe, then the IPv4 address, under any
/// prefix.
bool is_isatap(const IpAddress& address) {
  const auto& bytes = address.bytes;
  return (bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

/// `::` and `::1` are in ::/96 but carry no IPv4 address.
bool is_loopback_or_unspecified(const IpAddress& address) {
  return std::all_of(address.bytes.begin(), address.bytes.end() - 1,
                     [](auto byte) { return byte == 0; }) &&
         address.bytes[15] <= 1;
}

/// The IPv4 addresses an IPv6 one carries: at most one by its prefix and one by its interface
/// identifier.
std::vector<IpAddress> embedded(const IpAddress& address) {
  std::vector<IpAddress> inner;
  if (is_loopback_or_unspecified(address)) return inner;
  for (const Embedding& row : kEmbeddings)
    if (block(row).contains(address)) inner.push_back(v4_at(address, row.offset, row.mask));
  if (is_isatap(address)) inner.push_back(v4_at(address, 12, 0));
  return inner;
}

using Reason = AddressGuard::Reason;

template <class Table>
std::optional<Reason> find_reason(const Table& table, const IpAddress& address) {
  for (const auto& range : table)
    if (const Cidr candidate = block(range); candidate.contains(address))
      return Reason{range.what, candidate};
  return std::nullopt;
}

Cidr single(const IpAddress& address) {
  return {address, static_cast<std::uint8_t>(address.family == AddressFamily::v4 ? 32 : 128)};
}

std::optional<Reason> special_range(const IpAddress& address) {
  if (address.family == AddressFamily::v4) return find_reason(kDenied4, address);
  if (std::optional<Reason> reason = find_reason(kDenied6, address)) return reason;
  if (!block(kGlobalUnicast).contains(address))
    return Reason{"outside global unicast 2000::/3", single(address)};
  return std::nullopt;
}

/// `subject` ends in the verb.
std::unexpected<Error> denied(std::string_view subject, const Reason& reason) {
  return std::unexpected(Error{.code = ErrorCode::address_denied,
                               .detail = fmt::format("{} {}; --allow_net {} permits it", subject,
                                                     reason.what, reason.remedy.text())});
}

}  // namespace

Result<AddressGuard> AddressGuard::create(std::span<const std::string> allow_net,
                                          std::vector<IpAddress> own) {
  AddressGuard guard;
  for (const std::string& text : allow_net) {
    Result<Cidr> cidr = parse_cidr(text);
    if (!cidr) {
      cidr.error().detail.insert(0, "--allow_net: ");
      return std::unexpected(std::move(cidr).error());
    }
    guard.allowed_.push_back(*cidr);
  }
  guard.know_own(std::move(own));
  return guard;
}

void AddressGuard::know_own(std::vector<IpAddress> own) {
  own_ = std::move(own);
  std::ranges::sort(own_);
}

bool AddressGuard::is_allowed(const IpAddress& address) const {
  return std::ranges::any_of(allowed_, [&](const Cidr& cidr) { return cidr.contains(address); });
}

bool AddressGuard::is_own(const IpAddress& address) const {
  return std::ranges::binary_search(own_, address);
}

Result<> AddressGuard::check(const IpAddress& address) const {
  // The kernel sends a mapped address to its IPv4 address, so a block that permits the one permits
  // the other.
  if (block(kMapped).contains(address) && is_allowed(v4_at(address, kMapped.offset, 0))) return {};
  if (address.family == AddressFamily::v6)
    if (Result<> inner = check_embedded(address); !inner) return inner;
  if (const std::optional<Reason> reason = reason_against(address))
    return denied(address.text() + " is", *reason);
  return {};
}

// A block that permits the outer address (a NAT64 prefix, say) says nothing about where the gateway
// leads.
Result<> AddressGuard::check_embedded(const IpAddress& address) const {
  for (const IpAddress& inner : embedded(address))
    if (const std::optional<Reason> reason = reason_against(inner))
      return denied(fmt::format("{} carries {}, which is", address.text(), inner.text()), *reason);
  return {};
}

/// Of the address as it stands, whatever it carries.
std::optional<AddressGuard::Reason> AddressGuard::reason_against(const IpAddress& address) const {
  if (is_allowed(address)) return std::nullopt;
  if (std::optional<Reason> reason = special_range(address)) return reason;
  if (is_own(address)) return Reason{"this machine's own", single(address)};
  return std::nullopt;
}

}  // namespace pixhaul::net
