#include <gtest/gtest.h>

#include <cstring>

#include "readers/csv_records.h"
#include "readers/json_records.h"

namespace pixhaul::readers {
namespace {

class PieceFile final : public ReadableFile {
 public:
  PieceFile(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}
  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), piece_, text_.size() - at_});
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

enum class Kind : std::uint8_t { csv, tsv, lines, array };

std::unique_ptr<RecordReader> make(Kind kind, std::string text, std::size_t piece) {
  auto file = std::make_unique<PieceFile>(std::move(text), piece);
  if (kind == Kind::lines) return std::make_unique<JsonLines>(std::move(file), "t");
  if (kind == Kind::array) return open_json_document(std::move(file), "t").value();
  return std::make_unique<CsvRecords>(std::move(file), "t", kind == Kind::csv ? ',' : '\t');
}

// "LINE:TEXT" of each row, "LINE!PROBLEM[SHOWN]" of a bad one, "error DETAIL" at an error.
std::vector<std::string> read(Kind kind, const std::string& text,
                              const std::vector<ChosenColumn>& columns, std::size_t piece) {
  const auto reader = make(kind, text, piece);
  const auto names = reader->column_names();
  if (!names) return {"error " + names.error().detail};
  reader->choose(columns);
  std::vector<std::string> rows;
  Record record;
  for (;;) {
    const Result<bool> got = reader->next(record);
    if (!got) rows.push_back("error " + got.error().detail);
    if (!got || !*got) return rows;
    std::string row = std::to_string(record.line);
    if (record.problem.empty()) {
      row += ":" + std::string(record.text.substr(0, record.text.size() - 1));
    } else {
      row += "!" + std::string(record.problem) + "[" + std::string(record.shown) + "]";
    }
    rows.push_back(row);
  }
}

struct Case {
  Kind kind;
  std::string text;
  std::vector<std::string> rows;
};

// Chosen: b, then a.
const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {Kind::csv, "a,b,c\n1,2,3\n4,5,6", {"2:2,1", "3:5,4"}},
      {Kind::csv, "\xef\xbb\xbf\"a\",b\r\n1,2\r\n\r\n3,4\r\n", {"2:2,1", "4:4,3"}},
      {Kind::csv, "a,b\r1,2\r3,4", {"2:2,1", "3:4,3"}},
      {Kind::csv, "a,b\n\"x,\"\"\ny\",2\n3,4\n", {"2:2,\"x,\"\"\ny\"", "4:4,3"}},
      {Kind::csv, "a,b\n1\"2,\"3\"4\n", {"2:\"3\"4,1\"2"}},
      {Kind::csv, "a,b\n,\n\n", {"2:,"}},
      {Kind::csv,
       "a,b\n1,2,3\n4\n5,6\n",
       {"2!line 2 has 3 columns, the first row 2[2]", "3!line 3 has 1 columns, the first row 2[4]",
        "4:6,5"}},
      {Kind::csv,
       std::string("a,b\n1,x\0y\n5,\xff\n7,8\n", 17),
       {"2!line 2 contains a NUL byte[" + std::string("x\0y", 3) + "]",
        "3!line 3 is not UTF-8[\xff]", "4:8,7"}},
      {Kind::csv,
       "a,b\n\"1,2\n3,4\n5,6",
       {"2!line 2: a quote is not closed[\"1,2]", "3:4,3", "4:6,5"}},
      {Kind::csv,
       "",
       {"error cannot read 't': it is empty; its first row has to name its columns"}},
      {Kind::csv, "a,b", {}},
      {Kind::tsv, "a\tb\n1,1\t2\n", {"2:2\t1,1"}},
      {Kind::lines,
       "{\"a\":1,\"b\":\"x\"}\n\n{\"b\":\"y\"}\r\n{\"a\":null}",
       {"1:{\"0\":\"x\",\"1\":1}", "3:{\"0\":\"y\"}", "4:{\"1\":null}"}},
      {Kind::lines,
       "{\"b\":7}\n{\"b\":true}\n{\"b\":[1]}\n{\"\\u0062\":\"z\"}\n",
       {"1:{\"0\":\"7\"}", "2:{\"0\":\"true\"}", "3!line 3 holds no text in 'b'[]",
        "4:{\"0\":\"z\"}"}},
      {Kind::lines,
       "[1]\n{\"b\":\"x\"\n{\"b\":\"x\",}\n{\"b\":\"x\"}}\n{\"b\":\"u\",\"b\":\"v\"}\n{\"b\":"
       "\"w\"}",
       {"1!line 1 is no JSON object[]", "2!line 2 is no JSON object[x]",
        "3!line 3 is no JSON object[x]", "4!line 4 is no JSON object[x]",
        "5!line 5 has a member twice[u]", "6:{\"0\":\"w\"}"}},
      {Kind::array,
       " [ {\"b\":\"x,]}\\\"\",\"a\":[1,{\"q\":2}]} ,\n {\"b\":\"y\"} ] tail",
       {"1:{\"0\":\"x,]}\\\"\",\"1\":[1,{\"q\":2}]}", "2:{\"0\":\"y\"}"}},
      {Kind::array, "[]", {}},
      {Kind::array,
       " {\"a\":{\"0\":1,\"7\":null},\"c\":[3],\"b\":{\"0\":\"x\",\"7\":\"y\"}}",
       {"1:{\"0\":\"x\",\"1\":1}", "2:{\"0\":\"y\",\"1\":null}"}},
      {Kind::array,
       "{\"a\":[1,2],\"b\":[\"x\",\"y\"]}",
       {"1:{\"0\":\"x\",\"1\":1}", "2:{\"0\":\"y\",\"1\":2}"}},
      {Kind::array,
       "{\"a\":[1,2],\"b\":[\"x\"]}",
       {"1:{\"0\":\"x\",\"1\":1}",
        "error cannot read 't': its columns do not have the same rows from row 2 on; write it as "
        "JSON lines, a row a line"}},
      {Kind::array,
       "{\"a\":{\"0\":1},\"b\":{\"0\"",
       {"error cannot read 't': it is no whole JSON document"}},
      {Kind::array,
       "[3,{\"b\":\"y\"},]",
       {"1!row 1 is no JSON object[]", "2:{\"0\":\"y\"}", "3!row 3 is no JSON object[]"}},
      {Kind::array,
       "[{\"b\":\"y\"},{\"b\"",
       {"1:{\"0\":\"y\"}", "error cannot read 't': it ends in the middle of its array"}},
      {Kind::array,
       "[{\"b\":\"y\"}}",
       {"error cannot read 't': a bracket closes what none opened"}},
  };
  return kCases;
}

TEST(Records, TablesAreCutAlikeAtEveryCut) {
  const std::vector<ChosenColumn> columns = {{"b", ColumnKind::text}, {"a", ColumnKind::any}};
  for (const Case& example : cases()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7},
                                    std::size_t{16}, std::size_t{1} << 20}) {
      EXPECT_EQ(read(example.kind, example.text, columns, piece), example.rows)
          << example.text << " by " << piece;
    }
  }
}

TEST(Records, ARowAboveOneMebibyteIsSkippedAndTheNextIsRead) {
  const std::vector<ChosenColumn> columns = {{"b", ColumnKind::text}};
  const std::string giant(3u << 20, 'x');
  const auto rows = [&](Kind kind, const std::string& text) {
    return read(kind, text, columns, 1 << 20);
  };
  const std::string shown = giant.substr(0, 200);
  EXPECT_EQ(rows(Kind::csv, "a,b\n" + giant + ",1\n2,3\n"),
            (std::vector<std::string>{"2!line 2 is longer than 1 MiB[" + shown + "]", "3:3"}));
  EXPECT_EQ(rows(Kind::csv, "a,b\n\"1,1\n2,3\n" + giant + ",4\n5,6\n"),
            (std::vector<std::string>{"2!line 2: a quote is not closed[\"1,1]", "3:3",
                                      "4!line 4 is longer than 1 MiB[" + shown + "]", "5:6"}));
  const std::string big = "{\"a\":\"" + giant + "\",\"b\":\"1\"}";
  EXPECT_EQ(rows(Kind::lines, big + "\n{\"b\":\"2\"}"),
            (std::vector<std::string>{"1!line 1 is longer than 1 MiB[]", "2:{\"0\":\"2\"}"}));
  EXPECT_EQ(rows(Kind::array, "[" + big + ",{\"b\":\"2\"}]"),
            (std::vector<std::string>{"1!row 1 is longer than 1 MiB[]", "2:{\"0\":\"2\"}"}));
}

TEST(Records, DepthAndWidthDoNotMatter) {
  const std::vector<ChosenColumn> columns = {{"b", ColumnKind::text}};
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(read(Kind::lines, "{\"a\":" + deep + ",\"b\":\"1\"}\n{\"b\":\"2\"}", columns, 4096),
            (std::vector<std::string>{"1!line 1 is no JSON object[]", "2:{\"0\":\"2\"}"}));
  std::string header = "b";
  std::string row = "1";
  for (int i = 0; i < 100'000; ++i) {
    header += ",c" + std::to_string(i);
    row += ',';
  }
  EXPECT_EQ(read(Kind::csv, header + "\n" + row + "\n" + row, columns, 4096),
            (std::vector<std::string>{"2:1", "3:1"}));
}

TEST(Records, ColumnNamesAreTheHeaderOrTheMembersOfTheFirstRows) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(make(Kind::csv, "\"a \"\"b\"\"\",c\n1,2\n", 1)->column_names().value(),
            (Names{"a \"b\"", "c"}));
  EXPECT_EQ(make(Kind::lines, "{\"a\":1}\nbad\n{\"b\":2,\"a\":1}\n", 1)->column_names().value(),
            (Names{"a", "b"}));
  EXPECT_EQ(make(Kind::array, "[{\"a\":1},{\"b\":{\"x\":2}}]", 1)->column_names().value(),
            (Names{"a", "b"}));
  EXPECT_NE(
      make(Kind::array, "{\"a\":1}\n{\"a\":2}", 1)->column_names().error().detail.find("jsonl"),
      std::string::npos);
  EXPECT_NE(make(Kind::array, "3", 1)->column_names().error().detail.find("jsonl"),
            std::string::npos);
}

}  // namespace
}  // namespace pixhaul::readers
