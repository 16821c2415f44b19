// The comparison as people read it: one block for each count, the settings in the order in which
// they were published, the published seconds beside them. A session's first round is cold, so it is
// never mixed into the median.
#include "cli/compare_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/numbers.h"

namespace pixhaul::cli {
namespace {

struct Setting {
  ConnectionMode connection;
  BodyMode body;
  const char* name;
  const char* twin;
  double published_20;
  double published_40;
};

// In the published order, with the published seconds.
constexpr Setting kSettings[] = {
    {ConnectionMode::reuse, BodyMode::stream, "reuse · stream", "Session, r.raw", 0.2751, 0.3992},
    {ConnectionMode::reuse, BodyMode::buffer, "reuse · buffer", "Session, r.content", 0.2750,
     0.4225},
    {ConnectionMode::fresh, BodyMode::stream, "fresh · stream", "no Session, r.raw", 1.5932,
     1.9375},
    {ConnectionMode::fresh, BodyMode::buffer, "fresh · buffer", "no Session, r.content", 0.8409,
     1.9126},
};

const Setting& setting_of(const CompareCell& cell) {
  const auto matches = [&](const Setting& s) {
    return s.connection == cell.connection && s.body == cell.body;
  };
  return *std::ranges::find_if(kSettings, matches);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Rows of one count in the published order, extra rows (HTTP/2) last.
std::vector<CompareCell> cells_of(const std::vector<CompareCell>& cells, std::uint32_t images) {
  std::vector<CompareCell> chosen;
  std::ranges::copy_if(cells, std::back_inserter(chosen),
                       [&](const CompareCell& c) { return c.images == images; });
  std::ranges::stable_sort(chosen, {}, [](const CompareCell& c) {
    return (c.http2 ? 100 : 0) + (&setting_of(c) - kSettings);
  });
  return chosen;
}

std::vector<std::uint32_t> counts_of(const Comparison& comparison) {
  std::vector<std::uint32_t> counts;
  for (const CompareCell& cell : comparison.ours.cells) {
    if (std::ranges::find(counts, cell.images) == counts.end()) counts.push_back(cell.images);
  }
  return counts;
}

std::string seconds_or_dash(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:.4f}", *seconds) : "-";
}

// fmt counts bytes in its widths where a middle dot is two; this pads by characters.
std::string padded(std::string text, std::size_t width) {
  const auto is_continuation = [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
  };
  const std::size_t shown =
      text.size() - static_cast<std::size_t>(std::ranges::count_if(text, is_continuation));
  return text + std::string(width > shown ? width - shown : 0, ' ');
}

constexpr std::size_t kNameColumns = 48;

std::string table_row(const std::string& label, const CompareCell& cell, std::uint32_t rounds,
                      bool is_ours) {
  const RoundFigures figures = round_figures(cell.seconds);
  const double cpu_ms = 1000 * median(cell.cpu_seconds);
  const std::string connections = is_ours ? fmt::format("{}", cell.connections_opened) : "-";
  std::string row = padded(label, kNameColumns);
  row += fmt::format("{:>9}  {:>8}  {:>8}  {:>17}  {:>11}  {:>9}  {:>8}",
                     seconds_or_dash(published_seconds(cell)), seconds_or_dash(figures.cold),
                     seconds_or_dash(figures.warm),
                     fmt::format("{:.4f}-{:.4f}", figures.least, figures.most), connections,
                     bytes_words(static_cast<double>(cell.bytes) / std::max(rounds, 1u)),
                     fmt::format("{:.1f} ms", cpu_ms));
  if (cell.failed != 0) row += fmt::format("  {} failed", cell.failed);
  return row + "\n";
}

std::string table_block(const Comparison& comparison, std::uint32_t images) {
  std::string text =
      padded(fmt::format("{} images at once, seconds for all", images), kNameColumns);
  text += fmt::format("{:>9}  {:>8}  {:>8}  {:>17}  {:>11}  {:>9}  {:>8}\n", "published", "cold",
                      "warm", "warm min-max", "connections", "a round", "CPU");
  for (const CompareCell& cell : cells_of(comparison.ours.cells, images)) {
    text += table_row(setting_name(cell), cell, comparison.rounds, true);
  }
  for (const CompareCell& cell : cells_of(comparison.requests, images)) {
    text += table_row(fmt::format("  requests {}", setting_of(cell).twin), cell, comparison.rounds,
                      false);
  }
  return text + "\n";
}

nlohmann::ordered_json cell_json(const CompareCell& cell, const char* client) {
  const RoundFigures figures = round_figures(cell.seconds);
  nlohmann::ordered_json json = {
      {"client", client},
      {"connection", cell.connection == ConnectionMode::reuse ? "reuse" : "fresh"},
      {"body", cell.body == BodyMode::stream ? "stream" : "buffer"},
      {"http_version", cell.http2 ? "2" : "1.1"},
      {"images", cell.images},
      {"cold_seconds", figures.cold},
      {"warm_seconds", nullptr},
      {"published_seconds", nullptr},
      {"seconds", cell.seconds},
      {"cpu_seconds", cell.cpu_seconds},
      {"bytes", cell.bytes},
      {"failed", cell.failed}};
  if (figures.warm) json["warm_seconds"] = *figures.warm;
  if (const auto published = published_seconds(cell)) json["published_seconds"] = *published;
  if (std::string_view(client) == "pixhaul") json["connections_opened"] = cell.connections_opened;
  return json;
}

std::string joined(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (std::uint32_t number : numbers)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", number);
  return text;
}

}  // namespace

RoundFigures round_figures(const std::vector<double>& seconds) {
  RoundFigures figures;
  if (seconds.empty()) return figures;
  figures.cold = seconds.front();
  const std::vector<double> later(seconds.begin() + (seconds.size() > 1 ? 1 : 0), seconds.end());
  if (seconds.size() > 1) figures.warm = median(later);
  figures.least = std::ranges::min(later);
  figures.most = std::ranges::max(later);
  return figures;
}

std::string short_setting_name(const CompareCell& cell) {
  return fmt::format("{}{}", setting_of(cell).name, cell.http2 ? " · HTTP/2" : "");
}

std::string setting_name(const CompareCell& cell) {
  if (cell.http2) return short_setting_name(cell) + " (requests has none)";
  return fmt::format("{} (requests: {})", short_setting_name(cell), setting_of(cell).twin);
}

std::optional<double> published_seconds(const CompareCell& cell) {
  if (cell.http2) return std::nullopt;
  if (cell.images == 20) return setting_of(cell).published_20;
  if (cell.images == 40) return setting_of(cell).published_40;
  return std::nullopt;
}

std::string announcement(const ComparePlan& plan, const CompareOptions& options,
                         bool with_requests) {
  const std::uint64_t factor = with_requests ? 2 : 1;
  std::string text = fmt::format(
      "{} requests to {} host{} ({} settings, {} images at once, {} round{}{})",
      count_words(plan.requests * factor), count_words(plan.hosts), plan.hosts == 1 ? "" : "s",
      options.http2_row ? 5 : 4, joined(options.images), options.rounds,
      options.rounds == 1 ? "" : "s", with_requests ? ", pixhaul and requests" : "");
  return text + "\n";
}

std::string comparison_table(const Comparison& comparison) {
  std::string text;
  for (std::uint32_t images : counts_of(comparison)) text += table_block(comparison, images);
  text +=
      "Cold is a session's first round: it still looks up names, opens its connections and, with "
      "TLS, shakes hands, which\n"
      "costs two to three round trips; warm rounds find the connections open and pay one. fresh "
      "pays in every round.\n"
      "Published: Python requests with a thread pool, on another network; only the shape compares, "
      "not the seconds.\n";
  return text;
}

std::string comparison_json(const Comparison& comparison) {
  nlohmann::ordered_json json = {{"version", 1},
                                 {"rounds", comparison.rounds},
                                 {"requests", comparison.ours.requests},
                                 {"hosts", comparison.ours.hosts},
                                 {"cells", nlohmann::ordered_json::array()}};
  for (const CompareCell& cell : comparison.ours.cells)
    json["cells"].push_back(cell_json(cell, "pixhaul"));
  for (const CompareCell& cell : comparison.requests)
    json["cells"].push_back(cell_json(cell, "requests"));
  return json.dump(2) + "\n";
}

}  // namespace pixhaul::cli
