// URL parsing after https://url.spec.whatwg.org/#url-parsing, for http and https only, where the
// standard's state machine becomes straight: scheme, slashes, authority, path, query. The canonical
// text is built in one string; a relative reference starts from a copy of the base's front. Nine
// URLs of ten in a list are canonical already: for them `parse_canonical` only looks at each byte
// once and copies.
#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "net/ports.h"
#include "net/quote.h"
#include "net/url_host.h"

namespace pixhaul::net {
namespace {

using Class = std::uint8_t;
constexpr Class kPathEncode = 1;   // percent-encoded in a path
constexpr Class kQueryEncode = 2;  // percent-encoded in a query
constexpr Class kPlainHost = 4;    // stays as it is in a host
constexpr Class kSlash = 8;        // ends a segment and the authority
constexpr Class kMark = 16;        // begins query or fragment
constexpr Class kLineBreak = 32;   // with the tab; taken out everywhere

// The standard's path and special-query percent-encode sets, and the host bytes nothing happens to.
constexpr std::array<std::uint8_t, 256> kClass = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t byte = 0; byte < 256; ++byte)
    if (byte <= 0x20 || byte >= 0x7f) table[byte] = kPathEncode | kQueryEncode;
  for (const char byte : std::string_view("\"#<>"))
    table[static_cast<std::uint8_t>(byte)] = kPathEncode | kQueryEncode;
  for (const char byte : std::string_view("?^`{}"))
    table[static_cast<std::uint8_t>(byte)] = kPathEncode;
  table['\''] = kQueryEncode;
  for (const char byte : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789-._"))
    table[static_cast<std::uint8_t>(byte)] |= kPlainHost;
  for (const char byte : {'/', '\\'}) table[static_cast<std::uint8_t>(byte)] |= kSlash;
  for (const char byte : {'?', '#'}) table[static_cast<std::uint8_t>(byte)] |= kMark;
  for (const char byte : {'\t', '\r', '\n'}) table[static_cast<std::uint8_t>(byte)] |= kLineBreak;
  return table;
}();

bool is_in(char byte, Class which) {
  return (kClass[static_cast<std::uint8_t>(byte)] & which) != 0;
}
/// Up to the first byte that is in `which`.
std::size_t size_until(std::string_view text, Class which) {
  std::size_t at = 0;
  while (at < text.size() && !is_in(text[at], which)) ++at;
  return at;
}
bool is_slash(char byte) { return byte == '/' || byte == '\\'; }
bool is_alpha(char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

void append_encoded(std::string& out, std::string_view text, Class which) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char byte : text) {
    if (!is_in(byte, which)) {
      out += byte;
      continue;
    }
    const auto value = static_cast<std::uint8_t>(byte);
    out += '%';
    out += kHex[value >> 4];
    out += kHex[value & 15];
  }
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(
      text, lower_case, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
}

bool is_single_dot(std::string_view segment) {
  return segment == "." || equals_ignoring_case(segment, "%2e");
}

bool is_double_dot(std::string_view segment) {
  return segment == ".." || equals_ignoring_case(segment, ".%2e") ||
         equals_ignoring_case(segment, "%2e.") || equals_ignoring_case(segment, "%2e%2e");
}

/// Without the controls and spaces around it; tabs and line ends go everywhere. `storage` holds the
/// text if it had to be rewritten.
std::string_view trimmed(std::string_view text, std::string& storage) {
  const auto is_outer = [](char byte) { return static_cast<std::uint8_t>(byte) <= 0x20; };
  while (!text.empty() && is_outer(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_outer(text.back())) text.remove_suffix(1);
  if (size_until(text, kLineBreak) == text.size()) return text;
  storage = text;
  std::erase_if(storage, [](char byte) { return byte == '\t' || byte == '\r' || byte == '\n'; });
  return storage;
}

/// Length of the scheme `text` begins with, without its colon; 0 if there is none.
std::size_t scheme_length(std::string_view text) {
  if (text.empty() || !is_alpha(text[0])) return 0;
  std::size_t at = 1;
  while (at < text.size() && (is_alpha(text[at]) || is_digit(text[at]) || text[at] == '+' ||
                              text[at] == '-' || text[at] == '.'))
    ++at;
  return at < text.size() && text[at] == ':' ? at : 0;
}

std::optional<Scheme> known_scheme(std::string_view text) {
  if (equals_ignoring_case(text, "http")) return Scheme::http;
  if (equals_ignoring_case(text, "https")) return Scheme::https;
  return std::nullopt;
}

std::unexpected<Error> bad(std::string detail) {
  return std::unexpected(Error{.code = ErrorCode::bad_url, .detail = std::move(detail)});
}

/// For messages: secrets do not belong in them, whether or not the rest is a URL.
std::string quote_without_userinfo(std::string_view text) {
  const std::size_t colon = scheme_length(text);
  const std::size_t begin = text.find_first_not_of("/\\", colon == 0 ? 0 : colon + 1);
  if (begin == std::string_view::npos) return quote(text);
  const std::size_t at = text.substr(begin, text.find_first_of("/\\?#", begin) - begin).rfind('@');
  if (at == std::string_view::npos) return quote(text);
  return quote(std::string(text.substr(0, begin)).append(text.substr(begin + at + 1)));
}

/// "x.org:8080/a" begins like a scheme but is a host whose http:// was forgotten.
bool looks_like_host_and_port(std::string_view scheme, std::string_view after) {
  const bool is_host = scheme.contains('.') || scheme == "localhost";
  return is_host && !after.empty() && is_digit(after[0]);
}

std::unexpected<Error> not_ours(std::string_view text, std::string_view scheme) {
  const std::string_view after = text.substr(scheme.empty() ? 0 : scheme.size() + 1);
  if (scheme.empty() || looks_like_host_and_port(scheme, after))
    return bad(text.empty()
                   ? "the URL is empty"
                   : fmt::format("{} lacks http:// or https://", quote_without_userinfo(text)));
  return std::unexpected(
      Error{.code = ErrorCode::scheme_denied,
            .detail = fmt::format("{} is neither http nor https", quote_without_userinfo(text))});
}

/// Where the port's colon is, or the end: a colon within brackets is the address's.
std::size_t port_colon(std::string_view host_and_port) {
  const std::size_t from = host_and_port.starts_with('[') ? host_and_port.find(']') : 0;
  return std::min(host_and_port.find(':', from), host_and_port.size());
}

std::expected<std::uint16_t, std::string> parse_port(std::string_view digits, Scheme scheme) {
  if (digits.empty()) return default_port(scheme);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size())
    return std::unexpected(fmt::format("port {} is not a number", quote(digits)));
  if (error == std::errc::result_out_of_range)
    return std::unexpected(fmt::format("port {} is above 65535", quote(digits)));
  return port;
}

}  // namespace

std::string_view name(Scheme scheme) { return scheme == Scheme::https ? "https" : "http"; }
std::uint16_t default_port(Scheme scheme) { return scheme == Scheme::https ? 443 : 80; }

std::string_view Url::query() const {
  const std::string_view with_mark = between(query_begin_, href_.size());
  return with_mark.empty() ? with_mark : with_mark.substr(1);
}

std::string_view Url::last_path_segment() const {
  const std::string_view all = path();
  return all.substr(all.rfind('/') + 1);
}

/// Builds one Url front to back. The functions are called in the order of a URL's parts.
class UrlBuilder {
 public:
  /// A Url for `text` if it is canonical as it stands (but for a fragment, or a missing path), else
  /// empty.
  static std::optional<Url> parse_canonical(std::string_view text);

  /// `text` begins after the scheme and its colon.
  Result<> add_authority(Scheme scheme, std::string_view text);
  /// Path, query and fragment that stand after the authority.
  void add_rest(std::string_view rest) {
    add_path_and_query(rest.substr(rest.empty() || !is_slash(rest[0]) ? 0 : 1));
  }
  /// A reference without scheme and authority.
  void add_relative(const Url& base, std::string_view reference);

  Result<Url> finish();
  /// What `add_authority` left unread.
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  Result<> add_host_and_port(std::string_view text);
  void add_path_and_query(std::string_view text);
  void add_segments(std::string_view path);
  void add_query(std::string_view text);
  void drop_last_segment();

  Url url_;
  std::string_view rest_;
};

std::optional<Url> UrlBuilder::parse_canonical(std::string_view text) {
  const bool secure = text.starts_with("https://");
  if (!secure && !text.starts_with("http://")) return std::nullopt;
  const std::size_t host_begin = secure ? 8 : 7;
  std::size_t at = host_begin;
  std::size_t label = at;
  for (; at < text.size() && is_in(text[at], kPlainHost); ++at)
    if (text[at] == '.') label = at + 1;
  const std::size_t host_end = at;
  // Numbers may be IPv4, a label of "xn--" must be checked, an empty last label is the root's.
  if (label == at || is_digit(text[label])) return std::nullopt;
  if (text.substr(host_begin, host_end - host_begin).contains("xn--")) return std::nullopt;
  if (at < text.size() && text[at] != '/') return std::nullopt;

  char previous = 0;
  for (; at < text.size() && !is_in(text[at], kPathEncode); previous = text[at++])
    if (text[at] == '\\' || (previous == '/' && (text[at] == '.' || text[at] == '%')))
      return std::nullopt;
  const std::size_t query_begin = at;
  if (at < text.size() && text[at] == '?')
    for (++at; at < text.size() && !is_in(text[at], kQueryEncode);) ++at;
  if (at < text.size() && text[at] != '#') return std::nullopt;

  Url url;
  url.href_.reserve(at + 1);
  url.href_.assign(text.substr(0, at));
  if (host_end == at) url.href_ += '/';
  url.host_end_ = url.path_begin_ = static_cast<std::uint32_t>(host_end);
  url.query_begin_ = static_cast<std::uint32_t>(std::max(query_begin, host_end + 1));
  url.scheme_ = secure ? Scheme::https : Scheme::http;
  url.port_ = default_port(url.scheme_);
  return url;
}

// #special-authority-ignore-slashes-state, #authority-state
Result<> UrlBuilder::add_authority(Scheme scheme, std::string_view text) {
  url_.scheme_ = scheme;
  url_.href_.reserve(text.size() + 16);
  url_.href_ = name(scheme);
  url_.href_ += "://";
  while (!text.empty() && is_slash(text[0])) text.remove_prefix(1);
  const std::size_t end = size_until(text, kSlash | kMark);
  rest_ = text.substr(end);
  std::string_view authority = text.substr(0, end);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url_.had_userinfo_ = true;
    authority.remove_prefix(at + 1);
  }
  return add_host_and_port(authority);
}

// #host-state, #port-state
Result<> UrlBuilder::add_host_and_port(std::string_view text) {
  const std::size_t colon = port_colon(text);
  if (colon == 0) return bad(fmt::format("{} has no host", quote(url_.href_)));
  std::expected<std::string, std::string> host = parse_host(text.substr(0, colon));
  if (!host) return bad(std::move(host).error());
  url_.href_ += *host;
  url_.host_end_ = static_cast<std::uint32_t>(url_.href_.size());

  std::expected<std::uint16_t, std::string> port =
      parse_port(text.substr(std::min(colon + 1, text.size())), url_.scheme_);
  if (!port) return bad(std::move(port).error());
  url_.port_ = *port;
  if (*port != default_port(url_.scheme_))
    fmt::format_to(std::back_inserter(url_.href_), ":{}", *port);
  url_.path_begin_ = static_cast<std::uint32_t>(url_.href_.size());
  return {};
}

// #relative-state, #relative-slash-state
void UrlBuilder::add_relative(const Url& base, std::string_view reference) {
  const bool keeps_path = reference.empty() || reference[0] == '?' || reference[0] == '#';
  const bool keeps_query = reference.empty() || reference[0] == '#';
  url_ = base;
  url_.had_userinfo_ = false;
  if (keeps_query) return;
  url_.href_.resize(url_.query_begin_);
  if (keeps_path) return add_query(reference);
  if (is_slash(reference[0])) {
    url_.href_.resize(url_.path_begin_);
    return add_rest(reference);
  }
  drop_last_segment();
  add_path_and_query(reference);
}

void UrlBuilder::add_path_and_query(std::string_view text) {
  const std::size_t end = size_until(text, kMark);
  add_segments(text.substr(0, end));
  add_query(text.substr(end));
}

void UrlBuilder::drop_last_segment() {
  if (url_.href_.size() > url_.path_begin_) url_.href_.resize(url_.href_.rfind('/'));
}

// #path-state: `path` begins after a slash. The last segment always leaves a slash, at least an
// empty segment.
void UrlBuilder::add_segments(std::string_view path) {
  for (;;) {
    const std::size_t end = size_until(path, kSlash);
    const bool is_last = end == path.size();
    const std::string_view segment = path.substr(0, end);
    if (is_double_dot(segment)) {
      drop_last_segment();
      if (is_last) url_.href_ += '/';
    } else if (is_single_dot(segment)) {
      if (is_last) url_.href_ += '/';
    } else {
      url_.href_ += '/';
      append_encoded(url_.href_, segment, kPathEncode);
    }
    if (is_last) return;
    path.remove_prefix(end + 1);
  }
}

/// `text` begins with `?` or `#` or is empty.
void UrlBuilder::add_query(std::string_view text) {
  url_.query_begin_ = static_cast<std::uint32_t>(url_.href_.size());
  if (!text.starts_with('?')) return;
  url_.href_ += '?';
  append_encoded(url_.href_, text.substr(1, std::min(text.find('#'), text.size()) - 1),
                 kQueryEncode);
}

Result<Url> UrlBuilder::finish() {
  if (url_.href_.size() > kMaxUrlBytes)
    return bad(fmt::format("the URL has {} bytes when encoded; at most {} are read",
                           url_.href_.size(), kMaxUrlBytes));
  if (const std::string_view owner = bad_port_owner(url_.port_); !owner.empty())
    return std::unexpected(Error{
        .code = ErrorCode::port_denied,
        .detail = fmt::format("port {} belongs to another protocol ({})", url_.port_, owner)});
  return std::move(url_);
}

namespace {

Result<Url> finish_absolute(UrlBuilder& builder, Scheme scheme, std::string_view after_colon) {
  if (Result<> done = builder.add_authority(scheme, after_colon); !done)
    return std::unexpected(std::move(done).error());
  builder.add_rest(builder.rest());
  return builder.finish();
}

Result<Url> parse_any(std::string_view text, const Url* base) {
  if (text.size() > kMaxUrlBytes)
    return bad(fmt::format("the URL has {} bytes; at most {} are read", text.size(), kMaxUrlBytes));
  if (std::optional<Url> url = UrlBuilder::parse_canonical(text)) return *std::move(url);
  std::string storage;
  text = trimmed(text, storage);
  const std::size_t colon = scheme_length(text);
  const std::optional<Scheme> scheme = known_scheme(text.substr(0, colon));
  const std::string_view after = text.substr(colon == 0 ? 0 : colon + 1);
  if (!scheme && (colon > 0 || base == nullptr)) return not_ours(text, text.substr(0, colon));

  UrlBuilder builder;
  const bool names_host = after.size() >= 2 && is_slash(after[0]) && is_slash(after[1]);
  if (base == nullptr) return finish_absolute(builder, *scheme, after);
  // #special-relative-or-authority-state: "http:a" under an http base is relative.
  if (scheme && (*scheme != base->scheme() || after.starts_with("//")))
    return finish_absolute(builder, *scheme, after);
  if (names_host) return finish_absolute(builder, base->scheme(), after);
  builder.add_relative(*base, after);
  return builder.finish();
}

}  // namespace

Result<Url> parse_url(std::string_view text) { return parse_any(text, nullptr); }

Result<Url> resolve_url(const Url& base, std::string_view location) {
  Result<Url> url = parse_any(location, &base);
  if (!url && url.error().code == ErrorCode::bad_url) {
    url.error().code = ErrorCode::redirect_bad;
    url.error().detail.insert(0, fmt::format("redirect to {}: ", quote_without_userinfo(location)));
  }
  return url;
}

std::optional<IpAddress> literal_address(const Url& url) {
  std::string_view host = url.host();
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return parse_ip_address(host);
}

}  // namespace pixhaul::net
