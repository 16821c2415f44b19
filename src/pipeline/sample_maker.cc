// The order is img2dataset's: the digest of the bytes as served, the comparison with the expected
// one, then the pixels. Tags are read from the bytes as served too, since encoding drops them.
#include "pipeline/sample_maker.h"

#include <utility>
#include <vector>

#include "image/exif.h"

namespace pixhaul::pipeline {

namespace {

void fail(Outcome& outcome, Error error) {
  outcome.status = error.code;
  outcome.detail = std::move(error.detail);
  outcome.transient = false;
  outcome.digest.clear();
}

}  // namespace

SampleMaker::Bytes SampleMaker::make(Bytes body, const PendingRow& row, Outcome& outcome) {
  if (digest_) outcome.digest = digest_->of(body);
  if (!has_expected_digest(row, outcome)) return {};
  Bytes sample = body;
  if (settings_.process) {
    sample = process(body, row, outcome);
  } else if (settings_.decode) {
    if (auto decoded = image::decode(body, *settings_.decode); !decoded) {
      fail(outcome, std::move(decoded).error());
    }
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

SampleMaker::Bytes SampleMaker::process(Bytes body, const PendingRow& row, Outcome& outcome) {
  auto made = image::process(body, *settings_.process, row.boxes);
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
