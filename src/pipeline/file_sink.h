#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/digest.h"
#include "net/body_judge.h"
#include "net/fetcher.h"
#include "pixhaul/options.h"
#include "writers/writer.h"

namespace pixhaul::pipeline {

/// What a row is called; owned, because the row may be far from the sink.
struct SampleId {
  std::string shard{};
  std::string key{};
  std::string url_path{};
};

/// A body on its way into a file: `--body stream`. Holds no more than the read it is given; hashes
/// on the way.
class FileSink final : public net::BodySink {
 public:
  /// `writer` outlives the sink and belongs to the same thread while bytes arrive.
  FileSink(writers::SampleWriter& writer, SampleId id, std::optional<Digest> digest)
      : writer_(writer), id_(std::move(id)), digest_(std::move(digest)) {}

  void restart() override;
  [[nodiscard]] Result<> write(std::span<const std::byte> bytes) override;
  /// The file gets its name; gives its path relative to the output folder. Errors: disk_full,
  /// output_unwritable.
  [[nodiscard]] Result<std::string> finish(std::string_view extension);
  /// Hex of what was written; "" without a digest. Call once.
  [[nodiscard]] std::string digest() { return digest_ ? digest_->finish() : std::string(); }

 private:
  writers::SampleWriter& writer_;
  SampleId id_;
  std::optional<Digest> digest_;
  std::unique_ptr<writers::SampleStream> stream_;
};

}  // namespace pixhaul::pipeline
