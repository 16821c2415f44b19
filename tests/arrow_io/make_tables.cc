// Writes tables for consumers_test.py to load with other people's libraries: make_tables FOLDER
// writes 00000.parquet and 00001.parquet with images, rows.parquet and failed.parquet. Every fifth
// row failed; the images' bytes are a function of the row that the script knows too.
#include <cstdlib>
#include <string>
#include <vector>

#include "arrow_io/arrow_tables.h"
#include "arrow_io/failed_table.h"
#include "arrow_io/rows_table.h"
#include "arrow_io/shard_table.h"
#include "base/check.h"
#include "base/file.h"

namespace pixhaul::arrow_io {
namespace {

constexpr std::size_t kShardRows = 150;

arrow::MemoryPool* pool() { return arrow::default_memory_pool(); }

Row row_of(std::size_t shard, std::size_t position) {
  const std::size_t index = shard * 10'000 + position;
  Row row;
  row.key = std::to_string(1'000'000'000 + index).substr(1);
  row.url = "http://h/" + std::to_string(index);
  row.outcome.http_status = 404;
  row.outcome.detail = "HTTP 404";
  row.outcome.status = ErrorCode::http_4xx;
  if (position % 5 == 0) return row;
  row.outcome = {.status = ErrorCode::success,
                 .http_status = 200,
                 .bytes = 1000 + position,
                 .digest = "00ff",
                 .width = 256,
                 .height = 100,
                 .original_width = 1024,
                 .original_height = 683,
                 .exif = "{}"};
  return row;
}

// id, tags, caption, url.
std::string columns_of(std::size_t shard) {
  std::string ids = "[", tags = "[", captions = "[", urls = "[";
  for (std::size_t i = 0; i < kShardRows; ++i) {
    const std::string comma = i + 1 < kShardRows ? "," : "]";
    ids += std::to_string(i) + comma;
    tags += R"(["a", "é"])" + comma;
    captions += (i % 7 == 0 ? "null" : "\"caption é " + std::to_string(i) + '"') + comma;
    urls += '"' + row_of(shard, i).url + '"' + comma;
  }
  const auto list = arrow::list(arrow::utf8());
  return test::ipc_stream(*arrow::Table::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("tags", list),
                     arrow::field("caption", arrow::utf8()), arrow::field("url", arrow::utf8())}),
      arrow::ArrayVector{test::array(arrow::int64(), ids), test::array(list, tags),
                         test::array(arrow::utf8(), captions), test::array(arrow::utf8(), urls)}));
}

std::string image_of(std::size_t position) {
  return std::string(1000 + position, static_cast<char>(position & 0xff));
}

template <class Table>
void finish(Table& table, WritableFile& file) {
  PIXHAUL_CHECK(table.finish().has_value());
  PIXHAUL_CHECK(file.close().has_value());
}

void make_tables(Folder& folder) {
  const writers::TableSettings settings{.status_style = writers::StatusStyle::img2dataset,
                                        .hash_name = "sha256",
                                        .exif = true,
                                        .image_column = "jpg"};
  const auto rows_file = std::move(*folder.create("rows.parquet"));
  const auto failed_file = std::move(*folder.create("failed.parquet"));
  const auto rows_table = std::move(*create_rows_table(*rows_file, pool()));
  const auto failed_table = make_failed_table(*failed_file, pool());
  for (const std::size_t shard : {0, 1}) {
    const auto file = std::move(*folder.create("0000" + std::to_string(shard) + ".parquet"));
    const std::string columns = columns_of(shard);
    const auto table = std::move(*create_shard_table(*file, columns, settings, pool()));
    std::vector<writers::FailedRow> failed_rows;
    for (std::size_t i = 0; i < kShardRows; ++i) {
      const Row row = row_of(shard, i);
      const std::string image = image_of(i);
      const bool is_good = row.outcome.status == ErrorCode::success;
      if (!is_good) failed_rows.push_back({.position = static_cast<std::uint32_t>(i), .row = row});
      const auto bytes = std::as_bytes(std::span(image));
      PIXHAUL_CHECK(table->add(row, is_good ? std::optional(bytes) : std::nullopt).has_value());
      PIXHAUL_CHECK(rows_table->add(row, std::nullopt).has_value());
    }
    PIXHAUL_CHECK(failed_table->add_shard(columns, failed_rows).has_value());
    finish(*table, *file);
  }
  finish(*rows_table, *rows_file);
  finish(*failed_table, *failed_file);
}

}  // namespace
}  // namespace pixhaul::arrow_io

int main(int count, char** arguments) {
  if (count != 2) return EXIT_FAILURE;
  pixhaul::PosixFileSystem files;
  const auto folder = files.open_folder(arguments[1], pixhaul::Folder::IfMissing::make);
  if (!folder) return EXIT_FAILURE;
  pixhaul::arrow_io::make_tables(**folder);
}
