// A shard is assembled in one pass over its rows: each is parsed once and given to every file that
// wants it. Which files there are is decided at the start, by the format and the metadata; each is
// an `Output` below, and the pass does not know which it feeds.
#include "pipeline/assembler.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "arrow_io/module.h"
#include "ledger/row_json.h"
#include "pipeline/arrow_loader.h"
#include "pipeline/failed_table.h"
#include "pixhaul/version.h"
#include "readers/columns.h"
#include "writers/json_text.h"
#include "writers/sample_json.h"
#include "writers/shard_file.h"
#include "writers/stats_json.h"
#include "writers/table_writer.h"

namespace pixhaul::pipeline {

namespace {

using Bytes = std::span<const std::byte>;

std::string_view format_name(OutputFormat format) {
  switch (format) {
    case OutputFormat::files:
      return "files";
    case OutputFormat::webdataset:
      return "webdataset";
    case OutputFormat::parquet:
      return "parquet";
    case OutputFormat::tfrecord:
      return "tfrecord";
    case OutputFormat::dummy:
      return "dummy";
  }
  return "";
}

std::string_view extension_of(const Outcome& outcome, const OutputSettings& settings) {
  if (!settings.extension.empty()) return settings.extension;
  const std::string_view extension = file_extension(outcome.format);
  return extension.empty() ? "bin" : extension;
}

/// A row with what was kept of it.
struct ShardRow {
  std::uint32_t position = 0;
  const Row& row;
  const ledger::DataPlace* place = nullptr;  ///< nullptr without a sample in the spool
};

/// One file of the shard while it is made.
class Output {
 public:
  virtual ~Output() = default;
  [[nodiscard]] virtual Result<> add(const ShardRow& row) = 0;
  [[nodiscard]] virtual Result<FileFacts> finish() = 0;
};

/// Where spooled samples lie: the spool, or a file of the generation before.
class SampleSource {
 public:
  SampleSource(ledger::Assembly& assembly, std::string standing_name)
      : assembly_(assembly), standing_name_(std::move(standing_name)) {}

  [[nodiscard]] Result<const RandomAccessFile*> file_of(const ledger::DataPlace& place) {
    if (place.file == ledger::DataPlace::File::spool) return assembly_.data();
    if (standing_ == nullptr) {
      auto opened = assembly_.open_standing(standing_name_);
      if (!opened) return std::unexpected(std::move(opened).error());
      standing_ = std::move(*opened);
    }
    return standing_.get();
  }

 private:
  ledger::Assembly& assembly_;
  const std::string standing_name_;
  std::unique_ptr<RandomAccessFile> standing_;
};

/// What is said of samples in words: their JSON and their captions.
class SampleWords {
 public:
  SampleWords(const readers::ColumnTable* columns, const OutputSettings& settings)
      : columns_(columns), has_captions_(settings.has_captions) {
    json_settings_ = {
        .hash_name = settings.hash_name, .exif = settings.exif, .left_out = settings.hash_column};
  }

  /// Valid until the next call. REQUIRES: the row has a sample.
  [[nodiscard]] std::string_view json(const ShardRow& row) {
    members_.clear();
    json_.clear();
    if (columns_ != nullptr) {
      columns_->append_json(row.position, members_);
    } else {  // a list of lines has one column
      members_ = "\"url\":";
      writers::append_python_string(members_, row.row.url);
    }
    writers::append_sample_json(json_, row.row, members_, json_settings_);
    return json_;
  }

  // A row without a caption has an empty one where others have theirs, as with img2dataset.
  [[nodiscard]] std::optional<std::string_view> caption(std::uint32_t position) const {
    if (!has_captions_) return std::nullopt;
    if (columns_ == nullptr) return std::string_view();
    return columns_->caption(position).value_or(std::string_view());
  }

 private:
  const readers::ColumnTable* columns_;
  const bool has_captions_;
  writers::SampleJsonSettings json_settings_;
  std::string members_;  // reused
  std::string json_;
};

/// Samples in a tar or TFRecord, with their JSON.
class SampleFile final : public Output {
 public:
  SampleFile(std::unique_ptr<writers::ShardFile> file, SampleSource& source, SampleWords& words,
             const OutputSettings& settings)
      : file_(std::move(file)), source_(source), words_(words), settings_(settings) {}

  Result<> add(const ShardRow& row) override {
    if (row.place == nullptr) return {};
    auto file = source_.file_of(*row.place);
    if (!file) return std::unexpected(std::move(file).error());
    return file_->add({.key = row.row.key,
                       .extension = extension_of(row.row.outcome, settings_),
                       .image = {.file = *file,
                                 .offset = row.place->offset,
                                 .length = row.place->length,
                                 .crc32c = row.place->crc32c},
                       .json = words_.json(row),
                       .caption = words_.caption(row.position)});
  }

  Result<FileFacts> finish() override { return file_->finish(); }

 private:
  std::unique_ptr<writers::ShardFile> file_;
  SampleSource& source_;
  SampleWords& words_;
  const OutputSettings& settings_;
};

/// A table of all rows, with the images in it where the format is parquet.
class Table final : public Output {
 public:
  Table(std::unique_ptr<writers::TableWriter> writer, SampleSource* images)
      : writer_(std::move(writer)), images_(images) {}

  Result<> add(const ShardRow& row) override {
    if (images_ == nullptr || row.place == nullptr) return writer_->add(row.row, std::nullopt);
    auto file = images_->file_of(*row.place);
    if (!file) return std::unexpected(std::move(file).error());
    image_.resize(static_cast<std::size_t>(row.place->length));
    auto read = (*file)->read_at(row.place->offset, image_);
    if (!read) return std::unexpected(std::move(read).error());
    if (*read < image_.size()) {
      return std::unexpected(Error{.code = ErrorCode::state_damaged,
                                   .detail = "the spool ends before a sample of it does"});
    }
    return writer_->add(row.row, Bytes(image_));
  }

  Result<FileFacts> finish() override { return writer_->finish(); }

 private:
  std::unique_ptr<writers::TableWriter> writer_;
  SampleSource* images_;
  std::vector<std::byte> image_;  // reused
};

bool is_failure(const ShardRow& row) {
  const ErrorCode status = row.row.outcome.status;
  return status != ErrorCode::success && !is_refusal(status);
}

/// The rows that failed, with the columns of their list. Only so many are held at a time: where all
/// of a large shard failed, its columns are read once for each such batch.
class Failures final : public Output {
 public:
  Failures(std::unique_ptr<writers::FailedTable> table, std::string_view columns)
      : table_(std::move(table)), columns_(columns) {}

  Result<> add(const ShardRow& row) override {
    if (!is_failure(row)) return {};
    rows_.push_back({.position = row.position, .row = row.row});
    return rows_.size() < kMostHeld ? Result<>() : flush();
  }

  Result<FileFacts> finish() override {
    if (auto flushed = flush(); !flushed) return std::unexpected(std::move(flushed).error());
    return table_->finish();
  }

 private:
  static constexpr std::size_t kMostHeld = 10'000;

  Result<> flush() {
    auto added = table_->add_shard(columns_, rows_);
    rows_.clear();
    return added;
  }

  std::unique_ptr<writers::FailedTable> table_;
  const std::string_view columns_;  // the shard's; outlives this
  std::vector<writers::FailedRow> rows_;
};

double seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// What the stats say, gathered on the way.
class Stats {
 public:
  explicit Stats(writers::StatusStyle style) : style_(style) {}

  void add(const Outcome& outcome, std::uint64_t count = 1) {
    stats_.count += count;
    stats_.by_status[outcome.status] += count;
    const writers::SampleStatus status = writers::sample_status(outcome, style_);
    const writers::SampleStatus theirs =
        writers::sample_status(outcome, writers::StatusStyle::img2dataset);
    if (outcome.status == ErrorCode::success) {
      stats_.successes += count;
      stats_.status_dict["success"] += count;
    } else {
      (theirs.status == "failed_to_resize" ? stats_.failed_to_resize : stats_.failed_to_download) +=
          count;
      stats_.status_dict[style_ == writers::StatusStyle::ours ? std::string(status.status)
                                                              : status.error_message] += count;
    }
  }

  [[nodiscard]] std::string text(const ledger::Assembly& assembly, std::string input_digest,
                                 WallTime started, WallTime ended) {
    stats_.start_time = seconds(started);
    stats_.end_time = seconds(ended);
    stats_.version = version();
    stats_.generation = assembly.generation();
    stats_.input_digest = std::move(input_digest);
    for (const ledger::CommitFile& file : assembly.files()) {
      if (file.place != ledger::Place::output) continue;
      stats_.files.push_back(
          {.name = file.name, .facts = {.bytes = file.bytes, .crc32c = file.crc32c}});
    }
    return writers::stats_json(stats_);
  }

 private:
  const writers::StatusStyle style_;
  writers::ShardStats stats_{};
};

/// The files of one shard under way.
class Outputs {
 public:
  Outputs(ledger::Assembly& assembly, const OutputSettings& settings,
          writers::SampleWriter& side_files)
      : assembly_(assembly),
        settings_(settings),
        side_files_(side_files),
        source_(assembly, standing_name(assembly, settings)) {}

  [[nodiscard]] Result<> open() {
    if (auto opened = open_columns(); !opened) return opened;
    words_.emplace(columns_.get(), settings_);
    if (auto opened = open_samples(); !opened) return opened;
    return open_tables();
  }

  [[nodiscard]] bool is_empty() const { return parts_.empty() && !settings_.has_side_files; }
  [[nodiscard]] Result<> add(const ShardRow& row) {
    if (!has_failures_ && keeps_failures() && is_failure(row)) {
      if (auto opened = open_failures(); !opened) return opened;
    }
    for (Part& part : parts_) {
      if (auto added = part.output->add(row); !added) return added;
    }
    return settings_.has_side_files && !row.row.path.empty() ? add_side_files(row) : Result<>();
  }

  [[nodiscard]] Result<> seal() {
    for (Part& part : parts_) {
      auto facts = part.output->finish();
      if (!facts) return std::unexpected(std::move(facts).error());
      if (auto sealed = assembly_.seal(part.place, part.name, facts->bytes, facts->crc32c); !sealed)
        return sealed;
    }
    return {};
  }

 private:
  struct Part {
    ledger::Place place;
    std::string name;
    std::unique_ptr<Output> output;
  };

  static std::string standing_name(const ledger::Assembly& assembly,
                                   const OutputSettings& settings) {
    return assembly.name() + "." + std::string(shard_extension(settings.format));
  }

  // Images stand under their names already; what is said of them joins them there before the shard
  // is made durable.
  Result<> add_side_files(const ShardRow& row) {
    const auto write = [&](std::string_view extension, std::string_view text) -> Result<> {
      auto path = side_files_.append({.shard = assembly_.name(), .key = row.row.key}, extension,
                                     std::as_bytes(std::span(text)));
      return path ? Result<>() : std::unexpected(std::move(path).error());
    };
    if (auto wrote = write("json", words_->json(row)); !wrote) return wrote;
    const auto caption = words_->caption(row.position);
    return caption ? write("txt", *caption) : Result<>();
  }

  Result<> open_columns() {
    auto bytes = assembly_.columns();
    if (!bytes) return std::unexpected(std::move(bytes).error());
    columns_bytes_ = std::move(*bytes);
    if (columns_bytes_.empty()) return {};
    auto arrow = load_arrow();
    if (!arrow) return std::unexpected(std::move(arrow).error());
    auto columns = (*arrow)->open_columns(columns_bytes_);
    if (!columns) return std::unexpected(std::move(columns).error());
    columns_ = std::move(*columns);
    return {};
  }

  Result<> open_samples() {
    const std::string_view format = format_name(settings_.format);
    const auto extension = writers::shard_file_extension(format);
    if (!extension) return {};
    const std::string name = assembly_.name() + "." + std::string(*extension);
    auto file = assembly_.create(ledger::Place::output, name);
    if (!file) return std::unexpected(std::move(file).error());
    auto opened = writers::open_shard_file(format, **file);
    if (!opened) return std::unexpected(std::move(opened).error());
    parts_.push_back(
        {ledger::Place::output, name,
         std::make_unique<SampleFile>(std::move(*opened), source_, *words_, settings_)});
    return {};
  }

  Result<> open_tables() {
    const bool has_images = settings_.format == OutputFormat::parquet;
    if (!has_images && settings_.metadata != MetadataFormat::parquet) return {};
    const std::string name = assembly_.name() + ".parquet";
    if (auto opened = open_table(ledger::Place::output, name, has_images ? &source_ : nullptr);
        !opened)
      return opened;
    return open_table(ledger::Place::rows, name, nullptr);
  }

  Result<> open_table(ledger::Place place, const std::string& name, SampleSource* images) {
    auto arrow = load_arrow();
    if (!arrow) return std::unexpected(std::move(arrow).error());
    auto file = assembly_.create(place, name);
    if (!file) return std::unexpected(std::move(file).error());
    const writers::TableSettings table{
        .status_style = settings_.status_style,
        .hash_name = settings_.hash_name,
        .exif = settings_.exif,
        .image_column = images != nullptr ? settings_.image_column : std::string()};
    auto writer = place == ledger::Place::rows
                      ? (*arrow)->create_rows_writer(**file)
                      : (*arrow)->create_table_writer(**file, columns_bytes_, table);
    if (!writer) return std::unexpected(std::move(writer).error());
    parts_.push_back({place, name, std::make_unique<Table>(std::move(*writer), images)});
    return {};
  }

  // A list without columns has all of its failed rows in failed.txt.
  [[nodiscard]] bool keeps_failures() const {
    return is_dataset(settings_.format) && !columns_bytes_.empty();
  }

  // With the first failure, since most shards of most lists should have none.
  Result<> open_failures() {
    auto arrow = load_arrow();
    if (!arrow) return std::unexpected(std::move(arrow).error());
    std::string name = failed_part_name(assembly_.name());
    auto file = assembly_.create(ledger::Place::rows, name);
    if (!file) return std::unexpected(std::move(file).error());
    parts_.push_back(
        {ledger::Place::rows, std::move(name),
         std::make_unique<Failures>((*arrow)->make_failed_table(**file), columns_bytes_)});
    has_failures_ = true;
    return {};
  }

  ledger::Assembly& assembly_;
  const OutputSettings& settings_;
  writers::SampleWriter& side_files_;
  SampleSource source_;
  std::string columns_bytes_;
  std::unique_ptr<readers::ColumnTable> columns_;
  std::optional<SampleWords> words_;  // once the columns are open
  std::vector<Part> parts_;
  bool has_failures_ = false;
};

}  // namespace

bool is_dataset(OutputFormat format) {
  return format == OutputFormat::webdataset || format == OutputFormat::parquet ||
         format == OutputFormat::tfrecord;
}

std::string_view shard_extension(OutputFormat format) {
  if (format == OutputFormat::parquet) return "parquet";
  return writers::shard_file_extension(format_name(format)).value_or(std::string_view());
}

Result<> Assembler::publish(ledger::Assembly& assembly, std::string input_digest,
                            WallTime started) const {
  Outputs outputs(assembly, settings_, side_files_);
  if (auto opened = outputs.open(); !opened) return opened;
  Stats stats(settings_.status_style);
  // Parsing a row costs as much as the rest of a 1 KB image: not for files that need no rows.
  const bool needs_rows =
      !outputs.is_empty() || settings_.status_style != writers::StatusStyle::ours;
  if (!needs_rows) {
    for (const auto& [status, count] : assembly.facts().by_status)
      stats.add({.status = status}, count);
  }
  for (const ledger::SpoolRow& spooled : assembly.rows()) {
    if (!needs_rows) break;
    auto row = ledger::parse_row_json(spooled.json);
    if (!row) return std::unexpected(std::move(row).error());
    stats.add(row->outcome);
    const ShardRow shard_row{.position = spooled.position,
                             .row = *row,
                             .place = spooled.data ? &*spooled.data : nullptr};
    if (auto added = outputs.add(shard_row); !added) return added;
  }
  if (auto sealed = outputs.seal(); !sealed) return sealed;
  if (settings_.metadata == MetadataFormat::jsonl) {
    if (auto written = assembly.write_rows_jsonl(); !written) return written;
  }
  const std::string text = stats.text(assembly, input_digest, started, clock_.wall_now());
  return assembly.publish(std::move(input_digest), text,
                          settings_.format == OutputFormat::files
                              ? ledger::Assembly::ImagesInPlace::yes
                              : ledger::Assembly::ImagesInPlace::no);
}

}  // namespace pixhaul::pipeline
