// Parquet has sums for pages, which pyarrow writes only when asked, so damage that still decodes
// shows in the file's own sum alone; the caller compares it. Truncation always shows here: the
// footer is at the end.
#include "arrow_io/table_check.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "arrow_io/parquet_source.h"
#include "arrow_io/status.h"
#include "base/digest.h"

namespace pixhaul::arrow_io {

namespace {

constexpr std::size_t kSumBytes = std::size_t{1} << 20;
constexpr std::string_view kDoing = "the table cannot be read";

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

}  // namespace

Result<writers::TableContents> check_shard_table(const pixhaul::RandomAccessFile& file,
                                                 std::string_view image_column,
                                                 const writers::ImageVisitor& visit,
                                                 arrow::MemoryPool* pool) {
  const auto facts = sum(file);
  if (!facts) return std::unexpected(facts.error());
  writers::TableContents contents{.facts = *facts};
  auto checked =
      for_each_group(file, facts->bytes, kDoing, pool, [&](const arrow::Table& group) -> Result<> {
        if (group.num_rows() == 0) return {};
        return check_group(group, image_column, visit, contents);
      });
  if (!checked) return std::unexpected(std::move(checked).error());
  return contents;
}

}  // namespace pixhaul::arrow_io
