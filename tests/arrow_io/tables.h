#pragma once

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "arrow_io/module.h"
#include "support/memory_fs.h"

namespace pixhaul::test {

inline std::string gzip(std::string text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// What a reader gave.
struct ReadRows {
  std::vector<std::string> rows{};  ///< "LINE:URL", "LINE!PROBLEM" of a bad one
  std::vector<std::string> hashes{};
  std::vector<std::vector<readers::Box>> boxes{};
  std::string ipc{};    ///< cut at the end
  std::string error{};  ///< the sentence that ended it
};

inline readers::TableSettings table_settings(std::vector<std::string> additional = {}) {
  readers::TableSettings settings;
  settings.additional_columns = std::move(additional);
  return settings;
}

inline ReadRows read_tables(FileSystem& files, const std::vector<std::string>& names,
                            const readers::TableSettings& settings) {
  ReadRows result;
  const auto inputs = readers::expand_inputs(files, names, readers::ListFormat::automatic);
  if (!inputs) return {.error = inputs.error().detail};
  auto reader = pixhaul_arrow_module()->open_table(files, *inputs, settings);
  if (!reader) return {.error = reader.error().detail};
  readers::RawRow row;
  for (;;) {
    const Result<bool> got = (*reader)->next(row);
    if (!got) result.error = got.error().detail;
    if (!got || !*got) break;
    const bool bad = !row.problem.empty();
    result.rows.push_back(std::to_string(row.line) + (bad ? "!" : ":") +
                          std::string(bad ? row.problem : row.text));
    result.hashes.emplace_back(row.verify_hash);
    result.boxes.emplace_back(row.boxes.begin(), row.boxes.end());
  }
  result.ipc = (*reader)->cut_columns().value();
  return result;
}

/// Every row's columns as JSON.
inline std::vector<std::string> json_rows(const std::string& ipc) {
  const auto table = pixhaul_arrow_module()->open_columns(ipc).value();
  std::vector<std::string> rows;
  for (std::uint64_t i = 0; i < table->rows(); ++i) {
    std::string json;
    table->append_json(i, json);
    rows.push_back(std::move(json));
  }
  return rows;
}

/// "name: type" of each column.
inline std::vector<std::string> column_types(const std::string& ipc) {
  auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(ipc));
  const auto reader = arrow::ipc::RecordBatchStreamReader::Open(input).ValueOrDie();
  std::vector<std::string> types;
  for (const auto& field : reader->schema()->fields()) types.push_back(field->ToString());
  return types;
}

}  // namespace pixhaul::test
