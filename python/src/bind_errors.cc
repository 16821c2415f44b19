#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <string>
#include <vector>

#include "bindings.h"

namespace pixhaul::python {

namespace {

std::string sentence(const Error& error) {
  std::string text = error.detail.empty() ? std::string(short_meaning(error.code)) : error.detail;
  if (error.os_error == 0) return text;
  const std::string reason = std::strerror(error.os_error);  // NOLINT(concurrency-mt-unsafe)
  return text.ends_with(reason) ? text : text + ": " + reason;
}

void raise(const Error& error) {
  const nb::object exception = nb::module_::import_("pixhaul._errors")
                                   .attr("make")(std::string(name(error.code)), sentence(error));
  PyErr_SetObject(exception.type().ptr(), exception.ptr());
}

}  // namespace

void bind_errors(nb::module_& core) {
  nb::register_exception_translator(
      [](const std::exception_ptr& thrown, void*) {
        try {
          std::rethrow_exception(thrown);
        } catch (const Failure& failure) {
          raise(failure.error);
        }
      },
      nullptr);
  core.def(
      "row_statuses",
      [] {
        std::vector<std::string> names;
        for (const ErrorCode code : row_statuses()) names.emplace_back(name(code));
        return names;
      },
      "Every status a row can end in.");
  core.def(
      "explain",
      [](const std::string& status) {
        const auto code = parse_error_code(status);
        if (!code) throw nb::value_error(code.error().c_str());
        return std::string(explanation(*code));
      },
      nb::arg("status"), "What a status means and what to do about it.");
}

}  // namespace pixhaul::python
