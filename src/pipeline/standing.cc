#include "pipeline/standing.h"

#include <fmt/format.h>

#include <charconv>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arrow_io/module.h"
#include "base/digest.h"
#include "net/retry.h"
#include "pipeline/arrow_loader.h"
#include "writers/shard_check.h"

namespace pixhaul::pipeline {

namespace {

Error other_images(std::string_view theirs, std::string_view ours) {
  return {.code = ErrorCode::other_input,
          .detail = fmt::format("this folder's images are .{} and not .{}; say --encode_format {}, "
                                "or use another --output_folder",
                                theirs, ours, theirs)};
}

// "HTTP Error 503: …"
std::uint16_t http_status_of(std::string_view message) {
  constexpr std::string_view kBegin = "HTTP Error ";
  std::uint16_t status = 0;
  if (message.starts_with(kBegin))
    std::from_chars(message.data() + kBegin.size(), message.data() + message.size(), status);
  return status;
}

/// The rows of a shard of img2dataset's, in order of key. What its table lacks, or whose image is
/// gone, has no key.
class ForeignShard {
 public:
  ForeignShard(ledger::RunFolder& folder, const ledger::ShardRecord& record,
               const OutputSettings& output)
      : folder_(folder), output_(output), name_(folder.layout().shard_name(record.shard)) {
    const std::uint64_t first = folder.layout().first_index(record.shard);
    for (std::uint32_t i = 0; i < record.rows; ++i) {
      places_.emplace(folder.layout().key(first + i), i);
    }
    rows_.resize(record.rows);
  }

  [[nodiscard]] Result<> read() {
    auto file = folder_.output().open(name_ + ".parquet");
    if (!file) return std::unexpected(std::move(file).error());
    auto arrow = load_arrow();
    if (!arrow) return std::unexpected(std::move(arrow).error());
    auto read = (*arrow)->read_shard_rows(
        **file, {.hash_name = output_.hash_name, .exif = output_.exif}, [this](const Row& row) {
          if (const auto place = places_.find(row.key); place != places_.end())
            rows_[place->second] = row;
        });
    if (!read) return read;
    return output_.format == OutputFormat::files ? find_images() : Result<>();
  }

  void visit(const std::function<void(const Row&)>& visit) {
    for (Row& row : rows_) {
      Outcome& outcome = row.outcome;
      outcome.http_status = http_status_of(outcome.detail);
      outcome.transient = net::is_transient(outcome.status, outcome.http_status);
      visit(row);
    }
  }

 private:
  [[nodiscard]] Result<> find_images() {
    auto images = folder_.output().folder(name_, Folder::IfMissing::fail);
    for (Row& row : rows_) {
      if (row.key.empty() || row.outcome.status != ErrorCode::success) continue;
      if (!images) {
        row = Row();
      } else if (auto found = find_image(**images, row); !found) {
        return found;
      }
    }
    return {};
  }

  // An image of another extension than this run's would be thrown away for a new one.
  [[nodiscard]] Result<> find_image(Folder& images, Row& row) const {
    for (const std::string_view extension : {"jpg", "png", "webp"}) {
      const std::string name = row.key + "." + std::string(extension);
      const auto size = images.size(name);
      if (!size) return std::unexpected(size.error());
      if (!*size) continue;
      if (!output_.extension.empty() && extension != output_.extension)
        return std::unexpected(other_images(extension, output_.extension));
      row.path = name_ + "/" + name;
      row.outcome.bytes = **size;
      return {};
    }
    row = Row();
    return {};
  }

  ledger::RunFolder& folder_;
  const OutputSettings& output_;
  const std::string name_;
  std::unordered_map<std::string, std::uint32_t> places_;  // by key
  std::vector<Row> rows_;
};

}  // namespace

Result<> read_standing_rows(ledger::RunFolder& folder, const ledger::ShardRecord& record,
                            const OutputSettings& output,
                            const std::function<void(const Row&)>& visit) {
  const std::string name = folder.layout().shard_name(record.shard) + ".parquet";
  const auto size = folder.rows().size(name);
  if (!size) return std::unexpected(size.error());
  if (!*size) {
    const bool is_theirs = record.generation == 0 && record.files.empty();
    const auto table = folder.output().size(name);
    if (!table) return std::unexpected(table.error());
    if (!is_theirs || !*table) return {};
    ForeignShard shard(folder, record, output);
    if (auto read = shard.read(); !read) return read;
    shard.visit(visit);
    return {};
  }
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
    if (!output_.extension.empty() && image.extension != output_.extension)
      return std::unexpected(other_images(image.extension, output_.extension));
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
