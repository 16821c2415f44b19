#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pixhaul/result.h"

namespace pixhaul {

/// How closely to look: each includes the one before.
enum class VerifyDepth : std::uint8_t {
  members,  ///< every file's size and sum, every member of it, every image's size and digest
  deep,     ///< and every image is decoded
};

/// Something that is not as it was recorded.
struct VerifyProblem {
  std::string path{};  ///< relative to the folder
  std::string what{};  ///< "is 10 bytes shorter than recorded"
};

struct VerifyReport {
  std::uint64_t shards_done = 0;
  std::uint64_t shards_open = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t samples = 0;
  bool is_complete = false;  ///< every row of the list has a final status
  std::uint64_t problem_count = 0;
  std::vector<VerifyProblem> problems{};  ///< the first 100
};

/// Checks what stands in the folder against what was recorded when it was made; changes nothing.
/// Errors: input_unreadable (no such folder, or none of pixhaul's and img2dataset's).
[[nodiscard]] Result<VerifyReport> verify(const std::string& output_folder, VerifyDepth depth);

}  // namespace pixhaul
