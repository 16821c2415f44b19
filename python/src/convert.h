#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>

#include "pixhaul/input.h"
#include "pixhaul/stats.h"

namespace pixhaul::python {

/// The text of a JSON object as a dict. Under the GIL.
[[nodiscard]] nanobind::dict parsed(const std::string& json);

/// Counters by name, as in stats_json(). Under the GIL.
[[nodiscard]] nanobind::dict stats_dict(const StatsSnapshot& stats);

/// What a capsule of `__arrow_c_stream__` holds, nullptr for None. Under the GIL.
[[nodiscard]] ArrowArrayStream* stream_of(nanobind::handle capsule);

template <class Value>
nanobind::object optional_value(const std::optional<Value>& value) {
  return value ? nanobind::cast(*value) : nanobind::none();
}

}  // namespace pixhaul::python
