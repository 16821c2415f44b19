#include "pixhaul/dashboard.h"

#include <fmt/core.h>

#include <utility>

#include "dashboard/feed.h"
#include "dashboard/routes.h"
#include "dashboard/server.h"

namespace pixhaul {

struct Dashboard::State {
  dashboard::Feed feed{};
  dashboard::Routes routes;
  std::string address{};
  std::unique_ptr<dashboard::Server> server{};

  explicit State(const std::string& output_folder) : routes(feed, output_folder) {}
};

Dashboard::Dashboard(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Dashboard>> Dashboard::open(const DashboardSettings& settings) {
  auto server = dashboard::Server::open(settings.port, std::string(dashboard::page_policy()));
  if (!server) return std::unexpected(std::move(server).error());
  auto state = std::make_unique<State>(settings.output_folder);
  state->server = std::move(*server);
  state->address = fmt::format("http://127.0.0.1:{}/?token={}", state->server->port(),
                               state->server->gate().token());
  state->server->start([routes = &state->routes](const dashboard::Request& request) {
    return routes->answer(request);
  });
  return std::unique_ptr<Dashboard>(new Dashboard(std::move(state)));
}

Dashboard::~Dashboard() {
  state_->feed.close();
  state_->server.reset();
}

const std::string& Dashboard::address() const { return state_->address; }
void Dashboard::on_progress(const StatsSnapshot& now) { state_->feed.publish(now); }
void Dashboard::on_notice(const std::string& sentence) { state_->feed.notice(sentence); }
void Dashboard::finish() { state_->feed.finish(); }

}  // namespace pixhaul
