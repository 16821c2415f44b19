// The order is img2dataset's: the digest of the bytes as served, the comparison with the expected
// one, then the pixels. Tags are read from the bytes as served too, since encoding drops them.
#include "pipeline/sample_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "image/exif.h"
#include "pipeline/hash.h"

namespace pixhaul::pipeline {

namespace {

void fail(Outcome& outcome, Error error) {
  outcome.status = error.code;
  outcome.detail = std::move(error.detail);
  outcome.transient = false;
  outcome.digest.clear();
}

}  // namespace

SampleMaker::SampleMaker(const SampleSettings& settings, std::optional<Digest> digest,
                         std::unique_ptr<sandbox::Decoder> decoder, DecodeRoom* room)
    : settings_(settings), digest_(std::move(digest)), decoder_(std::move(decoder)), room_(room) {}

Result<SampleMaker> SampleMaker::create(const SampleSettings& settings, HashKind hash,
                                        DecodeRoom* room) {
  auto digest = make_digest(hash);
  if (!digest) return std::unexpected(std::move(digest).error());
  std::unique_ptr<sandbox::Decoder> decoder;
  if (!settings.decoder.program.empty()) {
    auto started = sandbox::Decoder::create(settings.decoder);
    if (!started) return std::unexpected(std::move(started).error());
    decoder = std::move(*started);
  }
  return SampleMaker(settings, std::move(*digest), std::move(decoder), room);
}

SampleMaker::Bytes SampleMaker::make(Bytes body, const PendingRow& row, Outcome& outcome) {
  if (digest_) outcome.digest = digest_->of(body);
  if (!has_expected_digest(row, outcome)) return {};
  const Bytes sample =
      settings_.process || settings_.decode ? make_in_room(body, row, outcome) : body;
  if (outcome.status != ErrorCode::success) return {};
  if (settings_.extract_exif) outcome.exif = image::exif_text(body);
  if (!settings_.knows_sizes) outcome.width = outcome.height = 0;
  return sample;
}

image::Image SampleMaker::make_pixels(Bytes body, const PendingRow& row, Outcome& outcome) {
  if (digest_) outcome.digest = digest_->of(body);
  if (!has_expected_digest(row, outcome)) return {};
  std::optional<DecodeRoom::Place> place;
  if (!enter_room(body, outcome, place)) return {};
  auto made = decoder_ ? decoder_->process_to_pixels(body, *settings_.process, row.boxes)
                       : image::process_to_pixels(body, *settings_.process, row.boxes);
  if (!made) {
    fail(outcome, std::move(made).error());
    return {};
  }
  outcome.format = made->format;
  outcome.width = made->image.width();
  outcome.height = made->image.height();
  outcome.original_width = made->original_width;
  outcome.original_height = made->original_height;
  if (settings_.extract_exif) outcome.exif = image::exif_text(body);
  return std::move(made->image);
}

bool SampleMaker::has_expected_digest(const PendingRow& row, Outcome& outcome) const {
  const bool is_free = row.verify_hash.empty() && !settings_.wants_digest;
  if (is_free || row.verify_hash == outcome.digest) return true;
  fail(outcome, {.code = ErrorCode::hash_mismatch, .detail = "hash mismatch"});
  return false;
}

// The room is left before the sample is kept: its bytes are few beside the pixels they are made of.
SampleMaker::Bytes SampleMaker::make_in_room(Bytes body, const PendingRow& row, Outcome& outcome) {
  std::optional<DecodeRoom::Place> place;
  if (!enter_room(body, outcome, place)) return {};
  if (settings_.process) return process(body, row, outcome);
  if (auto whole = check(body); !whole) fail(outcome, std::move(whole).error());
  return body;
}

// Waits for a place; false where there can be none.
bool SampleMaker::enter_room(Bytes body, Outcome& outcome,
                             std::optional<DecodeRoom::Place>& place) const {
  if (room_ == nullptr) return true;
  const std::uint64_t bytes = working_set(body, outcome);
  if (!room_->can_hold(bytes)) {
    fail(outcome,
         {.code = ErrorCode::too_many_pixels,
          .detail = fmt::format("{} x {} pixels take {} MiB; --memory leaves {} MiB", outcome.width,
                                outcome.height, (bytes >> 20) + 1, room_->most() >> 20)});
    return false;
  }
  place.emplace(*room_, bytes);
  return true;
}

// By what was seen while the body arrived. A picture that did not say its size takes all there is;
// a small one is not worth a closer look.
std::uint64_t SampleMaker::working_set(Bytes body, const Outcome& outcome) const {
  constexpr std::uint64_t kSmall = 8u << 20;
  const image::Dimensions size{.width = outcome.width, .height = outcome.height};
  if (size.width == 0 || size.height == 0) return room_->most();
  if (!settings_.process) return image::decoding_bytes(body, size, outcome.format);
  const auto of = [&](const image::Dimensions& sides) {
    const std::uint64_t bytes = image::working_set_bytes(sides, *settings_.process, outcome.format);
    return bytes <= kSmall
               ? bytes
               : image::working_set_bytes(body, sides, *settings_.process, outcome.format);
  };
  // A picture may lie on its side, and what it becomes then has other sides.
  return std::max(of(size), of({.width = size.height, .height = size.width}));
}

// In the worker process where there is one.
Result<> SampleMaker::check(Bytes body) {
  if (decoder_) return decoder_->check(body, *settings_.decode);
  auto decoded = image::decode(body, *settings_.decode);
  if (!decoded) return std::unexpected(std::move(decoded).error());
  return {};
}

SampleMaker::Bytes SampleMaker::process(Bytes body, const PendingRow& row, Outcome& outcome) {
  auto made = decoder_ ? decoder_->process(body, *settings_.process, row.boxes)
                       : image::process(body, *settings_.process, row.boxes);
  if (!made) {
    fail(outcome, std::move(made).error());
    return {};
  }
  outcome.format = made->format;
  outcome.width = made->width;
  outcome.height = made->height;
  outcome.original_width = made->original_width;
  outcome.original_height = made->original_height;
  if (made->is_original) return body;
  encoded_ = std::move(made->bytes);
  return encoded_.bytes();
}

}  // namespace pixhaul::pipeline
