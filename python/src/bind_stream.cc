#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "bindings.h"
#include "convert.h"
#include "gil.h"
#include "pixhaul/stream.h"
#include "python_source.h"

namespace pixhaul::python {

namespace {

// The buffer protocol: NumPy and torch see the engine's own memory, and keep the object alive.
int give_buffer(PyObject* self, Py_buffer* view, int) {
  Pixels& pixels = *nb::inst_ptr<Pixels>(self);
  const bool is_grey = pixels.channels == 1;
  auto* sides = new Py_ssize_t[6]{pixels.height, pixels.width, pixels.channels};
  sides[3] = sides[1] * sides[2];
  sides[4] = sides[2];
  sides[5] = 1;
  *view = {.buf = pixels.data.get(),
           .obj = Py_NewRef(self),
           .len = sides[0] * sides[3],
           .itemsize = 1,
           .readonly = 0,
           .ndim = is_grey ? 2 : 3,
           .format = const_cast<char*>("B"),
           .shape = sides,
           .strides = sides + 3,
           .suboffsets = nullptr,
           .internal = sides};
  return 0;
}

void release_buffer(PyObject*, Py_buffer* view) {
  delete[] static_cast<Py_ssize_t*>(view->internal);
}

PyType_Slot pixel_slots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(&give_buffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(&release_buffer)},
    {0, nullptr},
};

/// A Stream with what it reads from.
class PythonStream {
 public:
  PythonStream(const Options& options, nb::object urls, std::size_t at_once, nb::object table,
               const std::string& name, bool ordered, bool encoded)
      : urls_(std::move(urls)), table_(std::move(table)), source_(urls_, at_once) {
    const Input input{
        .urls = urls_.is_none() ? nullptr : &source_, .table = stream_of(table_), .name = name};
    const StreamSettings settings{.form = encoded ? SampleForm::encoded : SampleForm::pixels,
                                  .ordered = ordered};
    Result<Stream> made = [&] {
      const FreeGil no_gil;
      return Stream::create(options, input, settings);
    }();
    stream_.emplace(value_or_raise(std::move(made)));
  }
  ~PythonStream() {
    const FreeGil no_gil;  // the source's thread may be waiting for it
    stream_.reset();
  }
  PythonStream(const PythonStream&) = delete;
  PythonStream& operator=(const PythonStream&) = delete;

  /// Up to `most` samples that are ready, at least one; waits for it, `seconds` at most, and
  /// then gives none. None at the end.
  nb::object take(std::size_t most, double seconds) {
    std::vector<Sample> samples;
    bool is_end = false;
    Result<> taken = [&] {
      const FreeGil no_gil;
      return take_ready(samples, most, seconds, is_end);
    }();
    if (!taken && samples.empty()) {
      if (source_.raised()) std::rethrow_exception(source_.raised());
      throw Failure{std::move(taken).error()};
    }
    if (is_end && samples.empty()) return nb::none();
    nb::list list;
    for (Sample& sample : samples) list.append(nb::cast(std::move(sample)));
    return list;
  }

  void stop() {
    const FreeGil no_gil;
    stream_->stop();
  }
  nb::dict stats() { return stats_dict(stream_->stats()); }

 private:
  Result<> take_ready(std::vector<Sample>& samples, std::size_t most, double seconds,
                      bool& is_end) {
    const std::scoped_lock lock(reading_);
    auto longest = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
    while (samples.size() < most && stream_->wait(longest)) {
      longest = std::chrono::milliseconds(0);
      auto sample = stream_->next();
      if (!sample) return std::unexpected(std::move(sample).error());
      is_end = !*sample;
      if (is_end) break;
      samples.push_back(std::move(**sample));
    }
    return {};
  }

  nb::object urls_;
  nb::object table_;
  PythonSource source_;
  std::mutex reading_;
  std::optional<Stream> stream_;
};

nb::object pixels_of(Sample& sample) {
  if (sample.pixels.data == nullptr) return nb::none();
  return nb::cast(std::move(sample.pixels));
}

nb::object encoded_of(const Sample& sample) {
  if (sample.row.outcome.status != ErrorCode::success) return nb::none();
  return nb::bytes(sample.encoded.data(), sample.encoded.size());
}

}  // namespace

void bind_stream(nb::module_& core) {
  nb::class_<Pixels>(core, "Pixels", nb::type_slots(pixel_slots),
                     "Pixels by the buffer protocol: height × width × channels, or height × width.")
      .def_ro("width", &Pixels::width)
      .def_ro("height", &Pixels::height)
      .def_ro("channels", &Pixels::channels);
  nb::class_<Sample>(core, "Sample", "A row with what became of it.")
      .def_prop_ro("index", [](const Sample& s) { return s.row.index; })
      .def_prop_ro("url", [](const Sample& s) { return s.row.url; })
      .def_prop_ro("input", [](const Sample& s) { return s.row.input; })
      .def_prop_ro("line", [](const Sample& s) { return s.row.line; })
      .def_prop_ro("status",
                   [](const Sample& s) { return std::string(name(s.row.outcome.status)); })
      .def_prop_ro(
          "outcome", [](Sample& s) -> Outcome& { return s.row.outcome; },
          nb::rv_policy::reference_internal)
      .def_ro("caption", &Sample::caption)
      .def_ro("columns", &Sample::columns, "A JSON object; '' without a table.")
      .def("take_pixels", &pixels_of, "Once; None without.")
      .def("encoded", &encoded_of);
  nb::class_<PythonStream>(core, "Stream", "See pixhaul.stream.")
      .def(nb::init<const Options&, nb::object, std::size_t, nb::object, const std::string&, bool,
                    bool>(),
           nb::arg("options"), nb::arg("urls").none(), nb::arg("at_once"), nb::arg("table").none(),
           nb::arg("input_name"), nb::arg("ordered"), nb::arg("encoded"))
      .def("take", &PythonStream::take, nb::arg("most"), nb::arg("seconds"))
      .def("stop", &PythonStream::stop)
      .def("stats", &PythonStream::stats);
}

}  // namespace pixhaul::python
