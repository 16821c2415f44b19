// Built in place of everything else where cpp-httplib or Node.js were not there.
#include "pixhaul/dashboard.h"

namespace pixhaul {

struct Dashboard::State {
  std::string address{};
};

Dashboard::Dashboard(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Dashboard>> Dashboard::open(const DashboardSettings& /*settings*/) {
  return std::unexpected(
      Error{.code = ErrorCode::bad_option,
            .detail = "--dashboard: this pixhaul was built without it; build it where Node.js and "
                      "cpp-httplib are (tools/install_packages web)"});
}

Dashboard::~Dashboard() = default;
const std::string& Dashboard::address() const { return state_->address; }
void Dashboard::on_progress(const StatsSnapshot& /*now*/) {}
void Dashboard::on_notice(const std::string& /*sentence*/) {}
void Dashboard::finish() {}

}  // namespace pixhaul
