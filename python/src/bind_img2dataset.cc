#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "pixhaul/img2dataset.h"

namespace pixhaul::python {

namespace {

nb::list table() {
  const Img2datasetParameters defaults;
  nb::list lines;
  for (const Img2datasetInfo& info : img2dataset_table()) {
    nb::dict line;
    line["name"] = std::string(info.name);
    line["type"] = std::string(info.type);
    line["help"] = std::string(info.help);
    line["default"] = img2dataset_text(defaults, info.name);
    lines.append(line);
  }
  return lines;
}

std::pair<Img2datasetParameters, bool> parse(const std::vector<std::string>& arguments) {
  Img2datasetArguments parsed = value_or_raise(parse_img2dataset_arguments(arguments));
  return {std::move(parsed.parameters), parsed.help};
}

}  // namespace

void bind_img2dataset(nb::module_& core) {
  nb::class_<Img2datasetParameters>(core, "Img2datasetParameters",
                                    "img2dataset's parameters; values go in and out as Python "
                                    "literals.")
      .def(nb::init<>())
      .def(
          "set",
          [](Img2datasetParameters& parameters, const std::string& name, const std::string& text) {
            value_or_raise(set_img2dataset_parameter(parameters, name, text));
          },
          nb::arg("name"), nb::arg("text"))
      .def(
          "text",
          [](const Img2datasetParameters& parameters, const std::string& name) {
            return img2dataset_text(parameters, name);
          },
          nb::arg("name"))
      .def(
          "options",
          [](const Img2datasetParameters& parameters,
             const std::map<std::string, std::string>& environment) {
            return value_or_raise(img2dataset_options(
                parameters, Environment(environment.begin(), environment.end())));
          },
          nb::arg("environment"), "What a run with them is; PIXHAUL_* variables are heard.");
  core.def("img2dataset_table", &table, "Each parameter's name, type, help and default.");
  core.def("img2dataset_arguments", &parse, nb::arg("arguments"),
           "A command line's parameters, and whether it asks for help.");
}

}  // namespace pixhaul::python
