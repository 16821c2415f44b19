#include "ledger/manifest.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/json_writer.h"

namespace pixhaul::ledger {

namespace {

constexpr std::string_view kName = "manifest.json";
constexpr int kFormat = 2;  // of everything under .pixhaul/

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

Result<> begin_or_continue(Folder& folder, const Manifest& wanted, std::string_view attempt) {
  Result<std::optional<std::string>> text = folder.read(kName);
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) {
    Result<bool> wrote = write_once(folder, kName, manifest_json(wanted), attempt);
    if (!wrote) return std::unexpected(std::move(wrote).error());
    if (*wrote) return {};
    text = folder.read(kName);  // another worker was first
    if (!text) return std::unexpected(std::move(text).error());
    if (!*text) return std::unexpected(damaged("was removed"));
  }
  const nlohmann::json stored = nlohmann::json::parse(**text, nullptr, false);
  if (!stored.is_object() || !stored.contains("format") || !stored.contains("options") ||
      !stored["options"].is_object()) {
    return std::unexpected(damaged("cannot be read"));
  }
  if (stored["format"] != kFormat) {
    return std::unexpected(
        damaged("was written by another version of pixhaul, whose unfinished "
                "shards this one cannot read; finish the run with that one"));
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

Result<std::optional<std::string>> manifest_option(Folder& folder, std::string_view option) {
  Result<std::optional<std::string>> text = folder.read(kName);
  if (!text || !*text) return text;
  const nlohmann::json stored = nlohmann::json::parse(**text, nullptr, false);
  if (!stored.is_object() || !stored.contains("options")) return std::optional<std::string>();
  const nlohmann::json& options = stored["options"];
  const auto value = options.is_object() ? options.find(option) : options.end();
  if (value == options.end() || !value->is_string()) return std::optional<std::string>();
  return std::optional<std::string>(value->get<std::string>());
}

}  // namespace pixhaul::ledger
