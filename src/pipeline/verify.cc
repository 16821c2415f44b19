#include "pixhaul/verify.h"

#include <utility>

#include "base/file.h"
#include "image/codec.h"
#include "ledger/audit.h"

namespace pixhaul {

Result<VerifyReport> verify(const std::string& output_folder, VerifyDepth depth) {
  PosixFileSystem files;
  const Result<ledger::FolderState> state = ledger::read_state(files, output_folder);
  if (!state) return std::unexpected(state.error());
  ledger::AuditChecks checks;
  if (depth == VerifyDepth::deep) {
    checks.image = [](std::span<const std::byte> bytes) -> Result<> {
      const auto decoded = image::decode(bytes, {});
      if (decoded) return {};
      return std::unexpected(Error{.code = decoded.error().code,
                                   .detail = "does not decode: " + decoded.error().detail});
    };
  }
  Result<ledger::AuditReport> audit = ledger::audit(files, output_folder, *state, checks);
  if (!audit) return std::unexpected(std::move(audit).error());
  VerifyReport report{.shards_open = state->open.size(),
                      .files = audit->files,
                      .bytes = audit->bytes,
                      .samples = audit->samples,
                      .is_complete = state->is_complete(),
                      .problem_count = audit->problem_count};
  for (const ledger::DoneShard& shard : state->shards) {
    if (shard.problem.empty()) ++report.shards_done;
  }
  for (ledger::AuditProblem& problem : audit->problems) {
    report.problems.push_back({std::move(problem.path), std::move(problem.what)});
  }
  return report;
}

}  // namespace pixhaul
