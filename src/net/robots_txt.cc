#include "net/robots_txt.h"

#include <algorithm>

#include "net/response_head.h"

// RFC 9309. Patterns and targets are brought to one spelling of percent-encoding first (§2.2.2),
// after which a '*' in a pattern is always the wildcard: a literal one is "%2A" on both sides.

namespace pixhaul::net {

namespace {

constexpr std::size_t kMaxBytes = 500 * 1024;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// RFC 3986 §2.3.
bool is_unreserved(unsigned char c) {
  const char lower = to_lower(static_cast<char>(c));
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& out, unsigned char c) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out += '%';
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

enum class Side : std::uint8_t { pattern, target };

// §2.2.2: octets outside US-ASCII are encoded, encoded unreserved ones decoded. '*' stays one in a
// pattern only.
void append_normalised(std::string& out, std::string_view text, Side side) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      const auto octet =
          static_cast<unsigned char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      is_unreserved(octet) ? out.push_back(static_cast<char>(octet)) : append_encoded(out, octet);
      i += 2;
    } else if (c > 0x20 && c < 0x7f && c != '$' && (c != '*' || side == Side::pattern)) {
      out += static_cast<char>(c);
    } else {
      append_encoded(out, c);
    }
  }
}

// Each stretch between wildcards is taken where it first occurs, the last one of an anchored
// pattern at the end.
bool matches(std::string_view pattern, bool is_anchored, std::string_view target) {
  const std::size_t first_star = pattern.find('*');
  const std::string_view start = pattern.substr(0, first_star);
  if (!target.starts_with(start)) return false;
  target.remove_prefix(start.size());
  if (first_star == std::string_view::npos) return !is_anchored || target.empty();
  pattern.remove_prefix(first_star + 1);
  for (std::size_t star = pattern.find('*'); star != std::string_view::npos;
       star = pattern.find('*')) {
    const std::size_t found = target.find(pattern.substr(0, star));
    if (found == std::string_view::npos) return false;
    target.remove_prefix(found + star);
    pattern.remove_prefix(star + 1);
  }
  return is_anchored ? target.ends_with(pattern) : target.find(pattern) != std::string_view::npos;
}

// The token a user-agent line names: "pixhaul/1.0 (x)" means "pixhaul".
std::string_view product_of(std::string_view value) {
  const auto is_token = [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || c == '-' || c == '_' || (c >= '0' && c <= '9');
  };
  const auto end = std::ranges::find_if_not(value, is_token);
  return value.substr(0, static_cast<std::size_t>(end - value.begin()));
}

std::string_view take_line(std::string_view& body) {
  const std::size_t end = body.find_first_of("\r\n");
  const std::string_view line = body.substr(0, end);
  body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
  return line.substr(0, line.find('#'));
}

// §2.5: at least the first 500 KiB are to be parsed. A line cut in two there is none: what is left
// of "Disallow: /private" may forbid everything.
std::string_view first_part(std::string_view body) {
  if (body.size() <= kMaxBytes) return body;
  body = body.substr(0, kMaxBytes);
  return body.substr(0, body.find_last_of("\r\n") + 1);
}

}  // namespace

void RobotsTxt::add(std::string_view pattern, bool is_allow) {
  if (pattern.empty()) return;  // §2.2.2: an empty pattern matches nothing
  const bool is_anchored = pattern.ends_with('$');
  if (is_anchored) pattern.remove_suffix(1);
  const std::size_t begin = patterns_.size();
  append_normalised(patterns_, pattern, Side::pattern);
  rules_.push_back({.begin = static_cast<std::uint32_t>(begin),
                    .length = static_cast<std::uint32_t>(patterns_.size() - begin),
                    .is_allow = is_allow,
                    .is_anchored = is_anchored});
}

void RobotsTxt::clear() {
  patterns_.clear();
  rules_.clear();
}

// §2.2.1: groups that name us are combined and replace those for '*'. Consecutive user-agent lines
// share a group, and lines of other kinds (Sitemap, Crawl-delay) do not end it.
RobotsTxt RobotsTxt::parse(std::string_view body, std::string_view product_token) {
  std::string token(product_token);
  std::ranges::transform(token, token.begin(), to_lower);
  RobotsTxt result;
  body = first_part(body);
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  bool was_named = false;  // some group was ours by name
  bool is_naming = false;  // the last line that counted was a user-agent line
  bool group_names_us = false;
  bool group_is_for_all = false;
  while (!body.empty()) {
    const std::string_view line = take_line(body);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(key, "user-agent")) {
      if (!is_naming) group_names_us = group_is_for_all = false;
      is_naming = true;
      group_is_for_all |= value.starts_with('*');
      if (!value.empty() && equals_ignoring_case(product_of(value), token)) {
        if (!was_named) result.clear();
        was_named = group_names_us = true;
      }
      continue;
    }
    const bool is_allow = equals_ignoring_case(key, "allow");
    if (!is_allow && !equals_ignoring_case(key, "disallow")) continue;
    is_naming = false;
    if (was_named ? group_names_us : group_is_for_all) result.add(value, is_allow);
  }
  return result;
}

bool RobotsTxt::allows(std::string_view target) const {
  std::string normalised;
  append_normalised(normalised, target, Side::target);
  if (normalised == "/robots.txt") return true;
  std::size_t longest = 0;
  bool is_allowed = true;
  for (const Rule& rule : rules_) {
    const std::size_t length = rule.length + (rule.is_anchored ? 1 : 0);
    const bool decides = length > longest || (length == longest && rule.is_allow);
    const std::string_view pattern = std::string_view(patterns_).substr(rule.begin, rule.length);
    if (!decides || !matches(pattern, rule.is_anchored, normalised)) continue;
    longest = length;
    is_allowed = rule.is_allow;
  }
  return is_allowed;
}

}  // namespace pixhaul::net
