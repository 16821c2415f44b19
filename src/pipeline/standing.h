#pragma once

#include <map>
#include <optional>
#include <string>

#include "ledger/run_folder.h"
#include "pipeline/assembler.h"

namespace pixhaul::pipeline {

/// The rows of a done shard that has no jsonl: from its table .pixhaul/rows/NNNNN.parquet, or, of a
/// shard that img2dataset made, from its own. None where it was made with --metadata none. Errors:
/// state_damaged, output_unwritable; other_input, where img2dataset's table or images are not what
/// this run would write; input_unreadable when Arrow is missing.
[[nodiscard]] Result<> read_standing_rows(ledger::RunFolder& folder,
                                          const ledger::ShardRecord& record,
                                          const OutputSettings& output,
                                          const std::function<void(const Row&)>& visit);

/// Where the samples lie that a new generation of their shard keeps: in the standing tar or
/// TFRecord, which is read once for each shard; out of a parquet file they are copied into the
/// spool. One thread.
class StandingSamples {
 public:
  StandingSamples(ledger::RunFolder& folder, const OutputSettings& output)
      : folder_(folder), output_(output) {}

  /// Errors: state_damaged, output_unwritable; input_unreadable when Arrow is missing.
  [[nodiscard]] Result<std::optional<ledger::DataPlace>> place_of(const Row& row,
                                                                  ledger::SpoolData& data);

 private:
  [[nodiscard]] Result<> load(std::string_view shard, ledger::SpoolData& data);

  ledger::RunFolder& folder_;
  const OutputSettings output_;
  std::string shard_;
  std::map<std::string, ledger::DataPlace, std::less<>> places_;  // by key
};

}  // namespace pixhaul::pipeline
