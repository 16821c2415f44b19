#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

enum class Scheme : std::uint8_t { http, https };

[[nodiscard]] std::string_view name(Scheme scheme);
[[nodiscard]] std::uint16_t default_port(Scheme scheme);

/// An http or https URL in canonical form (https://url.spec.whatwg.org). Guard, resolver, request
/// and log all read this one value. The fragment is dropped; user name and password are dropped too
/// and never sent. Every part is ASCII without controls and spaces. Views live as long as the Url
/// and die when it is assigned to or moved. A default Url is empty and waits for an assignment.
class Url {
 public:
  /// "https://x.org/a%20b.jpg?w=1"
  [[nodiscard]] const std::string& href() const { return href_; }
  [[nodiscard]] Scheme scheme() const { return scheme_; }
  /// "x.org", "xn--bcher-kva.example", "203.0.113.7", "[2001:db8::1]".
  [[nodiscard]] std::string_view host() const { return between(host_begin(), host_end_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }  ///< the effective one
  [[nodiscard]] bool has_default_port() const { return host_end_ == path_begin_; }
  [[nodiscard]] std::string_view path() const { return between(path_begin_, query_begin_); }
  /// Without its `?`; empty also when there is none.
  [[nodiscard]] std::string_view query() const;
  /// What the request line carries: path, `?`, query.
  [[nodiscard]] std::string_view target() const { return between(path_begin_, href_.size()); }
  /// What the Host field carries: "x.org", "x.org:8080".
  [[nodiscard]] std::string_view host_header() const { return between(host_begin(), path_begin_); }
  /// "https://x.org", "http://x.org:8080".
  [[nodiscard]] std::string_view origin() const { return between(0, path_begin_); }
  /// "a%20b.jpg"; empty for a path that ends in a slash.
  [[nodiscard]] std::string_view last_path_segment() const;
  /// The text named a user or a password, which is not in any part above.
  [[nodiscard]] bool had_userinfo() const { return had_userinfo_; }

  friend bool operator==(const Url& a, const Url& b) { return a.href_ == b.href_; }

 private:
  friend class UrlBuilder;

  [[nodiscard]] std::size_t host_begin() const { return scheme_ == Scheme::https ? 8 : 7; }
  [[nodiscard]] std::string_view between(std::size_t begin, std::size_t end) const {
    return href_.empty() ? std::string_view{} : std::string_view(href_).substr(begin, end - begin);
  }

  std::string href_{};
  std::uint32_t host_end_ = 0;
  std::uint32_t path_begin_ = 0;
  std::uint32_t query_begin_ = 0;  // of the `?`; the end if there is none
  std::uint16_t port_ = 0;
  Scheme scheme_ = Scheme::http;
  bool had_userinfo_ = false;
};

/// Longest text read and longest `href()` made.
inline constexpr std::size_t kMaxUrlBytes = 64 * 1024;

/// Reads an absolute URL as browsers do: odd slashes, dot segments, spaces, international names,
/// any form of IPv4. Bytes of the path and query that are not ASCII are percent-encoded as they
/// stand, UTF-8 or not. Errors: bad_url, scheme_denied, port_denied; the detail says in words what
/// to change,
/// without user name and password.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// What a redirect from `base` to `location` means: absolute, `//host`, `/path`, relative or
/// `?query`. Errors: redirect_bad, scheme_denied, port_denied.
[[nodiscard]] Result<Url> resolve_url(const Url& base, std::string_view location);

/// The address when the host is one, in whatever form it was written.
[[nodiscard]] std::optional<IpAddress> literal_address(const Url& url);

}  // namespace pixhaul::net

template <>
struct std::hash<pixhaul::net::Url> {
  std::size_t operator()(const pixhaul::net::Url& url) const noexcept {
    return std::hash<std::string>{}(url.href());
  }
};
