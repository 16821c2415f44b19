#include "ledger/open_shard.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ledger/compare.h"
#include "ledger/row_json.h"
#include "ledger/spool.h"

namespace pixhaul::ledger {

namespace {

constexpr std::size_t kFlushBytes = 64 * 1024;

}  // namespace

Result<std::unique_ptr<OpenShard>> OpenShard::create(const Settings& settings,
                                                     std::string_view spool_text) {
  const SpoolContents contents = read_spool(spool_text);
  std::uint64_t data_end = 0;
  for (const SpoolRow& row : contents.rows) {
    if (!row.data || row.data->file != DataPlace::File::spool) continue;
    data_end = std::max(data_end, row.data->offset + row.data->length);
  }
  std::unique_ptr<OpenShard> shard(new OpenShard(settings, data_end));
  for (const SpoolRow& row : contents.rows) {
    if (row.position >= settings.layout.samples_per_shard()) continue;
    shard->mark(row.position, row.status, row.url_crc, row.bytes);
  }
  // An empty spool is one whose bytes a power cut took: its samples may still lie there.
  shard->was_resumed_ = settings.was_begun || !spool_text.empty();
  // Appending cuts what was torn: a record behind garbage would be lost.
  Result<std::unique_ptr<WritableFile>> file =
      settings.spool->append(shard_name(settings.shard), contents.valid_bytes);
  if (!file) return std::unexpected(std::move(file).error());
  shard->file_ = std::move(*file);
  if (contents.generation == 0) {
    append_spool_header(shard->pending_, settings.generation, settings.boot_id);
    if (Result<> flushed = shard->flush(); !flushed) {
      return std::unexpected(std::move(flushed).error());
    }
  }
  return shard;
}

bool OpenShard::is_finished(std::uint32_t position) const {
  return position < marks_.size() && marks_[position].finished;
}

std::map<ErrorCode, std::uint64_t> OpenShard::by_status() const {
  std::map<ErrorCode, std::uint64_t> counts;
  for (const Mark& mark : marks_) {
    if (mark.finished) ++counts[mark.status];
  }
  return counts;
}

Result<> OpenShard::check_input(std::uint32_t position, std::string_view url,
                                std::string_view input, std::uint64_t line) {
  if (!is_finished(position)) {
    const auto expected = expected_.find(position);
    if (expected == expected_.end() || url_mark(expected->second) == url_mark(url)) return {};
    return std::unexpected(changed_row(input, line, expected->second, url));
  }
  if (marks_[position].url_crc == url_mark(url)) return {};
  Result<std::string> text = read_back();
  if (!text) return std::unexpected(std::move(text).error());
  std::string was_url;
  for (const SpoolRow& row : read_spool(*text).rows) {
    if (row.position != position) continue;
    const Result<Row> was = parse_row_json(row.json);
    if (was) was_url = was->url;
  }
  return std::unexpected(changed_row(input, line, was_url, url));
}

Result<> OpenShard::add(const Row& row, std::optional<DataPlace> data) {
  const std::uint32_t position = settings_.layout.position_of(row.index);
  PIXHAUL_CHECK(settings_.layout.shard_of(row.index) == settings_.shard);
  json_.clear();
  append_row_json(json_, row, settings_.digest_name);
  const bool has_image = row.outcome.status == ErrorCode::success;
  const SpoolRow record{.position = position,
                        .status = row.outcome.status,
                        .url_crc = url_mark(row.url),
                        .bytes = has_image ? row.outcome.bytes : 0,
                        .data = data,
                        .json = json_};
  append_spool_row(pending_, record);
  mark(position, record.status, record.url_crc, record.bytes);
  return pending_.size() < kFlushBytes ? Result<>() : flush();
}

Result<> OpenShard::flush() {
  if (pending_.empty()) return {};
  Result<> wrote = file_->write(std::as_bytes(std::span(pending_)));
  if (wrote) pending_.clear();
  return wrote;
}

Result<std::string> OpenShard::read_back() {
  if (Result<> flushed = flush(); !flushed) return std::unexpected(std::move(flushed).error());
  Result<std::optional<std::string>> text = settings_.spool->read(shard_name(settings_.shard));
  if (!text) return std::unexpected(std::move(text).error());
  if (!*text) {
    return std::unexpected(
        Error{.code = ErrorCode::state_damaged,
              .detail = "the spool of shard " + shard_name(settings_.shard) + " was removed"});
  }
  return std::move(**text);
}

void OpenShard::mark(std::uint32_t position, ErrorCode status, std::uint32_t url_crc,
                     std::uint64_t bytes) {
  if (position >= marks_.size()) marks_.resize(position + std::size_t{1});
  Mark& mark = marks_[position];
  if (!mark.finished) ++finished_count_;
  mark = Mark{.url_crc = url_crc, .status = status, .finished = true};
  image_bytes_ += bytes;
}

}  // namespace pixhaul::ledger
