#pragma once

#include <arrow/api.h>
#include <parquet/arrow/reader.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace pixhaul::test {

/// The value of a call that cannot fail in a test.
template <class T>
[[nodiscard]] T must(arrow::Result<T> result) {
  return std::move(result).ValueOrDie();
}
inline void must(const arrow::Status& status) {
  if (!status.ok()) status.Abort();
}

/// A column from its values in JSON: `["a", null]`.
[[nodiscard]] std::shared_ptr<arrow::Array> array(const std::shared_ptr<arrow::DataType>& type,
                                                  std::string_view json);

/// The table as the one Arrow IPC stream that a reader cuts, in batches of `batch_rows`.
[[nodiscard]] std::string ipc_stream(const arrow::Table& table, std::int64_t batch_rows = 1000);

/// A parquet file in memory.
[[nodiscard]] std::unique_ptr<parquet::arrow::FileReader> open_parquet(const std::string& bytes);
[[nodiscard]] std::shared_ptr<arrow::Table> read_parquet(const std::string& bytes);

/// A column's values on one line: "[a,null]".
[[nodiscard]] std::string shown(const arrow::Table& table, const std::string& column);

}  // namespace pixhaul::test
