#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "pixhaul/outcome.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

/// Looks at a body while it arrives, so that what is not wanted is stopped early. Pixels' knowledge
/// stays above the net: the pipeline implements this. One per transfer, reset between attempts.
class BodyJudge {
 public:
  virtual ~BodyJudge() = default;
  virtual void reset() = 0;
  /// The next decoded bytes of the body. An error ends the transfer with that status.
  [[nodiscard]] virtual std::optional<Error> judge(std::span<const std::byte> bytes) = 0;
  /// The body is complete by HTTP's rules; is it a whole image?
  [[nodiscard]] virtual std::optional<Error> finish() = 0;
  /// Writes what was seen (format, width, height) into the outcome.
  virtual void describe(Outcome& outcome) const = 0;
};

/// Where a body goes as it arrives when it is not to be held in memory.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Forgets what was written: the attempt failed and another may follow.
  virtual void restart() = 0;
  /// Errors: output_unwritable, disk_full.
  [[nodiscard]] virtual Result<> write(std::span<const std::byte> bytes) = 0;
};

}  // namespace pixhaul::net
