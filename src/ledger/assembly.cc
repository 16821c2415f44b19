#include "ledger/assembly.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/digest.h"
#include "ledger/row_json.h"
#include "ledger/spool_data.h"

namespace pixhaul::ledger {

namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

bool holds(const std::vector<CommitFile>& files, const CommitFile& wanted) {
  return std::any_of(files.begin(), files.end(), [&](const CommitFile& file) {
    return file.place == wanted.place && file.name == wanted.name;
  });
}

}  // namespace

Assembly::Assembly(Settings settings, ShardRecord record, bool was_resumed)
    : settings_(std::move(settings)), record_(std::move(record)), was_resumed_(was_resumed) {}

Assembly::~Assembly() = default;

Result<> Assembly::load(std::uint32_t finished_count) {
  rows_ = final_rows(read_spool(text_).rows);
  bool has_data = false;
  for (const SpoolRow& row : rows_) {
    ++record_.rows;
    ++record_.by_status[row.status];
    record_.image_bytes += row.bytes;
    has_data = has_data || (row.data && row.data->file == DataPlace::File::spool);
  }
  if (record_.rows != finished_count) {
    return std::unexpected(Error{.code = ErrorCode::state_damaged,
                                 .detail = fmt::format("the spool of shard {} holds {} of {} rows",
                                                       name(), record_.rows, finished_count)});
  }
  if (!has_data) return {};
  Result<std::unique_ptr<RandomAccessFile>> data =
      settings_.folders.spool->open(data_name(record_.shard));
  if (!data) return std::unexpected(std::move(data).error());
  data_ = std::move(*data);
  return {};
}

std::uint64_t Assembly::memory_bytes() const {
  const auto columns = settings_.folders.columns->size(shard_name(record_.shard) + ".arrow");
  return text_.capacity() + rows_.capacity() * sizeof(SpoolRow) +
         (columns ? columns->value_or(0) : 0);
}

std::unordered_set<std::string> Assembly::paths() const {
  std::unordered_set<std::string> paths;
  for (const SpoolRow& row : rows_) {
    if (const std::string_view path = path_of(row.json); !path.empty()) paths.emplace(path);
  }
  return paths;
}

Result<std::unique_ptr<RandomAccessFile>> Assembly::open_standing(std::string_view name) {
  return settings_.folders.output->open(name);
}

Result<std::string> Assembly::columns() {
  Result<std::optional<std::string>> bytes =
      settings_.folders.columns->read(shard_name(record_.shard) + ".arrow");
  if (!bytes) return std::unexpected(std::move(bytes).error());
  return std::move(*bytes).value_or(std::string());
}

Result<WritableFile*> Assembly::create(Place place, std::string_view name) {
  const std::string temporary = temporary_name(record_, place, name);
  if (Result<> removed = settings_.folders.work->remove(temporary); !removed) {
    return std::unexpected(std::move(removed).error());
  }
  Result<std::unique_ptr<WritableFile>> file = settings_.folders.work->create(temporary);
  if (!file) return std::unexpected(std::move(file).error());
  return temporaries_.insert_or_assign(temporary, std::move(*file)).first->second.get();
}

Result<> Assembly::seal(Place place, std::string_view name, std::uint64_t bytes,
                        std::uint32_t crc32c) {
  const std::string temporary = temporary_name(record_, place, name);
  PIXHAUL_CHECK(temporaries_.contains(temporary));
  Result<std::optional<std::uint64_t>> size = settings_.folders.work->size(temporary);
  if (!size) return std::unexpected(std::move(size).error());
  if (*size != bytes) {
    return std::unexpected(Error{.code = ErrorCode::state_damaged,
                                 .detail = fmt::format("'{}' has {} bytes where {} were written",
                                                       name, size->value_or(0), bytes)});
  }
  record_.files.push_back(
      {.place = place, .name = std::string(name), .bytes = bytes, .crc32c = crc32c});
  return {};
}

Result<> Assembly::write(Place place, std::string_view name, std::string_view text) {
  Result<WritableFile*> file = create(place, name);
  if (!file) return std::unexpected(std::move(file).error());
  if (Result<> wrote = (*file)->write(std::as_bytes(std::span(text))); !wrote) return wrote;
  return seal(place, name, text.size(), crc32c(text));
}

// In chunks, so that a shard's rows are held once and not twice.
Result<> Assembly::write_rows_jsonl() {
  const std::string file_name = name() + ".jsonl";
  Result<WritableFile*> file = create(Place::output, file_name);
  if (!file) return std::unexpected(std::move(file).error());
  std::uint64_t bytes = 0;
  std::uint32_t sum = 0;
  std::string chunk;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    chunk.append(rows_[i].json).append(1, '\n');
    if (chunk.size() < kChunkBytes && i + 1 < rows_.size()) continue;
    if (Result<> wrote = (*file)->write(std::as_bytes(std::span(chunk))); !wrote) return wrote;
    bytes += chunk.size();
    sum = crc32c(chunk, sum);
    chunk.clear();
  }
  return seal(Place::output, file_name, bytes, sum);
}

Result<> Assembly::sync_temporaries(ImagesInPlace images_in_place) {
  for (auto& [temporary, file] : temporaries_) {
    if (Result<> synced = file->sync(); !synced) return synced;
    if (Result<> closed = file->close(); !closed) return closed;
  }
  temporaries_.clear();
  if (images_in_place == ImagesInPlace::yes) return settings_.folders.output->sync_filesystem();
  return settings_.folders.work->sync();
}

Result<> Assembly::publish(std::string input_digest, std::string_view stats_text,
                           ImagesInPlace images_in_place) {
  PIXHAUL_CHECK(!is_published_ && record_.files.size() == temporaries_.size());
  record_.input_digest = std::move(input_digest);
  if (Result<> wrote = write(Place::output, name() + "_stats.json", stats_text); !wrote) {
    return wrote;
  }
  record_.stats = std::move(record_.files.back());
  record_.files.pop_back();
  for (const CommitFile& file : settings_.standing_files) {
    if (!holds(record_.files, file)) record_.replaced.push_back(file);
  }
  if (*settings_.crash_point) (*settings_.crash_point)(1);
  if (Result<> synced = sync_temporaries(images_in_place); !synced) return synced;
  if (*settings_.crash_point) (*settings_.crash_point)(2);
  Result<> published = publish_shard(settings_.folders, record_, *settings_.crash_point);
  record_.replaced.clear();
  is_published_ = published.has_value();
  return published;
}

}  // namespace pixhaul::ledger
