#include "image/resample.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

// Vectors whose halves are not blocks of 128 bits (Arm's scalable ones) zip and pack in another
// order than the code below undoes; such processors have NEON too.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "image/resample.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Compiled once for each kind of processor. The picture is made in tiles whose working set stays
// in the first cache, and in each by kRows output rows at once:
//   1. Down: each output row is weighed from its input rows, all columns alike, so that vectors run
//      along the rows. Two rows are zipped, as one instruction multiplies and adds pairs.
//   2. The kRows rows are turned, so that the samples of one column lie beside each other.
//   3. Across: each output column is weighed from its input columns, a vector holding one column of
//      all kRows rows: no gathers, no sums along a vector, and channels are just more columns.
//   4. Turned back, and narrowed to 8 bits.
// Between the two filters samples have kFractionBits behind the point, in 16 bits: lanczos may
// overshoot to twice the range. Weights have 14 bits, sums 32; a sample is rounded once to 1/64 and
// once to its level.

HWY_BEFORE_NAMESPACE();
namespace pixhaul::image::HWY_NAMESPACE {
namespace {

constexpr int kFractionBits = 6;
constexpr int kDownShift = Filter::kWeightBits - kFractionBits;
constexpr int kAcrossShift = Filter::kWeightBits + kFractionBits;

std::span<const Filter::Pair> pairs_of(const Filter& filter, const Filter::Taps& taps) {
  return {filter.pairs.data() + taps.pairs_at, taps.pair_count};
}

/// The rows that an output row is made of, two for each pair of weights, from a sample on.
void find_rows(const ConstPlane& from, const Filter::Taps& taps, std::size_t sample,
               std::vector<const std::uint8_t*>& rows) {
  rows.clear();
  for (std::uint32_t i = taps.first; i < taps.end(); ++i) {
    rows.push_back(from.row(std::min(i, from.height - 1)) + sample);
  }
}

/// `count` samples of an output row, one at a time.
void weigh_singly(std::span<const std::uint8_t* const> rows, std::span<const Filter::Pair> pairs,
                  std::size_t count, std::int16_t* to) {
  for (std::size_t x = 0; x < count; ++x) {
    std::int32_t sum = 1 << (kDownShift - 1);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      sum += rows[2 * i][x] * pairs[i].even + rows[2 * i + 1][x] * pairs[i].odd;
    }
    to[x] = static_cast<std::int16_t>(sum >> kDownShift);
  }
}

#if HWY_TARGET == HWY_SCALAR

// For processors without vectors: row by row, sample by sample.

void weigh_across(const std::int16_t* line, const Filter& across, std::size_t channels,
                  std::uint8_t* to) {
  for (const Filter::Taps& taps : across.taps) {
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const std::int16_t* from = line + taps.first * channels + channel;
      std::int32_t sum = 1 << (kAcrossShift - 1);
      for (const Filter::Pair pair : pairs_of(across, taps)) {
        sum += from[0] * pair.even + from[channels] * pair.odd;
        from += 2 * channels;
      }
      *to++ = static_cast<std::uint8_t>(std::clamp(sum >> kAcrossShift, 0, 255));
    }
  }
}

void resample(const ConstPlane& from, const Plane& to, const Filter& across, const Filter& down) {
  const std::size_t count = std::size_t{from.width} * from.channels;
  std::vector<std::int16_t> line(count + from.channels);  // and one behind the last column
  std::vector<const std::uint8_t*> rows;
  for (std::uint32_t y = 0; y < to.height; ++y) {
    const Filter::Taps& taps = down.taps[y];
    find_rows(from, taps, 0, rows);
    weigh_singly(rows, pairs_of(down, taps), count, line.data());
    weigh_across(line.data(), across, from.channels, to.row(y));
  }
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using Words = HWY_CAPPED(std::int16_t, 16);
using Sums = hn::RepartitionToWide<Words>;
using Octets = hn::Rebind<std::uint8_t, Words>;
using WordVector = hn::Vec<Words>;
using SumVector = hn::Vec<Sums>;

constexpr Words kWords;
constexpr Sums kSums;
constexpr std::size_t kRows = hn::MaxLanes(Words());

constexpr std::size_t kTurned = 8;  // samples on either side of what is turned at once
using TurnedWords = hn::FixedTag<std::int16_t, kTurned>;
using TurnedVector = hn::Vec<TurnedWords>;

/// Two sums of products, for lanes in the order that zipping leaves.
struct PairSums {
  SumVector lower, lower_rest;
  SumVector upper, upper_rest;
};

// No initialisers of members: their code would be compiled for another processor than this.
HWY_INLINE PairSums zero_sums() {
  const SumVector zero = hn::Zero(kSums);
  return {.lower = zero, .lower_rest = zero, .upper = zero, .upper_rest = zero};
}

HWY_INLINE void add_pair(PairSums& sums, WordVector even, WordVector odd, Filter::Pair weights) {
  const WordVector both = hn::BitCast(kWords, hn::Set(kSums, std::bit_cast<std::int32_t>(weights)));
  sums.lower = hn::ReorderWidenMulAccumulate(kSums, hn::InterleaveLower(kWords, even, odd), both,
                                             sums.lower, sums.lower_rest);
  sums.upper = hn::ReorderWidenMulAccumulate(kSums, hn::InterleaveUpper(kWords, even, odd), both,
                                             sums.upper, sums.upper_rest);
}

/// The sums rounded off by `kShift` bits, lanes back in their order.
template <int kShift>
HWY_INLINE WordVector rounded(const PairSums& sums) {
  const SumVector half = hn::Set(kSums, 1 << (kShift - 1));
  const SumVector lower = hn::RearrangeToOddPlusEven(sums.lower, sums.lower_rest);
  const SumVector upper = hn::RearrangeToOddPlusEven(sums.upper, sums.upper_rest);
  return hn::ReorderDemote2To(kWords, hn::ShiftRight<kShift>(hn::Add(lower, half)),
                              hn::ShiftRight<kShift>(hn::Add(upper, half)));
}

HWY_INLINE WordVector load_octets(const std::uint8_t* from) {
  return hn::PromoteTo(kWords, hn::LoadU(Octets(), from));
}

/// One output row of `count` samples from `rows`, two for each pair of weights.
void weigh_rows(std::span<const std::uint8_t* const> rows, std::span<const Filter::Pair> pairs,
                std::size_t count, std::int16_t* to) {
  if (count < kRows) return weigh_singly(rows, pairs, count, to);
  for (std::size_t next = 0; next < count; next += kRows) {
    const std::size_t x = std::min(next, count - kRows);
    PairSums sums = zero_sums();
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      add_pair(sums, load_octets(rows[2 * i] + x), load_octets(rows[2 * i + 1] + x), pairs[i]);
    }
    hn::StoreU(rounded<kDownShift>(sums), kWords, to + x);
  }
}

/// A square of kTurned × kTurned: three rounds of zipping each row with the one half the square
/// further.
HWY_INLINE void turn(TurnedVector (&square)[kTurned]) {
  const TurnedWords words;
  for (std::size_t round = 1; round < kTurned; round *= 2) {
    TurnedVector zipped[kTurned];
    for (std::size_t i = 0; i < kTurned / 2; ++i) {
      zipped[2 * i] = hn::InterleaveLower(words, square[i], square[i + kTurned / 2]);
      zipped[2 * i + 1] = hn::InterleaveUpper(words, square[i], square[i + kTurned / 2]);
    }
    for (std::size_t i = 0; i < kTurned; ++i) square[i] = zipped[i];
  }
}

/// `rows`: kRows rows `stride` apart, into columns of kRows samples. `count` is rounded up.
void turn_rows(const std::int16_t* rows, std::size_t stride, std::size_t count,
               std::int16_t* columns) {
  const TurnedWords words;
  for (std::size_t x = 0; x < count; x += kTurned) {
    for (std::size_t group = 0; group < kRows; group += kTurned) {
      TurnedVector square[kTurned];
      for (std::size_t i = 0; i < kTurned; ++i) {
        square[i] = hn::LoadU(words, rows + (group + i) * stride + x);
      }
      turn(square);
      for (std::size_t i = 0; i < kTurned; ++i) {
        hn::StoreU(square[i], words, columns + (x + i) * kRows + group);
      }
    }
  }
}

HWY_INLINE void store_octets(TurnedVector samples, std::size_t count, std::uint8_t* to) {
  const hn::Rebind<std::uint8_t, TurnedWords> octets;
  const auto narrow = hn::DemoteTo(octets, samples);
  if (count >= kTurned) return hn::StoreU(narrow, octets, to);
  std::uint8_t all[kTurned];
  hn::StoreU(narrow, octets, all);
  std::memcpy(to, all, count);
}

/// Columns of kRows samples into the first `row_count` rows of `to`, `count` samples from
/// `at_sample` on, cut to 0..255.
void turn_columns(const std::int16_t* columns, const Plane& to, std::size_t at_row,
                  std::size_t at_sample, std::size_t count) {
  const TurnedWords words;
  const std::size_t row_count = std::min(kRows, to.height - at_row);
  for (std::size_t x = 0; x < count; x += kTurned) {
    for (std::size_t group = 0; group < row_count; group += kTurned) {
      TurnedVector square[kTurned];
      for (std::size_t i = 0; i < kTurned; ++i) {
        square[i] = hn::LoadU(words, columns + (x + i) * kRows + group);
      }
      turn(square);
      const std::size_t rows_here = std::min(kTurned, row_count - group);
      for (std::size_t i = 0; i < rows_here; ++i) {
        store_octets(square[i], count - x, to.row(at_row + group + i) + at_sample + x);
      }
    }
  }
}

/// One output column of each channel from columns of kRows samples; `columns` begins with the
/// column of the first tap's first channel.
HWY_INLINE void weigh_columns(const std::int16_t* columns, std::span<const Filter::Pair> pairs,
                              std::size_t channels, std::int16_t* to) {
  const std::size_t pixel = channels * kRows;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    const std::int16_t* from = columns + channel * kRows;
    PairSums sums = zero_sums();
    for (const Filter::Pair pair : pairs) {
      add_pair(sums, hn::LoadU(kWords, from), hn::LoadU(kWords, from + pixel), pair);
      from += 2 * pixel;
    }
    hn::StoreU(rounded<kAcrossShift>(sums), kWords, to + channel * kRows);
  }
}

/// Output columns [begin, end) and the input columns that they are made of.
struct Tile {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t input_begin = 0;
  std::uint32_t input_end = 0;  ///< may be one behind the last column
};

/// From `begin` on, as wide as input and output stay within kTileSamples, and at least a column.
Tile next_tile(const Filter& across, std::uint32_t begin, std::uint32_t channels) {
  constexpr std::uint32_t kTileSamples = 1024;
  const std::uint32_t most = kTileSamples / channels;
  Tile tile{.begin = begin, .end = begin, .input_begin = across.taps[begin].first};
  while (tile.end < across.taps.size() && tile.end - begin < most) {
    const std::uint32_t input_end = std::max(tile.input_end, across.taps[tile.end].end());
    if (tile.end > begin && input_end - tile.input_begin > most) break;
    tile.input_end = input_end;
    ++tile.end;
  }
  return tile;
}

/// Working memory of a tile.
class Scratch {
 public:
  /// For `input` and `output` samples a row.
  Scratch(std::size_t input, std::size_t output)
      : stride_(round_up(input)),
        rows_(make(stride_ * kRows)),
        columns_(make(stride_ * kRows)),
        output_(make(round_up(output) * kRows)) {}

  std::size_t stride() const { return stride_; }
  std::int16_t* row(std::size_t y) { return rows_.get() + y * stride_; }
  std::int16_t* columns() { return columns_.get(); }
  std::int16_t* output() { return output_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{64};  // a line of the caches, and the widest vector
  struct Free {
    void operator()(std::int16_t* memory) const { ::operator delete[](memory, kAlignment); }
  };
  using Memory = std::unique_ptr<std::int16_t[], Free>;

  static std::size_t round_up(std::size_t count) {
    return (count + kTurned - 1) / kTurned * kTurned;
  }
  // Zeroed, because what a tile does not fill is turned and weighed (by 0) all the same.
  static Memory make(std::size_t count) { return Memory(new (kAlignment) std::int16_t[count]()); }

  std::size_t stride_;
  Memory rows_;
  Memory columns_;
  Memory output_;
};

struct Job {
  const ConstPlane& from;
  const Plane& to;
  const Filter& across;
  const Filter& down;
};

void weigh_row(const Job& job, const Tile& tile, std::size_t y,
               std::vector<const std::uint8_t*>& rows, std::int16_t* to) {
  const Filter::Taps& taps = job.down.taps[y];
  find_rows(job.from, taps, std::size_t{tile.input_begin} * job.from.channels, rows);
  const std::size_t columns = std::min(tile.input_end, job.from.width) - tile.input_begin;
  weigh_rows(rows, pairs_of(job.down, taps), columns * job.from.channels, to);
}

void make_tile(const Job& job, const Tile& tile, Scratch& scratch) {
  const std::size_t channels = job.from.channels;
  const std::size_t input_count = (tile.input_end - tile.input_begin) * channels;
  const std::size_t output_count = (tile.end - tile.begin) * channels;
  std::vector<const std::uint8_t*> rows;
  for (std::size_t y = 0; y < job.to.height; y += kRows) {
    for (std::size_t i = 0; i < std::min(kRows, job.to.height - y); ++i) {
      weigh_row(job, tile, y + i, rows, scratch.row(i));
    }
    turn_rows(scratch.row(0), scratch.stride(), input_count, scratch.columns());
    for (std::uint32_t x = tile.begin; x < tile.end; ++x) {
      const Filter::Taps& taps = job.across.taps[x];
      weigh_columns(scratch.columns() + (taps.first - tile.input_begin) * channels * kRows,
                    pairs_of(job.across, taps), channels,
                    scratch.output() + (x - tile.begin) * channels * kRows);
    }
    turn_columns(scratch.output(), job.to, y, tile.begin * channels, output_count);
  }
}

void resample(const ConstPlane& from, const Plane& to, const Filter& across, const Filter& down) {
  std::vector<Tile> tiles;
  std::uint32_t widest_input = 0;
  std::uint32_t widest_output = 0;
  for (std::uint32_t x = 0; x < to.width; x = tiles.back().end) {
    const Tile tile = next_tile(across, x, from.channels);
    widest_input = std::max(widest_input, tile.input_end - tile.input_begin);
    widest_output = std::max(widest_output, tile.end - tile.begin);
    tiles.push_back(tile);
  }
  Scratch scratch(std::size_t{widest_input} * from.channels,
                  std::size_t{widest_output} * from.channels);
  for (const Tile& tile : tiles) make_tile({from, to, across, down}, tile, scratch);
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace
}  // namespace pixhaul::image::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixhaul::image {

namespace {

// Highway can choose by itself, but by its library, and that measures a timer for 4 ms in every
// program that links it, whether it resizes or not.
std::vector<Resampler> find_resamplers() {
  std::vector<Resampler> found;
#if HWY_ARCH_X86
  __builtin_cpu_init();
#if HWY_TARGETS & HWY_AVX3
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul")) {
    found.push_back({.instructions = "AVX3", .run = N_AVX3::resample});
  }
#endif
#if HWY_TARGETS & HWY_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("aes") &&
      __builtin_cpu_supports("pclmul")) {
    found.push_back({.instructions = "AVX2", .run = N_AVX2::resample});
  }
#endif
#if HWY_TARGETS & HWY_SSE4
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("aes") &&
      __builtin_cpu_supports("pclmul")) {
    found.push_back({.instructions = "SSE4", .run = N_SSE4::resample});
  }
#endif
#if HWY_TARGETS & HWY_SSSE3
  if (__builtin_cpu_supports("ssse3")) {
    found.push_back({.instructions = "SSSE3", .run = N_SSSE3::resample});
  }
#endif
#endif
  // What every processor that runs the program has.
  if (found.empty() || HWY_STATIC_TARGET > HWY_SSSE3) {
    found.push_back(
        {.instructions = hwy::TargetName(HWY_STATIC_TARGET), .run = HWY_STATIC_DISPATCH(resample)});
  }
  return found;
}

}  // namespace

std::span<const Resampler> resamplers() {
  static const std::vector<Resampler> kFound = find_resamplers();
  return kFound;
}

void resample(const ConstPlane& from, const Plane& to, const Filter& across, const Filter& down) {
  resamplers().front().run(from, to, across, down);
}

}  // namespace pixhaul::image
#endif
