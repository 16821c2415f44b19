#include "convert.h"

#include <nanobind/stl/string.h>

#include <string>

#include "pixhaul/result.h"

namespace pixhaul::python {

namespace nb = nanobind;

nb::dict stats_dict(const StatsSnapshot& stats) { return parsed(stats_json(stats)); }

nb::dict parsed(const std::string& json) {
  return nb::cast<nb::dict>(nb::module_::import_("json").attr("loads")(json));
}

ArrowArrayStream* stream_of(nb::handle capsule) {
  if (capsule.is_none()) return nullptr;
  void* stream = PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream");
  if (stream == nullptr) throw nb::python_error();
  return static_cast<ArrowArrayStream*>(stream);
}

}  // namespace pixhaul::python
