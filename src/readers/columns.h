#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pixhaul::readers {

/// The input columns of a shard's rows, in memory, as RowReader::cut_columns() gave them.
/// Immutable; any thread.
class ColumnTable {
 public:
  virtual ~ColumnTable() = default;
  [[nodiscard]] virtual std::uint64_t rows() const = 0;
  /// Appends the row's columns as members of a JSON object without its braces, in their order and
  /// compact: `"id":7,"tags":["a","b"],"caption":"…","url":"…"`. Values are what Python's
  /// json.dumps makes of them, ASCII only; times, decimals and binary columns, which it refuses,
  /// are strings: ISO 8601, the digits, base64. REQUIRES: row < rows().
  virtual void append_json(std::uint64_t row, std::string& out) const = 0;
  /// The caption, nullopt when the row has none. REQUIRES: row < rows().
  [[nodiscard]] virtual std::optional<std::string_view> caption(std::uint64_t row) const = 0;
};

}  // namespace pixhaul::readers
