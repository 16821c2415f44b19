// Addresses as values: text both ways, the kernel's form both ways, blocks. The readers of text are
// written here because the system's accept forms that the URL standard refuses (leading zeros,
// scope ids).
#include "net/address.h"

#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include "net/quote.h"

namespace pixhaul::net {
namespace {

using Pieces = std::array<std::uint16_t, 8>;

Pieces pieces_of(const IpAddress& address) {
  Pieces pieces{};
  for (std::size_t at = 0; at < 8; ++at)
    pieces[at] = static_cast<std::uint16_t>(address.bytes[2 * at] << 8 | address.bytes[2 * at + 1]);
  return pieces;
}

IpAddress from_pieces(const Pieces& pieces) {
  IpAddress address{.family = AddressFamily::v6};
  for (std::size_t at = 0; at < 8; ++at) {
    address.bytes[2 * at] = static_cast<std::uint8_t>(pieces[at] >> 8);
    address.bytes[2 * at + 1] = static_cast<std::uint8_t>(pieces[at]);
  }
  return address;
}

struct Run {
  std::size_t begin = 8;
  std::size_t length = 0;
};

/// RFC 5952, section 4.2: the longest run of zero pieces, the first of equals, never a single one.
Run longest_zero_run(const Pieces& pieces) {
  Run best;
  Run run{.begin = 0};
  for (std::size_t at = 0; at < 8; ++at) {
    run = pieces[at] == 0 ? Run{run.begin, run.length + 1} : Run{at + 1, 0};
    if (run.length > best.length) best = run;
  }
  return best.length > 1 ? best : Run{};
}

std::string v6_text(const IpAddress& address) {
  const Pieces pieces = pieces_of(address);
  const Run zeros = longest_zero_run(pieces);
  std::string text;
  for (std::size_t at = 0; at < 8; ++at) {
    if (at == zeros.begin) {
      text += "::";
      at += zeros.length - 1;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    fmt::format_to(std::back_inserter(text), "{:x}", pieces[at]);
  }
  return text;
}

/// A number of at most `limit` at the front of `text`, which loses it. Nothing but digits of
/// `base`.
std::optional<std::uint32_t> take_number(std::string_view& text, int base, std::size_t max_digits,
                                         std::uint32_t limit) {
  std::uint32_t value = 0;
  const char* end = text.data() + std::min(text.size(), max_digits);
  const auto [after, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || value > limit) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(after - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Exactly four decimal parts without leading zeros.
std::optional<std::uint32_t> parse_dotted(std::string_view text) {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && !take(text, ".")) return std::nullopt;
    const bool leading_zero = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
    const std::optional<std::uint32_t> byte = take_number(text, 10, 3, 255);
    if (!byte || leading_zero) return std::nullopt;
    value = value << 8 | *byte;
  }
  if (!text.empty()) return std::nullopt;
  return value;
}

// Pieces are collected from the left; where `::` stood, the rest is moved to the end.
std::optional<IpAddress> parse_v6(std::string_view text) {
  Pieces pieces{};
  std::size_t count = 0;
  std::optional<std::size_t> gap;
  if (take(text, "::")) gap = 0;
  while (!text.empty()) {
    const std::size_t word = text.find(':');
    if (text.substr(0, word).find('.') != std::string_view::npos) {
      const std::optional<std::uint32_t> tail = parse_dotted(text);
      if (!tail || count > 6) return std::nullopt;
      pieces[count++] = static_cast<std::uint16_t>(*tail >> 16);
      pieces[count++] = static_cast<std::uint16_t>(*tail);
      break;
    }
    const std::optional<std::uint32_t> piece = take_number(text, 16, 4, 0xffff);
    if (!piece || count == 8) return std::nullopt;
    pieces[count++] = static_cast<std::uint16_t>(*piece);
    if (text.empty()) break;
    if (take(text, "::")) {
      if (gap) return std::nullopt;
      gap = count;
    } else if (!take(text, ":") || text.empty()) {
      return std::nullopt;
    }
  }
  if (gap ? count == 8 : count != 8) return std::nullopt;
  if (gap) {
    const auto middle = pieces.begin() + static_cast<std::ptrdiff_t>(*gap);
    std::rotate(middle, pieces.begin() + static_cast<std::ptrdiff_t>(count), pieces.end());
  }
  return from_pieces(pieces);
}

std::size_t mix(std::size_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 32);
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t value) {
  IpAddress address;
  for (int at = 0; at < 4; ++at)
    address.bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(value >> (24 - 8 * at));
  return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) {
  return {.family = AddressFamily::v6, .bytes = bytes};
}

std::string IpAddress::text() const {
  if (family == AddressFamily::v6) return v6_text(*this);
  return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
}

std::uint32_t IpAddress::v4_value() const {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  const std::optional<std::uint32_t> value = parse_dotted(text);
  if (!value) return std::nullopt;
  return IpAddress::v4(*value);
}

std::string SocketAddress::text() const {
  if (ip.family == AddressFamily::v6) return fmt::format("[{}]:{}", ip.text(), port);
  return fmt::format("{}:{}", ip.text(), port);
}

const ::sockaddr* SystemAddress::get() const {
  return reinterpret_cast<const ::sockaddr*>(storage.data());
}

::sockaddr* SystemAddress::get() { return reinterpret_cast<::sockaddr*>(storage.data()); }

SystemAddress to_system(const SocketAddress& address) {
  SystemAddress out;
  if (address.ip.family == AddressFamily::v4) {
    sockaddr_in raw{};
    raw.sin_family = AF_INET;
    raw.sin_port = htons(address.port);
    std::memcpy(&raw.sin_addr, address.ip.bytes.data(), 4);
    std::memcpy(out.storage.data(), &raw, sizeof raw);
    out.size = sizeof raw;
  } else {
    sockaddr_in6 raw{};
    raw.sin6_family = AF_INET6;
    raw.sin6_port = htons(address.port);
    std::memcpy(&raw.sin6_addr, address.ip.bytes.data(), 16);
    std::memcpy(out.storage.data(), &raw, sizeof raw);
    out.size = sizeof raw;
  }
  return out;
}

std::optional<SocketAddress> from_system(const ::sockaddr* address, std::size_t size) {
  if (address == nullptr || size < sizeof(sa_family_t)) return std::nullopt;
  SocketAddress out;
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in raw{};
    std::memcpy(&raw, address, sizeof raw);
    out.port = ntohs(raw.sin_port);
    std::memcpy(out.ip.bytes.data(), &raw.sin_addr, 4);
    return out;
  }
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 raw{};
    std::memcpy(&raw, address, sizeof raw);
    if (raw.sin6_scope_id != 0) return std::nullopt;
    out.ip.family = AddressFamily::v6;
    out.port = ntohs(raw.sin6_port);
    std::memcpy(out.ip.bytes.data(), &raw.sin6_addr, 16);
    return out;
  }
  return std::nullopt;
}

std::vector<IpAddress> local_addresses() {
  std::vector<IpAddress> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const bool is_v6 = entry->ifa_addr->sa_family == AF_INET6;
    const std::size_t size = is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (const auto address = from_system(entry->ifa_addr, size)) out.push_back(address->ip);
  }
  freeifaddrs(list);
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.family != base.family) return false;
  const std::size_t whole = prefix_bits / 8;
  if (std::memcmp(address.bytes.data(), base.bytes.data(), whole) != 0) return false;
  const int rest = prefix_bits % 8;
  return rest == 0 || (address.bytes[whole] ^ base.bytes[whole]) >> (8 - rest) == 0;
}

std::string Cidr::text() const { return fmt::format("{}/{}", base.text(), prefix_bits); }

Result<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = parse_ip_address(text.substr(0, slash));
  std::optional<std::uint32_t> bits;
  if (address) {
    bits = address->family == AddressFamily::v4 ? 32 : 128;
    if (slash != std::string_view::npos) {
      std::string_view length = text.substr(slash + 1);
      bits = take_number(length, 10, 3, *bits);
      if (!length.empty()) bits.reset();
    }
  }
  if (!bits)
    return std::unexpected(
        Error{.code = ErrorCode::bad_option,
              .detail = fmt::format(
                  "{} is not a block of addresses such as 127.0.0.0/8 or fd00::/8", quote(text))});
  Cidr cidr{.base = *address, .prefix_bits = static_cast<std::uint8_t>(*bits)};
  for (std::size_t bit = *bits; bit < 128; ++bit)
    cidr.base.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  return cidr;
}

}  // namespace pixhaul::net

std::size_t std::hash<pixhaul::net::IpAddress>::operator()(
    const pixhaul::net::IpAddress& address) const noexcept {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), address.bytes.data(), address.bytes.size());
  const auto family = static_cast<std::size_t>(address.family) + 1;
  return pixhaul::net::mix(pixhaul::net::mix(family, words[0]), words[1]);
}

std::size_t std::hash<pixhaul::net::SocketAddress>::operator()(
    const pixhaul::net::SocketAddress& address) const noexcept {
  return pixhaul::net::mix(std::hash<pixhaul::net::IpAddress>{}(address.ip), address.port);
}
