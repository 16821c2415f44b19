// A run with the GIL given back. Its observer is called on the caller's own thread, so that is
// where signals are looked at and where Python's callbacks run; what they raise stops the run and
// is raised again when it has ended.
#include <nanobind/stl/string.h>

#include <exception>
#include <optional>
#include <stop_token>
#include <string>

#include "bindings.h"
#include "convert.h"
#include "gil.h"
#include "pixhaul/download.h"
#include "python_source.h"

namespace pixhaul::python {

namespace {

class PythonObserver final : public Observer {
 public:
  PythonObserver(nb::object on_progress, nb::object on_notice, std::stop_source stop)
      : on_progress_(std::move(on_progress)),
        on_notice_(std::move(on_notice)),
        stop_(std::move(stop)) {}

  void on_progress(const StatsSnapshot& now) override {
    rates_.add(now);
    call([&] {
      if (PyErr_CheckSignals() != 0) throw nb::python_error();
      if (!on_progress_.is_none()) on_progress_(parsed(progress_event(now, rates_)));
    });
  }
  void on_notice(const std::string& sentence) override {
    call([&] {
      if (!on_notice_.is_none()) on_notice_(sentence);
    });
  }
  [[nodiscard]] const std::exception_ptr& raised() const { return raised_; }

 private:
  template <class Work>
  void call(Work work) {
    if (raised_) return;
    const HoldGil gil;
    try {
      work();
    } catch (...) {
      raised_ = std::current_exception();
      stop_.request_stop();
    }
  }

  nb::object on_progress_;
  nb::object on_notice_;
  std::stop_source stop_;
  RateWindow rates_;
  std::exception_ptr raised_;
};

nb::list failures(const Summary& summary) {
  nb::list groups;
  for (const FailureGroup& group : summary.failures) {
    nb::dict line;
    line["status"] = std::string(name(group.status));
    line["http_status"] = group.http_status;
    line["count"] = group.count;
    line["transient"] = group.transient;
    line["detail"] = group.detail;
    nb::list hosts;
    for (const std::string& host : group.hosts) hosts.append(host);
    line["hosts"] = hosts;
    line["host_count"] = group.host_count;
    line["first_url"] = group.first_url;
    line["first_input"] = group.first_input;
    line["first_line"] = group.first_line;
    groups.append(line);
  }
  return groups;
}

nb::dict summary_dict(const Summary& summary) {
  nb::dict all;
  all["stats"] = stats_dict(summary.stats);
  all["stopped"] = std::string(name(summary.stopped));
  all["network_down"] = summary.network_down;
  all["rows"] = summary.rows;
  all["images"] = summary.images;
  all["image_bytes"] = summary.image_bytes;
  all["failed"] = summary.failed;
  all["refused"] = summary.refused;
  all["failures"] = failures(summary);
  all["output_folder"] = summary.output_folder;
  all["shards"] = summary.shards;
  all["failed_list"] = summary.failed_list;
  all["failed_table"] = summary.failed_table;
  nb::list diagnosis;
  for (const std::string& sentence : summary.diagnosis) diagnosis.append(sentence);
  all["diagnosis"] = diagnosis;
  all["estimated_rows"] = optional_value(summary.estimated_rows);
  all["estimated_seconds"] = optional_value(summary.estimated_seconds);
  all["estimated_bytes"] = optional_value(summary.estimated_bytes);
  return all;
}

nb::dict run_download(const Options& given, const nb::object& urls, std::size_t at_once,
                      const nb::object& table, const std::string& input_name,
                      nb::object on_progress, nb::object on_notice) {
  const Options options = given;
  std::stop_source stop;
  PythonObserver observer(std::move(on_progress), std::move(on_notice), stop);
  PythonSource source(urls, at_once);
  const Input input{
      .urls = urls.is_none() ? nullptr : &source, .table = stream_of(table), .name = input_name};
  const Result<Summary> summary = [&] {
    const FreeGil no_gil;
    return download(options, input, observer, stop.get_token());
  }();
  if (observer.raised()) std::rethrow_exception(observer.raised());
  if (source.raised()) std::rethrow_exception(source.raised());
  if (!summary) throw Failure{summary.error()};
  return summary_dict(*summary);
}

nb::dict run_plan(const Options& given) {
  const Options options = given;
  Result<Plan> planned = [&] {
    const FreeGil no_gil;
    return plan(options);
  }();
  const Plan made = value_or_raise(std::move(planned));
  nb::dict all;
  all["rows"] = made.rows;
  all["hosts"] = made.hosts;
  all["bad_rows"] = made.bad_rows;
  return all;
}

}  // namespace

void bind_download(nb::module_& core) {
  core.def("download", &run_download, nb::arg("options"), nb::arg("urls").none(),
           nb::arg("at_once"), nb::arg("table").none(), nb::arg("input_name"),
           nb::arg("on_progress").none(), nb::arg("on_notice").none(),
           "Runs to the end of the rows; see pixhaul.download.");
  core.def("plan", &run_plan, nb::arg("options"), "Reads the lists only.");
}

}  // namespace pixhaul::python
