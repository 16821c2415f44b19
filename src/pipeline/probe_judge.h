#pragma once

#include "image/probe.h"
#include "net/body_judge.h"
#include "pixhaul/options.h"

namespace pixhaul::pipeline {

/// Judges a body by what `image/probe` sees in it: refuses what is no image at its first bytes and
/// what does not reach its container's end; pixels are decoded later, apart from the loops. With
/// `none` nothing is refused and only the facts are kept.
class ProbeJudge final : public net::BodyJudge {
 public:
  explicit ProbeJudge(Validate validate) : validate_(validate) {}

  void reset() override { probe_.reset(); }
  [[nodiscard]] std::optional<Error> judge(std::span<const std::byte> bytes) override;
  [[nodiscard]] std::optional<Error> finish() override;
  void describe(Outcome& outcome) const override;

 private:
  void look_at_header(std::span<const std::byte> bytes);

  Validate validate_;
  image::Probe probe_;
};

}  // namespace pixhaul::pipeline
