#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/result.h"

namespace pixhaul::readers {

inline constexpr std::size_t kMaxRecordBytes = 1u << 20;

/// One row of a text table, cut down to the chosen columns.
struct Record {
  /// Its chosen columns in their order, as a whole row of the table's own format with a line end:
  /// fields as they stand there, or a JSON object whose members are named "0", "1", … "" if the row
  /// has a problem. Valid until the next call, as are the other views.
  std::string_view text{};
  std::uint64_t line = 0;      ///< where it begins, from 1; of a JSON document: which row it is
  std::string_view problem{};  ///< why this is no row, "" if it is one
  std::string_view shown{};    ///< of a row with a problem: the URL or the line's beginning
};

/// What a chosen column has to hold. `text`: a string; numbers and truths become their spelling.
enum class ColumnKind : std::uint8_t { any, text };

struct ChosenColumn {
  std::string name{};
  ColumnKind kind = ColumnKind::any;
};

/// Cuts a text table into rows. A row that is too long or not of the format is one with a problem,
/// and reading goes on behind it. Memory does not depend on the table's length. One thread.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// The table's columns: its header, or the members of its first rows. To be called first.
  /// Errors: input_unreadable.
  [[nodiscard]] virtual Result<std::vector<std::string>> column_names() = 0;
  /// Before the first next(); the first column chosen is what `shown` prefers. REQUIRES: the
  /// names are among column_names(), each once.
  virtual void choose(std::span<const ChosenColumn> columns) = 0;
  /// False at the end. Errors: input_unreadable.
  [[nodiscard]] virtual Result<bool> next(Record& record) = 0;
  /// Which part of what was read of the file was handed out, 0 to 1.
  [[nodiscard]] virtual double share_returned() const = 0;
};

/// `text` is UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace pixhaul::readers
