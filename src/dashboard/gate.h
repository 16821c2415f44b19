#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "pixhaul/result.h"

namespace pixhaul::dashboard {

/// What the gate looks at of a request; text of a stranger's.
struct RequestFacts {
  std::string_view method{};
  std::string_view path{};
  std::string_view host{};
  std::string_view origin{};      ///< "" when there is none
  std::string_view fetch_site{};  ///< Sec-Fetch-Site; "" when there is none
  std::string_view cookie{};
  std::string_view token{};          ///< of the query
  std::string_view authorization{};  ///< the header's value
  bool has_body = false;
};

struct Verdict {
  int status = 200;           ///< 200: let in
  std::string_view reason{};  ///< for the one refused
  bool sets_cookie = false;   ///< the token was right and is spent now
};

/// Who may see the page: a request to one of our own names, from no other site, that only reads,
/// with the cookie that the one-time token was exchanged for. A machine that scrapes /metrics shows
/// the token as `Authorization: Bearer` each time instead, spent or not: that gives figures only,
/// and no page of another site can send the header unasked. Any thread.
class Gate {
 public:
  /// Errors: internal, where the system gives no random bytes.
  [[nodiscard]] static Result<Gate> create(std::uint16_t port);
  Gate(Gate&& other) noexcept;

  [[nodiscard]] Verdict judge(const RequestFacts& request);
  /// 128 bits in hex.
  [[nodiscard]] const std::string& token() const { return token_; }
  /// The value of Set-Cookie.
  [[nodiscard]] std::string set_cookie() const;

 private:
  Gate(std::uint16_t port, std::string token, std::string secret);
  [[nodiscard]] bool is_own_name(std::string_view host) const;
  [[nodiscard]] bool is_own_origin(std::string_view origin) const;
  [[nodiscard]] bool may_scrape(const RequestFacts& request) const;
  [[nodiscard]] bool has_cookie(std::string_view header) const;

  std::string port_;
  std::string token_;
  std::string secret_;
  std::string cookie_name_;
  std::mutex mutex_;
  bool is_spent_ = false;
};

}  // namespace pixhaul::dashboard
