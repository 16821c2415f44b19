#include "dashboard/routes.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/json_writer.h"
#include "dashboard/row_json.h"
#include "pixhaul/version.h"

namespace pixhaul::dashboard {

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::size_t kPageRows = 60;
constexpr std::uint32_t kLargestSide = 1024;
constexpr std::uint32_t kSmallestSide = 32;
constexpr std::chrono::seconds kHeartbeat{5};

std::string text_of(const Request& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

template <class Number>
Number number_of(const Request& request, const std::string& name) {
  const std::string text = text_of(request, name);
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : Number{0};
}

BrowseFilter filter_of(const Request& request) {
  BrowseFilter filter{.failures_only = text_of(request, "status") == "failures",
                      .host = text_of(request, "host"),
                      .min_side = number_of<std::uint32_t>(request, "min_side"),
                      .min_bytes = number_of<std::uint64_t>(request, "min_bytes"),
                      .max_bytes = number_of<std::uint64_t>(request, "max_bytes")};
  if (const auto code = parse_error_code(text_of(request, "status"))) filter.status = *code;
  return filter;
}

Response failed(const Error& error) {
  const bool is_ask = error.code == ErrorCode::bad_option;
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.field("error", name(error.code));
  json.field("detail", std::string_view(error.detail));
  json.end_object();
  return {.status = is_ask ? 404 : 422, .type = kJson, .body = std::move(body)};
}

std::string about_json(const std::string& folder) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.field("version", std::string_view(version()));
  json.field("folder", std::string_view(folder));
  json.key("statuses");
  json.begin_array();
  for (const ErrorCode code : row_statuses()) {
    json.begin_object();
    json.field("name", name(code));
    json.field("meaning", short_meaning(code));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return body;
}

}  // namespace

Response Routes::answer(const Request& request) {
  if (request.path == "/") {
    return {.type = "text/html; charset=utf-8", .body = std::string(page_html())};
  }
  if (request.path == "/api/about") return {.type = kJson, .body = about_json(output_folder_)};
  if (request.path == "/metrics") return {.type = kMetrics, .body = stats_metrics(feed_.last())};
  if (request.path == "/api/history") return {.type = kJson, .body = feed_.history_json()};
  if (request.path == "/api/events") return events();
  if (request.path == "/api/rows") return rows(request);
  if (request.path == "/api/row") return row(request);
  if (request.path == "/api/image") return image(request);
  return {.status = 404, .body = "nothing here\n"};
}

// A comment line while nothing happens: a page that is gone shows in the write.
Response Routes::events() {
  auto stream = [this, seen = std::uint64_t{0}](std::string& piece) mutable {
    const auto news = feed_.next(seen, kHeartbeat);
    if (!news) {
      if (feed_.is_closed()) return false;
      piece = ":\n\n";
      return true;
    }
    seen = news->version;
    piece = "data: " + news->json + "\n\n";
    return true;
  };
  return {.type = "text/event-stream", .stream = std::move(stream)};
}

Response Routes::rows(const Request& request) {
  const Result<Browser*> browser = this->browser();
  if (!browser) return failed(browser.error());
  const Result<BrowsePage> page =
      (*browser)->page(filter_of(request), text_of(request, "from"), kPageRows);
  if (!page) return failed(page.error());
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("rows");
  json.begin_array();
  for (const BrowseRow& row : page->rows) json.raw(row_json(row));
  json.end_array();
  json.key("next");
  page->next ? json.value(std::string_view(*page->next)) : json.null();
  json.end_object();
  return {.type = kJson, .body = std::move(body)};
}

Response Routes::row(const Request& request) {
  const Result<Browser*> browser = this->browser();
  if (!browser) return failed(browser.error());
  const Result<BrowseRow> row = (*browser)->row(text_of(request, "place"));
  if (!row) return failed(row.error());
  return {.type = kJson, .body = row_json(*row)};
}

Response Routes::image(const Request& request) {
  const Result<Browser*> browser = this->browser();
  if (!browser) return failed(browser.error());
  const auto side =
      std::clamp(number_of<std::uint32_t>(request, "side"), kSmallestSide, kLargestSide);
  Result<std::string> bytes = (*browser)->thumbnail(text_of(request, "place"), side);
  if (!bytes) return failed(bytes.error());
  return {.type = "image/webp", .body = std::move(*bytes)};
}

Result<Browser*> Routes::browser() {
  const std::scoped_lock lock(mutex_);
  if (browser_ == nullptr) {
    Result<std::unique_ptr<Browser>> opened = browse(output_folder_);
    if (!opened) return std::unexpected(std::move(opened).error());
    browser_ = std::move(*opened);
  }
  return browser_.get();
}

}  // namespace pixhaul::dashboard
