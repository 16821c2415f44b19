#pragma once

#include <limits>
#include <optional>
#include <span>

#include "image/blur.h"
#include "image/image.h"
#include "image/probe_step.h"
#include "image/resize.h"

namespace pixhaul::image {

enum class ResizeMode : std::uint8_t {
  no,                  ///< the size stays
  keep_ratio,          ///< the shorter side becomes image_size
  keep_ratio_largest,  ///< the longer side becomes image_size
  center_crop,         ///< as keep_ratio, then the middle image_size × image_size
  border,              ///< as keep_ratio_largest, then white to image_size × image_size
};
enum class ColorMode : std::uint8_t {
  rgb,   ///< every sample has three channels
  keep,  ///< grey stays one channel
};
enum class OrientationMode : std::uint8_t { apply, ignore };

/// Which pictures are not wanted, by the size they arrive with.
struct SizeFilters {
  std::uint32_t min_image_size = 0;  ///< of the shorter side
  double max_image_area = std::numeric_limits<double>::infinity();
  double max_aspect_ratio = std::numeric_limits<double>::infinity();  ///< longer side / shorter
  bool operator==(const SizeFilters&) const = default;
};

struct TransformSettings {
  ResizeMode mode = ResizeMode::border;
  std::uint32_t image_size = 256;
  /// Pictures whose deciding side is not above image_size are left alone: not even cropped.
  bool resize_only_if_bigger = false;
  Interpolation upscale = Interpolation::lanczos;  ///< whenever the deciding side is not above
  Interpolation downscale = Interpolation::area;
  SizeFilters filters{};
  ColorMode color = ColorMode::rgb;
  OrientationMode orientation = OrientationMode::apply;
};

/// What happens to one picture, in order: resample, cut out, surround. Pure numbers.
struct Plan {
  Dimensions source{};  ///< upright
  Dimensions scaled{};  ///< after resampling; equals `source` when nothing is resampled
  Interpolation interpolation = Interpolation::area;
  std::uint32_t crop_left = 0;  ///< in `scaled`
  std::uint32_t crop_top = 0;
  Dimensions cropped{};        ///< what stays of `scaled`
  std::uint32_t pad_left = 0;  ///< white columns before it
  std::uint32_t pad_top = 0;
  Dimensions result{};
  /// The resize step was taken, be it to no effect: img2dataset encodes such pictures anew.
  bool is_resize_taken = false;

  [[nodiscard]] bool is_resampled() const { return scaled != source; }
  [[nodiscard]] bool is_cropped() const { return cropped != scaled; }
  [[nodiscard]] bool is_padded() const { return result != cropped; }
};

/// The reason why a picture of that size is not wanted, as soon as its header is known: `filtered`,
/// with img2dataset's "image too small", "image area too large" or "aspect ratio too large", looked
/// at in this order. The same whether the picture is upright or not.
/// REQUIRES: no side is zero.
[[nodiscard]] std::optional<Error> refuse_size(const Dimensions& size, const SizeFilters& filters);

/// The arithmetic of img2dataset's resizer (1.47): scale = image_size / deciding side, sides
/// rounded half to even and at least 1. Sides that do not fit are the largest number.
/// REQUIRES: no side is zero, image_size > 0.
[[nodiscard]] Plan make_plan(const Dimensions& upright, const TransformSettings& settings);

/// Carries the plan out; boxes are blurred between resampling and cutting. Three or one channels
/// in, as many out. REQUIRES: the image has the plan's source size and no alpha; the plan's sizes
/// have been held against limits. Errors: those of `blur_boxes()`.
[[nodiscard]] Result<Image> carry_out(const Plan& plan, Image image, std::span<const Box> boxes);

}  // namespace pixhaul::image
