// A report: the folder's state, every row once in order of shards, then the pictures that were
// drawn on the way.
#include "pixhaul/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/audit.h"
#include "pipeline/browse_shard.h"
#include "pipeline/report_sections.h"
#include "pixhaul/browse.h"

namespace pixhaul {

namespace {

using pipeline::BrowsedShard;
using pipeline::ReportFacts;

constexpr std::uint32_t kPictureSide = 240;

void note_times(ReportFacts& facts, const ledger::DoneShard& shard) {
  if (shard.stats.start_time <= 0) return;
  facts.started =
      facts.started > 0 ? std::min(facts.started, shard.stats.start_time) : shard.stats.start_time;
  facts.ended = std::max(facts.ended, shard.stats.end_time);
}

Result<> add_done(ReportFacts& facts, const pipeline::BrowseFolders& folders,
                  const ledger::DoneShard& shard, int digits) {
  note_times(facts, shard);
  const ledger::ShardRecord& record = shard.record;
  if (record.generation == 0) {
    ++facts.shards_elsewhere;
    return {};
  }
  const bool has_file = pipeline::has_sample_file(record);
  std::uint64_t index = 0;
  return pipeline::visit_done_rows(folders, record, digits, [&](const Row& row) {
    facts.add(row, record.shard, index++, has_file || !row.path.empty());
  });
}

Result<> add_open(ReportFacts& facts, const pipeline::BrowseFolders& folders,
                  std::uint64_t number) {
  const Result<BrowsedShard> shard = pipeline::load_open_shard(folders, number);
  if (!shard) return std::unexpected(shard.error());
  for (std::size_t i = 0; i < shard->rows.size(); ++i)
    facts.add(shard->rows[i], number, i, pipeline::has_image(*shard, i));
  return {};
}

// A picture that cannot be decoded again is left out: the page is about the run.
void add_pictures(ReportFacts& facts) {
  const auto browser = browse(facts.folder);
  if (!browser) return;
  std::ranges::sort(facts.pictures, {}, [](const pipeline::SamplePicture& picture) {
    return std::pair(picture.shard, picture.index);
  });
  for (pipeline::SamplePicture& picture : facts.pictures) {
    auto webp =
        (*browser)->thumbnail(fmt::format("{}.{}", picture.shard, picture.index), kPictureSide);
    if (webp) picture.webp = std::move(*webp);
  }
  std::erase_if(facts.pictures, [](const auto& picture) { return picture.webp.empty(); });
}

Result<> gather(ReportFacts& facts) {
  Result<FolderStatus> found = status(facts.folder);
  if (!found) return std::unexpected(std::move(found).error());
  facts.status = std::move(*found);
  PosixFileSystem files;
  const auto state = ledger::read_state(files, facts.folder);
  if (!state) return std::unexpected(state.error());
  const auto folders = pipeline::open_browse_folders(files, facts.folder);
  if (!folders) return std::unexpected(folders.error());
  for (const ledger::DoneShard& shard : state->shards) {
    if (!shard.problem.empty()) continue;
    if (auto added = add_done(facts, *folders, shard, state->shard_digits); !added) return added;
  }
  for (const ledger::FolderState::Open& open : state->open) {
    if (auto added = add_open(facts, *folders, open.shard); !added) return added;
  }
  return {};
}

}  // namespace

Result<std::string> report(const std::string& output_folder, ReportFormat format) {
  ReportFacts facts;
  facts.folder = output_folder;
  if (auto gathered = gather(facts); !gathered) return std::unexpected(std::move(gathered).error());
  if (format == ReportFormat::json) return pipeline::report_json(facts);
  if (format == ReportFormat::md) return pipeline::report_markdown(facts);
  add_pictures(facts);
  return pipeline::report_html(facts);
}

}  // namespace pixhaul
