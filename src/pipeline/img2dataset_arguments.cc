// img2dataset's command line is python-fire over its function, so that is what fingers and scripts
// know: flags first, wherever they stand, then what has no flag fills the parameters that are left,
// in order. A flag's kind decides whether it takes the next argument; fire guesses.

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "pixhaul/img2dataset.h"

namespace pixhaul {
namespace {

Error bad_option(std::string detail) {
  return {.code = ErrorCode::bad_option, .detail = std::move(detail)};
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// "-1" and "-" are values.
bool is_flag(std::string_view argument) {
  return argument.starts_with("--") ||
         (argument.size() > 1 && argument.front() == '-' && is_letter(argument[1]));
}

bool is_boolean_word(std::string_view text) {
  constexpr std::string_view kWords[] = {"True", "False", "true", "false", "0", "1"};
  return std::ranges::find(kWords, text) != std::end(kWords);
}

class Parser {
 public:
  explicit Parser(std::span<const std::string> arguments) : arguments_(arguments) {}

  [[nodiscard]] Result<Img2datasetArguments> parse() {
    while (next_ < arguments_.size()) {
      const std::string& argument = arguments_[next_++];
      if (argument == "--") continue;  // fire's own flags follow, of which there is only help
      if (!is_flag(argument)) {
        words_.push_back(argument);
      } else if (auto taken = flag(argument); !taken) {
        return std::unexpected(std::move(taken).error());
      }
    }
    if (auto placed = place_words(); !placed) return std::unexpected(std::move(placed).error());
    return std::move(parsed_);
  }

 private:
  [[nodiscard]] Result<> flag(std::string_view argument) {
    argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    std::optional<std::string_view> value;
    if (equals != argument.npos) value = argument.substr(equals + 1);
    if (name == "help" || name == "h") {
      parsed_.help = true;
      return {};
    }
    const Img2datasetInfo* info = find_img2dataset_parameter(name);
    if (info == nullptr && name.starts_with("no") && !value) {
      const Img2datasetInfo* negated = find_img2dataset_parameter(name.substr(2));
      if (negated != nullptr && negated->type == "bool") return set(negated->name, "False");
    }
    if (info == nullptr) return set(name, "");
    if (!value) value = next_value(*info);
    if (value) return set(info->name, *value);
    return std::unexpected(
        bad_option(fmt::format("--{} needs a value: {}", info->name, info->type)));
  }

  [[nodiscard]] std::optional<std::string_view> next_value(const Img2datasetInfo& info) {
    const bool is_bool = info.type == "bool";
    const bool follows = next_ < arguments_.size() && !is_flag(arguments_[next_]);
    if (follows && (!is_bool || is_boolean_word(arguments_[next_]))) return arguments_[next_++];
    return is_bool ? std::optional<std::string_view>("True") : std::nullopt;
  }

  [[nodiscard]] Result<> place_words() {
    auto word = words_.begin();
    for (const Img2datasetInfo& info : img2dataset_table()) {
      if (word == words_.end()) break;
      if (given_.contains(info.name)) continue;
      if (auto placed = set(info.name, *word++); !placed) return placed;
    }
    if (word == words_.end()) return {};
    return std::unexpected(
        bad_option(fmt::format("there is no parameter left for the argument '{}'", *word)));
  }

  [[nodiscard]] Result<> set(std::string_view name, std::string_view text) {
    given_.emplace(name);
    return set_img2dataset_parameter(parsed_.parameters, name, text);
  }

  std::span<const std::string> arguments_;
  std::size_t next_ = 0;
  std::vector<std::string> words_;
  std::set<std::string, std::less<>> given_;
  Img2datasetArguments parsed_;
};

}  // namespace

Result<Img2datasetArguments> parse_img2dataset_arguments(std::span<const std::string> arguments) {
  auto parsed = Parser(arguments).parse();
  if (!parsed || parsed->help || !parsed->parameters.url_list.empty()) return parsed;
  return std::unexpected(
      bad_option("no url_list given; `pixhaul img2dataset --help` shows the parameters"));
}

}  // namespace pixhaul
