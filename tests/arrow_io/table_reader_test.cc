#include "arrow_io/table_reader.h"

#include <zstd.h>

#include "arrow_io/tables.h"

namespace pixhaul::arrow_io {
namespace {

using Rows = std::vector<std::string>;
using test::column_types;
using test::gzip;
using test::json_rows;
using test::read_tables;
using test::ReadRows;
using test::table_settings;

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

class Tables : public testing::Test {
 protected:
  ReadRows read(const Rows& names, const readers::TableSettings& settings) {
    return read_tables(files_, names, settings);
  }
  test::MemoryFileSystem files_;
};

TEST_F(Tables, EachTextFormatPlainAndCompressedGivesTheSameRowsColumnsAndTypes) {
  const std::string csv = "n,url,TEXT\n1,http://a,\"x,y\"\n2,http://b,z\n";
  std::string tsv = "n\turl\tTEXT\n1\thttp://a\tx,y\n2\thttp://b\tz\n";
  const std::string first = R"({"n":1,"url":"http://a","TEXT":"x,y"})";
  const std::string second = R"({"url":"http://b","TEXT":"z","n":2,"other":[{}]})";
  files_.put("t.csv", csv);
  files_.put("t.csv.gz", gzip(csv));
  files_.put("t.csv.zst", zstd(csv));
  files_.put("t.tsv", tsv);
  files_.put("t.jsonl", first + "\n" + second + "\n");
  files_.put("t.jsonl.gz", gzip(first + "\n" + second));
  files_.put("t.json", "[" + first + ",\n" + second + "]");
  files_.put("t.json.zst", zstd("[" + first + "," + second + "]"));
  readers::TableSettings settings = table_settings({"n"});
  settings.caption_column = "TEXT";
  for (const std::string name : {"t.csv", "t.csv.gz", "t.csv.zst", "t.tsv", "t.jsonl", "t.jsonl.gz",
                                 "t.json", "t.json.zst"}) {
    const ReadRows got = read({name}, settings);
    EXPECT_EQ(got.error, "") << name;
    ASSERT_EQ(got.rows.size(), 2u) << name;
    EXPECT_TRUE(got.rows[0].ends_with(":http://a")) << name;
    EXPECT_EQ(column_types(got.ipc), (Rows{"n: int64", "caption: string", "url: string"})) << name;
    EXPECT_EQ(json_rows(got.ipc), (Rows{R"("n":1,"caption":"x,y","url":"http://a")",
                                        R"("n":2,"caption":"z","url":"http://b")"}))
        << name;
  }
}

TEST_F(Tables, BadRowsHaveTheirLineAndAreNullInTheColumnsButForTheirUrl) {
  files_.put(
      "t.csv",
      "id,url\n1,http://a\nx,http://b\n3\n4,\n5,http://e\n\"6\n7,http://g\n8,http://h\xff\n");
  const ReadRows got = read({"t.csv"}, table_settings({"id"}));
  EXPECT_EQ(got.error, "");
  ASSERT_EQ(got.rows.size(), 8u);
  EXPECT_EQ(got.rows[0], "2:http://a");
  EXPECT_EQ(got.rows[2], "4!line 4 has 1 columns, the first row 2");
  EXPECT_EQ(got.rows[4], "6:http://e");
  EXPECT_EQ(got.rows[5], "7!line 7: a quote is not closed");
  EXPECT_EQ(got.rows[6], "8:http://g");
  EXPECT_EQ(got.rows[7], "9!line 9 is not UTF-8");
  // "x" among the first rows makes the column text; an empty URL leaves the others' values.
  EXPECT_EQ(got.rows[3], "5!line 5 has no URL");
  const Rows json = json_rows(got.ipc);
  EXPECT_EQ(json[1], R"("id":"x","url":"http://b")");
  EXPECT_EQ(json[2], R"("id":null,"url":"3")");
  EXPECT_EQ(json[3], R"("id":"4","url":"")");
  EXPECT_EQ(json[7], R"("id":null,"url":null)");
}

TEST_F(Tables, AValueThatContradictsTheFirstRowsSpoilsItsRowOnly) {
  std::string csv = "id,url\n";
  std::string jsonl;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = i == 7000 || i == 7001 || i == 9999 ? "\"late\"" : std::to_string(i);
    csv += id + ",http://h/" + std::to_string(i) + "\n";
    jsonl += "{\"id\":" + id + ",\"url\":\"http://h/" + std::to_string(i) + "\"}\n";
  }
  files_.put("t.csv", csv);
  files_.put("t.jsonl", jsonl);
  for (const std::string name : {"t.csv", "t.jsonl"}) {
    const ReadRows got = read({name}, table_settings({"id"}));
    EXPECT_EQ(got.error, "");
    ASSERT_EQ(got.rows.size(), 10'000u);
    const int header = name == "t.csv" ? 1 : 0;
    for (const int i : {7000, 7001, 9999}) {
      const std::string start = std::to_string(i + 1 + header) + "!line ";
      EXPECT_TRUE(got.rows[static_cast<std::size_t>(i)].starts_with(start))
          << got.rows[static_cast<std::size_t>(i)];
    }
    EXPECT_EQ(
        std::ranges::count_if(got.rows, [](const std::string& r) { return r.find('!') != r.npos; }),
        3);
    EXPECT_EQ(column_types(got.ipc).front(), "id: int64");
    const Rows json = json_rows(got.ipc);
    EXPECT_EQ(json[7002], R"("id":7002,"url":"http://h/7002")");
    EXPECT_TRUE(json[7000].starts_with(R"("id":null,)"));
  }
  readers::TableSettings settings = table_settings({"id"});
  settings.infer = readers::TableSettings::Infer::all_rows;
  const ReadRows whole = read({"t.csv"}, settings);
  EXPECT_EQ(column_types(whole.ipc).front(), "id: string");
  EXPECT_EQ(
      std::ranges::count_if(whole.rows, [](const std::string& r) { return r.find('!') != r.npos; }),
      0);
}

TEST_F(Tables, NestedJsonKeepsItsTypes) {
  files_.put("t.jsonl",
             R"({"url":"http://a","tags":["a","b"],"meta":{"w":1.5,"ok":true},"empty":[]})"
             "\n"
             R"({"url":"http://b","tags":null,"meta":{"w":2.0,"ok":false},"empty":["x"]})");
  const ReadRows got = read({"t.jsonl"}, table_settings({"meta", "tags", "empty"}));
  EXPECT_EQ(column_types(got.ipc),
            (Rows{"meta: struct<w: double, ok: bool>", "tags: list<item: string>",
                  "empty: list<item: string>", "url: string"}));
  EXPECT_EQ(json_rows(got.ipc),
            (Rows{R"("meta":{"w":1.5,"ok":true},"tags":["a","b"],"empty":[],"url":"http://a")",
                  R"("meta":{"w":2.0,"ok":false},"tags":null,"empty":["x"],"url":"http://b")"}));
}

TEST_F(Tables, BoxesAndDigestsTravelWithTheirRows) {
  files_.put("t.jsonl", R"({"url":"http://a","bb":[[0,0,1,1],[0.25,0.5,0.75,1]],"h":"abc"})"
                        "\n"
                        R"({"url":"http://b","bb":[],"h":null})"
                        "\n"
                        R"({"url":"http://c","bb":[[0,1]],"h":"d"})"
                        "\n"
                        R"({"url":"http://d"})");
  files_.put("t.csv",
             "url,bb,h\nhttp://a,\"[[0,0,1,1],[0.25,0.5,0.75,1]]\",abc\nhttp://b,[],\n"
             "http://c,\"[[0,1]]\",d\nhttp://d,,\n");
  readers::TableSettings settings;
  settings.box_column = "bb";
  settings.verify = readers::VerifyColumn{.column = "h", .digest = "md5"};
  for (const std::string name : {"t.jsonl", "t.csv"}) {
    const ReadRows got = read({name}, settings);
    ASSERT_EQ(got.rows.size(), 4u) << got.error;
    ASSERT_EQ(got.boxes[0].size(), 2u);
    EXPECT_EQ(got.boxes[0][1].left, 0.25);
    EXPECT_EQ(got.boxes[0][1].bottom, 1);
    EXPECT_TRUE(got.boxes[1].empty());
    EXPECT_NE(got.rows[2].find("holds no boxes"), std::string::npos);
    EXPECT_EQ(got.hashes, (Rows{"abc", "", "d", ""}));
  }
  EXPECT_EQ(column_types(read({"t.jsonl"}, settings).ipc),
            (Rows{"bb: list<item: list<item: double>>", "md5: string", "url: string"}));
}

TEST_F(Tables, AMissingColumnIsOneSentenceWithTheRemedy) {
  files_.put("laion.csv", "URL,TEXT\nhttp://a,x\n");
  EXPECT_EQ(read({"laion.csv"}, table_settings()).error,
            "laion.csv has no column 'url'; it has URL, TEXT. Try --url_col URL");
  readers::TableSettings settings = table_settings({"licence"});
  settings.url_column = "URL";
  EXPECT_EQ(read({"laion.csv"}, settings).error,
            "laion.csv has no column 'licence'; it has URL, TEXT. Name it with "
            "--save_additional_columns");
  files_.put("two.csv", "url,url\n1,2\n");
  EXPECT_EQ(read({"two.csv"}, table_settings()).error,
            "two.csv has 2 columns 'url'; rename all but one");
  files_.put("list.jsonl", "{\"URL\":\"http://a\"}\n");
  EXPECT_EQ(read({"list.jsonl"}, table_settings()).error,
            "list.jsonl has no column 'url'; it has URL. Try --url_col URL");
}

TEST_F(Tables, FilesFollowEachOtherWithTheTypesOfTheFirst) {
  files_.put("a.csv", "url,n\nhttp://a,1.5\n");
  files_.put("b.jsonl", "{\"n\":2,\"url\":\"http://b\"}\n{\"n\":\"x\",\"url\":\"http://c\"}\n");
  const ReadRows got = read({"a.csv", "b.jsonl"}, table_settings({"n"}));
  EXPECT_EQ(got.error, "");
  ASSERT_EQ(got.rows.size(), 3u);
  EXPECT_TRUE(got.rows[2].starts_with("2!line 2: ")) << got.rows[2];
  EXPECT_EQ(column_types(got.ipc), (Rows{"n: double", "url: string"}));
  EXPECT_EQ(json_rows(got.ipc)[1], R"("n":2.0,"url":"http://b")");
}

TEST_F(Tables, CutsGiveEachRowOnceAndTheSameSchema) {
  std::string csv = "url,n\n";
  for (int i = 0; i < 9000; ++i)
    csv += "http://h/" + std::to_string(i) + "," + std::to_string(i) + "\n";
  files_.put("t.csv", csv);
  const auto inputs =
      readers::expand_inputs(files_, Rows{"t.csv"}, readers::ListFormat::automatic).value();
  const auto reader =
      open_table_reader(files_, inputs, table_settings({"n"}), arrow::default_memory_pool())
          .value();
  readers::RawRow row;
  Rows json;
  Rows types;
  for (int i = 0; i <= 9000; ++i) {
    const bool got = reader->next(row).value();
    EXPECT_EQ(got, i < 9000);
    if (i % 1000 == 999 || !got) {
      const std::string ipc = reader->cut_columns().value();
      for (std::string& text : json_rows(ipc)) json.push_back(std::move(text));
      if (types.empty()) types = column_types(ipc);
      EXPECT_EQ(column_types(ipc), types);
    }
  }
  ASSERT_EQ(json.size(), 9000u);
  for (int i = 0; i < 9000; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_EQ(json[static_cast<std::size_t>(i)], "\"n\":" + n + ",\"url\":\"http://h/" + n + "\"");
  }
}

TEST_F(Tables, DamagedCompressionGivesTheRowsBeforeItAndThenASentence) {
  std::string csv = "url\n";
  for (int i = 0; i < 50'000; ++i) csv += "http://h/" + std::to_string(i * 7919) + "\n";
  const std::string packed = gzip(csv);
  files_.put("t.csv.gz", packed.substr(0, packed.size() / 2));
  const ReadRows got = read({"t.csv.gz"}, table_settings());
  EXPECT_GT(got.rows.size(), 1000u);
  EXPECT_NE(got.error.find("'t.csv.gz' ends in the middle"), std::string::npos) << got.error;
}

TEST_F(Tables, HostileTextEndsInBadRowsOrASentence) {
  std::string wide = "{\"url\":\"http://a\"";
  for (int i = 0; i < 50'000; ++i) wide += ",\"c" + std::to_string(i) + "\":1";
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  const std::vector<std::pair<std::string, std::string>> files = {
      {"wide.jsonl", wide + "}\n{\"url\":\"http://b\"}\n"},
      {"deep.jsonl", "{\"url\":\"http://a\",\"x\":" + deep + "}\n{\"url\":\"http://b\"}\n"},
      {"nul.csv", std::string("url\nhttp://a\0b\nhttp://b\n", 23)},
      {"long.csv", "url\n" + std::string(5u << 20, 'a') + "\nhttp://b\n"},
      {"surrogate.jsonl", "{\"url\":\"http://\\ud800\"}\n{\"url\":\"http://b\"}\n"},
      {"quote.csv", "url\n\"" + std::string(100, '\n') + "\nhttp://b\n"},
  };
  for (const auto& [name, text] : files) {
    files_.put(name, text);
    const ReadRows got = read({name}, table_settings());
    EXPECT_EQ(got.error, "") << name;
    ASSERT_FALSE(got.rows.empty()) << name;
    EXPECT_TRUE(got.rows.back().ends_with(":http://b")) << name << ": " << got.rows.back();
    EXPECT_EQ(json_rows(got.ipc).size(), got.rows.size()) << name;
  }
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"empty.csv", ""}, {"html.json", "<html>"}, {"cut.json", "[{\"url\":\"http://a\"},"}}) {
    files_.put(name, text);
    EXPECT_NE(read({name}, table_settings()).error.find(name), std::string::npos) << name;
  }
}

TEST(Boxes, TextIsReadOrRefusedWhole) {
  std::vector<readers::Box> boxes;
  EXPECT_TRUE(parse_boxes("", boxes));
  EXPECT_TRUE(parse_boxes(" [ ] ", boxes));
  EXPECT_TRUE(boxes.empty());
  EXPECT_TRUE(parse_boxes("[[0.1, 0.2, 1e-1, 1], [0,0,1,1]]", boxes));
  EXPECT_EQ(boxes.size(), 2u);
  for (const char* bad : {"x", "[", "[[1,2,3]]", "[[1,2,3,4,5]]", "[[1,2,3,\"4\"]]",
                          "[[0,0,1,NaN]]", "[[0,0,1,1],]", "[[0,0,1,1]]x", "{}"}) {
    EXPECT_FALSE(parse_boxes(bad, boxes)) << bad;
  }
}

}  // namespace
}  // namespace pixhaul::arrow_io
