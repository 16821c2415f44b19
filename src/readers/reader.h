#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pixhaul/result.h"

namespace pixhaul::readers {

/// A rectangle of the picture that is to be blurred; 0 to 1, relative to its width and height.
struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

/// Bytes of a file that can be read at any place.
struct BodyPlace {
  std::string_view file{};  ///< its name as given; lives as the reader
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// One row of a list: a line that is neither blank nor a comment, a record of a table.
struct RawRow {
  std::string_view text{};  ///< the URL as it stands there; valid until the next call
  std::string_view
      input{};  ///< the list's name as given, "" for a URL given itself; lives as the reader
  std::uint64_t line = 0;  ///< the line it begins at, from 1; in parquet and .json files, which
                           ///< have no lines, the row; 0 for a URL given itself
  std::string_view
      problem{};  ///< why this is no row ("line 7 is longer than 1 MiB"), "" if it is one;
                  ///< valid until the next call. `text` then holds the line's beginning, or ""
  std::string_view verify_hash{};   ///< what the body's digest has to be, in hexadecimal; "" if the
                                    ///< list does not say; valid until the next call
  std::span<const Box> boxes{};     ///< to blur; valid until the next call
  std::optional<BodyPlace> body{};  ///< where its image already lies; `text` is not contacted then
};

/// How far the reading is, in bytes of the lists as they lie on disk.
struct ReadProgress {
  std::uint64_t bytes_read = 0;
  std::optional<std::uint64_t> bytes_total{};  ///< unknown with standard input or a pipe
};

/// Where rows come from, in order. One thread. Memory does not depend on the length of a list.
class RowReader {
 public:
  virtual ~RowReader() = default;
  /// The next row; false at the end. After an error or the end, every call returns false.
  /// Errors: input_unreadable; the rows before the damage have been returned by then.
  [[nodiscard]] virtual Result<bool> next(RawRow& row) = 0;
  /// Whether next() returns without waiting for others than the disk. Before it is called when this
  /// is false, rows already returned should be on their way.
  [[nodiscard]] virtual bool is_ready() { return true; }
  /// Of a reader that shows its lists one by one: whether another follows the one that has ended.
  [[nodiscard]] virtual bool has_next_list() const { return false; }
  /// Goes on to it. REQUIRES: next() returned false, has_next_list(). Errors: input_unreadable.
  [[nodiscard]] virtual Result<> begin_next_list() { return {}; }
  [[nodiscard]] virtual ReadProgress progress() const = 0;
  /// The columns of all rows returned since the last call, bad ones included, as one Arrow IPC
  /// stream: what readers::ColumnTable shows and the metadata tables begin with. Columns and their
  /// types are the same in every stream of a reader. "" from a reader of lists without columns.
  /// Call it once a shard: until then the rows are kept. Errors: input_unreadable.
  [[nodiscard]] virtual Result<std::string> cut_columns() { return std::string(); }
};

}  // namespace pixhaul::readers
