#include "pixhaul/verify.h"

#include <optional>
#include <string>
#include <utility>

#include "base/file.h"
#include "image/codec.h"
#include "ledger/audit.h"
#include "pipeline/open_input.h"
#include "writers/shard_check.h"

namespace pixhaul {

namespace {

Result<> check_image(std::span<const std::byte> bytes) {
  const auto decoded = image::decode(bytes, {});
  if (decoded) return {};
  return std::unexpected(
      Error{.code = decoded.error().code, .detail = "does not decode: " + decoded.error().detail});
}

// Tars and TFRecords are walked; tables are compared by their sums alone.
Result<std::optional<std::uint64_t>> count_members(const std::string& name,
                                                   const RandomAccessFile& file,
                                                   VerifyDepth depth) {
  const std::string_view extension = std::string_view(name).substr(name.rfind('.') + 1);
  if (extension != "tar" && extension != "tfrecord") return std::nullopt;
  writers::ImageVisitor visit;
  if (depth == VerifyDepth::deep) {
    visit = [](const writers::StoredImage& image) -> Result<> {
      auto good = check_image(image.bytes);
      if (!good) good.error().detail = std::string(image.key) + " " + good.error().detail;
      return good;
    };
  }
  const auto contents = writers::check_shard_file(extension, file, visit);
  if (!contents) return std::unexpected(contents.error());
  return contents->samples;
}

}  // namespace

Result<VerifyReport> verify(const std::string& output_folder, VerifyDepth depth) {
  PosixFileSystem local;
  pipeline::AllFiles files(local);
  const Result<ledger::FolderState> state = ledger::read_state(files, output_folder);
  if (!state) return std::unexpected(state.error());
  ledger::AuditChecks checks;
  checks.members = [depth](const std::string& name, const RandomAccessFile& file) {
    return count_members(name, file, depth);
  };
  if (depth == VerifyDepth::deep) checks.image = check_image;
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
