#include "image/process.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "image/color.h"
#include "image/exif.h"
#include "image/jpeg.h"
#include "image/jpeg_planes.h"
#include "image/orientation.h"

// One picture from body to sample. Everything that a header can decide is decided first: filters,
// limits of the picture and of what it would become. Then one of three ways: the bytes as they are;
// from JPEG to JPEG in planes, which is what nearly all pictures of the web take; or through RGB,
// which can do everything. The order along RGB is img2dataset's: white under alpha, resample, blur,
// cut or surround. Grey becomes RGB last, when the picture is smallest.

namespace pixhaul::image {
namespace {

constexpr std::uint32_t kMostJpegSide = 65'500;  // libjpeg's JPEG_MAX_DIMENSION

Dimensions upright(const Dimensions& size, Orientation orientation) {
  if (!is_transposed(orientation)) return size;
  return {.width = size.height, .height = size.width};
}

Dimensions size_of(const Image& image) {
  return {.width = image.width(), .height = image.height()};
}

Orientation orientation_of(Bytes body, const ProcessSettings& settings,
                           std::optional<Orientation> by_container) {
  if (settings.transform.orientation == OrientationMode::ignore) return Orientation::top_left;
  return by_container ? *by_container : exif_orientation(body);
}

/// What is known of a picture as soon as its size is.
Result<Plan> make_allowed_plan(const Dimensions& source, const ProcessSettings& settings) {
  if (auto refusal = refuse_size(source, settings.transform.filters)) {
    return std::unexpected(*std::move(refusal));
  }
  auto allowed = check_dimensions(source, settings.limits);
  if (!allowed) return std::unexpected(std::move(allowed).error());
  const Plan plan = make_plan(source, settings.transform);
  // Before it is cut, the picture is made in its whole new size.
  allowed = check_dimensions(plan.scaled, settings.limits);
  if (allowed) allowed = check_dimensions(plan.result, settings.limits);
  if (allowed) return plan;
  Error error = std::move(allowed).error();
  error.detail.insert(0, "resized: ");
  return std::unexpected(std::move(error));
}

Processed describe(ImageFormat format, const Dimensions& size, const Dimensions& original) {
  return {.format = format,
          .width = size.width,
          .height = size.height,
          .original_width = original.width,
          .original_height = original.height};
}

Result<Processed> keep(const Whole& whole, const ProcessSettings& settings) {
  const Dimensions size = whole.size.value_or(Dimensions{});
  if (whole.size) {
    if (auto refusal = refuse_size(size, settings.transform.filters)) {
      return std::unexpected(*std::move(refusal));
    }
  }
  Processed kept = describe(whole.format, size, size);
  kept.is_original = true;
  return kept;
}

// ---- from JPEG to JPEG

PlanesPlan planes_plan(const Plan& plan, const ProcessSettings& settings) {
  const auto offset = [](std::uint32_t pad, std::uint32_t crop) {
    return static_cast<std::int32_t>(std::int64_t{pad} - crop);
  };
  return {.resized = plan.scaled,
          .output = plan.result,
          .left = offset(plan.pad_left, plan.crop_left),
          .top = offset(plan.pad_top, plan.crop_top),
          .interpolation = plan.interpolation,
          .grey = settings.transform.color == ColorMode::keep ? Grey::keep : Grey::to_color,
          .quality = settings.encode.quality};
}

/// Nothing where the picture must go through RGB or may stay as it is.
Result<std::optional<Processed>> process_in_planes(Bytes body, const Plan& plan,
                                                   const ProcessSettings& settings) {
  if (settings.reencode == Reencode::if_changed && !plan.is_resize_taken) return std::nullopt;
  if (std::max(plan.result.width, plan.result.height) > kMostJpegSide) return std::nullopt;
  const auto facts = read_jpeg_facts(body, settings.limits);
  if (!facts) return std::unexpected(facts.error());
  const PlanesPlan in_planes = planes_plan(plan, settings);
  if (facts->size != plan.source || !can_stay_in_planes(*facts, in_planes)) return std::nullopt;
  auto jpeg = resize_in_planes(body, in_planes, settings.limits);
  if (!jpeg) return std::unexpected(std::move(jpeg).error());
  Processed processed = describe(ImageFormat::jpeg, plan.result, plan.source);
  processed.bytes = std::move(jpeg->bytes);
  processed.warning = std::move(jpeg->warning);
  return processed;
}

// ---- through RGB

/// Whether the body itself could be the sample.
bool fits(ImageFormat format, Orientation orientation, const Decoded& decoded, const Plan& plan,
          const ProcessSettings& settings) {
  const std::uint32_t channels = decoded.image.channels();
  const bool is_color_right = settings.transform.color == ColorMode::keep
                                  ? channels == 1 || channels == 3
                                  : channels == 3 && !decoded.is_cmyk;
  return settings.reencode == Reencode::if_changed && format == settings.encode.format &&
         orientation == Orientation::top_left && is_color_right && !plan.is_resize_taken;
}

Result<Processed> process_in_rgb(Bytes body, const Whole& whole, Orientation orientation,
                                 const ProcessSettings& settings, std::span<const Box> boxes) {
  const auto codec = need_codec(whole.format, settings.limits);
  if (!codec) return std::unexpected(codec.error());
  auto decoded = (*codec)->decode(body, settings.limits);
  if (!decoded) return std::unexpected(std::move(decoded).error());
  // Again: the container need not have said the size, or the decoder may see another one.
  const auto plan = make_allowed_plan(upright(size_of(decoded->image), orientation), settings);
  if (!plan) return std::unexpected(plan.error());
  Processed processed = describe(settings.encode.format, plan->result, plan->source);
  processed.warning = std::move(decoded->warning);
  if (boxes.empty() && fits(whole.format, orientation, *decoded, *plan, settings)) {
    processed.is_original = true;
    return processed;
  }

  auto image =
      carry_out(*plan, turned_upright(on_white(std::move(decoded->image)), orientation), boxes);
  if (!image) return std::unexpected(std::move(image).error());
  if (settings.transform.color == ColorMode::rgb) image = as_rgb(*std::move(image));
  auto bytes = encode(*image, settings.encode);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  processed.bytes = *std::move(bytes);
  return processed;
}

// ---- to pixels

/// By how much libjpeg may shrink a picture on the way: at least twice the size wanted is left, so
/// that the mean of whole pixels is taken of enough of them.
std::uint32_t jpeg_shrink(const Plan& plan) {
  if (plan.interpolation != Interpolation::area) return 1;
  std::uint32_t denominator = 1;
  while (denominator < 8 &&
         plan.source.width / (denominator * 2) >= std::uint64_t{plan.scaled.width} * 2 &&
         plan.source.height / (denominator * 2) >= std::uint64_t{plan.scaled.height} * 2) {
    denominator *= 2;
  }
  return denominator;
}

// ---- memory

struct Cost {
  ImageFormat format;
  std::uint32_t bytes_per_pixel;
};

// What a decoder holds at its worst, its result included.
constexpr std::array<Cost, 6> kDecodeCosts = {{
    {ImageFormat::jpeg, 3 + 8},   // progressive: 16-bit coefficients of four components
    {ImageFormat::png, 4},        //
    {ImageFormat::webp, 4 + 8},   // lossless: 32-bit pixels beside the result; a frame to be placed
    {ImageFormat::gif, 4},        //
    {ImageFormat::avif, 4 + 16},  // planes of 16 bits, alpha too, and the frame they refer to
    {ImageFormat::bmp, 4},        //
}};
constexpr std::uint32_t kMostDecodeCost = 4 + 16;

std::uint32_t decode_cost(ImageFormat format) {
  const auto* found = std::ranges::find(kDecodeCosts, format, &Cost::format);
  return found == kDecodeCosts.end() ? kMostDecodeCost : found->bytes_per_pixel;
}

std::uint64_t pixels_of(const Dimensions& size) { return std::uint64_t{size.width} * size.height; }

constexpr std::uint64_t kTables = 1 << 20;  // of codecs, filters and encoders

std::optional<JpegFacts> jpeg_facts(Bytes body, ImageFormat format) {
  if (format != ImageFormat::jpeg) return std::nullopt;
  auto facts = read_jpeg_facts(body, {.max_pixels = UINT64_MAX, .max_side = UINT32_MAX});
  return facts ? std::optional(*facts) : std::nullopt;
}

/// What libjpeg holds of a picture beside its pixels: nothing that grows, or all coefficients, of
/// 16 bits each.
std::uint64_t coefficient_bytes(const JpegFacts& facts) {
  return facts.has_many_scans ? facts.sample_count * 2 : 0;
}

/// Behind the decoder: the picture in its new size, surrounded or cut, and its file. While those
/// are made, the picture as it was stands beside its upright or white form.
std::uint64_t result_bytes(const Plan& plan, const ProcessSettings& settings) {
  std::uint64_t bytes = pixels_of(plan.scaled) * 3 + pixels_of(plan.result) * (3 + 3 + 3);
  if (settings.may_blur) bytes += pixels_of(plan.scaled) * (4 * 4);
  return bytes;
}

}  // namespace

Result<Processed> process(Bytes body, const ProcessSettings& settings, std::span<const Box> boxes) {
  PIXHAUL_CHECK(boxes.empty() || settings.may_blur);
  const auto whole = walk(body);
  if (!whole) return std::unexpected(whole.error());
  if (settings.reencode == Reencode::never) {
    PIXHAUL_CHECK(boxes.empty());
    return keep(*whole, settings);
  }
  const Orientation orientation = orientation_of(body, settings, whole->orientation);
  if (whole->size) {
    const auto plan = make_allowed_plan(upright(*whole->size, orientation), settings);
    if (!plan) return std::unexpected(plan.error());
    const bool is_from_jpeg_to_jpeg =
        whole->format == ImageFormat::jpeg && settings.encode.format == ImageFormat::jpeg;
    if (is_from_jpeg_to_jpeg && orientation == Orientation::top_left && boxes.empty()) {
      auto processed = process_in_planes(body, *plan, settings);
      if (!processed) return std::unexpected(std::move(processed).error());
      if (*processed) return **std::move(processed);
    }
  }
  return process_in_rgb(body, *whole, orientation, settings, boxes);
}

Result<ProcessedPixels> process_to_pixels(Bytes body, const ProcessSettings& settings,
                                          std::span<const Box> boxes) {
  PIXHAUL_CHECK(boxes.empty() || settings.may_blur);
  const auto whole = walk(body);
  if (!whole) return std::unexpected(whole.error());
  const auto codec = need_codec(whole->format, settings.limits);
  if (!codec) return std::unexpected(codec.error());
  const Orientation orientation = orientation_of(body, settings, whole->orientation);
  std::uint32_t shrink = 1;
  if (whole->size) {
    const auto plan = make_allowed_plan(upright(*whole->size, orientation), settings);
    if (!plan) return std::unexpected(plan.error());
    if (whole->format == ImageFormat::jpeg) shrink = jpeg_shrink(*plan);
  }
  auto decoded = shrink > 1 ? decode_jpeg_shrunk(body, settings.limits, shrink)
                            : (*codec)->decode(body, settings.limits);
  if (!decoded) return std::unexpected(std::move(decoded).error());
  const Dimensions held = upright(size_of(decoded->image), orientation);
  // Where libjpeg shrank the picture, the plan is that of the picture as served.
  auto plan = make_allowed_plan(shrink > 1 ? upright(*whole->size, orientation) : held, settings);
  if (!plan) return std::unexpected(plan.error());
  ProcessedPixels processed{.format = whole->format,
                            .original_width = plan->source.width,
                            .original_height = plan->source.height,
                            .warning = std::move(decoded->warning)};
  plan->source = held;
  auto image =
      carry_out(*plan, turned_upright(on_white(std::move(decoded->image)), orientation), boxes);
  if (!image) return std::unexpected(std::move(image).error());
  processed.image =
      settings.transform.color == ColorMode::rgb ? as_rgb(*std::move(image)) : *std::move(image);
  return processed;
}

std::uint64_t working_set_bytes(const Dimensions& size, const ProcessSettings& settings,
                                ImageFormat format) {
  if (settings.reencode == Reencode::never) return 0;
  const Plan plan = make_plan(size, settings.transform);
  // The decoder's memory is free again when the picture is turned or put on white.
  const std::uint64_t decoding =
      pixels_of(size) * std::max<std::uint64_t>(decode_cost(format), 4 + 3);
  return kTables + decoding + result_bytes(plan, settings);
}

std::uint64_t working_set_bytes(Bytes body, const Dimensions& size, const ProcessSettings& settings,
                                ImageFormat format) {
  const std::uint64_t most = working_set_bytes(size, settings, format);
  if (most == 0) return 0;
  const auto facts = jpeg_facts(body, format);
  if (!facts) return most;
  const Plan plan = make_plan(size, settings.transform);
  const bool stays_in_planes = settings.encode.format == ImageFormat::jpeg && !settings.may_blur &&
                               orientation_of(body, settings, {}) == Orientation::top_left &&
                               can_stay_in_planes(*facts, planes_plan(plan, settings));
  const std::uint64_t coefficients = coefficient_bytes(*facts);
  const std::uint64_t decoding =
      stays_in_planes ? facts->sample_count + coefficients
                      : pixels_of(size) * 3 + std::max(coefficients, pixels_of(size) * 3);
  return std::min(most, kTables + decoding + result_bytes(plan, settings));
}

std::uint64_t decoding_bytes(Bytes body, const Dimensions& size, ImageFormat format) {
  const std::uint64_t most = kTables + pixels_of(size) * decode_cost(format);
  const auto facts = jpeg_facts(body, format);
  if (!facts) return most;
  return std::min(most, kTables + pixels_of(size) * 3 + coefficient_bytes(*facts));
}

}  // namespace pixhaul::image
