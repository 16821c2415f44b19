#include "writers/sizes_json.h"

#include <fmt/core.h>

#include <charconv>
#include <string_view>

#include "writers/json_text.h"

namespace pixhaul::writers {

namespace {

struct Name {
  std::string_view digits;
  std::string_view rest;  // ".tar"
  std::uint64_t number = 0;
};

Name split(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  Name name{.digits = text.substr(0, dot), .rest = text.substr(dot)};
  std::from_chars(name.digits.data(), name.digits.data() + name.digits.size(), name.number);
  return name;
}

void append_part(std::string& out, const Name& first, const Name& last) {
  if (!out.empty()) out += "::";
  out += first.number == last.number
             ? fmt::format("{}{}", first.digits, first.rest)
             : fmt::format("{{{}..{}}}{}", first.digits, last.digits, first.rest);
}

}  // namespace

std::string sizes_json(std::span<const ShardSize> shards) {
  std::string compact = "{";
  for (const ShardSize& shard : shards) {
    if (compact.size() > 1) compact += ',';
    append_python_string(compact, shard.name);
    compact += fmt::format(":{}", shard.samples);
  }
  compact += '}';
  std::string text;
  append_indented(text, compact, 0);
  return text;
}

std::string brace_pattern(std::span<const ShardSize> shards) {
  std::string pattern;
  if (shards.empty()) return pattern;
  Name first = split(shards.front().name);
  Name last = first;
  for (const ShardSize& shard : shards.subspan(1)) {
    const Name next = split(shard.name);
    if (next.number != last.number + 1 || next.digits.size() != last.digits.size()) {
      append_part(pattern, first, last);
      first = next;
    }
    last = next;
  }
  append_part(pattern, first, last);
  return pattern;
}

}  // namespace pixhaul::writers
