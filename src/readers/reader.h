#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "pixhaul/result.h"

namespace pixhaul::readers {

/// One line of a list that is neither blank nor a comment.
struct RawRow {
  std::string_view text{};  ///< the line without its end; valid until the next call
  std::string_view
      input{};  ///< the list's name as given, "" for a URL given itself; lives as the reader
  std::uint64_t line = 0;  ///< in that list, from 1; 0 for a URL given itself
  std::string_view
      problem{};  ///< why this is no row ("line 7 is longer than 1 MiB"), "" if it is one;
                  ///< valid until the next call. `text` then holds the line's beginning.
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
  [[nodiscard]] virtual ReadProgress progress() const = 0;
};

}  // namespace pixhaul::readers
