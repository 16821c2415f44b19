#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pixhaul/outcome.h"
#include "writers/sample_status.h"

namespace arrow {
class Array;
class ArrayBuilder;
class Field;
class MemoryPool;
class Schema;
}  // namespace arrow

namespace pixhaul::arrow_io {

/// What the columns we make ourselves are computed from.
struct RowFacts {
  const Row& row;
  const writers::SampleStatus& status;
  std::optional<std::string_view> image{};
};

enum class CellType : std::uint8_t { text, bytes, int32, int64, float32, boolean, time_us };

/// One value: null, text or bytes (viewed until it is appended), a number or microseconds since
/// 1970, a fraction, a truth.
using Cell = std::variant<std::monostate, std::string_view, std::int64_t, float, bool>;

struct RowColumn {
  std::string name{};
  CellType type = CellType::text;
  Cell (*cell)(const RowFacts& facts) = nullptr;
};

[[nodiscard]] inline Cell text_or_null(std::string_view text) {
  return text.empty() ? Cell() : Cell(text);
}
template <class Number>
[[nodiscard]] Cell number_or_null(Number number) {
  return number > 0 ? Cell(static_cast<std::int64_t>(number)) : Cell();
}

/// A group of lines of a table under way, column by column. One thread.
class RowColumns {
 public:
  RowColumns(std::span<const RowColumn> columns, arrow::MemoryPool* pool);
  RowColumns(RowColumns&& other) noexcept;
  ~RowColumns();

  [[nodiscard]] std::size_t count() const { return columns_.size(); }
  [[nodiscard]] std::shared_ptr<arrow::Field> field(std::size_t column) const;
  /// Of these columns alone, in order.
  [[nodiscard]] std::shared_ptr<arrow::Schema> schema() const;

  /// Text that is not UTF-8 gets U+FFFD in its place, as readers refuse it. Errors:
  /// output_unwritable (more than a column can hold).
  [[nodiscard]] Result<> append(const RowFacts& facts);
  /// The columns as they stand; then the group is empty again. Errors: output_unwritable.
  [[nodiscard]] Result<std::vector<std::shared_ptr<arrow::Array>>> finish();

 private:
  std::vector<RowColumn> columns_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  std::string repaired_;  // reused
};

}  // namespace pixhaul::arrow_io
