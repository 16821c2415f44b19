// Where the rows and images of a shard lie, format by format. A tar's headers and a TFRecord's
// lengths are read and what lies between is stepped over, once for a shard; after that an image
// costs one read. The parsers of `verify` read the one sample.
#include "pipeline/browse_shard.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "arrow_io/module.h"
#include "ledger/row_json.h"
#include "ledger/spool_data.h"
#include "pipeline/arrow_loader.h"
#include "writers/shard_check.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::uint64_t kMaxImageBytes = std::uint64_t{64} << 20;
constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kLinesAtOnce = std::size_t{256} << 10;

std::unexpected<Error> failure(ErrorCode code, std::string detail) {
  return std::unexpected(Error{.code = code, .detail = std::move(detail)});
}

Result<> visit_line(std::string_view line, const VisitRow& visit) {
  const Result<Row> row = ledger::parse_row_json(line);
  if (!row) return std::unexpected(row.error());
  visit(*row);
  return {};
}

Result<> visit_lines(const RandomAccessFile& file, const VisitRow& visit) {
  std::string text;
  for (std::uint64_t at = 0;;) {
    const std::size_t kept = text.size();
    text.resize(kept + kLinesAtOnce);
    const auto count = file.read_at(at, std::as_writable_bytes(std::span(text).subspan(kept)));
    if (!count) return std::unexpected(count.error());
    text.resize(kept + *count);
    at += *count;
    std::string_view rest = text;
    for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      if (auto seen = visit_line(rest.substr(0, end), visit); !seen) return seen;
      rest.remove_prefix(end + 1);
    }
    if (*count == 0) return rest.empty() ? Result<>() : visit_line(rest, visit);
    text.erase(0, text.size() - rest.size());
  }
}

// A shard's own file with its samples, where the format has one.
std::string sample_file(const ledger::ShardRecord& record) {
  std::string table;
  for (const ledger::CommitFile& file : record.files) {
    if (file.place != ledger::Place::output) continue;
    if (file.name.ends_with(".tar") || file.name.ends_with(".tfrecord")) return file.name;
    if (file.name.ends_with(".parquet")) table = file.name;
  }
  return table;
}

Result<std::string> read_range(const RandomAccessFile& file, const ByteRange& range) {
  if (range.length > kMaxImageBytes) {
    return failure(ErrorCode::too_large, "larger than a thumbnail is made of");
  }
  std::string bytes(range.length, '\0');
  const auto count = file.read_at(range.offset, std::as_writable_bytes(std::span(bytes)));
  if (!count) return std::unexpected(count.error());
  if (*count != bytes.size()) return failure(ErrorCode::state_damaged, "a file ends too early");
  return bytes;
}

/// Part of a file, as a file.
class Window final : public RandomAccessFile {
 public:
  Window(const RandomAccessFile& file, const ByteRange& range) : file_(file), range_(range) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset >= range_.length) return std::size_t{0};
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), range_.length - offset));
    return file_.read_at(range_.offset + offset, into.first(size));
  }
  Result<std::uint64_t> size() const override { return range_.length; }

 private:
  const RandomAccessFile& file_;
  ByteRange range_;
};

std::uint64_t octal(std::string_view field) {
  std::uint64_t number = 0;
  for (const char digit : field) {
    if (digit >= '0' && digit <= '7') number = number * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  return number;
}

bool is_image_name(std::string_view name) {
  return !name.ends_with(".json") && !name.ends_with(".txt");
}

// Where each row's image lies; length 0 for rows without one.
Result<std::vector<ByteRange>> tar_ranges(const RandomAccessFile& file,
                                          const std::vector<Row>& rows) {
  std::unordered_map<std::string_view, std::size_t> by_key;
  for (std::size_t i = 0; i < rows.size(); ++i) by_key.emplace(rows[i].key, i);
  std::vector<ByteRange> ranges(rows.size());
  std::string header(kTarBlock, '\0');
  for (std::uint64_t at = 0;;) {
    const auto count = file.read_at(at, std::as_writable_bytes(std::span(header)));
    if (!count) return std::unexpected(count.error());
    if (*count < kTarBlock || header.front() == '\0') return ranges;
    const std::string_view name = std::string_view(header).substr(0, header.find('\0'));
    const std::uint64_t size = octal(std::string_view(header).substr(124, 12));
    const auto found = by_key.find(name.substr(0, name.find('.')));
    if (found != by_key.end() && is_image_name(name)) {
      ranges[found->second] = {.offset = at + kTarBlock, .length = size};
    }
    at += kTarBlock + (size + kTarBlock - 1) / kTarBlock * kTarBlock;
  }
}

// A record is [u64 length][u32 sum][bytes][u32 sum], one for each sample in order of keys.
Result<std::vector<ByteRange>> record_ranges(const RandomAccessFile& file,
                                             const std::vector<Row>& rows) {
  constexpr std::uint64_t kFrame = 16;
  std::vector<ByteRange> ranges(rows.size());
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].outcome.status != ErrorCode::success) continue;
    std::array<std::uint8_t, 8> field{};
    const auto count = file.read_at(at, std::as_writable_bytes(std::span(field)));
    if (!count) return std::unexpected(count.error());
    std::uint64_t length = 0;
    for (std::size_t b = field.size(); b-- > 0;) length = length << 8 | field[b];
    if (*count < field.size() || length > kMaxImageBytes * 2) {
      return failure(ErrorCode::state_damaged, "a TFRecord file has fewer samples than rows say");
    }
    ranges[i] = {.offset = at, .length = length + kFrame};
    at += length + kFrame;
  }
  return ranges;
}

Result<std::string> image_of_record(const RandomAccessFile& file, const ByteRange& range) {
  std::string image;
  const Window record(file, range);
  const auto read = writers::check_tfrecord(record, [&](const writers::StoredImage& stored) {
    image.assign(reinterpret_cast<const char*>(stored.bytes.data()), stored.bytes.size());
    return Result<>();
  });
  if (!read) return std::unexpected(read.error());
  return image;
}

// Of the shard's own file.
Result<std::string> read_sample(const RandomAccessFile& file, BrowsedShard& shard,
                                std::size_t index) {
  if (shard.file.ends_with(".parquet")) {
    const Result<arrow_io::Module*> arrow = load_arrow();
    if (!arrow) return std::unexpected(arrow.error());
    return (*arrow)->read_image(file, index);
  }
  const bool is_tar = shard.file.ends_with(".tar");
  if (shard.ranges.empty()) {
    auto ranges = is_tar ? tar_ranges(file, shard.rows) : record_ranges(file, shard.rows);
    if (!ranges) return std::unexpected(std::move(ranges).error());
    shard.ranges = std::move(*ranges);
  }
  const ByteRange& range = shard.ranges[index];
  if (range.length == 0) return failure(ErrorCode::state_damaged, "the shard lacks this sample");
  return is_tar ? read_range(file, range) : image_of_record(file, range);
}

// "00017/000170003.jpg"
Result<std::string> read_file(const BrowseFolders& folders, std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == path.npos) return failure(ErrorCode::bad_option, "no such image");
  const auto folder = folders.output->folder(path.substr(0, slash), Folder::IfMissing::fail);
  if (!folder) return std::unexpected(folder.error());
  const auto file = (*folder)->open(path.substr(slash + 1));
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return std::unexpected(size.error());
  return read_range(**file, {.length = *size});
}

}  // namespace

Result<BrowseFolders> open_browse_folders(FileSystem& files, const std::string& path) {
  auto output = files.open_folder(path, Folder::IfMissing::fail);
  if (!output) {
    return failure(ErrorCode::input_unreadable, "the output folder is not there yet");
  }
  BrowseFolders folders{.output = std::move(*output)};
  auto own = folders.output->folder(".pixhaul", Folder::IfMissing::fail);
  if (!own) return folders;
  if (auto rows = (*own)->folder("rows", Folder::IfMissing::fail)) folders.rows = std::move(*rows);
  if (auto spool = (*own)->folder("spool", Folder::IfMissing::fail))
    folders.spool = std::move(*spool);
  return folders;
}

Result<> visit_done_rows(const BrowseFolders& folders, const ledger::ShardRecord& record,
                         int digits, const VisitRow& visit) {
  const std::string name = ledger::shard_name(record.shard, digits);
  if (folders.rows != nullptr) {
    if (const auto table = folders.rows->open(name + ".parquet")) {
      const Result<arrow_io::Module*> arrow = load_arrow();
      if (!arrow) return std::unexpected(arrow.error());
      return (*arrow)->read_rows(**table, visit);
    }
  }
  const auto lines = folders.output->open(name + ".jsonl");
  if (!lines) return failure(ErrorCode::state_damaged, "a shard without its rows");
  return visit_lines(**lines, visit);
}

Result<BrowsedShard> load_done_shard(const BrowseFolders& folders,
                                     const ledger::ShardRecord& record, int digits) {
  std::vector<Row> rows;
  auto read =
      visit_done_rows(folders, record, digits, [&](const Row& row) { rows.push_back(row); });
  if (!read) return std::unexpected(std::move(read).error());
  return BrowsedShard{.shard = record.shard,
                      .generation = record.generation,
                      .is_done = true,
                      .file = sample_file(record),
                      .rows = std::move(rows)};
}

Result<BrowsedShard> load_open_shard(const BrowseFolders& folders, std::uint64_t shard) {
  BrowsedShard open{.shard = shard};
  if (folders.spool == nullptr) return open;
  const auto text = folders.spool->read(ledger::shard_name(shard));
  if (!text) return std::unexpected(text.error());
  if (!*text) return open;
  for (const ledger::SpoolRow& kept : ledger::final_rows(ledger::read_spool(**text).rows)) {
    Result<Row> row = ledger::parse_row_json(kept.json);
    if (!row) return std::unexpected(std::move(row).error());
    open.rows.push_back(std::move(*row));
    open.waiting.push_back(kept.data);
  }
  return open;
}

bool has_sample_file(const ledger::ShardRecord& record) { return !sample_file(record).empty(); }

bool has_image(const BrowsedShard& shard, std::size_t index) {
  const Row& row = shard.rows[index];
  if (row.outcome.status != ErrorCode::success) return false;
  if (!row.path.empty()) return true;
  if (shard.is_done) return !shard.file.empty();
  const auto& place = shard.waiting[index];
  return place && place->file == ledger::DataPlace::File::spool;
}

std::string caption_of(const BrowseFolders& folders, BrowsedShard& shard, int digits,
                       std::size_t index) {
  if (shard.is_done && !std::exchange(shard.has_read_captions, true)) {
    const auto table = folders.output->open(ledger::shard_name(shard.shard, digits) + ".parquet");
    const auto arrow = table ? load_arrow() : Result<arrow_io::Module*>(nullptr);
    if (arrow && *arrow != nullptr) {
      const auto read = (*arrow)->read_texts(
          **table, "caption", [&](std::string_view text) { shard.captions.emplace_back(text); });
      if (!read) shard.captions.clear();
    }
  }
  return index < shard.captions.size() ? shard.captions[index] : std::string();
}

Result<std::string> read_image(const BrowseFolders& folders, BrowsedShard& shard,
                               std::size_t index) {
  if (!has_image(shard, index)) return failure(ErrorCode::bad_option, "the row has no image");
  if (!shard.is_done && shard.waiting[index]) {
    const ledger::DataPlace& place = *shard.waiting[index];
    const auto data = folders.spool->open(ledger::data_name(shard.shard));
    if (!data) return std::unexpected(data.error());
    return read_range(**data, {.offset = place.offset, .length = place.length});
  }
  if (shard.file.empty()) return read_file(folders, shard.rows[index].path);
  const auto file = folders.output->open(shard.file);
  if (!file) return std::unexpected(file.error());
  return read_sample(**file, shard, index);
}

}  // namespace pixhaul::pipeline
