// The order of the questions matters: what a page of another site can bring about (a name that
// rebinds, a form, a script's request) is refused before the token is looked at, so that nobody
// but its reader can spend it. Cookies do not tell ports apart (RFC 6265, 8.5), hence the port in
// the cookie's name.
#include "dashboard/gate.h"

#include <fmt/core.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pixhaul::dashboard {

namespace {

Result<std::string> random_hex() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return std::unexpected(
        Error{.code = ErrorCode::internal, .detail = "the system gives no random bytes"});
  }
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

// In time that tells nothing about where the two differ.
bool equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
  }
  return difference == 0;
}

}  // namespace

Result<Gate> Gate::create(std::uint16_t port) {
  auto token = random_hex();
  auto secret = random_hex();
  if (!token) return std::unexpected(std::move(token).error());
  if (!secret) return std::unexpected(std::move(secret).error());
  return Gate(port, std::move(*token), std::move(*secret));
}

Gate::Gate(std::uint16_t port, std::string token, std::string secret)
    : port_(fmt::format("{}", port)),
      token_(std::move(token)),
      secret_(std::move(secret)),
      cookie_name_(fmt::format("pixhaul_{}", port)) {}

Gate::Gate(Gate&& other) noexcept
    : port_(std::move(other.port_)),
      token_(std::move(other.token_)),
      secret_(std::move(other.secret_)),
      cookie_name_(std::move(other.cookie_name_)),
      is_spent_(other.is_spent_) {}

Verdict Gate::judge(const RequestFacts& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    return {.status = 405, .reason = "this page only reads: GET and HEAD\n"};
  }
  if (!is_own_name(request.host)) {
    return {.status = 403, .reason = "not a name of this page\n"};
  }
  if (!request.origin.empty() && !is_own_origin(request.origin)) {
    return {.status = 403, .reason = "asked for by another page\n"};
  }
  const bool is_own_site = request.fetch_site.empty() || request.fetch_site == "none" ||
                           request.fetch_site == "same-origin";
  if (!is_own_site) return {.status = 403, .reason = "asked for by another site\n"};
  if (request.has_body) return {.status = 400, .reason = "a request with a body\n"};
  if (has_cookie(request.cookie)) return {};
  if (may_scrape(request)) return {};
  const bool may_exchange = request.method == "GET" && request.path == "/";
  if (may_exchange && equal(request.token, token_)) {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(is_spent_, true)) return {.sets_cookie = true};
    return {.status = 403, .reason = "this address was opened before; it opens the page once\n"};
  }
  return {.status = 403, .reason = "open the address that pixhaul printed\n"};
}

std::string Gate::set_cookie() const {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict", cookie_name_, secret_);
}

bool Gate::is_own_name(std::string_view host) const {
  for (const std::string_view name : {"127.0.0.1:", "localhost:"}) {
    if (host.starts_with(name) && host.substr(name.size()) == port_) return true;
  }
  return false;
}

bool Gate::is_own_origin(std::string_view origin) const {
  constexpr std::string_view kScheme = "http://";
  return origin.starts_with(kScheme) && is_own_name(origin.substr(kScheme.size()));
}

// RFC 6750, 2.1; the scheme's case does not matter (RFC 9110, 11.1).
bool Gate::may_scrape(const RequestFacts& request) const {
  constexpr std::string_view kScheme = "bearer ";
  if (request.path != "/metrics" || request.authorization.size() < kScheme.size()) return false;
  const bool is_bearer = std::ranges::equal(
      request.authorization.substr(0, kScheme.size()), kScheme,
      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
  return is_bearer && equal(request.authorization.substr(kScheme.size()), token_);
}

bool Gate::has_cookie(std::string_view header) const {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos || pair.substr(0, equals) != cookie_name_) continue;
    if (equal(pair.substr(equals + 1), secret_)) return true;
  }
  return false;
}

}  // namespace pixhaul::dashboard
