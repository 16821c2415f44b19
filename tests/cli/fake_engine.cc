#include "cli/fake_engine.h"

#include "pixhaul/version.h"

namespace pixhaul {
namespace cli {

FakeEngine& fake_engine() {
  static FakeEngine engine;
  return engine;
}

}  // namespace cli

Result<Summary> download(const Options& options, Observer& observer, std::stop_token stop) {
  return cli::fake_engine().download(options, observer, std::move(stop));
}
Result<Plan> plan(const Options& options) { return cli::fake_engine().plan(options); }
Result<std::vector<Finding>> examine(const Options& options) {
  return cli::fake_engine().examine(options);
}
Result<ComparePlan> plan_compare(const CompareOptions& options) {
  return cli::fake_engine().plan_compare(options);
}
Result<CompareResult> compare(const CompareOptions& options,
                              const std::function<void(std::uint32_t)>& between) {
  return cli::fake_engine().compare(options, between);
}
std::string version() { return "1.2.3"; }
std::vector<std::string> engine_versions() { return {"OpenSSL 3.0.1", "nghttp2 1.52.0"}; }

}  // namespace pixhaul
