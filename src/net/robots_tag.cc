#include "net/robots_tag.h"

#include <algorithm>
#include <array>

// X-Robots-Tag has no RFC; what sites send follows Google's description:
//
//   X-Robots-Tag: noindex, max-image-preview: large, unavailable_after: 25 Jun 2010 15:00:00 PST
//   X-Robots-Tag: otherbot: nofollow, mybot: noai, noimageai
//
// A comma separates directives, except inside a date; a colon ends a robot's name, except behind a
// directive that takes a value. So a name before a colon is a robot's only if it is not a directive
// with a value and what follows it is a directive; from there on directives are meant for that
// robot, until the next name or the end of the field. img2dataset splits once at the first colon
// and misses an opt-out in each of these examples.

namespace pixhaul::net {

namespace {

constexpr std::string_view kBlanks = " \t";

constexpr std::array<std::string_view, 4> kValuedDirectives = {
    "max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"};
constexpr std::array<std::string_view, 14> kDirectives = {
    "all",      "follow",    "index",        "indexifembedded", "noai", "noarchive", "nocache",
    "nofollow", "noimageai", "noimageindex", "noindex",         "none", "nosnippet", "notranslate"};

bool same(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    return lower(a) == lower(b);
  });
}

bool is_in(std::string_view word, const auto& list) {
  return std::ranges::any_of(list, [word](std::string_view item) { return same(word, item); });
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Cuts the text before the first of `separators` off the front of `rest`.
std::string_view take_part(std::string_view& rest, std::string_view separators) {
  const std::size_t end = rest.find_first_of(separators);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return trim(part);
}

class TagReader {
 public:
  TagReader(const std::vector<std::string>& directives, std::string_view token)
      : directives_(directives), token_(token) {}

  [[nodiscard]] bool forbids(std::string_view value) const {
    bool is_for_us = true;
    while (!value.empty()) {
      std::string_view part = take_part(value, ",;");
      while (skip_robot_name(part, is_for_us)) {
      }
      skip_valued_directive(part);
      if (is_for_us && has_forbidden_word(part)) return true;
    }
    return false;
  }

 private:
  // "mybot: noai" loses its name, and `is_for_us` becomes whether it is ours.
  bool skip_robot_name(std::string_view& part, bool& is_for_us) const {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = trim(part.substr(0, colon));
    const std::string_view rest = trim(part.substr(colon + 1));
    if (name.empty() || name.find_first_of(kBlanks) != std::string_view::npos) return false;
    if (is_in(name, kValuedDirectives) || !begins_with_directive(rest)) return false;
    is_for_us = name == "*" || same(name.substr(0, name.find('/')), token_);
    part = rest;
    return true;
  }

  // "max-image-preview: none" is about previews: the value is no directive.
  static void skip_valued_directive(std::string_view& part) {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos || !is_in(trim(part.substr(0, colon)), kValuedDirectives))
      return;
    part = trim(part.substr(colon + 1));
    take_part(part, kBlanks);
  }

  [[nodiscard]] bool begins_with_directive(std::string_view text) const {
    const std::string_view word = take_part(text, " \t:");
    return is_in(word, kDirectives) || is_in(word, kValuedDirectives) || is_in(word, directives_);
  }

  [[nodiscard]] bool has_forbidden_word(std::string_view part) const {
    while (!part.empty()) {
      const std::string_view word = take_part(part, kBlanks);
      if (!word.empty() && is_forbidden(word)) return true;
    }
    return false;
  }

  [[nodiscard]] bool is_forbidden(std::string_view word) const {
    if (is_in(word, directives_)) return true;
    return same(word, "none") && (is_in("noindex", directives_) || is_in("nofollow", directives_));
  }

  const std::vector<std::string>& directives_;
  std::string_view token_;
};

}  // namespace

bool disallows(std::span<const std::string_view> header_values,
               const std::vector<std::string>& directives, std::string_view user_agent_token) {
  const TagReader reader(directives, user_agent_token);
  return std::ranges::any_of(header_values,
                             [&reader](std::string_view value) { return reader.forbids(value); });
}

bool reserves_mining(std::string_view tdm_reservation) { return trim(tdm_reservation) == "1"; }

}  // namespace pixhaul::net
