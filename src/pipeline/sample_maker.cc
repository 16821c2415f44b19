// The order is img2dataset's: the digest of the bytes as served, the comparison with the expected
// one, then the pixels. Tags are read from the bytes as served too, since encoding drops them.
#include "pipeline/sample_maker.h"

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
                         std::unique_ptr<sandbox::Decoder> decoder)
    : settings_(settings), digest_(std::move(digest)), decoder_(std::move(decoder)) {}

Result<SampleMaker> SampleMaker::create(const SampleSettings& settings, HashKind hash) {
  auto digest = make_digest(hash);
  if (!digest) return std::unexpected(std::move(digest).error());
  std::unique_ptr<sandbox::Decoder> decoder;
  if (!settings.decoder.program.empty()) {
    auto started = sandbox::Decoder::create(settings.decoder);
    if (!started) return std::unexpected(std::move(started).error());
    decoder = std::move(*started);
  }
  return SampleMaker(settings, std::move(*digest), std::move(decoder));
}

SampleMaker::Bytes SampleMaker::make(Bytes body, const PendingRow& row, Outcome& outcome) {
  if (digest_) outcome.digest = digest_->of(body);
  if (!has_expected_digest(row, outcome)) return {};
  Bytes sample = body;
  if (settings_.process) {
    sample = process(body, row, outcome);
  } else if (settings_.decode) {
    if (auto whole = check(body); !whole) fail(outcome, std::move(whole).error());
  }
  if (outcome.status != ErrorCode::success) return {};
  if (settings_.extract_exif) outcome.exif = image::exif_text(body);
  return sample;
}

bool SampleMaker::has_expected_digest(const PendingRow& row, Outcome& outcome) const {
  if (row.verify_hash.empty() || row.verify_hash == outcome.digest) return true;
  fail(outcome, {.code = ErrorCode::hash_mismatch, .detail = "hash mismatch"});
  return false;
}

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
