// Runs the image functions on raw pixels and on JPEGs, for tests and benchmarks in Python.
//
//   pixels resize WIDTH HEIGHT CHANNELS TO_WIDTH TO_HEIGHT INTERPOLATION   raw pixels in, raw
//   pixels out pixels planes WIDTH HEIGHT TO_WIDTH TO_HEIGHT LEFT TOP INTERPOLATION QUALITY   a
//   JPEG in, a JPEG out pixels time SIDE QUALITY ROUNDS FOLDER FILE…   the JPEGs, their shorter
//   side made SIDE by area; the results of the
//                                                  first round go to FOLDER, CPU milliseconds an
//                                                  image to the output
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "image/jpeg_planes.h"

namespace {

using namespace pixhaul;

struct Name {
  const char* name;
  image::Interpolation interpolation;
};
constexpr std::array<Name, 5> kNames = {{{"nearest", image::Interpolation::nearest},
                                         {"linear", image::Interpolation::linear},
                                         {"cubic", image::Interpolation::cubic},
                                         {"area", image::Interpolation::area},
                                         {"lanczos", image::Interpolation::lanczos}}};

std::string read_all(std::FILE* file) {
  std::string text;
  std::array<char, 65536> part;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), file)) {
    text.append(part.data(), count);
  }
  return text;
}

[[noreturn]] void fail(const std::string& why) {
  fmt::print(stderr, "pixels: {}\n", why);
  std::exit(1);
}

void write_all(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail("cannot write");
}

image::PlanesJpeg in_planes(const std::string& jpeg, const image::PlanesPlan& plan) {
  const auto bytes = std::as_bytes(std::span(jpeg));
  const auto facts = image::read_jpeg_facts(bytes, {});
  if (!facts) fail(facts.error().detail);
  if (!image::can_stay_in_planes(*facts, plan)) fail("not in planes");
  auto result = image::resize_in_planes(bytes, plan, {});
  if (!result) fail(result.error().detail);
  return std::move(*result);
}

image::PlanesPlan shorter_side(const std::string& jpeg, std::uint32_t side, int quality) {
  const auto facts = image::read_jpeg_facts(std::as_bytes(std::span(jpeg)), {});
  if (!facts) fail(facts.error().detail);
  const double scale = static_cast<double>(side) / std::min(facts->size.width, facts->size.height);
  const auto scaled = [&](std::uint32_t pixels) {
    return static_cast<std::uint32_t>(std::nearbyint(pixels * scale));
  };
  const image::Dimensions to{scaled(facts->size.width), scaled(facts->size.height)};
  return {.resized = to, .output = to, .quality = quality};
}

double cpu_milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

void time_images(std::uint32_t side, int quality, int rounds, const std::string& folder,
                 const std::vector<std::string>& files) {
  std::vector<std::string> jpegs;
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    jpegs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  for (std::size_t i = 0; i < jpegs.size(); ++i) {
    const image::PlanesJpeg result = in_planes(jpegs[i], shorter_side(jpegs[i], side, quality));
    std::ofstream(fmt::format("{}/{:04d}.jpg", folder, i), std::ios::binary) << result.bytes.text();
  }
  for (int round = 0; round < rounds; ++round) {
    const double begin = cpu_milliseconds();
    for (const std::string& jpeg : jpegs) in_planes(jpeg, shorter_side(jpeg, side, quality));
    fmt::print("{:.5f}\n", (cpu_milliseconds() - begin) / static_cast<double>(jpegs.size()));
  }
}

image::Interpolation interpolation_of(const std::string& name) {
  const auto* found =
      std::ranges::find_if(kNames, [&](const Name& each) { return name == each.name; });
  if (found == kNames.end()) fail("no interpolation " + name);
  return found->interpolation;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs pixhaul's image functions on raw pixels and JPEGs");
  app.require_subcommand(1);
  image::Dimensions from{};
  image::PlanesPlan plan{};
  std::uint32_t channels = 0;
  std::string interpolation;
  std::uint32_t side = 0;
  int rounds = 0;
  std::string folder;
  std::vector<std::string> files;

  auto* resize = app.add_subcommand("resize", "raw pixels to raw pixels");
  resize->add_option("width", from.width)->required();
  resize->add_option("height", from.height)->required();
  resize->add_option("channels", channels)->required();
  resize->add_option("to_width", plan.resized.width)->required();
  resize->add_option("to_height", plan.resized.height)->required();
  resize->add_option("interpolation", interpolation)->required();

  auto* planes = app.add_subcommand("planes", "a JPEG to a JPEG");
  planes->add_option("width", plan.resized.width)->required();
  planes->add_option("height", plan.resized.height)->required();
  planes->add_option("to_width", plan.output.width)->required();
  planes->add_option("to_height", plan.output.height)->required();
  planes->add_option("left", plan.left)->required();
  planes->add_option("top", plan.top)->required();
  planes->add_option("interpolation", interpolation)->required();
  planes->add_option("quality", plan.quality)->required();

  auto* time = app.add_subcommand("time", "CPU milliseconds an image, a line a round");
  time->add_option("side", side)->required();
  time->add_option("quality", plan.quality)->required();
  time->add_option("rounds", rounds)->required();
  time->add_option("folder", folder)->required();
  time->add_option("files", files)->required();
  CLI11_PARSE(app, argc, argv);

  if (*time) {
    time_images(side, plan.quality, rounds, folder, files);
    return 0;
  }
  plan.interpolation = interpolation_of(interpolation);
  const std::string input = read_all(stdin);
  if (*planes) {
    write_all(in_planes(input, plan).bytes.text());
    return 0;
  }
  image::Image pixels(from.width, from.height, channels);
  if (input.size() != pixels.size_bytes()) fail("input of another size");
  std::ranges::copy(input, pixels.pixels().begin());
  const image::Image resized = image::resize(pixels, plan.resized, plan.interpolation);
  write_all({reinterpret_cast<const char*>(resized.pixels().data()), resized.size_bytes()});
  return 0;
}
