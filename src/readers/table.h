#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pixhaul::readers {

/// A column that holds what each body's digest has to be.
struct VerifyColumn {
  std::string column{};
  std::string digest{};  ///< its kind ("sha256"), under which the column is passed on
};

/// Which columns of a table are read, and as what. Names are those in the files.
struct TableSettings {
  std::string url_column = "url";
  std::optional<std::string> caption_column{};
  std::optional<std::string> box_column{};
  std::optional<VerifyColumn> verify{};
  std::vector<std::string> additional_columns{};
  /// Text tables say nothing of their columns' types: they are taken from the first rows of the
  /// first file, or from all rows of all files, which are then read twice (img2dataset's way).
  enum class Infer : std::uint8_t { first_rows, all_rows };
  Infer infer = Infer::first_rows;
  /// Whether cut_columns() will be called; if not, no row is kept.
  enum class Columns : std::uint8_t { drop, keep };
  Columns columns = Columns::keep;
};

}  // namespace pixhaul::readers
