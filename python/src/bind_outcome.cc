#include <nanobind/stl/string.h>

#include <chrono>
#include <string>

#include "bindings.h"
#include "pixhaul/outcome.h"

namespace pixhaul::python {

namespace {

nb::dict milliseconds(const PhaseTimes& times) {
  nb::dict phases;
  const auto add = [&](const char* phase, float value) {
    if (value >= 0) phases[phase] = value;
  };
  add("dns", times.dns_ms);
  add("connect", times.connect_ms);
  add("tls", times.tls_ms);
  add("first_byte", times.first_byte_ms);
  add("total", times.total_ms);
  return phases;
}

double seconds_since_epoch(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

template <auto kMember>
auto text() {
  return [](const Outcome& outcome) { return std::string(outcome.*kMember); };
}

}  // namespace

void bind_outcome(nb::module_& core) {
  nb::class_<Outcome>(core, "Outcome", "What became of one URL.")
      .def_prop_ro("status", [](const Outcome& o) { return std::string(name(o.status)); })
      .def_prop_ro("ok", [](const Outcome& o) { return o.status == ErrorCode::success; })
      .def_ro("transient", &Outcome::transient, "A later try may succeed.")
      .def_ro("reused", &Outcome::reused, "Came over a connection kept from before.")
      .def_ro("http_status", &Outcome::http_status)
      .def_ro("attempts", &Outcome::attempts)
      .def_ro("redirects", &Outcome::redirects)
      .def_ro("bytes", &Outcome::bytes, "Of the body, after content decoding.")
      .def_ro("detail", &Outcome::detail, "What went wrong, in words.")
      .def_ro("final_url", &Outcome::final_url, "After redirects; '' when it is the URL itself.")
      .def_ro("digest", &Outcome::digest, "Of the body, as compute_hash says.")
      .def_ro("etag", &Outcome::etag)
      .def_ro("last_modified", &Outcome::last_modified)
      .def_ro("address", &Outcome::address)
      .def_prop_ro("tls_version", text<&Outcome::tls_version>())
      .def_prop_ro("http_version", text<&Outcome::http_version>())
      .def_prop_ro("media_type", [](const Outcome& o) { return std::string(media_type(o.format)); })
      .def_ro("width", &Outcome::width)
      .def_ro("height", &Outcome::height)
      .def_ro("original_width", &Outcome::original_width)
      .def_ro("original_height", &Outcome::original_height)
      .def_ro("exif", &Outcome::exif, "The tags as a JSON object; '' when not extracted.")
      .def_prop_ro("times_ms", [](const Outcome& o) { return milliseconds(o.times); })
      .def_prop_ro("retrieved_at",
                   [](const Outcome& o) { return seconds_since_epoch(o.retrieved_at); })
      .def("__repr__", [](const Outcome& o) {
        return "<Outcome " + std::string(name(o.status)) +
               (o.detail.empty() ? "" : ": " + o.detail) + ">";
      });
}

}  // namespace pixhaul::python
