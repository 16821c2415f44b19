#include "stats/event_head.h"

#include <string>

#include "base/log.h"

namespace pixhaul::stats {

namespace {

constexpr int kVersion = 1;  // of docs/events.schema.json; fields may be added within one

}  // namespace

void time_field(JsonWriter& json, WallTime time) {
  std::string text;
  append_rfc3339(text, time);
  json.field("time", std::string_view(text));
}

void event_head(JsonWriter& json, std::string_view event, WallTime time) {
  json.field("version", kVersion);
  json.field("event", event);
  time_field(json, time);
}

}  // namespace pixhaul::stats
