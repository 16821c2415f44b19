#include "image/filter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

// The weights of OpenCV's interpolations (modules/imgproc, cv::resize for 8 bits). What reaches
// over an edge takes the edge's sample again, so its weight is added to the edge's. OpenCV rounds
// weights to 11 bits, we to 14.

namespace pixhaul::image {
namespace {

constexpr std::size_t kMostNeighbours = 8;

/// Input samples from `first` on, which may lie outside, with the weight of each.
struct Neighbours {
  std::int64_t first = 0;
  std::size_t count = 0;
  std::array<double, kMostNeighbours> weights{};
};

// Keys, "Cubic convolution interpolation" (1981), with OpenCV's a = -0.75.
double cubic_weight(double distance) {
  constexpr double kA = -0.75;
  const double t = std::abs(distance);
  if (t <= 1) return ((kA + 2) * t - (kA + 3)) * t * t + 1;
  return ((kA * t - 5 * kA) * t + 8 * kA) * t - 4 * kA;
}

double lanczos_weight(double distance) {
  constexpr double kLobes = 4;
  if (std::abs(distance) < 1e-9) return 1;
  const double t = distance * std::numbers::pi;
  return kLobes * std::sin(t) * std::sin(t / kLobes) / (t * t);
}

Neighbours two_neighbours(std::int64_t first, double second_weight) {
  return {.first = first, .count = 2, .weights = {1 - second_weight, second_weight}};
}

/// Around the centre of the output sample.
template <class Weight>
Neighbours centred(double centre, std::size_t count, Weight weight) {
  const double floor = std::floor(centre);
  Neighbours result{
      .first = static_cast<std::int64_t>(floor) - static_cast<std::int64_t>(count) / 2 + 1,
      .count = count};
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    result.weights[i] =
        weight(centre - static_cast<double>(result.first + static_cast<std::int64_t>(i)));
    sum += result.weights[i];
  }
  for (double& each : result.weights) each /= sum;
  return result;
}

// An output sample smaller than an input sample lies in one or reaches into the next: its share
// there is that one's weight. OpenCV keeps the formula when this side shrinks and the other
// enlarges, taking the share without its whole part.
Neighbours area_enlarge(double begin, double scale) {
  const double first = std::floor(begin);
  const double share = (begin + scale - (first + 1)) / scale;
  return two_neighbours(static_cast<std::int64_t>(first),
                        share <= 0 ? 0 : share - std::floor(share));
}

Neighbours find_neighbours(Kernel kernel, double begin, double scale) {
  const double centre = begin + scale / 2 - 0.5;
  switch (kernel) {
    case Kernel::cubic:
      return centred(centre, 4, cubic_weight);
    case Kernel::lanczos:
      return centred(centre, 8, lanczos_weight);
    case Kernel::area_enlarge:
      return area_enlarge(begin, scale);
    default:
      return two_neighbours(static_cast<std::int64_t>(std::floor(centre)),
                            centre - std::floor(centre));
  }
}

/// Adds samples of these weights, which sum to 1, rounding their running sum: so the rounded ones
/// sum to 1 too, and over any stretch they are at most one unit wrong, however many there are.
void append(Filter& filter, std::uint32_t first, std::span<const double> weights) {
  constexpr double kOne = 1 << Filter::kWeightBits;
  const auto pairs_at = static_cast<std::uint32_t>(filter.pairs.size());
  double sum = 0;
  long rounded = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    const long until =
        i + 1 == weights.size() ? long{1} << Filter::kWeightBits : std::lround(sum * kOne);
    const auto weight = static_cast<std::int16_t>(until - rounded);
    rounded = until;
    if (i % 2 == 0) {
      filter.pairs.push_back({.even = weight});
    } else {
      filter.pairs.back().odd = weight;
    }
  }
  filter.taps.push_back({.first = first,
                         .pair_count = static_cast<std::uint32_t>(filter.pairs.size()) - pairs_at,
                         .pairs_at = pairs_at});
}

void append_folded(Filter& filter, const Neighbours& neighbours, std::uint32_t input_size) {
  const std::int64_t last = std::int64_t{input_size} - 1;
  const std::int64_t begin = std::clamp<std::int64_t>(neighbours.first, 0, last);
  const std::int64_t end =
      std::clamp<std::int64_t>(neighbours.first + static_cast<std::int64_t>(neighbours.count) - 1,
                               0, last) +
      1;
  std::array<double, kMostNeighbours> weights{};
  for (std::size_t i = 0; i < neighbours.count; ++i) {
    const std::int64_t at =
        std::clamp<std::int64_t>(neighbours.first + static_cast<std::int64_t>(i), 0, last);
    weights[static_cast<std::size_t>(at - begin)] += neighbours.weights[i];
  }
  append(filter, static_cast<std::uint32_t>(begin),
         std::span(weights).first(static_cast<std::size_t>(end - begin)));
}

/// The input samples under the output sample, each by the part that is under it.
void append_box(Filter& filter, const Mapping& mapping, double begin, std::uint32_t input_size,
                std::vector<double>& weights) {
  // Less than this of a sample is a rounding error of the coordinates.
  constexpr double kLeast = 1e-6;
  const double limit = std::min(mapping.end, static_cast<double>(input_size));
  const double from = std::clamp(begin, 0.0, limit);
  const double to = std::clamp(begin + mapping.scale, 0.0, limit);
  if (to - from < kLeast) {
    const double at = std::clamp(std::floor(begin), 0.0, input_size - 1.0);
    weights.assign(1, 1.0);
    return append(filter, static_cast<std::uint32_t>(at), weights);
  }
  const double first = std::floor(from + kLeast);
  const double last = std::ceil(to - kLeast);
  weights.clear();
  for (double at = first; at < last; ++at) {
    weights.push_back((std::min(at + 1, to) - std::max(at, from)) / (to - from));
  }
  append(filter, static_cast<std::uint32_t>(first), weights);
}

}  // namespace

Filter make_filter(Kernel kernel, const Mapping& mapping, std::uint32_t input_size,
                   std::uint32_t output_size) {
  Filter filter;
  filter.taps.reserve(output_size);
  std::vector<double> weights;
  for (std::uint32_t i = 0; i < output_size; ++i) {
    const double begin = mapping.begin + i * mapping.scale;
    if (kernel == Kernel::area_shrink) {
      append_box(filter, mapping, begin, input_size, weights);
    } else {
      append_folded(filter, find_neighbours(kernel, begin, mapping.scale), input_size);
    }
  }
  return filter;
}

std::vector<std::uint32_t> nearest_samples(const Mapping& mapping, std::uint32_t input_size,
                                           std::uint32_t output_size) {
  std::vector<std::uint32_t> samples(output_size);
  for (std::uint32_t i = 0; i < output_size; ++i) {
    const double at = std::floor(mapping.begin + i * mapping.scale);
    samples[i] = static_cast<std::uint32_t>(std::clamp(at, 0.0, input_size - 1.0));
  }
  return samples;
}

}  // namespace pixhaul::image
