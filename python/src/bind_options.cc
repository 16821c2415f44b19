#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "bindings.h"
#include "pixhaul/option_table.h"

namespace pixhaul::python {

namespace {

// A dict for each line of the table, defaults as text.
nb::list table() {
  const Options defaults;
  nb::list lines;
  for (const OptionInfo& info : option_table()) {
    nb::dict line;
    line["name"] = std::string(info.name);
    line["group"] = std::string(info.group);
    line["value"] = std::string(info.value);
    line["help"] = std::string(info.help);
    line["repeats"] = info.repeats;
    line["default"] = option_text(defaults, info.name);
    lines.append(line);
  }
  return lines;
}

}  // namespace

void bind_options(nb::module_& core) {
  nb::class_<Options>(core, "Options", "Every option of a run; values go in and out as text.")
      .def(nb::init<>())
      .def(
          "set",
          [](Options& options, const std::string& name, const std::string& text) {
            value_or_raise(set_option(options, name, text));
          },
          nb::arg("name"), nb::arg("text"))
      .def(
          "text",
          [](const Options& options, const std::string& name) {
            return option_text(options, name);
          },
          nb::arg("name"))
      .def(
          "add_list",
          [](Options& options, std::string list) { options.url_list.push_back(std::move(list)); },
          nb::arg("list"), "Adds a list file, or a URL itself.")
      .def(
          "check",
          [](const Options& options, const std::vector<std::string>& given) {
            value_or_raise(check_options(options, given));
          },
          nb::arg("given"), "Refuses combinations in which a given option would have no effect.");
  core.def("option_table", &table, "Each option's name, group, value, help, repeats and default.");
}

}  // namespace pixhaul::python
