#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pixhaul::net {

/// One origin's robots.txt as it concerns one robot (RFC 9309): the rules of the groups that name
/// it, else of those for
/// `*`. Keeps the patterns only. Immutable after `parse`; any thread.
class RobotsTxt {
 public:
  /// Never fails: what cannot be read is skipped. Only the first 500 KiB count (§2.5).
  /// `product_token`: ours without version, "pixhaul". That a 4xx allows all and a 5xx nothing is
  /// the caller's to decide (§2.3.1).
  [[nodiscard]] static RobotsTxt parse(std::string_view body, std::string_view product_token);

  /// `target`: path and query, "/a/b.jpg?c". The longest matching rule decides, and `allow` among
  /// equals.
  [[nodiscard]] bool allows(std::string_view target) const;
  [[nodiscard]] bool has_rules() const { return !rules_.empty(); }

 private:
  struct Rule {
    std::uint32_t begin;  // of the pattern in patterns_
    std::uint32_t length;
    bool is_allow;
    bool is_anchored;  // the pattern ended in '$'
  };

  void add(std::string_view pattern, bool is_allow);
  void clear();

  std::string patterns_{};  // normalised, one behind the other
  std::vector<Rule> rules_{};
};

}  // namespace pixhaul::net
