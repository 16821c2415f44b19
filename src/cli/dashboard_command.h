#pragma once

#include <memory>

#include "cli/command.h"
#include "pixhaul/dashboard.h"

namespace pixhaul::cli {

/// Tells a run's news to each of two; the second may be nullptr. Both outlive it.
class Observers final : public Observer {
 public:
  Observers(Observer& first, Observer* second) : first_(first), second_(second) {}
  void on_progress(const StatsSnapshot& now) override;
  void on_notice(const std::string& sentence) override;

 private:
  Observer& first_;
  Observer* second_;
};

/// The page of a run with --dashboard, its address printed; nullptr without. Errors: bad_option.
[[nodiscard]] Result<std::unique_ptr<Dashboard>> open_page(const Invocation& invocation,
                                                           const Console& console);

/// `pixhaul dashboard OUT [--dashboard PORT]`: serves the page of a folder until a signal.
[[nodiscard]] int run_dashboard(const Invocation& invocation, const Console& console);

}  // namespace pixhaul::cli
