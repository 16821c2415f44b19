// The way back from rows_table.cc: a line for each of its columns that a later generation of the
// shard needs. Columns are found by name, so that a table of an older version without one of them
// reads as null there.
#include "arrow_io/rows_reader.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "arrow_io/parquet_source.h"
#include "writers/sample_status.h"

namespace pixhaul::arrow_io {

namespace {

constexpr std::string_view kDoing = "the rows of a shard cannot be read";

/// One value of a column, whatever its type; the kinds that fit are set.
struct Value {
  std::string_view text{};
  std::int64_t number = 0;
  float fraction = -1;
  bool truth = false;
};

struct Field {
  const char* name;
  void (*set)(Row& row, const Value& value);
};

ImageFormat format_of(std::string_view type) {
  for (int value = 0; value <= static_cast<int>(ImageFormat::heic); ++value) {
    const auto format = static_cast<ImageFormat>(value);
    if (media_type(format) == type) return format;
  }
  return ImageFormat::unknown;
}

template <auto kMember>
void set_text(Row& row, const Value& value) {
  row.outcome.*kMember = value.text;
}
template <auto kMember>
void set_number(Row& row, const Value& value) {
  auto& field = row.outcome.*kMember;
  field = static_cast<std::remove_reference_t<decltype(field)>>(value.number);
}
template <auto kMember>
void set_time(Row& row, const Value& value) {
  row.outcome.times.*kMember = value.fraction;
}

constexpr Field kFields[] = {
    {"key", [](Row& row, const Value& value) { row.key = value.text; }},
    {"input", [](Row& row, const Value& value) { row.input = value.text; }},
    {"line",
     [](Row& row, const Value& value) { row.line = static_cast<std::uint64_t>(value.number); }},
    {"url", [](Row& row, const Value& value) { row.url = value.text; }},
    {"path", [](Row& row, const Value& value) { row.path = value.text; }},
    {"final_url", set_text<&Outcome::final_url>},
    {"status",
     [](Row& row, const Value& value) {
       row.outcome.status = parse_error_code(value.text).value_or(ErrorCode::internal);
     }},
    {"detail", set_text<&Outcome::detail>},
    {"transient", [](Row& row, const Value& value) { row.outcome.transient = value.truth; }},
    {"http_status", set_number<&Outcome::http_status>},
    {"bytes", set_number<&Outcome::bytes>},
    {"media_type",
     [](Row& row, const Value& value) { row.outcome.format = format_of(value.text); }},
    {"width", set_number<&Outcome::width>},
    {"height", set_number<&Outcome::height>},
    {"original_width", set_number<&Outcome::original_width>},
    {"original_height", set_number<&Outcome::original_height>},
    {"digest", set_text<&Outcome::digest>},
    {"exif", set_text<&Outcome::exif>},
    {"etag", set_text<&Outcome::etag>},
    {"last_modified", set_text<&Outcome::last_modified>},
    {"retrieved_at",
     [](Row& row, const Value& value) {
       row.outcome.retrieved_at = std::chrono::system_clock::time_point(
           std::chrono::duration_cast<std::chrono::system_clock::duration>(
               std::chrono::microseconds(value.number)));
     }},
    {"dns_ms", set_time<&PhaseTimes::dns_ms>},
    {"connect_ms", set_time<&PhaseTimes::connect_ms>},
    {"tls_ms", set_time<&PhaseTimes::tls_ms>},
    {"first_byte_ms", set_time<&PhaseTimes::first_byte_ms>},
    {"total_ms", set_time<&PhaseTimes::total_ms>},
    {"attempts", set_number<&Outcome::attempts>},
    {"redirects", set_number<&Outcome::redirects>},
    {"reused", [](Row& row, const Value& value) { row.outcome.reused = value.truth; }},
    {"address", set_text<&Outcome::address>},
};

Value value_of(const arrow::Array& column, std::int64_t i) {
  if (column.IsNull(i)) return {};
  switch (column.type_id()) {
    case arrow::Type::STRING:
      return {.text = static_cast<const arrow::StringArray&>(column).GetView(i)};
    case arrow::Type::LARGE_STRING:
      return {.text = static_cast<const arrow::LargeStringArray&>(column).GetView(i)};
    case arrow::Type::INT32:
      return {.number = static_cast<const arrow::Int32Array&>(column).Value(i)};
    case arrow::Type::INT64:
      return {.number = static_cast<const arrow::Int64Array&>(column).Value(i)};
    case arrow::Type::TIMESTAMP:
      return {.number = static_cast<const arrow::TimestampArray&>(column).Value(i)};
    case arrow::Type::FLOAT:
      return {.fraction = static_cast<const arrow::FloatArray&>(column).Value(i)};
    case arrow::Type::BOOL:
      return {.truth = static_cast<const arrow::BooleanArray&>(column).Value(i)};
    default:
      return {};
  }
}

// REQUIRES: columns are one chunk each.
void visit_group(const arrow::Table& group, const std::function<void(const Row&)>& visit) {
  std::vector<std::pair<const Field*, const arrow::Array*>> columns;
  for (const Field& field : kFields) {
    const auto column = group.GetColumnByName(field.name);
    if (column != nullptr && column->num_chunks() == 1)
      columns.emplace_back(&field, column->chunk(0).get());
  }
  for (std::int64_t i = 0; i < group.num_rows(); ++i) {
    Row row;
    for (const auto& [field, column] : columns) field->set(row, value_of(*column, i));
    visit(row);
  }
}

// What of a shard's own table is also a row's.
constexpr Field kShardFields[] = {
    {"key", [](Row& row, const Value& value) { row.key = value.text; }},
    {"url", [](Row& row, const Value& value) { row.url = value.text; }},
    {"width", set_number<&Outcome::width>},
    {"height", set_number<&Outcome::height>},
    {"original_width", set_number<&Outcome::original_width>},
    {"original_height", set_number<&Outcome::original_height>},
    {"exif", set_text<&Outcome::exif>},
};

// The columns of one group of img2dataset's; each is one chunk.
class ShardGroup {
 public:
  static Result<ShardGroup> create(const arrow::Table& group,
                                   const writers::TableSettings& settings) {
    std::vector<std::string> names = {"key", "url", "status", "error_message"};
    if (settings.exif) names.emplace_back("exif");
    if (!settings.hash_name.empty()) names.push_back(settings.hash_name);
    for (const std::string& name : names) {
      if (group.GetColumnByName(name) != nullptr) continue;
      return std::unexpected(Error{
          .code = ErrorCode::other_input,
          .detail = fmt::format("this folder's tables have no column '{}': it was begun with other "
                                "parameters; say the same again, or use another --output_folder",
                                name)});
    }
    return ShardGroup(group, settings);
  }

  [[nodiscard]] Row row(std::int64_t i) const {
    Row row;
    for (const auto& [field, column] : columns_) field->set(row, value_of(*column, i));
    const std::string_view message = value_of(*messages_, i).text;
    row.outcome.status = writers::parse_img2dataset_status(value_of(*statuses_, i).text, message);
    row.outcome.detail = message;
    if (digests_ != nullptr) row.outcome.digest = value_of(*digests_, i).text;
    return row;
  }

 private:
  ShardGroup(const arrow::Table& group, const writers::TableSettings& settings)
      : statuses_(column_of(group, "status")), messages_(column_of(group, "error_message")) {
    if (!settings.hash_name.empty()) digests_ = column_of(group, settings.hash_name);
    for (const Field& field : kShardFields) {
      if (const arrow::Array* column = column_of(group, field.name))
        columns_.emplace_back(&field, column);
    }
  }

  static const arrow::Array* column_of(const arrow::Table& group, const std::string& name) {
    const auto column = group.GetColumnByName(name);
    return column == nullptr ? nullptr : column->chunk(0).get();
  }

  const arrow::Array* statuses_;
  const arrow::Array* messages_;
  const arrow::Array* digests_ = nullptr;
  std::vector<std::pair<const Field*, const arrow::Array*>> columns_;
};

}  // namespace

Result<> read_shard_rows(const RandomAccessFile& file, const writers::TableSettings& settings,
                         const std::function<void(const Row&)>& visit, arrow::MemoryPool* pool) {
  const auto size = file.size();
  if (!size) return std::unexpected(size.error());
  return for_each_group(file, *size, kDoing, pool, [&](const arrow::Table& group) -> Result<> {
    if (group.num_rows() == 0) return {};
    auto columns = ShardGroup::create(group, settings);
    if (!columns) return std::unexpected(std::move(columns).error());
    for (std::int64_t i = 0; i < group.num_rows(); ++i) visit(columns->row(i));
    return {};
  });
}

Result<> read_rows_table(const RandomAccessFile& file, const std::function<void(const Row&)>& visit,
                         arrow::MemoryPool* pool) {
  const auto size = file.size();
  if (!size) return std::unexpected(size.error());
  return for_each_group(file, *size, kDoing, pool, [&](const arrow::Table& group) -> Result<> {
    visit_group(group, visit);
    return {};
  });
}

}  // namespace pixhaul::arrow_io
