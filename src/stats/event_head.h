#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/json_writer.h"

namespace pixhaul::stats {

/// The member `time`, RFC 3339 in UTC.
void time_field(JsonWriter& json, WallTime time);
/// What every event begins with, inside an object that is open: `version`, `event`, `time`.
void event_head(JsonWriter& json, std::string_view event, WallTime time);

}  // namespace pixhaul::stats
