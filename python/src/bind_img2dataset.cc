#include <nanobind/stl/array.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bindings.h"
#include "gil.h"
#include "pixhaul/img2dataset.h"
#include "pixhaul/img2dataset_parts.h"

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

std::span<const std::byte> bytes_of(const nb::bytes& bytes) {
  return {static_cast<const std::byte*>(bytes.data()), bytes.size()};
}

// (bytes, width, height, original_width, original_height), or what is wrong as text.
nb::object resize(const Img2datasetResizer& resizer, const nb::bytes& body,
                  const std::vector<RelativeBox>& boxes) {
  const auto bytes = bytes_of(body);
  const auto made = [&] {
    const FreeGil no_gil;
    return resizer.make(bytes, boxes);
  }();
  if (!made) return nb::cast(made.error().detail);
  return nb::make_tuple(nb::bytes(made->bytes.data(), made->bytes.size()), made->width,
                        made->height, made->original_width, made->original_height);
}

nb::bytes blur(const nb::bytes& pixels, std::uint32_t width, std::uint32_t height,
               const std::vector<RelativeBox>& boxes) {
  std::string copy(pixels.c_str(), pixels.size());
  value_or_raise(blur_boxes({reinterpret_cast<std::uint8_t*>(copy.data()), copy.size()}, width,
                            height, boxes));
  return nb::bytes(copy.data(), copy.size());
}

// (number, columns, urls), None behind the last.
nb::object next_shard(Img2datasetLists& lists) {
  auto next = [&] {
    const FreeGil no_gil;
    return lists.next();
  }();
  const auto shard = value_or_raise(std::move(next));
  if (!shard) return nb::none();
  return nb::make_tuple(shard->number, nb::bytes(shard->columns.data(), shard->columns.size()),
                        shard->urls);
}

void bind_parts(nb::module_& core) {
  nb::class_<Img2datasetResizer>(core, "Img2datasetResizer", "Makes samples of bodies.")
      .def("__call__", &resize, nb::arg("body"), nb::arg("boxes"));
  core.def(
      "img2dataset_resizer",
      [](const Img2datasetParameters& parameters) {
        return value_or_raise(Img2datasetResizer::create(parameters));
      },
      nb::arg("parameters"));
  core.def("blur_boxes", &blur, nb::arg("pixels"), nb::arg("width"), nb::arg("height"),
           nb::arg("boxes"), "Height x width x channels, blurred inside the boxes.");
  core.def(
      "exif_json", [](const nb::bytes& body) { return exif_json(bytes_of(body)); }, nb::arg("body"),
      "A picture's tags as the column `exif` has them.");
  core.def(
      "is_disallowed",
      [](const std::vector<std::string>& tags, const std::string& token,
         const std::vector<std::string>& directives) {
        return is_disallowed(tags, token, directives);
      },
      nb::arg("tags"), nb::arg("token"), nb::arg("directives"));
  core.def(
      "tfrecord_frame",
      [](const nb::bytes& example) {
        const std::string record = tfrecord_frame({example.c_str(), example.size()});
        return nb::bytes(record.data(), record.size());
      },
      nb::arg("example"), "A record of a TFRecord file.");
  core.def(
      "img2dataset_words",
      [](const Outcome& outcome) {
        const Img2datasetWords words = img2dataset_words(outcome);
        return std::pair(words.status, words.error_message);
      },
      nb::arg("outcome"), "A row's status and error message in img2dataset's words.");
  nb::class_<Img2datasetLists>(core, "Img2datasetLists", "Lists cut into shards.")
      .def("names", &Img2datasetLists::names)
      .def("next", &next_shard);
  core.def(
      "img2dataset_lists",
      [](const Img2datasetParameters& parameters) {
        return value_or_raise(Img2datasetLists::open(parameters));
      },
      nb::arg("parameters"));
}

}  // namespace

void bind_img2dataset(nb::module_& core) {
  bind_parts(core);
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
