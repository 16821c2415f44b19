#include "net/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "net/response_head.h"

// Which proxy, in the words of --proxy and of the environment. Nobody has written a standard for
// these; where programs differ, curl's reading is taken.

namespace pixhaul::net {

namespace {

constexpr std::uint16_t kDefaultPort = 1080;

struct Scheme {
  std::string_view name;
  ProxyKind kind;
};
constexpr std::array<Scheme, 3> kSchemes = {
    {{"http", ProxyKind::http}, {"socks5", ProxyKind::socks5}, {"socks5h", ProxyKind::socks5h}}};

std::unexpected<Error> bad_proxy(std::string detail) {
  return std::unexpected(
      Error{.code = ErrorCode::bad_option, .detail = "proxy: " + std::move(detail)});
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return lower;
}

std::optional<unsigned> parse_number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > max)
    return std::nullopt;
  return value;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned octet = 0;
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, octet, 16).ptr ==
            text.data() + i + 3;
    out += is_escape ? static_cast<char>(octet) : text[i];
    if (is_escape) i += 2;
  }
  return out;
}

struct HostPort {
  std::string_view host;
  std::string_view port;  // "" when there is none
};

// "host", "host:port", "[v6]", "[v6]:port", and a bare v6, which has more than one colon.
std::optional<HostPort> split_host_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
    return HostPort{text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return HostPort{text, {}};
  }
  return HostPort{text.substr(0, colon), text.substr(colon + 1)};
}

struct Address {
  std::array<unsigned char, 16> octets{};
  unsigned bits = 0;  // 32, 128, or 0 for no address
};

Address parse_address(std::string_view text) {
  const std::string terminated(text);
  Address address;
  if (inet_pton(AF_INET, terminated.c_str(), address.octets.data()) == 1) {
    address.bits = 32;
  } else if (inet_pton(AF_INET6, terminated.c_str(), address.octets.data()) == 1) {
    address.bits = 128;
  }
  return address;
}

bool is_in_block(const Address& address, const Address& block, unsigned prefix_bits) {
  for (unsigned bit = 0; bit < prefix_bits; ++bit) {
    const unsigned mask = 0x80u >> bit % 8;
    if ((address.octets[bit / 8] & mask) != (block.octets[bit / 8] & mask)) return false;
  }
  return true;
}

std::string_view without_brackets(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

// One entry of no_proxy: "*", a domain and all below it (with or without "." or "*." before), an
// address, a block "10.0.0.0/8"; a domain or an address may have a port. `exception` is in lower
// case.
bool is_excepted(std::string_view exception, std::string_view host, std::uint16_t port) {
  if (exception == "*") return true;
  const Address address = parse_address(host);
  if (const std::size_t slash = exception.find('/'); slash != std::string_view::npos) {
    const Address block = parse_address(without_brackets(exception.substr(0, slash)));
    const auto prefix = parse_number(exception.substr(slash + 1), block.bits);
    return block.bits != 0 && block.bits == address.bits && prefix &&
           is_in_block(address, block, *prefix);
  }
  const std::optional<HostPort> parts = split_host_port(exception);
  if (!parts) return false;
  if (!parts->port.empty() && parse_number(parts->port, 65535) != port) return false;
  if (address.bits != 0) {
    const Address wanted = parse_address(parts->host);
    return wanted.bits == address.bits && wanted.octets == address.octets;
  }
  std::string_view domain = parts->host;
  if (domain.starts_with('*')) domain.remove_prefix(1);
  if (domain.starts_with('.')) domain.remove_prefix(1);
  domain = without_brackets(domain);
  if (domain.empty() || !host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

std::string variable(const char* lower, const char* upper = nullptr) {
  const char* value = std::getenv(lower);
  if ((value == nullptr || *value == '\0') && upper != nullptr) value = std::getenv(upper);
  return value == nullptr ? "" : value;
}

Result<std::optional<Proxy>> parse_optional(std::string_view text, std::string_view fallback) {
  if (text.empty()) text = fallback;
  if (text.empty() || text == "none") return std::nullopt;
  Result<Proxy> proxy = parse_proxy(text);
  if (!proxy) return std::unexpected(std::move(proxy).error());
  return *std::move(proxy);
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view text) {
  Proxy proxy;
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    const std::string scheme = to_lower(text.substr(0, end));
    const auto known = std::ranges::find(kSchemes, scheme, &Scheme::name);
    if (known == kSchemes.end())
      return bad_proxy("'" + scheme + "' is neither http, socks5 nor socks5h");
    proxy.kind = known->kind;
    text.remove_prefix(end + 3);
  }
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view user_info = text.substr(0, at);
    const std::size_t colon = user_info.find(':');
    proxy.user = percent_decoded(user_info.substr(0, colon));
    if (colon != std::string_view::npos)
      proxy.password = percent_decoded(user_info.substr(colon + 1));
    text.remove_prefix(at + 1);
  }
  text = text.substr(0, text.find('/'));
  const std::optional<HostPort> parts = split_host_port(text);
  const auto is_unfit = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (!parts || parts->host.empty() || std::ranges::any_of(parts->host, is_unfit)) {
    return bad_proxy("no host in it");
  }
  const auto port = parts->port.empty() ? std::optional<unsigned>(kDefaultPort)
                                        : parse_number(parts->port, 65535);
  if (!port || *port == 0) return bad_proxy("the port is no number from 1 to 65535");
  proxy.host = to_lower(parts->host);
  proxy.port = static_cast<std::uint16_t>(*port);
  return proxy;
}

ProxyEnvironment proxy_environment() {
  return {.http_proxy = variable("http_proxy"),
          .https_proxy = variable("https_proxy", "HTTPS_PROXY"),
          .all_proxy = variable("all_proxy", "ALL_PROXY"),
          .no_proxy = variable("no_proxy", "NO_PROXY")};
}

Result<ProxySettings> ProxySettings::create(std::string_view option,
                                            const ProxyEnvironment& environment) {
  const bool is_given = !option.empty();
  auto http = parse_optional(is_given ? option : environment.http_proxy,
                             is_given ? "" : environment.all_proxy);
  if (!http) return std::unexpected(std::move(http).error());
  auto https = parse_optional(is_given ? option : environment.https_proxy,
                              is_given ? "" : environment.all_proxy);
  if (!https) return std::unexpected(std::move(https).error());

  ProxySettings settings;
  settings.http_ = *std::move(http);
  settings.https_ = *std::move(https);
  std::string_view rest = environment.no_proxy;
  while (!rest.empty()) {
    const std::size_t end = rest.find_first_of(", \t");
    if (end != 0) settings.exceptions_.push_back(to_lower(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return settings;
}

const Proxy* ProxySettings::choose(std::string_view scheme, std::string_view host,
                                   std::uint16_t port) const {
  const std::optional<Proxy>& proxy = equals_ignoring_case(scheme, "https") ? https_ : http_;
  if (!proxy) return nullptr;
  const std::string name = to_lower(without_brackets(host));
  const bool is_direct = std::ranges::any_of(exceptions_, [&](const std::string& exception) {
    return is_excepted(exception, name, port);
  });
  return is_direct ? nullptr : &*proxy;
}

}  // namespace pixhaul::net
