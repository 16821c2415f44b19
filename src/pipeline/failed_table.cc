#include "pipeline/failed_table.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "arrow_io/module.h"
#include "pipeline/arrow_loader.h"
#include "writers/table_writer.h"

namespace pixhaul::pipeline {

namespace {

/// The table under way, begun with the first part.
class Whole {
 public:
  Whole(Folder& folder, std::string name)
      : folder_(folder), name_(std::move(name)), temporary_("." + name_ + ".part") {}

  [[nodiscard]] Result<> add(const RandomAccessFile& part) {
    if (table_ == nullptr) {
      if (auto begun = begin(); !begun) return begun;
    }
    return table_->add_table(part);
  }

  [[nodiscard]] Result<bool> finish() {
    if (table_ == nullptr) {
      if (auto removed = folder_.remove(name_); !removed)
        return std::unexpected(std::move(removed).error());
      return false;
    }
    auto facts = table_->finish();
    if (!facts) return std::unexpected(std::move(facts).error());
    Result<> done = file_->sync();
    if (done) done = file_->close();
    if (done) done = folder_.rename(temporary_, folder_, name_);
    if (!done) return std::unexpected(std::move(done).error());
    return true;
  }

 private:
  Result<> begin() {
    auto arrow = load_arrow();
    if (!arrow) return std::unexpected(std::move(arrow).error());
    if (auto removed = folder_.remove(temporary_); !removed) return removed;
    auto file = folder_.create(temporary_);
    if (!file) return std::unexpected(std::move(file).error());
    file_ = std::move(*file);
    table_ = (*arrow)->make_failed_table(*file_);
    return {};
  }

  Folder& folder_;
  const std::string name_;
  const std::string temporary_;
  std::unique_ptr<WritableFile> file_;
  std::unique_ptr<writers::FailedTable> table_;
};

bool has_file(const ledger::ShardRecord& record, const std::string& name) {
  return std::ranges::any_of(record.files, [&name](const ledger::CommitFile& file) {
    return file.place == ledger::Place::rows && file.name == name;
  });
}

}  // namespace

std::string failed_part_name(std::string_view shard) {
  return std::string(shard) + ".failed.parquet";
}

Result<bool> write_failed_table(ledger::RunFolder& run) {
  Whole whole(run.state(), run.failed_table_name());
  for (const std::uint64_t shard : run.known_shards()) {
    const auto record = run.record(shard);
    const std::string name = failed_part_name(run.layout().shard_name(shard));
    if (!record || !has_file(*record, name)) continue;
    auto part = run.rows().open(name);
    if (!part) return std::unexpected(std::move(part).error());
    if (auto added = whole.add(**part); !added) return std::unexpected(std::move(added).error());
  }
  return whole.finish();
}

}  // namespace pixhaul::pipeline
