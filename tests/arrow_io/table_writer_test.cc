#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <cerrno>

#include "arrow_io/arrow_tables.h"
#include "arrow_io/failed_table.h"
#include "arrow_io/rows_reader.h"
#include "arrow_io/rows_table.h"
#include "arrow_io/shard_table.h"
#include "arrow_io/table_check.h"
#include "base/digest.h"
#include "support/memory_fs.h"
#include "support/result_matchers.h"

namespace pixhaul::arrow_io {
namespace {

using test::array;
using test::must;
using test::shown;
using testing::HasError;
using ::testing::HasSubstr;
using testing::IsOk;
using writers::FailedRow;
using writers::StatusStyle;
using writers::TableSettings;

// What img2dataset is asked for by default, with images in the table.
TableSettings peer_settings() {
  return {.status_style = StatusStyle::img2dataset,
          .hash_name = "sha256",
          .exif = true,
          .image_column = "jpg"};
}

std::string key_of(std::size_t position) {
  const std::string digits = std::to_string(position);
  return std::string(9 - digits.size(), '0') + digits;
}

Row good_row(std::size_t position) {
  return {.key = key_of(position),
          .url = "http://x.org/" + std::to_string(position),
          .outcome = {.status = ErrorCode::success,
                      .http_status = 200,
                      .digest = "abc",
                      .width = 256,
                      .height = 200,
                      .original_width = 640,
                      .original_height = 500,
                      .exif = "{}"}};
}

Row failed_row(std::size_t position) {
  return {.key = key_of(position),
          .url = "http://x.org/" + std::to_string(position),
          .outcome = {.status = ErrorCode::http_4xx, .http_status = 404, .detail = "HTTP 404"}};
}

// A list with columns of every kind that a nested, typed parquet list can have.
std::shared_ptr<arrow::Table> rich_list() {
  const auto id = arrow::uint16();
  // "element": what parquet calls the values of a list.
  const auto tags = arrow::list(arrow::field("element", arrow::utf8()));
  const auto place = arrow::struct_(
      {arrow::field("lat", arrow::float64()),
       arrow::field("names", arrow::list(arrow::field("element", arrow::large_utf8())))});
  const auto taken = arrow::timestamp(arrow::TimeUnit::MILLI, "Europe/Berlin");
  const auto kind = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto schema = arrow::schema(
      {arrow::field("id", id), arrow::field("tags", tags), arrow::field("place", place),
       arrow::field("taken", taken), arrow::field("kind", kind),
       arrow::field("caption", arrow::utf8()), arrow::field("url", arrow::utf8())});
  const auto kinds = must(arrow::DictionaryArray::FromArrays(
      kind, array(arrow::int8(), "[1, null, 0]"), array(arrow::utf8(), R"(["cat", "dog"])")));
  return arrow::Table::Make(
      schema,
      arrow::ArrayVector{
          array(id, "[7, null, 65535]"), array(tags, R"([["a", "b"], [], null])"),
          array(place, R"([{"lat": 1.5, "names": ["x"]}, null, {"lat": null, "names": null}])"),
          array(taken, "[0, 1, null]"), kinds, array(arrow::utf8(), R"(["one", null, "drei"])"),
          array(arrow::utf8(), R"(["http://x.org/0", "http://x.org/1", "http://x.org/2"])")});
}

class TableWriterTest : public ::testing::Test {
 protected:
  std::unique_ptr<WritableFile> make_file() {
    auto folder = files_.open_folder("out", Folder::IfMissing::make);
    EXPECT_THAT((*folder)->remove("table"), IsOk());
    auto file = (*folder)->create("table");
    EXPECT_THAT(file, IsOk());
    return std::move(*file);
  }

  // The bytes of the shard's table of these rows; the good ones have an image of `image_bytes`.
  std::string write(const std::vector<Row>& rows, std::string_view columns,
                    const TableSettings& settings, std::size_t image_bytes = 3) {
    const auto file = make_file();
    auto writer = create_shard_table(*file, columns, settings, pool());
    EXPECT_THAT(writer, IsOk());
    const std::string image(image_bytes, '\xff');
    for (const Row& row : rows) {
      std::optional<std::span<const std::byte>> bytes;
      if (row.outcome.status == ErrorCode::success) bytes = std::as_bytes(std::span(image));
      EXPECT_THAT((*writer)->add(row, bytes), IsOk());
    }
    const auto facts = (*writer)->finish();
    EXPECT_THAT(facts, IsOk());
    const std::string bytes = files_.contents("out/table");
    EXPECT_EQ(facts->bytes, bytes.size());
    EXPECT_EQ(facts->crc32c, crc32c(bytes));
    return bytes;
  }

  static arrow::MemoryPool* pool() { return arrow::default_memory_pool(); }

  test::MemoryFileSystem files_;
};

TEST_F(TableWriterTest, TheSchemaIsThePeersWithTheInputsColumnsAndTypesInFront) {
  const std::string bytes = write({good_row(0), failed_row(1), good_row(2)},
                                  test::ipc_stream(*rich_list()), peer_settings());
  const auto table = test::read_parquet(bytes);
  const auto text = arrow::utf8();
  arrow::FieldVector fields = rich_list()->schema()->fields();
  for (const char* name : {"key", "status", "error_message"}) {
    fields.push_back(arrow::field(name, text));
  }
  for (const char* name : {"width", "height", "original_width", "original_height"}) {
    fields.push_back(arrow::field(name, arrow::int32()));
  }
  fields.push_back(arrow::field("exif", text));
  fields.push_back(arrow::field("sha256", text));
  fields.push_back(arrow::field("jpg", arrow::binary()));
  EXPECT_TRUE(table->schema()->Equals(arrow::schema(fields))) << table->schema()->ToString();
}

TEST_F(TableWriterTest, TheInputsValuesAndNullsComeBackAsTheyWere) {
  const std::string bytes = write({good_row(0), failed_row(1), good_row(2)},
                                  test::ipc_stream(*rich_list()), peer_settings());
  const auto table = test::read_parquet(bytes);
  const auto list = rich_list();
  for (const auto& field : list->schema()->fields()) {
    EXPECT_EQ(shown(*table, field->name()), shown(*list, field->name())) << field->name();
  }
}

TEST_F(TableWriterTest, AFailureHasItsTextsAndNullsForTheRest) {
  const std::string bytes = write({good_row(0), failed_row(1)}, "", peer_settings());
  const auto table = test::read_parquet(bytes);
  EXPECT_EQ(table->schema()->field(0)->name(), "url");
  EXPECT_EQ(shown(*table, "url"), "[http://x.org/0,http://x.org/1]");
  EXPECT_EQ(shown(*table, "key"), "[000000000,000000001]");
  EXPECT_EQ(shown(*table, "status"), "[success,failed_to_download]");
  EXPECT_EQ(shown(*table, "error_message"), "[null,HTTP Error 404: Not Found]");
  EXPECT_EQ(shown(*table, "width"), "[256,null]");
  EXPECT_EQ(shown(*table, "original_height"), "[500,null]");
  EXPECT_EQ(shown(*table, "exif"), "[{},null]");
  EXPECT_EQ(shown(*table, "sha256"), "[abc,null]");
  EXPECT_EQ(shown(*table, "jpg"), "[\xff\xff\xff,null]");
}

TEST_F(TableWriterTest, OurOwnFaceKeepsItsStatusesAndLeavesOutWhatWasNotAskedFor) {
  const auto table = test::read_parquet(write({good_row(0), failed_row(1)}, "", {}));
  EXPECT_EQ(shown(*table, "status"), "[success,http_4xx]");
  EXPECT_EQ(shown(*table, "error_message"), "[null,HTTP 404]");
  EXPECT_EQ(table->num_columns(), 8);
}

TEST_F(TableWriterTest, AVerifiedHashColumnHoldsWhatWasComputed) {
  const auto list = arrow::Table::Make(
      arrow::schema({arrow::field("sha256", arrow::utf8()), arrow::field("url", arrow::utf8())}),
      arrow::ArrayVector{array(arrow::utf8(), R"(["promised", "promised"])"),
                         array(arrow::utf8(), R"(["http://x.org/0", "http://x.org/1"])")});
  TableSettings settings = peer_settings();
  settings.image_column.clear();
  const auto table =
      test::read_parquet(write({good_row(0), failed_row(1)}, test::ipc_stream(*list), settings));
  EXPECT_EQ(table->schema()->field(0)->name(), "sha256");
  EXPECT_EQ(shown(*table, "sha256"), "[abc,null]");
  EXPECT_EQ(table->num_columns(), 10);
}

TEST_F(TableWriterTest, AGroupHasAHundredRows) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < 250; ++i) rows.push_back(good_row(i));
  const std::string bytes = write(rows, "", peer_settings());
  const auto metadata = test::open_parquet(bytes)->parquet_reader()->metadata();
  ASSERT_EQ(metadata->num_row_groups(), 3);
  EXPECT_EQ(metadata->RowGroup(0)->num_rows(), 100);
  EXPECT_EQ(metadata->RowGroup(2)->num_rows(), 50);
}

TEST_F(TableWriterTest, AGroupEndsAtSixteenMebibytesOfImages) {
  const std::string bytes =
      write({good_row(0), good_row(1), failed_row(2), good_row(3)}, "", peer_settings(), 9 << 20);
  const auto metadata = test::open_parquet(bytes)->parquet_reader()->metadata();
  ASSERT_EQ(metadata->num_row_groups(), 2);
  EXPECT_EQ(metadata->RowGroup(0)->num_rows(), 2);
  EXPECT_EQ(metadata->RowGroup(1)->num_rows(), 2);
}

TEST_F(TableWriterTest, EqualRowsGiveEqualBytesHoweverTheInputWasBatched) {
  const std::vector<Row> rows = {good_row(0), failed_row(1), good_row(2)};
  const std::string whole = write(rows, test::ipc_stream(*rich_list()), peer_settings());
  EXPECT_EQ(whole, write(rows, test::ipc_stream(*rich_list(), 1), peer_settings()));
  EXPECT_EQ(whole, write(rows, test::ipc_stream(*rich_list()), peer_settings()));
  const auto metadata = test::open_parquet(whole)->parquet_reader()->metadata();
  EXPECT_EQ(metadata->created_by(), "pixhaul version 1.0.0 (build 1)");
}

TEST_F(TableWriterTest, TextIsCompressedAndImagesAreStored) {
  const std::string bytes = write({good_row(0)}, "", peer_settings());
  const auto metadata = test::open_parquet(bytes)->parquet_reader()->metadata();
  const int last = metadata->num_columns() - 1;
  const auto text = metadata->RowGroup(0)->ColumnChunk(0);
  const auto images = metadata->RowGroup(0)->ColumnChunk(last);
  EXPECT_EQ(text->compression(), parquet::Compression::SNAPPY);
  EXPECT_TRUE(text->has_dictionary_page());
  EXPECT_EQ(images->compression(), parquet::Compression::UNCOMPRESSED);
  EXPECT_FALSE(images->has_dictionary_page());
}

TEST_F(TableWriterTest, TextThatIsNotUtf8IsRepaired) {
  Row row = good_row(0);
  row.url = "http://x.org/caf\xe9";
  const auto table = test::read_parquet(write({row}, "", {}));
  EXPECT_EQ(shown(*table, "url"), "[http://x.org/caf\xef\xbf\xbd]");
  EXPECT_TRUE(table->ValidateFull().ok());
}

TEST_F(TableWriterTest, AnEmptyShardIsATableWithoutRows) {
  const auto table = test::read_parquet(write({}, "", peer_settings()));
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_EQ(table->num_columns(), 11);
}

TEST_F(TableWriterTest, DamagedColumnsAndOtherCountsAreRefused) {
  const std::string columns = test::ipc_stream(*rich_list());
  for (std::size_t cut = 1; cut < columns.size(); cut += 61) {
    const auto file = make_file();
    auto writer = create_shard_table(*file, std::string_view(columns).substr(0, cut), {}, pool());
    if (!writer) {
      EXPECT_THAT(writer, HasError(ErrorCode::state_damaged));
      continue;
    }
    // Cut between two batches, or before the end mark: there are rows missing, or none.
    for (int i = 0; i < 3; ++i) {
      if (!(*writer)->add(good_row(static_cast<std::size_t>(i)), std::nullopt)) break;
    }
  }
  const auto file = make_file();
  auto fewer = create_shard_table(*file, columns, {}, pool());
  ASSERT_THAT((*fewer)->add(good_row(0), std::nullopt), IsOk());
  EXPECT_THAT((*fewer)->finish(), HasError(ErrorCode::state_damaged));
  const auto other_file = make_file();
  auto more = create_shard_table(*other_file, columns, {}, pool());
  for (std::size_t i = 0; i < 4; ++i) ASSERT_THAT((*more)->add(good_row(i), std::nullopt), IsOk());
  EXPECT_THAT((*more)->finish(), HasError(ErrorCode::state_damaged));
}

TEST_F(TableWriterTest, AColumnNamedLikeOneOfOursIsRefused) {
  const auto list = arrow::Table::Make(arrow::schema({arrow::field("status", arrow::utf8())}),
                                       arrow::ArrayVector{array(arrow::utf8(), "[]")});
  const auto file = make_file();
  const auto writer = create_shard_table(*file, test::ipc_stream(*list), {}, pool());
  ASSERT_THAT(writer, HasError(ErrorCode::bad_option));
  EXPECT_THAT(writer.error().detail, HasSubstr("'status'"));
}

// Every write of a table that needs several: the disk's own words come out, and nothing is written
// behind the failure.
TEST_F(TableWriterTest, AFullDiskIsSaidSo) {
  const std::string image(std::size_t{1} << 20, 'x');
  for (std::uint64_t call = 1; call < 6; ++call) {
    const auto file = make_file();
    files_.fail_call(call, ENOSPC, false);
    Result<> state;
    {
      auto writer = create_shard_table(*file, "", peer_settings(), pool());
      state = writer ? Result<>() : std::unexpected(writer.error());
      for (std::size_t i = 0; i < 200 && state; ++i) {
        state = (*writer)->add(good_row(i), std::as_bytes(std::span(image)).first(50'000));
      }
      if (state) {
        auto facts = (*writer)->finish();
        if (!facts) state = std::unexpected(facts.error());
      }
      if (!state) {
        const std::string after_failure = files_.contents("out/table");
        writer = std::unexpected(Error{});
        EXPECT_EQ(files_.contents("out/table"), after_failure);
      }
    }
    EXPECT_THAT(state, HasError(ErrorCode::disk_full)) << call;
    files_.heal();
  }
}

TEST_F(TableWriterTest, TheRowsTableHoldsWhatTheDatasetMustNot) {
  Row row = good_row(0);
  row.input = "list.txt";
  row.line = 3;
  row.outcome.attempts = 2;
  row.outcome.bytes = 1234;
  row.outcome.address = "192.0.2.1:443";
  row.outcome.tls_version = "TLSv1.3";
  row.outcome.format = ImageFormat::jpeg;
  row.outcome.etag = "\"e\xe9\"";
  row.outcome.times.dns_ms = 1.5;
  row.outcome.retrieved_at = std::chrono::system_clock::time_point(std::chrono::seconds(1));
  const auto file = make_file();
  auto writer = create_rows_table(*file, pool());
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT((*writer)->add(row, std::nullopt), IsOk());
  ASSERT_THAT((*writer)->add(failed_row(1), std::nullopt), IsOk());
  const auto facts = (*writer)->finish();
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->crc32c, crc32c(files_.contents("out/table")));
  const auto table = test::read_parquet(files_.contents("out/table"));
  EXPECT_EQ(table->num_columns(), 32);
  EXPECT_EQ(shown(*table, "status"), "[success,http_4xx]");
  EXPECT_EQ(shown(*table, "line"), "[3,null]");
  EXPECT_EQ(shown(*table, "bytes"), "[1234,0]");
  EXPECT_EQ(shown(*table, "dns_ms"), "[1.5,null]");
  EXPECT_EQ(shown(*table, "total_ms"), "[null,null]");
  EXPECT_EQ(shown(*table, "attempts"), "[2,0]");
  EXPECT_EQ(shown(*table, "media_type"), "[image/jpeg,null]");
  EXPECT_EQ(shown(*table, "etag"), "[\"e\xef\xbf\xbd\",null]");
  EXPECT_EQ(shown(*table, "retrieved_at"), "[1970-01-01 00:00:01.000000Z,null]");
}

TEST_F(TableWriterTest, TheRowsTableGivesItsRowsBack) {
  Row row = good_row(0);
  row.input = "list.txt";
  row.line = 3;
  row.outcome.bytes = 1234;
  row.outcome.width = 320;
  row.outcome.original_height = 480;
  row.outcome.digest = "00ff";
  row.outcome.exif = "{}";
  row.outcome.format = ImageFormat::png;
  row.outcome.times.connect_ms = 2.5;
  row.outcome.retrieved_at = std::chrono::system_clock::time_point(std::chrono::seconds(7));
  const auto file = make_file();
  auto writer = create_rows_table(*file, pool());
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT((*writer)->add(row, std::nullopt), IsOk());
  ASSERT_THAT((*writer)->add(failed_row(1), std::nullopt), IsOk());
  ASSERT_THAT((*writer)->finish(), IsOk());
  auto folder = files_.open_folder("out", Folder::IfMissing::fail);
  const auto opened = (*folder)->open("table");
  std::vector<Row> rows;
  ASSERT_THAT(
      read_rows_table(**opened, [&](const Row& read) { rows.push_back(read); }, pool()), IsOk());
  ASSERT_EQ(rows.size(), 2u);
  const Outcome& outcome = rows[0].outcome;
  EXPECT_EQ(rows[0].key, row.key);
  EXPECT_EQ(rows[0].line, 3u);
  EXPECT_EQ(outcome.status, ErrorCode::success);
  EXPECT_EQ(outcome.bytes, 1234u);
  EXPECT_EQ(outcome.width, 320u);
  EXPECT_EQ(outcome.original_height, 480u);
  EXPECT_EQ(outcome.digest, "00ff");
  EXPECT_EQ(outcome.exif, "{}");
  EXPECT_EQ(outcome.format, ImageFormat::png);
  EXPECT_EQ(outcome.times.connect_ms, 2.5F);
  EXPECT_LT(outcome.times.dns_ms, 0);
  EXPECT_EQ(outcome.retrieved_at, row.outcome.retrieved_at);
  EXPECT_EQ(rows[1].outcome.status, failed_row(1).outcome.status);
  EXPECT_EQ(rows[1].outcome.detail, failed_row(1).outcome.detail);
}

// What the check says of these bytes as a table with images.
Result<writers::TableContents> check(std::string_view bytes, std::string_view image_column,
                                     const writers::ImageVisitor& visit = {}) {
  test::MemoryFileSystem files;
  files.put("out/table", bytes);
  auto folder = files.open_folder("out", Folder::IfMissing::make);
  const auto file = (*folder)->open("table");
  return check_shard_table(**file, image_column, visit, arrow::default_memory_pool());
}

TEST_F(TableWriterTest, TheCheckCountsRowsAndShowsImages) {
  const std::string bytes = write({good_row(0), failed_row(1), good_row(2)}, "", peer_settings());
  std::string keys;
  const auto contents = check(bytes, "jpg", [&](const writers::StoredImage& image) -> Result<> {
    keys += image.key;
    EXPECT_EQ(image.bytes.size(), 3u);
    return {};
  });
  ASSERT_THAT(contents, IsOk());
  EXPECT_EQ(contents->rows, 3u);
  EXPECT_EQ(contents->samples, 2u);
  EXPECT_EQ(contents->facts, (FileFacts{.bytes = bytes.size(), .crc32c = crc32c(bytes)}));
  EXPECT_EQ(keys, "000000000000000002");
  EXPECT_THAT(check(bytes, "png"), HasError(ErrorCode::state_damaged));
  EXPECT_THAT(check(bytes, ""), IsOk());
}

TEST_F(TableWriterTest, TheCheckFindsEveryTruncation) {
  const std::string bytes = write({good_row(0), failed_row(1)}, "", peer_settings());
  for (std::size_t cut = 0; cut < bytes.size(); cut += 97) {
    EXPECT_THAT(check(std::string_view(bytes).substr(0, cut), "jpg"),
                HasError(ErrorCode::state_damaged))
        << cut;
  }
}

TEST_F(TableWriterTest, TheCheckMissesNoImage) {
  const auto file = make_file();
  auto writer = create_shard_table(*file, "", peer_settings(), pool());
  ASSERT_THAT((*writer)->add(good_row(0), std::nullopt), IsOk());
  ASSERT_THAT((*writer)->finish(), IsOk());
  EXPECT_THAT(check(files_.contents("out/table"), "jpg"), HasError(ErrorCode::state_damaged));
}

class FailedTableTest : public TableWriterTest {
 protected:
  struct Shard {
    std::string columns;
    std::vector<FailedRow> rows;
  };

  static Result<> add_table(writers::FailedTable& to, std::string_view bytes) {
    test::MemoryFileSystem files;
    files.put("out/part", bytes);
    auto folder = files.open_folder("out", Folder::IfMissing::make);
    const auto file = (*folder)->open("part");
    return to.add_table(**file);
  }

  std::shared_ptr<arrow::Table> write_failed(const std::vector<Shard>& shards) {
    const auto file = make_file();
    const auto writer = make_failed_table(*file, pool());
    for (const Shard& shard : shards) {
      EXPECT_THAT(writer->add_shard(shard.columns, shard.rows), IsOk());
    }
    EXPECT_THAT(writer->finish(), IsOk());
    return test::read_parquet(files_.contents("out/table"));
  }
};

TEST_F(FailedTableTest, FailedRowsOfAllShardsKeepAllColumns) {
  const std::string columns = test::ipc_stream(*rich_list());
  const auto table = write_failed({{columns, {{0, failed_row(0)}, {2, failed_row(2)}}},
                                   {columns, {}},
                                   {columns, {{1, failed_row(1)}}}});
  EXPECT_EQ(shown(*table, "id"), "[7,65535,null]");
  EXPECT_EQ(shown(*table, "caption"), "[one,drei,null]");
  EXPECT_EQ(shown(*table, "kind"), "[dog,cat,null]");
  EXPECT_EQ(shown(*table, "url"), "[http://x.org/0,http://x.org/2,http://x.org/1]");
  EXPECT_EQ(shown(*table, "status"), "[http_4xx,http_4xx,http_4xx]");
  EXPECT_EQ(shown(*table, "detail"), "[HTTP 404,HTTP 404,HTTP 404]");
  EXPECT_EQ(shown(*table, "http_status"), "[404,404,404]");
  EXPECT_TRUE(table->schema()->field(2)->type()->Equals(rich_list()->schema()->field(2)->type()));
}

TEST_F(FailedTableTest, AListWithoutColumnsHasItsUrls) {
  const auto table = write_failed({{"", {{5, failed_row(5)}}}});
  EXPECT_EQ(table->schema()->field(0)->name(), "url");
  EXPECT_EQ(shown(*table, "url"), "[http://x.org/5]");
}

TEST_F(FailedTableTest, NoFailureIsATableWithoutRows) {
  EXPECT_EQ(write_failed({})->num_rows(), 0);
}

TEST_F(FailedTableTest, LaterShardsAreCastToTheFirstOnesTypes) {
  const auto utf8 = arrow::utf8();
  auto list = [&](const std::shared_ptr<arrow::DataType>& type, std::string_view values) {
    return test::ipc_stream(*arrow::Table::Make(
        arrow::schema({arrow::field("detail", type), arrow::field("url", utf8)}),
        arrow::ArrayVector{array(type, values), array(utf8, R"(["http://x.org/0"])")}));
  };
  const auto table = write_failed({{list(arrow::int64(), "[5]"), {{0, failed_row(0)}}},
                                   {list(arrow::int32(), "[6]"), {{0, failed_row(0)}}},
                                   {list(utf8, R"(["many"])"), {{0, failed_row(0)}}},
                                   {"", {{0, failed_row(3)}}}});
  EXPECT_EQ(shown(*table, "detail"), "[5,6,null,null]");
  EXPECT_EQ(shown(*table, "pixhaul_detail"), "[HTTP 404,HTTP 404,HTTP 404,HTTP 404]");
}

TEST_F(FailedTableTest, TablesOfShardsAreJoinedByTheNamesOfTheirColumns) {
  const auto utf8 = arrow::utf8();
  auto list = [&](std::string_view name, std::string_view value) {
    return test::ipc_stream(*arrow::Table::Make(
        arrow::schema({arrow::field(std::string(name), utf8), arrow::field("url", utf8)}),
        arrow::ArrayVector{array(utf8, value), array(utf8, R"(["http://x.org/0"])")}));
  };
  std::vector<std::string> parts;
  for (const Shard& shard : {Shard{list("status", R"(["new"])"), {{0, failed_row(0)}}},
                             Shard{list("kind", R"(["cat"])"), {{0, failed_row(1)}}},
                             Shard{list("status", R"(["old"])"), {{0, failed_row(2)}}}}) {
    write_failed({shard});
    parts.push_back(files_.contents("out/table"));
  }
  const auto file = make_file();
  const auto writer = make_failed_table(*file, pool());
  for (const std::string& part : parts) EXPECT_THAT(add_table(*writer, part), IsOk());
  EXPECT_THAT(writer->finish(), IsOk());
  const auto table = test::read_parquet(files_.contents("out/table"));
  EXPECT_EQ(shown(*table, "status"), "[new,null,old]");
  EXPECT_EQ(shown(*table, "url"), "[http://x.org/0,http://x.org/0,http://x.org/0]");
  EXPECT_EQ(shown(*table, "pixhaul_status"), "[http_4xx,http_4xx,http_4xx]");
  EXPECT_EQ(shown(*table, "http_status"), "[404,404,404]");
}

TEST_F(FailedTableTest, ATornTableIsDamage) {
  write_failed({{"", {{5, failed_row(5)}}}});
  const std::string whole = files_.contents("out/table");
  const auto file = make_file();
  const auto writer = make_failed_table(*file, pool());
  EXPECT_THAT(add_table(*writer, std::string_view(whole).substr(0, whole.size() / 2)),
              HasError(ErrorCode::state_damaged));
}

TEST_F(FailedTableTest, APositionBehindTheColumnsIsDamage) {
  const auto file = make_file();
  const auto writer = make_failed_table(*file, pool());
  const FailedRow row{.position = 3, .row = failed_row(3)};
  EXPECT_THAT(writer->add_shard(test::ipc_stream(*rich_list()), {&row, 1}),
              HasError(ErrorCode::state_damaged));
}

}  // namespace
}  // namespace pixhaul::arrow_io
