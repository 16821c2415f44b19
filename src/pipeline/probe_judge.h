#pragma once

#include "image/probe.h"
#include "image/transform.h"
#include "net/body_judge.h"
#include "pixhaul/options.h"

namespace pixhaul::pipeline {

/// Judges a body by what `image/probe` sees in it: refuses what is no image at its first bytes and
/// what does not reach its container's end, and pictures of a size that is not wanted as soon as
/// their header shows it; pixels are decoded later, apart from the loops. With `none` nothing else
/// is refused and only the facts are kept.
class ProbeJudge final : public net::BodyJudge {
 public:
  /// `max_pixels`: where pictures are going to be decoded.
  explicit ProbeJudge(Validate validate, const image::SizeFilters& filters = {},
                      std::optional<std::uint64_t> max_pixels = std::nullopt)
      : validate_(validate), filters_(filters), max_pixels_(max_pixels) {}

  void reset() override {
    probe_.reset();
    is_size_judged_ = false;
  }
  [[nodiscard]] std::optional<Error> judge(std::span<const std::byte> bytes) override;
  [[nodiscard]] std::optional<Error> finish() override;
  void describe(Outcome& outcome) const override;

 private:
  void look_at_header(std::span<const std::byte> bytes);
  [[nodiscard]] std::optional<Error> judge_size();

  Validate validate_;
  image::SizeFilters filters_;
  std::optional<std::uint64_t> max_pixels_;
  bool is_size_judged_ = false;
  image::Probe probe_;
};

}  // namespace pixhaul::pipeline
