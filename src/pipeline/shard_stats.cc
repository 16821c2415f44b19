#include "pipeline/shard_stats.h"

#include <cstdint>

#include "base/json_writer.h"
#include "pixhaul/version.h"

namespace pixhaul::pipeline {

namespace {

// img2dataset knows two kinds of failure: before a body was there, and with what it held.
bool failed_to_resize(ErrorCode status) {
  return status >= ErrorCode::not_image && status <= ErrorCode::filtered &&
         status != ErrorCode::hash_mismatch;
}

double seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

void append_counts(JsonWriter& json, const ledger::ShardRecord& facts) {
  std::uint64_t successes = 0;
  std::uint64_t not_resized = 0;
  for (const auto& [status, count] : facts.by_status) {
    if (status == ErrorCode::success) successes += count;
    if (failed_to_resize(status)) not_resized += count;
  }
  json.field("count", facts.rows);
  json.field("successes", successes);
  json.field("failed_to_download", facts.rows - successes - not_resized);
  json.field("failed_to_resize", not_resized);
}

void append_by_status(JsonWriter& json, const ledger::ShardRecord& facts) {
  json.begin_object();
  for (const auto& [status, count] : facts.by_status) json.field(name(status), count);
  json.end_object();
}

void append_ours(JsonWriter& json, const ledger::Assembly& shard, const std::string& input_digest) {
  json.begin_object();
  json.field("version", version());
  json.field("generation", shard.generation());
  json.key("files");
  json.begin_array();
  for (const ledger::CommitFile& file : shard.files()) {
    if (file.place != ledger::Place::output) continue;
    json.begin_object();
    json.field("name", std::string_view(file.name));
    json.field("bytes", file.bytes);
    json.field("crc32c", file.crc32c);
    json.end_object();
  }
  json.end_array();
  json.field("input_digest", std::string_view(input_digest));
  json.end_object();
}

}  // namespace

std::string shard_stats_text(const ledger::Assembly& shard, const std::string& input_digest,
                             std::chrono::system_clock::time_point started,
                             std::chrono::system_clock::time_point ended) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  append_counts(json, shard.facts());
  json.field("duration", seconds(ended) - seconds(started));
  json.field("start_time", seconds(started));
  json.field("end_time", seconds(ended));
  json.key("status_dict");
  append_by_status(json, shard.facts());
  json.key("pixhaul");
  append_ours(json, shard, input_digest);
  json.end_object();
  return text += '\n';
}

}  // namespace pixhaul::pipeline
