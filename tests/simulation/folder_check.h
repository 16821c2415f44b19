#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulation/scenario.h"
#include "support/memory_fs.h"

namespace pixhaul::testing {

/// What a row came to, without what may differ from run to run.
struct RowFact {
  std::string key{};
  std::string url{};
  std::string status{};
  std::string path{};
  std::string sha256{};
  friend bool operator==(const RowFact&, const RowFact&) = default;
};

/// Reads an output folder as a stranger would: by its formats, with nothing of the product's.
class FolderCheck {
 public:
  FolderCheck(const test::MemoryFileSystem& disk, const Scenario& scenario)
      : disk_(disk), scenario_(scenario) {}

  /// Every visible shard is whole; each one in `reported` is still there, with the same bytes. A
  /// sentence for each violation.
  [[nodiscard]] std::vector<std::string> check_visible(
      const std::map<std::string, std::string>& reported);
  enum class Temporaries : std::uint8_t { none, forgiven };
  /// The above, and the list is done: each row exactly once, nothing left over. Temporaries are
  /// forgiven where the disk may have refused to remove one.
  [[nodiscard]] std::vector<std::string> check_finished(
      const std::map<std::string, std::string>& reported, Temporaries temporaries);

  /// Visible shards by name, with all their bytes but the stats'.
  [[nodiscard]] std::map<std::string, std::string> shards();
  /// Of the last check, in order.
  [[nodiscard]] const std::vector<RowFact>& rows() const { return rows_; }
  /// The same, fit for comparison between runs: rows and, of datasets, the files' bytes.
  [[nodiscard]] std::string essence();

 private:
  void check_shard(const std::string& name, const std::string& stats);
  void check_row(const std::string& text, const std::map<std::string, std::string>& members);
  void claim(bool holds, const std::string& sentence);

  const test::MemoryFileSystem& disk_;
  const Scenario& scenario_;
  std::vector<std::string> violations_;
  std::vector<RowFact> rows_;
  std::vector<std::string> known_files_;
};

}  // namespace pixhaul::testing
