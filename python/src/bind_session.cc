#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>
#include <string>
#include <vector>

#include "bindings.h"
#include "convert.h"
#include "gil.h"
#include "pixhaul/session.h"

namespace pixhaul::python {

namespace {

nb::tuple to_python(Fetched fetched) {
  const nb::bytes body(fetched.body.data(), fetched.body.size());
  return nb::make_tuple(nb::cast(std::move(fetched.outcome)), body);
}

/// A Session that any thread may use; they take turns.
class SharedSession {
 public:
  explicit SharedSession(const Options& options)
      : session_(value_or_raise(Session::create(options))) {}

  std::vector<Fetched> fetch_all(const std::vector<std::string>& urls) {
    const std::scoped_lock lock(mutex_);
    return session_.fetch_all(urls);
  }
  StatsSnapshot stats() {
    const std::scoped_lock lock(mutex_);
    return session_.stats();
  }

 private:
  std::mutex mutex_;
  Session session_;
};

nb::list fetch_all(SharedSession& session, const std::vector<std::string>& urls) {
  std::vector<Fetched> fetched = [&] {
    const FreeGil no_gil;
    return session.fetch_all(urls);
  }();
  nb::list results;
  for (Fetched& one : fetched) results.append(to_python(std::move(one)));
  return results;
}

}  // namespace

void bind_session(nb::module_& core) {
  nb::class_<SharedSession>(core, "Session", "Keeps connections between calls. Any thread.")
      .def(nb::init<const Options&>(), nb::arg("options"))
      .def("fetch_all", &fetch_all, nb::arg("urls"), "(outcome, body) of each, in order.")
      .def("stats", [](SharedSession& session) {
        const FreeGil no_gil;
        const StatsSnapshot stats = session.stats();
        const HoldGil gil;
        return stats_dict(stats);
      });
}

}  // namespace pixhaul::python
