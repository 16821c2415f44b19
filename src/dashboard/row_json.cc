#include "dashboard/row_json.h"

#include "base/json_writer.h"
#include "base/log.h"

namespace pixhaul::dashboard {

namespace {

void milliseconds(JsonWriter& json, std::string_view name, float value) {
  json.key(name);
  value >= 0 ? json.value(double{value}) : json.null();
}

void append_outcome(JsonWriter& json, const Outcome& outcome) {
  json.field("status", name(outcome.status));
  json.field("meaning", short_meaning(outcome.status));
  json.field("detail", std::string_view(outcome.detail));
  json.field("transient", outcome.transient);
  json.field("http_status", outcome.http_status);
  json.field("attempts", outcome.attempts);
  json.field("redirects", outcome.redirects);
  json.field("reused", outcome.reused);
  json.field("bytes", outcome.bytes);
  json.field("final_url", std::string_view(outcome.final_url));
  json.field("digest", std::string_view(outcome.digest));
  json.field("address", std::string_view(outcome.address));
  json.field("tls_version", outcome.tls_version);
  json.field("http_version", outcome.http_version);
  json.field("media_type", media_type(outcome.format));
  json.field("width", outcome.width);
  json.field("height", outcome.height);
  json.field("original_width", outcome.original_width);
  json.field("original_height", outcome.original_height);
  std::string time;
  if (outcome.retrieved_at != std::chrono::system_clock::time_point()) {
    append_rfc3339(time, outcome.retrieved_at);
  }
  json.field("retrieved_at", std::string_view(time));
  milliseconds(json, "dns_ms", outcome.times.dns_ms);
  milliseconds(json, "connect_ms", outcome.times.connect_ms);
  milliseconds(json, "tls_ms", outcome.times.tls_ms);
  milliseconds(json, "first_byte_ms", outcome.times.first_byte_ms);
  milliseconds(json, "total_ms", outcome.times.total_ms);
}

}  // namespace

std::string row_json(const BrowseRow& row) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("place", std::string_view(row.place));
  json.field("has_image", row.has_image);
  json.field("key", std::string_view(row.row.key));
  json.field("url", std::string_view(row.row.url));
  json.field("input", std::string_view(row.row.input));
  json.field("line", row.row.line);
  json.field("caption", std::string_view(row.caption));
  json.field("path", std::string_view(row.row.path));
  append_outcome(json, row.row.outcome);
  json.end_object();
  return text;
}

}  // namespace pixhaul::dashboard
