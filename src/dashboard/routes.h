#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "dashboard/feed.h"
#include "dashboard/server.h"
#include "pixhaul/browse.h"

namespace pixhaul::dashboard {

/// The addresses of the page and what stands behind each: / (the page), /api/about, /api/history,
/// /api/events (server-sent events, one `data:` line a snapshot), /api/rows, /api/row, /api/image;
/// /metrics for Prometheus. Any thread.
class Routes {
 public:
  /// `feed` outlives this.
  Routes(Feed& feed, std::string output_folder)
      : feed_(feed), output_folder_(std::move(output_folder)) {}

  [[nodiscard]] Response answer(const Request& request);

 private:
  [[nodiscard]] Response events();
  [[nodiscard]] Response rows(const Request& request);
  [[nodiscard]] Response row(const Request& request);
  [[nodiscard]] Response image(const Request& request);
  [[nodiscard]] Result<Browser*> browser();

  Feed& feed_;
  const std::string output_folder_;
  std::mutex mutex_;
  std::unique_ptr<Browser> browser_;
};

/// The page, built from web/, and the Content-Security-Policy made for it.
[[nodiscard]] std::string_view page_html();
[[nodiscard]] std::string_view page_policy();

}  // namespace pixhaul::dashboard
