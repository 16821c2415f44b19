#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pipeline/report_counts.h"
#include "pipeline/tally.h"
#include "pixhaul/status.h"
#include "stats/latencies.h"

namespace pixhaul::pipeline {

/// A stretch of a scale that values fall into: from the bound before up to `below`.
struct ScaleClass {
  std::string_view name;
  double below;
};
/// Of the longer side in pixels, of a body in bytes, of width over height.
inline constexpr std::array<ScaleClass, 8> kSideClasses = {{{"under 64 px", 64},
                                                            {"64 to 127 px", 128},
                                                            {"128 to 255 px", 256},
                                                            {"256 to 511 px", 512},
                                                            {"512 to 1023 px", 1024},
                                                            {"1024 to 2047 px", 2048},
                                                            {"2048 to 4095 px", 4096},
                                                            {"4096 px and more", 1e18}}};
inline constexpr std::array<ScaleClass, 7> kByteClasses = {{{"under 1 kB", 1e3},
                                                            {"1 to 10 kB", 1e4},
                                                            {"10 to 100 kB", 1e5},
                                                            {"100 kB to 1 MB", 1e6},
                                                            {"1 to 10 MB", 1e7},
                                                            {"10 to 100 MB", 1e8},
                                                            {"100 MB and more", 1e30}}};
// Halfway, as ratios go, between what cameras and screens make.
inline constexpr std::array<ScaleClass, 9> kAspectClasses = {{{"taller than 1:2", 0.5},
                                                              {"about 9:16", 0.612},
                                                              {"about 2:3", 0.707},
                                                              {"about 3:4", 0.866},
                                                              {"about square", 1.155},
                                                              {"about 4:3", 1.414},
                                                              {"about 3:2", 1.633},
                                                              {"about 16:9", 2.0},
                                                              {"2:1 and wider", 1e18}}};
template <std::size_t Count>
[[nodiscard]] std::size_t class_of(const std::array<ScaleClass, Count>& classes, double value) {
  std::size_t at = 0;
  while (at + 1 < Count && value >= classes[at].below) ++at;
  return at;
}

struct FormatFacts {
  std::uint64_t images = 0;
  std::uint64_t bytes = 0;
};

/// A picture of the page.
struct SamplePicture {
  std::uint64_t rank = 0;  ///< drawn from its key: those with the lowest are shown
  std::uint64_t shard = 0;
  std::uint64_t index = 0;
  std::string key{};
  std::string url{};
  std::string webp{};  ///< encoded anew
};

/// What a report tells; bounded, however large the folder is.
struct ReportFacts {
  static constexpr std::size_t kPictures = 24;

  std::string folder{};
  FolderStatus status{};
  double started = 0;                  ///< of the first shard, seconds since 1970; 0 when unknown
  double ended = 0;                    ///< of the last
  std::uint64_t shards_elsewhere = 0;  ///< made by another program, whose rows are not looked into

  Tally tally{};
  std::uint64_t retried = 0;     ///< rows that took more than one attempt
  std::uint64_t redirected = 0;  ///< images that came from another URL
  std::map<ImageFormat, FormatFacts> formats{};
  std::map<std::string_view, std::uint64_t> http_versions{};
  std::array<std::uint64_t, kSideClasses.size()> served_sides{};
  std::array<std::uint64_t, kSideClasses.size()> kept_sides{};
  std::array<std::uint64_t, kByteClasses.size()> body_sizes{};
  std::array<std::uint64_t, kAspectClasses.size()> aspects{};
  Spread widths{};
  Spread heights{};
  Spread bytes{};
  HostTable hosts{};
  CopyCounter copies{};
  Course course{};
  stats::Latencies latencies{};
  std::vector<SamplePicture> pictures{};  ///< lowest rank first, at most kPictures

  void add(const Row& row, std::uint64_t shard, std::uint64_t index, bool has_image);

 private:
  void add_image(const Row& row, std::uint64_t shard, std::uint64_t index, bool has_image);
};

}  // namespace pixhaul::pipeline
