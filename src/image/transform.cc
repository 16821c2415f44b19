#include "image/transform.h"

#include <algorithm>
#include <cmath>

// Sizes are worked out first, as img2dataset's resizer does, and carried out second. What `border`
// surrounds is resampled straight to its place, unless it has to be blurred before.

namespace pixhaul::image {
namespace {

std::optional<Error> filtered(const char* reason) {
  return Error{.code = ErrorCode::filtered, .detail = reason};
}

bool is_by_shorter_side(ResizeMode mode) {
  return mode == ResizeMode::keep_ratio || mode == ResizeMode::center_crop;
}

// Python's round() of a double: half to even, which is the rounding mode nearbyint() is called in.
std::uint32_t scaled_side(std::uint32_t side, double scale) {
  const double rounded = std::nearbyint(side * scale);
  return static_cast<std::uint32_t>(
      std::clamp(rounded, 1.0, double{std::numeric_limits<std::uint32_t>::max()}));
}

void plan_crop(Plan& plan, std::uint32_t image_size) {
  plan.cropped = {.width = std::min(plan.scaled.width, image_size),
                  .height = std::min(plan.scaled.height, image_size)};
  plan.crop_left = (plan.scaled.width - plan.cropped.width) / 2;
  plan.crop_top = (plan.scaled.height - plan.cropped.height) / 2;
  plan.result = plan.cropped;
}

void plan_border(Plan& plan, std::uint32_t image_size) {
  plan.result = {.width = std::max(plan.cropped.width, image_size),
                 .height = std::max(plan.cropped.height, image_size)};
  plan.pad_left = (plan.result.width - plan.cropped.width) / 2;
  plan.pad_top = (plan.result.height - plan.cropped.height) / 2;
}

/// The part of `image` that begins at a pixel.
template <class AnyPlane>
AnyPlane part_of(AnyPlane plane, std::uint32_t left, std::uint32_t top, const Dimensions& size) {
  plane.samples = plane.row(top) + std::size_t{left} * plane.channels;
  plane.width = size.width;
  plane.height = size.height;
  return plane;
}

void copy(const ConstPlane& from, const Plane& to) {
  for (std::uint32_t y = 0; y < to.height; ++y) {
    std::copy_n(from.row(y), std::size_t{to.width} * to.channels, to.row(y));
  }
}

Image blank(const Plan& plan, std::uint32_t channels) {
  Image image(plan.result.width, plan.result.height, channels);
  if (plan.is_padded()) std::ranges::fill(image.pixels(), std::uint8_t{255});
  return image;
}

/// `image` in the plan's scaled size, cut and surrounded.
Image framed(const Plan& plan, const Image& image) {
  Image result = blank(plan, image.channels());
  copy(part_of(plane_of(image), plan.crop_left, plan.crop_top, plan.cropped),
       part_of(plane_of(result), plan.pad_left, plan.pad_top, plan.cropped));
  return result;
}

/// Resampled to its place in the border. REQUIRES: nothing is cut off.
Image resampled_in_place(const Plan& plan, const Image& image) {
  Image result = blank(plan, image.channels());
  resize(plane_of(image), part_of(plane_of(result), plan.pad_left, plan.pad_top, plan.cropped),
         plan.interpolation);
  return result;
}

}  // namespace

std::optional<Error> refuse_size(const Dimensions& size, const SizeFilters& filters) {
  const auto [shorter, longer] = std::minmax(size.width, size.height);
  if (shorter < filters.min_image_size) return filtered("image too small");
  if (static_cast<double>(size.width) * size.height > filters.max_image_area) {
    return filtered("image area too large");
  }
  if (static_cast<double>(longer) / shorter > filters.max_aspect_ratio) {
    return filtered("aspect ratio too large");
  }
  return std::nullopt;
}

Plan make_plan(const Dimensions& upright, const TransformSettings& settings) {
  Plan plan{.source = upright, .scaled = upright, .cropped = upright, .result = upright};
  if (settings.mode == ResizeMode::no) return plan;
  const auto [shorter, longer] = std::minmax(upright.width, upright.height);
  const std::uint32_t deciding = is_by_shorter_side(settings.mode) ? shorter : longer;
  const bool is_down = deciding > settings.image_size;
  if (settings.resize_only_if_bigger && !is_down) return plan;

  const double scale = static_cast<double>(settings.image_size) / deciding;
  plan.is_resize_taken = true;
  plan.interpolation = is_down ? settings.downscale : settings.upscale;
  plan.scaled = {.width = scaled_side(upright.width, scale),
                 .height = scaled_side(upright.height, scale)};
  plan.cropped = plan.result = plan.scaled;
  if (settings.mode == ResizeMode::center_crop) plan_crop(plan, settings.image_size);
  if (settings.mode == ResizeMode::border) plan_border(plan, settings.image_size);
  return plan;
}

Result<Image> carry_out(const Plan& plan, Image image, std::span<const Box> boxes) {
  PIXHAUL_CHECK(image.width() == plan.source.width && image.height() == plan.source.height);
  if (boxes.empty() && plan.is_resampled() && !plan.is_cropped()) {
    return resampled_in_place(plan, image);
  }
  if (plan.is_resampled()) image = resize(image, plan.scaled, plan.interpolation);
  if (auto blurred = blur_boxes(image, boxes); !blurred) {
    return std::unexpected(std::move(blurred).error());
  }
  if (!plan.is_cropped() && !plan.is_padded()) return image;
  return framed(plan, image);
}

}  // namespace pixhaul::image
