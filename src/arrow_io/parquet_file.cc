// Parquet as pyarrow writes it by default (version 2.6, data pages 1.0, snappy, dictionaries,
// statistics, the Arrow schema beside it), so that readers find what they find in img2dataset's
// files, through a sink that keeps our own error: Arrow would make a full disk a sentence.
//
// Images are the exception: a dictionary of values that never repeat is built to be thrown away,
// and snappy only copies what is compressed already.
#include "arrow_io/parquet_file.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "arrow_io/status.h"

namespace pixhaul::arrow_io {

namespace {

// Of the form that readers parse when they look for known faulty writers. It names neither Arrow's
// release nor ours, so that a dataset continued by the next release has equal bytes.
constexpr char kCreatedBy[] = "pixhaul version 1.0.0 (build 1)";

constexpr std::string_view kDoing = "write a parquet file";

class Sink final : public arrow::io::OutputStream {
 public:
  explicit Sink(WritableFile& file) : file_(file) {}

  using arrow::io::Writable::Write;
  arrow::Status Write(const void* data, std::int64_t bytes) override {
    if (is_dead_) return arrow::Status::IOError("the file was given up");
    const std::span all(static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes));
    return after(file_.write(all));
  }
  arrow::Status Flush() override { return arrow::Status::OK(); }
  arrow::Result<std::int64_t> Tell() const override {
    return static_cast<std::int64_t>(file_.facts().bytes);
  }
  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return is_closed_; }

  // Nothing more reaches the file.
  void give_up() { is_dead_ = true; }
  Result<FileFacts> finish() {
    if (auto flushed = file_.flush(); !flushed) return std::unexpected(std::move(flushed).error());
    return file_.facts();
  }
  // Our own error if it is the reason for Arrow's.
  std::unexpected<Error> error_for(const arrow::Status& status) {
    is_dead_ = true;
    if (error_) return std::unexpected(*error_);
    return failed(ErrorCode::output_unwritable, kDoing, status);
  }

 private:
  arrow::Status after(Result<> written) {
    if (written) return arrow::Status::OK();
    is_dead_ = true;
    error_ = std::move(written).error();
    return arrow::Status::IOError(error_->detail);
  }

  SummedFile file_;
  std::optional<Error> error_;
  bool is_dead_ = false;
  bool is_closed_ = false;
};

std::shared_ptr<parquet::WriterProperties> writer_properties(
    const ParquetFile::Settings& settings) {
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(settings.pool)
      ->created_by(kCreatedBy)
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->compression(parquet::Compression::SNAPPY);
  if (const std::string& stored = settings.stored_column; !stored.empty()) {
    builder.compression(stored, parquet::Compression::UNCOMPRESSED)
        ->disable_dictionary(stored)
        ->disable_statistics(stored);
  }
  return builder.build();
}

}  // namespace

struct ParquetFile::State {
  explicit State(WritableFile& file) : sink(std::make_shared<Sink>(file)) {}

  std::shared_ptr<Sink> sink;  // shared with Arrow's writer
  std::unique_ptr<parquet::arrow::FileWriter> writer;
};

ParquetFile::ParquetFile(std::unique_ptr<State> state) : state_(std::move(state)) {}

ParquetFile::~ParquetFile() {
  state_->sink->give_up();  // Arrow's writer finishes the file when it is destroyed
}

Result<std::unique_ptr<ParquetFile>> ParquetFile::create(WritableFile& file,
                                                         const Settings& settings) {
  auto state = std::make_unique<State>(file);
  auto writer = parquet::arrow::FileWriter::Open(
      *settings.schema, settings.pool, state->sink, writer_properties(settings),
      parquet::ArrowWriterProperties::Builder().store_schema()->build());
  if (!writer.ok()) return state->sink->error_for(writer.status());
  state->writer = std::move(*writer);
  return std::unique_ptr<ParquetFile>(new ParquetFile(std::move(state)));
}

Result<> ParquetFile::write_group(const arrow::Table& table) {
  const arrow::Status status = state_->writer->WriteTable(table, table.num_rows());
  if (!status.ok()) return state_->sink->error_for(status);
  return {};
}

Result<FileFacts> ParquetFile::finish() {
  const arrow::Status status = state_->writer->Close();
  if (!status.ok()) return state_->sink->error_for(status);
  return state_->sink->finish();
}

}  // namespace pixhaul::arrow_io
