#include "ledger/manifest.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/json_writer.h"

namespace pixhaul::ledger {

namespace {

constexpr std::string_view kName = "manifest.json";
constexpr int kFormat = 1;  // of everything under .pixhaul/

std::string manifest_json(const Manifest& manifest) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("format", kFormat);
  json.field("pixhaul", std::string_view(manifest.version));
  json.key("options");
  json.begin_object();
  for (const auto& [name, value] : manifest.options) json.field(name, std::string_view(value));
  json.end_object();
  json.end_object();
  text += '\n';
  return text;
}

Error damaged(std::string_view why) {
  return Error{.code = ErrorCode::state_damaged,
               .detail = fmt::format("'.pixhaul/{}' {}; use another --output_folder", kName, why)};
}

}  // namespace

Result<> begin_or_continue(Folder& folder, const Manifest& wanted) {
  Result<std::optional<std::string>> text = folder.read(kName);
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) return write_atomically(folder, kName, manifest_json(wanted));
  const nlohmann::json stored = nlohmann::json::parse(**text, nullptr, false);
  if (!stored.is_object() || !stored.contains("format") || !stored.contains("options") ||
      !stored["options"].is_object()) {
    return std::unexpected(damaged("cannot be read"));
  }
  if (stored["format"] != kFormat) {
    return std::unexpected(damaged("was written by another version of pixhaul"));
  }
  for (const auto& [name, value] : wanted.options) {
    const auto was = stored["options"].find(name);
    if (was == stored["options"].end() || *was == value) continue;
    return std::unexpected(Error{
        .code = ErrorCode::other_input,
        .detail =
            fmt::format("this folder was begun with --{} {} and now it is {}; say the "
                        "same again, or use another --output_folder",
                        name, was->is_string() ? was->get<std::string>() : was->dump(), value)});
  }
  return {};
}

}  // namespace pixhaul::ledger
