#include "writers/json_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace pixhaul::writers {
namespace {

std::string python_string(std::string_view text) {
  std::string out;
  append_python_string(out, text);
  return out;
}

std::string python_float(double value) {
  std::string out;
  append_python_float(out, value);
  return out;
}

std::string indented(std::string_view value, std::size_t depth = 0) {
  std::string out;
  append_indented(out, value, depth);
  return out;
}

std::string unquoted(std::string_view literal) {
  std::string out;
  append_unquoted(out, literal);
  return out;
}

TEST(JsonText, StringsAreSpelledAsPythonSpellsThem) {
  EXPECT_EQ(python_string(""), R"("")");
  EXPECT_EQ(python_string("a/b 'c' ~"), R"("a/b 'c' ~")");
  EXPECT_EQ(python_string("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(python_string(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(python_string("é€𝄞"), R"("\u00e9\u20ac\ud834\udd1e")");
  EXPECT_EQ(python_string("a\xff\xc3"), R"("a\ufffd\ufffd")");
}

TEST(JsonText, FloatsAreSpelledAsPythonSpellsThem) {
  const struct {
    double value;
    const char* text;
  } cases[] = {{0, "0.0"},
               {-0.0, "-0.0"},
               {1, "1.0"},
               {0.1, "0.1"},
               {1.0 / 3, "0.3333333333333333"},
               {0.0001, "0.0001"},
               {0.00001, "1e-05"},
               {1.5e-7, "1.5e-07"},
               {123456789012345.0, "123456789012345.0"},
               {9007199254740993.0, "9007199254740992.0"},
               {1e16, "1e+16"},
               {1.25e300, "1.25e+300"},
               {1763937297.123456, "1763937297.123456"},
               {std::numeric_limits<double>::infinity(), "Infinity"},
               {-std::numeric_limits<double>::infinity(), "-Infinity"},
               {std::numeric_limits<double>::quiet_NaN(), "NaN"}};
  for (const auto& test : cases) EXPECT_EQ(python_float(test.value), test.text);
}

// The right-hand sides are json.dumps(…, indent=4).
TEST(JsonText, ValuesAreLaidOutAsPythonLaysThemOut) {
  EXPECT_EQ(indented("null"), "null");
  EXPECT_EQ(indented(" [ ] "), "[]");
  EXPECT_EQ(indented("{}"), "{}");
  EXPECT_EQ(indented("[1,-2.5]"), "[\n    1,\n    -2.5\n]");
  EXPECT_EQ(
      indented(R"({"a":[],"b":{"c":[true,NaN]}})"),
      "{\n    \"a\": [],\n    \"b\": {\n        \"c\": [\n            true,\n            NaN\n"
      "        ]\n    }\n}");
  EXPECT_EQ(indented("[[1],{\"a\":2}]", 1),
            "[\n        [\n            1\n        ],\n        {\n            \"a\": 2\n        }\n"
            "    ]");
}

TEST(JsonText, StringsWithinValuesAreSpelledAnew) {
  EXPECT_EQ(indented("\"\\u0041\\u00E9\\/\xc3\xa9\\u0008\\ud834\\udd1e[{,:\""),
            R"("A\u00e9/\u00e9\b\ud834\udd1e[{,:")");
}

TEST(JsonText, QuotesAreTakenOff) {
  EXPECT_EQ(unquoted(R"("")"), "");
  EXPECT_EQ(unquoted(R"("a\n\"\\\/b")"), "a\n\"\\/b");
  EXPECT_EQ(unquoted(R"("\u00e9\u20ac\ud834\udd1e")"), "é€𝄞");
  EXPECT_EQ(unquoted("\"é\""), "é");
  EXPECT_EQ(unquoted(R"("\ud834x\udd1e")"), "\xef\xbf\xbdx\xef\xbf\xbd") << "halves of a pair";
}

TEST(JsonText, ItemsAreWalkedWithoutLookingInside) {
  JsonItems items(R"( "a":1, "b\"c" : "x,y]" ,"d":[1,[2,3]],"e":{"f":",","g":[]},"h":null )");
  const struct {
    const char* literal;
    const char* value;
  } expected[] = {{"\"a\"", "1"},
                  {R"("b\"c")", "\"x,y]\""},
                  {"\"d\"", "[1,[2,3]]"},
                  {"\"e\"", R"({"f":",","g":[]})"},
                  {"\"h\"", "null"}};
  for (const auto& want : expected) {
    const auto item = items.next();
    ASSERT_TRUE(item.has_value()) << want.literal;
    EXPECT_EQ(item->literal, want.literal);
    EXPECT_EQ(item->value, want.value);
  }
  EXPECT_FALSE(items.next().has_value());
}

TEST(JsonText, ArraysHaveItemsWithoutNames) {
  JsonItems items(R"(["a", 2 ,[]])");
  for (const std::string_view want : {"\"a\"", "2", "[]"}) {
    const auto item = items.next();
    ASSERT_TRUE(item.has_value());
    EXPECT_EQ(item->literal, "");
    EXPECT_EQ(item->value, want);
  }
  EXPECT_FALSE(items.next().has_value());
  EXPECT_FALSE(JsonItems("[]").next().has_value());
  EXPECT_FALSE(JsonItems("").next().has_value());
}

TEST(JsonText, CutTextEndsTheWalk) {
  const std::string_view text = R"({"a":"\u00e9","b":[1,{"c":"d\"e"}],"f":2.5})";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string cut(text.substr(0, size));
    JsonItems items(cut);
    int count = 0;
    while (const auto item = items.next()) {
      ASSERT_FALSE(item->value.empty());
      ASSERT_LE(++count, 3) << cut;
    }
    EXPECT_EQ(indented(cut).empty(), cut.empty());
  }
}

}  // namespace
}  // namespace pixhaul::writers
