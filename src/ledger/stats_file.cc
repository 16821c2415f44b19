#include "ledger/stats_file.h"

#include <nlohmann/json.hpp>

namespace pixhaul::ledger {

namespace {

using Json = nlohmann::json;

double seconds_of(const Json& json, const char* name) {
  const auto at = json.find(name);
  return at != json.end() && at->is_number() ? at->get<double>() : 0;
}

// Files that stand elsewhere than in OUT are the record's business.
void read_files(const Json& ours, StatsFacts& facts) {
  const auto files = ours.find("files");
  if (files == ours.end() || !files->is_array()) return;
  for (const Json& file : *files) {
    if (!file.is_object()) continue;
    const auto name = file.find("name");
    const auto bytes = file.find("bytes");
    const auto crc = file.find("crc32c");
    if (name == file.end() || !name->is_string() || bytes == file.end() ||
        !bytes->is_number_unsigned() || crc == file.end() || !crc->is_number_unsigned() ||
        !is_safe_name(name->get_ref<const std::string&>())) {
      continue;
    }
    facts.files.push_back({.name = *name, .bytes = *bytes, .crc32c = *crc});
  }
}

}  // namespace

Result<StatsFacts> parse_stats(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  const auto count = json.is_object() ? json.find("count") : json.end();
  const auto successes = json.is_object() ? json.find("successes") : json.end();
  if (count == json.end() || !count->is_number_unsigned() || successes == json.end() ||
      !successes->is_number_unsigned()) {
    return std::unexpected(
        Error{.code = ErrorCode::state_damaged, .detail = "a stats file is damaged"});
  }
  StatsFacts facts{.count = *count,
                   .successes = *successes,
                   .start_time = seconds_of(json, "start_time"),
                   .end_time = seconds_of(json, "end_time")};
  const auto ours = json.find("pixhaul");
  if (ours != json.end() && ours->is_object()) {
    facts.is_ours = true;
    read_files(*ours, facts);
  }
  return facts;
}

}  // namespace pixhaul::ledger
