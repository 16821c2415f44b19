#include "pipeline/standing.h"

#include <utility>

#include "arrow_io/module.h"
#include "base/digest.h"
#include "pipeline/arrow_loader.h"
#include "writers/shard_check.h"

namespace pixhaul::pipeline {

Result<> read_standing_rows(ledger::RunFolder& folder, const ledger::ShardRecord& record,
                            const std::function<void(const Row&)>& visit) {
  const std::string name = folder.layout().shard_name(record.shard) + ".parquet";
  const auto size = folder.rows().size(name);
  if (!size) return std::unexpected(size.error());
  if (!*size) return {};
  auto file = folder.rows().open(name);
  if (!file) return std::unexpected(std::move(file).error());
  auto arrow = load_arrow();
  if (!arrow) return std::unexpected(std::move(arrow).error());
  return (*arrow)->read_rows(**file, visit);
}

Result<std::optional<ledger::DataPlace>> StandingSamples::place_of(const Row& row,
                                                                   ledger::SpoolData& data) {
  // A key is its shard's name and the row's position in it.
  const ledger::ShardLayout& layout = folder_.layout();
  const std::size_t digits = layout.key(0).size() - layout.shard_name(0).size();
  const std::string_view shard = std::string_view(row.key).substr(0, row.key.size() - digits);
  if (shard != shard_) {
    if (auto loaded = load(shard, data); !loaded) return std::unexpected(std::move(loaded).error());
  }
  const auto found = places_.find(row.key);
  if (found != places_.end()) return std::optional(found->second);
  return std::unexpected(Error{.code = ErrorCode::state_damaged,
                               .detail = "the shard's file lacks sample " + row.key});
}

Result<> StandingSamples::load(std::string_view shard, ledger::SpoolData& data) {
  places_.clear();
  shard_ = shard;
  const bool is_table = output_.format == OutputFormat::parquet;
  const std::string_view extension = shard_extension(output_.format);
  auto file = folder_.output().open(shard_ + "." + std::string(extension));
  if (!file) return std::unexpected(std::move(file).error());
  auto remember = [&](const writers::StoredImage& image) -> Result<> {
    ledger::DataPlace place{.file = ledger::DataPlace::File::standing,
                            .offset = image.offset,
                            .length = image.bytes.size(),
                            .crc32c = crc32c(image.bytes)};
    if (is_table) {
      auto kept = data.append(image.bytes);
      if (!kept) return std::unexpected(std::move(kept).error());
      place = *kept;
    }
    places_.emplace(image.key, place);
    return {};
  };
  if (!is_table) {
    auto read = writers::check_shard_file(extension, **file, remember);
    return read ? Result<>() : std::unexpected(std::move(read).error());
  }
  auto arrow = load_arrow();
  if (!arrow) return std::unexpected(std::move(arrow).error());
  auto read = (*arrow)->check_table(**file, output_.image_column, remember);
  return read ? Result<>() : std::unexpected(std::move(read).error());
}

}  // namespace pixhaul::pipeline
