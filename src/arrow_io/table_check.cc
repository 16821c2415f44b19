// Parquet has sums for pages, which pyarrow writes only when asked, so damage that still decodes
// shows in the file's own sum alone; the caller compares it. Truncation always shows here: the
// footer is at the end.
#include "arrow_io/table_check.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "arrow_io/arrow_error.h"
#include "base/digest.h"

namespace pixhaul::arrow_io {

namespace {

constexpr std::size_t kSumBytes = std::size_t{1} << 20;
constexpr std::string_view kDoing = "the table cannot be read";

// A file of ours for Arrow to read. Keeps our error, as Arrow would make it a sentence.
class Source final : public arrow::io::RandomAccessFile {
 public:
  Source(const pixhaul::RandomAccessFile& file, std::uint64_t size, arrow::MemoryPool* pool)
      : file_(file), size_(static_cast<std::int64_t>(size)), pool_(pool) {}

  arrow::Result<std::int64_t> GetSize() override { return size_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return is_closed_; }

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t bytes,
                                     void* out) override {
    auto count =
        file_.read_at(static_cast<std::uint64_t>(position),
                      std::span(static_cast<std::byte*>(out), static_cast<std::size_t>(bytes)));
    if (count) return static_cast<std::int64_t>(*count);
    error_ = std::move(count).error();
    return arrow::Status::IOError(error_->detail);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t bytes) override {
    // A damaged length must not be allocated before it is found to be beyond the file.
    bytes = std::clamp<std::int64_t>(size_ - position, 0, bytes);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes, pool_));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t count,
                          ReadAt(position, bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(count));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<std::int64_t> Read(std::int64_t bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t count, ReadAt(position_, bytes, out));
    position_ += count;
    return count;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
    position_ += buffer->size();
    return buffer;
  }

  std::unexpected<Error> error_for(const arrow::Status& status) const {
    if (error_) return std::unexpected(*error_);
    return failed(ErrorCode::state_damaged, kDoing, status);
  }

 private:
  const pixhaul::RandomAccessFile& file_;
  const std::int64_t size_;
  arrow::MemoryPool* const pool_;  // not owned, outlives this
  std::optional<Error> error_;
  std::int64_t position_ = 0;
  bool is_closed_ = false;
};

Result<FileFacts> sum(const pixhaul::RandomAccessFile& file) {
  FileFacts facts;
  std::vector<std::byte> chunk(kSumBytes);
  for (;;) {
    const auto count = file.read_at(facts.bytes, chunk);
    if (!count) return std::unexpected(count.error());
    if (*count == 0) return facts;
    facts.crc32c = crc32c(std::span(chunk).first(*count), facts.crc32c);
    facts.bytes += *count;
  }
}

std::unexpected<Error> damaged(std::string detail) {
  return std::unexpected(Error{.code = ErrorCode::state_damaged, .detail = std::move(detail)});
}

// The one chunk of a group's column, nullptr where there is no such column of that type.
template <class Array>
const Array* column_of(const arrow::Table& group, std::string_view name, arrow::Type::type type) {
  const auto column = group.GetColumnByName(std::string(name));
  if (column == nullptr || column->type()->id() != type || column->num_chunks() != 1) {
    return nullptr;
  }
  return static_cast<const Array*>(column->chunk(0).get());
}

// REQUIRES: columns are one chunk each.
Result<> check_group(const arrow::Table& group, std::string_view image_column,
                     const writers::ImageVisitor& visit, writers::TableContents& contents) {
  const auto* keys = column_of<arrow::StringArray>(group, "key", arrow::Type::STRING);
  const auto* statuses = column_of<arrow::StringArray>(group, "status", arrow::Type::STRING);
  const auto* images = column_of<arrow::BinaryArray>(group, image_column, arrow::Type::BINARY);
  if (keys == nullptr || statuses == nullptr) return damaged("a table without key or status");
  if (images == nullptr && !image_column.empty()) {
    return damaged(fmt::format("a table without the column '{}'", image_column));
  }
  for (std::int64_t i = 0; i < group.num_rows(); ++i) {
    ++contents.rows;
    if (keys->IsNull(i) || statuses->IsNull(i)) return damaged("a row without key or status");
    const bool is_good = statuses->GetView(i) == "success";
    if (is_good) ++contents.samples;
    if (images == nullptr) continue;
    if (images->IsNull(i) == is_good) {
      return damaged(fmt::format("row {} has {} image", keys->GetView(i), is_good ? "no" : "an"));
    }
    if (!is_good || !visit) continue;
    const auto bytes = std::as_bytes(std::span(images->GetView(i)));
    auto seen = visit({.key = keys->GetView(i), .extension = image_column, .bytes = bytes});
    if (!seen) return seen;
  }
  return {};
}

arrow::Result<std::shared_ptr<arrow::Table>> read_group(parquet::arrow::FileReader& reader,
                                                        int group, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto table, reader.ReadRowGroup(group));
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table->CombineChunks(pool);
}

}  // namespace

Result<writers::TableContents> check_shard_table(const pixhaul::RandomAccessFile& file,
                                                 std::string_view image_column,
                                                 const writers::ImageVisitor& visit,
                                                 arrow::MemoryPool* pool) {
  const auto facts = sum(file);
  if (!facts) return std::unexpected(facts.error());
  writers::TableContents contents{.facts = *facts};
  const auto source = std::make_shared<Source>(file, facts->bytes, pool);
  auto reader = parquet::arrow::OpenFile(source, pool);
  if (!reader.ok()) return source->error_for(reader.status());
  for (int i = 0; i < (*reader)->num_row_groups(); ++i) {
    auto group = read_group(**reader, i, pool);
    if (!group.ok()) return source->error_for(group.status());
    if ((*group)->num_rows() == 0) continue;
    auto checked = check_group(**group, image_column, visit, contents);
    if (!checked) return std::unexpected(std::move(checked).error());
  }
  return contents;
}

}  // namespace pixhaul::arrow_io
