#pragma once

#include <cstdint>
#include <vector>

namespace pixhaul::image {

/// Where the samples of an output lie in its input, along one side. Input sample k covers [k, k+1).
struct Mapping {
  double scale = 1;  ///< input samples in the width of an output sample; above 0
  double begin = 0;  ///< where output sample 0 begins; outside the input, the edge is repeated
  double end = 0;    ///< where the input ends, at most its size: its last sample may be half empty
};

/// Weights of one side of a resize, in fixed point. Immutable after make_filter().
struct Filter {
  static constexpr int kWeightBits = 14;  ///< 1 << 14 is 1; the weights of a sample sum to that

  /// An output sample is made of input samples `first`, `first` + 1, … : two for each pair. With
  /// an odd number the last weight is 0, and its sample may be one behind the input's end.
  struct Taps {
    std::uint32_t first = 0;
    std::uint32_t pair_count = 0;
    std::uint32_t pairs_at = 0;  ///< in `pairs`

    [[nodiscard]] std::uint32_t end() const { return first + 2 * pair_count; }
  };
  struct Pair {
    std::int16_t even = 0;
    std::int16_t odd = 0;
  };

  std::vector<Taps> taps{};  ///< one an output sample; `first` never decreases
  std::vector<Pair> pairs{};
};

/// The shape of a filter, with `area` told apart into what OpenCV does when it shrinks and when it
/// enlarges.
enum class Kernel : std::uint8_t { linear, cubic, lanczos, area_shrink, area_enlarge };

/// `input_size`: samples there are. REQUIRES: sizes above 0.
[[nodiscard]] Filter make_filter(Kernel kernel, const Mapping& mapping, std::uint32_t input_size,
                                 std::uint32_t output_size);

/// For `nearest`: the input sample of each output sample.
[[nodiscard]] std::vector<std::uint32_t> nearest_samples(const Mapping& mapping,
                                                         std::uint32_t input_size,
                                                         std::uint32_t output_size);

}  // namespace pixhaul::image
