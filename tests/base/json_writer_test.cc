#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace pixhaul {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, ObjectsAndArraysNest) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("name", "a");
  json.field("count", std::uint64_t{18'446'744'073'709'551'615u});
  json.key("list");
  json.begin_array();
  json.value(1);
  json.value(-2);
  json.begin_object();
  json.end_object();
  json.end_array();
  json.field("yes", true);
  json.key("nothing");
  json.null();
  json.field("ms", 1.25);
  json.end_object();
  EXPECT_EQ(out, R"({"name":"a","count":18446744073709551615,"list":[1,-2,{}],"yes":true,)"
                 R"("nothing":null,"ms":1.25})");
}

TEST(JsonWriter, NumbersKeepThreeDecimalsAndStayJson) {
  struct Case {
    double number;
    std::string_view text;
  };
  for (const Case& test : std::vector<Case>{{0, "0"},
                                            {0.0004, "0"},
                                            {12.3456, "12.346"},
                                            {-1, "-1"},
                                            {std::numeric_limits<double>::infinity(), "null"},
                                            {std::numeric_limits<double>::quiet_NaN(), "null"}}) {
    std::string out;
    JsonWriter(out).value(test.number);
    EXPECT_EQ(out, test.text);
  }
}

TEST(JsonWriter, StringsAreEscapedAndAlwaysUtf8) {
  struct Case {
    std::string_view text;
    std::string_view json;
  };
  const std::vector<Case> cases = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\n\r\t", R"("\n\r\t")"},
      {std::string_view("\0\x1b\x7f", 3), R"("\u0000\u001b\u007f")"},
      {"caf\xc3\xa9", "\"caf\xc3\xa9\""},
      {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
      {"\xff", "\"\xef\xbf\xbd\""},
      {"\xc3", "\"\xef\xbf\xbd\""},
      {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                  // overlong
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},  // surrogate
      {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (const Case& test : cases) EXPECT_EQ(quoted(test.text), test.json);
}

TEST(JsonWriter, NoTextIsNull) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.text_or_null("a", "x");
  json.text_or_null("b", "");
  json.end_object();
  EXPECT_EQ(out, R"({"a":"x","b":null})");
}

}  // namespace
}  // namespace pixhaul
