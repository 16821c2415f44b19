#include "pipeline/standing_bodies.h"

#include <fmt/core.h>

#include <utility>

namespace pixhaul::pipeline {

namespace {

void refuse(Outcome& outcome, Error error) {
  outcome.status = error.code;
  outcome.detail = std::move(error.detail);
}

}  // namespace

Result<std::span<const std::byte>> StandingBodies::read(const readers::BodyPlace& place,
                                                        Outcome& outcome) {
  if (place.length > max_bytes_) {
    refuse(outcome, {.code = ErrorCode::too_large, .detail = "the sample is over max_body_bytes"});
    return {};
  }
  if (file_ == nullptr || name_ != place.file) {
    auto opened = files_->open_input(place.file);
    if (!opened) return std::unexpected(std::move(opened).error());
    file_ = std::move(*opened);
    name_ = place.file;
  }
  bytes_.resize(place.length);
  const auto into = std::as_writable_bytes(std::span(bytes_));
  auto count = file_->read_at(place.offset, into);
  if (!count) return std::unexpected(std::move(count).error());
  if (*count != place.length) {
    return std::unexpected(Error{.code = ErrorCode::input_unreadable,
                                 .detail = fmt::format("'{}' became shorter", place.file)});
  }
  outcome.bytes = place.length;
  judge_->reset();
  auto refused = judge_->judge(into);
  if (!refused) refused = judge_->finish();
  judge_->describe(outcome);
  if (refused) refuse(outcome, std::move(*refused));
  return std::span<const std::byte>(into);
}

}  // namespace pixhaul::pipeline
