#include "image/blur.h"

#include <algorithm>
#include <cmath>
#include <vector>

// The blur of img2dataset 1.46 and later: picture and mask are smoothed by the same Gaussian, and
// the smoothed mask mixes the smoothed picture into the sharp one, so that the edge of a box fades.
// There it is done to the whole picture in float; here to the region that the smoothed mask
// reaches, because everything else comes out as it went in (x / 255 × 255 is exact for 0 to 255).
// Sums run in OpenCV's order: along a row from left to right, along a column from the middle
// outwards in pairs; results differ from its own by at most the last bit, hence by one level.

namespace pixhaul::image {
namespace {

/// Half-open, in pixels.
struct Area {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  std::uint32_t right = 0;
  std::uint32_t bottom = 0;

  [[nodiscard]] bool empty() const { return left >= right || top >= bottom; }
  [[nodiscard]] std::uint32_t width() const { return right - left; }
};

// Python's int(): towards zero.
double truncated(double value) { return std::trunc(value); }

double pixels_of(double part, std::uint32_t side) {
  return truncated(std::clamp(part, -1.0, 2.0) * side);
}

std::uint32_t clipped(double value, std::uint32_t side) {
  return static_cast<std::uint32_t>(std::clamp(truncated(value), 0.0, side - 1.0));
}

/// What is to be hidden, and how coarsely.
struct Mask {
  std::vector<Area> areas{};
  double longest_side = 0;
};

/// img2dataset's BoundingBoxBlurrer.__call__ (1.46). Its areas end before the last column and row
/// even where a box reaches over them, because it clips to width - 1; kept, so that pixels agree.
Mask make_mask(const Image& image, std::span<const Box> boxes) {
  Mask mask;
  for (const Box& box : boxes) {
    const double left = pixels_of(box.left, image.width());
    const double top = pixels_of(box.top, image.height());
    const double right = pixels_of(box.right, image.width());
    const double bottom = pixels_of(box.bottom, image.height());
    const double side = std::max(right - left, bottom - top);
    mask.longest_side = std::max(mask.longest_side, side);
    const double margin = 0.1 * side;
    const Area area{.left = clipped(left - margin, image.width()),
                    .top = clipped(top - margin, image.height()),
                    .right = clipped(right + margin, image.width()),
                    .bottom = clipped(bottom + margin, image.height())};
    if (!area.empty()) mask.areas.push_back(area);
  }
  return mask;
}

std::uint32_t kernel_size(double longest_side) {
  return std::max(3u, static_cast<std::uint32_t>(2 * std::ceil(0.1 * longest_side) + 1));
}

/// OpenCV's getGaussianKernel(size, 0): fixed weights up to nine, then the formula of its manual,
/// sigma = 0.3 × ((size - 1) / 2 - 1) + 0.8. REQUIRES: size is odd.
std::vector<float> make_kernel(std::uint32_t size) {
  switch (size) {
    case 3:
      return {0.25f, 0.5f, 0.25f};
    case 5:
      return {0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f};
    case 7:
      return {0.03125f, 0.109375f, 0.21875f, 0.28125f, 0.21875f, 0.109375f, 0.03125f};
    default:
      break;
  }
  const double middle = (size - 1) * 0.5;
  const double sigma = 0.3 * (middle - 1) + 0.8;
  std::vector<double> weights(size);
  double sum = 0;
  for (std::uint32_t i = 0; i < size; ++i) {
    const double distance = i - middle;
    weights[i] = std::exp(-distance * distance / (2 * sigma * sigma));
    sum += weights[i];
  }
  std::vector<float> kernel(size);
  std::ranges::transform(weights, kernel.begin(),
                         [sum](double weight) { return static_cast<float>(weight / sum); });
  return kernel;
}

/// BORDER_REFLECT_101: "gfedcb|abcdefgh|gfedcba".
std::uint32_t reflected(std::int64_t at, std::uint32_t side) {
  if (side == 1) return 0;
  const std::int64_t last = side - std::int64_t{1};
  const std::int64_t period = 2 * last;
  const std::int64_t phase = ((at % period) + period) % period;
  return static_cast<std::uint32_t>(phase <= last ? phase : period - phase);
}

/// The smallest area that holds all of them, grown by `reach`, inside the picture.
Area region_of(const std::vector<Area>& areas, std::uint32_t reach, const Image& image) {
  Area region = areas.front();
  for (const Area& area : areas) {
    region.left = std::min(region.left, area.left);
    region.top = std::min(region.top, area.top);
    region.right = std::max(region.right, area.right);
    region.bottom = std::max(region.bottom, area.bottom);
  }
  return {.left = region.left - std::min(reach, region.left),
          .top = region.top - std::min(reach, region.top),
          .right = std::min(region.right + reach, image.width()),
          .bottom = std::min(region.bottom + reach, image.height())};
}

/// A picture or a mask that is smoothed along its rows inside `region`'s columns, row by row as
/// they are asked for, and along its columns from those. Rows are counted as in the picture.
class Smoother {
 public:
  /// `channels` floats a pixel. `read_row(y, row)` fills a whole row of the source, side to side.
  template <class ReadRow>
  Smoother(const Area& region, std::uint32_t width, std::uint32_t height, std::uint32_t channels,
           const std::vector<float>& kernel, ReadRow read_row)
      : kernel_(kernel),
        reach_(static_cast<std::uint32_t>(kernel.size() / 2)),
        height_(height),
        row_size_(std::size_t{region.width()} * channels) {
    first_ = region.top - std::min(reach_, region.top);
    const std::uint32_t end = std::min(region.bottom + reach_, height);
    // Rows that are read over the picture's edge are reflected ones of these, unless the kernel is
    // taller than the picture; then every row is needed.
    if (reach_ >= height) first_ = 0;
    rows_.resize(row_size_ * (reach_ >= height ? height : end - first_));
    std::vector<float> source(std::size_t{width} * channels);
    std::vector<float> padded((std::size_t{region.width()} + 2 * reach_) * channels);
    const std::size_t row_count = rows_.size() / row_size_;
    for (std::size_t i = 0; i < row_count; ++i) {
      read_row(first_ + static_cast<std::uint32_t>(i), std::span<float>(source));
      pad(source, region.left, width, channels, padded);
      smooth_row(padded, channels, std::span<float>(rows_).subspan(i * row_size_, row_size_));
    }
  }

  /// Row `y` of the region, smoothed both ways.
  void smooth(std::uint32_t y, std::span<float> to) const {
    scale(row(y), kernel_[reach_], to);
    for (std::uint32_t i = 1; i <= reach_; ++i) {
      const auto above = row(std::int64_t{y} - i);
      const auto below = row(std::int64_t{y} + i);
      const float weight = kernel_[reach_ + i];
      for (std::size_t x = 0; x < to.size(); ++x) to[x] += weight * (above[x] + below[x]);
    }
  }

 private:
  [[nodiscard]] std::span<const float> row(std::int64_t y) const {
    return std::span(rows_).subspan((reflected(y, height_) - first_) * row_size_, row_size_);
  }

  void pad(std::span<const float> source, std::uint32_t left, std::uint32_t width,
           std::uint32_t channels, std::span<float> padded) const {
    std::int64_t x = std::int64_t{left} - reach_;
    for (std::size_t at = 0; at < padded.size(); at += channels, ++x) {
      std::copy_n(&source[std::size_t{reflected(x, width)} * channels], channels, &padded[at]);
    }
  }

  void smooth_row(std::span<const float> padded, std::uint32_t channels,
                  std::span<float> to) const {
    scale(padded.first(to.size()), kernel_[0], to);
    for (std::size_t tap = 1; tap < kernel_.size(); ++tap) {
      const auto from = padded.subspan(tap * channels, to.size());
      const float weight = kernel_[tap];
      for (std::size_t x = 0; x < to.size(); ++x) to[x] += weight * from[x];
    }
  }

  static void scale(std::span<const float> from, float weight, std::span<float> to) {
    for (std::size_t x = 0; x < to.size(); ++x) to[x] = weight * from[x];
  }

  const std::vector<float>& kernel_;
  std::uint32_t reach_;
  std::uint32_t height_;
  std::size_t row_size_;
  std::uint32_t first_ = 0;
  std::vector<float> rows_{};
};

/// sharp × (1 - mask) + smooth × mask, cut off to a level as numpy's astype(uint8) does.
void mix_row(std::span<const float> smooth, std::span<const float> mask, std::uint32_t channels,
             std::uint8_t* pixels) {
  for (std::size_t x = 0; x < mask.size(); ++x) {
    for (std::uint32_t c = 0; c < channels; ++c, ++pixels) {
      const float sharp = static_cast<float>(*pixels) / 255.0f;
      const float mixed = sharp * (1 - mask[x]) + smooth[x * channels + c] * mask[x];
      *pixels = static_cast<std::uint8_t>(std::clamp(mixed * 255.0f, 0.0f, 255.0f));
    }
  }
}

void fill_mask_row(const std::vector<Area>& areas, std::uint32_t y, std::span<float> row) {
  std::ranges::fill(row, 0.0f);
  for (const Area& area : areas) {
    if (y < area.top || y >= area.bottom) continue;
    std::ranges::fill(row.subspan(area.left, area.width()), 1.0f);
  }
}

void blur(Image& image, const Mask& mask) {
  const std::vector<float> kernel = make_kernel(kernel_size(mask.longest_side));
  const Area region = region_of(mask.areas, static_cast<std::uint32_t>(kernel.size() / 2), image);
  const std::uint32_t channels = image.channels();
  const Smoother picture(region, image.width(), image.height(), channels, kernel,
                         [&image](std::uint32_t y, std::span<float> row) {
                           std::ranges::transform(image.row(y), row.begin(), [](std::uint8_t v) {
                             return static_cast<float>(v) / 255.0f;
                           });
                         });
  const Smoother shape(
      region, image.width(), image.height(), 1, kernel,
      [&mask](std::uint32_t y, std::span<float> row) { fill_mask_row(mask.areas, y, row); });
  std::vector<float> picture_row(std::size_t{region.width()} * channels);
  std::vector<float> mask_row(region.width());
  for (std::uint32_t y = region.top; y < region.bottom; ++y) {
    picture.smooth(y, picture_row);
    shape.smooth(y, mask_row);
    mix_row(picture_row, mask_row, channels,
            image.row(y).data() + std::size_t{region.left} * channels);
  }
}

bool is_number(const Box& box) {
  return std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.right) &&
         std::isfinite(box.bottom);
}

}  // namespace

Result<> blur_boxes(Image& image, std::span<const Box> boxes) {
  if (!std::ranges::all_of(boxes, is_number)) {
    return std::unexpected(Error{.code = ErrorCode::bad_row,
                                 .detail = "a bounding box has a coordinate that is no number"});
  }
  const Mask mask = make_mask(image, boxes);
  if (!mask.areas.empty()) blur(image, mask);
  return {};
}

}  // namespace pixhaul::image
