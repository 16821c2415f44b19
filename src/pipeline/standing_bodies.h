#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/buffer.h"
#include "base/file.h"
#include "net/body_judge.h"
#include "pixhaul/outcome.h"
#include "readers/reader.h"

namespace pixhaul::pipeline {

/// Reads images that lie in a file already, and judges them as a transfer's body is judged. Holds
/// one image, and the file of the last one open. One thread.
class StandingBodies {
 public:
  /// `files` outlives this.
  StandingBodies(FileSystem& files, std::unique_ptr<net::BodyJudge> judge, std::uint64_t max_bytes)
      : files_(&files), judge_(std::move(judge)), max_bytes_(max_bytes) {}

  /// The bytes, valid until the next call, and their facts in `outcome`, with a status of its own
  /// if they are refused. Errors: input_unreadable, which ends the run.
  [[nodiscard]] Result<std::span<const std::byte>> read(const readers::BodyPlace& place,
                                                        Outcome& outcome);

 private:
  FileSystem* files_;
  std::unique_ptr<net::BodyJudge> judge_;
  std::uint64_t max_bytes_;
  std::string name_;
  std::unique_ptr<ReadableFile> file_;
  std::string bytes_;
};

}  // namespace pixhaul::pipeline
