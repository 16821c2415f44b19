// The comparison as a picture: horizontal bars, one panel for each count, on a scale that starts at
// zero. Each setting has a bar of its warm median with a tick at its cold round; requests, when it
// ran, lies under it in grey. Colours are told apart by the colour-blind too (Okabe and Ito's
// palette).
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "cli/compare_table.h"

namespace pixhaul::cli {
namespace {

constexpr double kWidth = 860;
constexpr double kLeft = 170;
constexpr double kRight = 90;
constexpr double kBar = 16;
constexpr double kGap = 8;
constexpr double kPanelHead = 46;
constexpr double kTop = 56;
constexpr double kLegend = 40;

struct Bar {
  std::string label;
  const char* colour;
  RoundFigures figures;
};

struct Panel {
  std::uint32_t images = 0;
  std::vector<Bar> bars{};
};

const char* colour_of(const CompareCell& cell) {
  if (cell.http2) return "#009e73";
  return cell.connection == ConnectionMode::reuse ? "#0072b2" : "#d55e00";
}

const CompareCell* twin_of(const CompareCell& cell, const std::vector<CompareCell>& twins) {
  const auto same = [&](const CompareCell& twin) {
    return !cell.http2 && twin.images == cell.images && twin.connection == cell.connection &&
           twin.body == cell.body;
  };
  const auto found = std::ranges::find_if(twins, same);
  return found == twins.end() ? nullptr : &*found;
}

std::vector<Panel> panels_of(const Comparison& comparison) {
  std::vector<Panel> panels;
  for (const CompareCell& cell : comparison.ours.cells) {
    auto panel = std::ranges::find(panels, cell.images, &Panel::images);
    if (panel == panels.end()) panel = panels.insert(panels.end(), Panel{.images = cell.images});
    panel->bars.push_back({short_setting_name(cell), colour_of(cell), round_figures(cell.seconds)});
    if (const CompareCell* twin = twin_of(cell, comparison.requests)) {
      panel->bars.push_back({"requests", "#999999", round_figures(twin->seconds)});
    }
  }
  return panels;
}

double shown_seconds(const RoundFigures& figures) { return figures.warm.value_or(figures.cold); }

double longest(const std::vector<Panel>& panels) {
  double most = 0;
  for (const Panel& panel : panels) {
    for (const Bar& bar : panel.bars)
      most = std::max({most, shown_seconds(bar.figures), bar.figures.cold});
  }
  return most > 0 ? most : 1;
}

// 1, 2 or 5 times a power of ten, so that about five lines cross the picture.
double grid_step(double most) {
  const double power = std::pow(10, std::floor(std::log10(most / 5)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power * 5 >= most) return factor * power;
  }
  return 10 * power;
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view words,
                    int size = 12, std::string_view colour = "#222") {
  return fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\">{}</text>\n",
      x, y, anchor, size, colour, words);
}

std::string drawn_bar(const Bar& bar, double y, double scale) {
  const double end = kLeft + shown_seconds(bar.figures) * scale;
  const double cold = kLeft + bar.figures.cold * scale;
  std::string svg = text_at(kLeft - 8, y + kBar - 4, "end", bar.label);
  svg += fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n", kLeft,
      y, std::max(end - kLeft, 0.5), kBar, bar.colour);
  svg += fmt::format(
      "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" stroke=\"#222\" "
      "stroke-width=\"2\"/>\n",
      cold, y - 2, y + kBar + 2);
  return svg + text_at(std::max(end, cold) + 6, y + kBar - 4, "start",
                       fmt::format("{:.4f} s", shown_seconds(bar.figures)));
}

std::string drawn_panel(const Panel& panel, double top, double scale, double step, double most) {
  const double height = static_cast<double>(panel.bars.size()) * (kBar + kGap);
  std::string svg =
      text_at(kLeft, top + 18, "start", fmt::format("{} images at once", panel.images), 14);
  for (double at = 0; at <= most * 1.0001; at += step) {
    const double x = kLeft + at * scale;
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" stroke=\"#ddd\"/>\n", x,
        top + kPanelHead - 6, top + kPanelHead + height);
    svg += text_at(x, top + kPanelHead - 10, "middle", fmt::format("{:g} s", at), 10, "#666");
  }
  double y = top + kPanelHead;
  for (const Bar& bar : panel.bars) {
    svg += drawn_bar(bar, y, scale);
    y += kBar + kGap;
  }
  return svg;
}

}  // namespace

std::string comparison_svg(const Comparison& comparison) {
  const std::vector<Panel> panels = panels_of(comparison);
  const double most = longest(panels);
  const double scale = (kWidth - kLeft - kRight) / most;
  std::string body;
  double y = kTop;
  for (const Panel& panel : panels) {
    body += drawn_panel(panel, y, scale, grid_step(most), most);
    y += kPanelHead + static_cast<double>(panel.bars.size()) * (kBar + kGap) + kGap;
  }
  const double height = y + kLegend;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" "
      "font-family=\"system-ui, sans-serif\">\n<rect width=\"100%\" height=\"100%\" "
      "fill=\"#fff\"/>\n",
      kWidth, height);
  svg += text_at(kLeft, 30, "start", "Seconds until all images are on disk", 18) + body;
  svg +=
      text_at(kLeft, height - 16, "start",
              fmt::format("bar: median of the warm rounds · tick: the cold first round · {} rounds",
                          comparison.rounds),
              11, "#666");
  return svg + "</svg>\n";
}

}  // namespace pixhaul::cli
