// The host of a URL, https://url.spec.whatwg.org/#host-parsing. Its odd IPv4 forms are read here
// and nowhere else: what the guard, the resolver and the Host field see is the canonical text.
#include "net/url_host.h"

#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>

#include "net/address.h"
#include "net/quote.h"

namespace pixhaul::net {
namespace {

using Host = std::expected<std::string, std::string>;

std::unexpected<std::string> wrong(std::string_view text, std::string_view what) {
  return std::unexpected(fmt::format("host {} {}", quote(text), what));
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte; }

std::optional<std::uint8_t> hex_byte(std::string_view two) {
  std::uint8_t value = 0;
  if (two.size() != 2) return std::nullopt;
  const auto [end, error] = std::from_chars(two.data(), two.data() + 2, value, 16);
  if (error != std::errc{} || end != two.data() + 2) return std::nullopt;
  return value;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = text[at] == '%' ? hex_byte(text.substr(at + 1, 2)) : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[at];
    if (byte) at += 2;
  }
  return out;
}

bool is_forbidden(char byte) {
  const auto value = static_cast<std::uint8_t>(byte);
  return value <= 0x20 || value == 0x7f || std::string_view("#/:<>?@[\\]^|%").contains(byte);
}

std::optional<std::string> forbidden_in(std::string_view domain) {
  const auto* found = std::ranges::find_if(domain, is_forbidden);
  if (found == domain.end()) return std::nullopt;
  if (*found == ' ') return "has a space";
  return fmt::format("has {}, which no host name may have", quote({found, 1}));
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char byte) { return static_cast<std::uint8_t>(byte) < 0x80; });
}

bool has_ascii_label_of_idna(std::string_view domain) {
  for (std::size_t at = 0; at + 4 <= domain.size(); ++at)
    if ((at == 0 || domain[at - 1] == '.') && lower(domain[at]) == 'x' &&
        lower(domain[at + 1]) == 'n' && domain[at + 2] == '-' && domain[at + 3] == '-')
      return true;
  return false;
}

/// Characters that the two kinds of UTS #46 processing treat differently: sharp s, final sigma, the
/// joiners.
bool has_deviation(std::string_view domain) {
  static constexpr std::array<std::string_view, 5> kDeviations = {"\u00df", "\u1e9e", "\u03c2",
                                                                  "\u200c", "\u200d"};
  return std::ranges::any_of(kDeviations,
                             [&](std::string_view one) { return domain.contains(one); });
}

/// UTS #46 ToASCII, non-transitional. libidn2 then refuses symbols (emoji) that IDNA2008 disallows
/// but the URL standard keeps; its transitional mode accepts them, and is the same for names
/// without deviation characters. It is stricter than the standard about hyphens at the ends of
/// international labels and their length.
std::optional<std::string> to_ascii(const std::string& domain) {
  char* raw = nullptr;
  int status = idn2_to_ascii_8z(domain.c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (status == IDN2_DISALLOWED && !has_deviation(domain))
    status = idn2_to_ascii_8z(domain.c_str(), &raw, IDN2_NFC_INPUT | IDN2_TRANSITIONAL);
  if (status != IDN2_OK) return std::nullopt;
  const std::unique_ptr<char, void (*)(void*)> owner(raw, idn2_free);
  return std::string(raw);
}

/// "127", "0x7f", "0177". Empty if it is no such number; saturates at 2^32, which is too large
/// everywhere.
std::optional<std::uint64_t> ipv4_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int base = 10;
  if (text.size() >= 2 && text[0] == '0') {
    base = lower(text[1]) == 'x' ? 16 : 8;
    text.remove_prefix(base == 16 ? 2 : 1);
    if (text.empty()) return 0;
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::uint64_t{1} << 32;
  return value;
}

/// The text after the last dot, where one dot at the very end does not count.
std::string_view last_label(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  return domain.substr(domain.rfind('.') + 1);
}

// https://url.spec.whatwg.org/#ends-in-a-number-checker
bool ends_in_number(std::string_view domain) {
  const std::string_view last = last_label(domain);
  if (!last.empty() && std::ranges::all_of(last, is_digit)) return true;
  return ipv4_number(last).has_value();
}

// https://url.spec.whatwg.org/#concept-ipv4-parser
std::optional<IpAddress> parse_ipv4(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = domain.find('.');
    const std::optional<std::uint64_t> number = ipv4_number(domain.substr(0, dot));
    if (!number) return std::nullopt;
    if (dot == std::string_view::npos) {  // the last part fills all bytes that are left
      if (*number >> (8 * (4 - part)) != 0) return std::nullopt;
      return IpAddress::v4(address | static_cast<std::uint32_t>(*number));
    }
    if (*number > 255) return std::nullopt;
    address |= static_cast<std::uint32_t>(*number) << (24 - 8 * part);
    domain.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

Host parse_bracketed(std::string_view text) {
  if (!text.ends_with(']')) return wrong(text, "lacks its closing ]");
  const std::string_view inner = text.substr(1, text.size() - 2);
  const std::optional<IpAddress> address = parse_ip_address(inner);
  if (!address || address->family != AddressFamily::v6)
    return wrong(text, "is not an IPv6 address");
  return '[' + address->text() + ']';
}

}  // namespace

Host parse_host(std::string_view text) {
  if (text.starts_with('[')) return parse_bracketed(text);
  std::string domain = text.contains('%') ? percent_decoded(text) : std::string(text);
  if (const auto what = forbidden_in(domain)) return wrong(text, *what);
  if (is_ascii(domain) && !has_ascii_label_of_idna(domain)) {
    std::ranges::transform(domain, domain.begin(), lower);
  } else {
    std::optional<std::string> ascii = to_ascii(domain);
    if (!ascii || ascii->empty()) return wrong(text, "is not a valid international name");
    if (const auto what = forbidden_in(*ascii)) return wrong(text, *what);
    domain = std::move(*ascii);
  }
  if (!ends_in_number(domain)) return domain;
  const std::optional<IpAddress> address = parse_ipv4(domain);
  if (!address) return wrong(text, "ends in a number but is not an IPv4 address");
  return address->text();
}

}  // namespace pixhaul::net
