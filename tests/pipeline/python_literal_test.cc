#include "pipeline/python_literal.h"

#include <gtest/gtest.h>

namespace pixhaul::pipeline {
namespace {

using Items = std::vector<std::string>;

TEST(PythonLiteral, ListsTakeQuotedTextAndBareWords) {
  for (const char* text :
       {R"(["a", "b c"])", "['a','b c']", "(\"a\", 'b c')", "[a,b c]", "[ a , 'b c', ]"}) {
    const auto list = parse_python_literal(text);
    ASSERT_TRUE(list) << text;
    EXPECT_EQ(list->kind, PythonLiteral::Kind::list);
    EXPECT_EQ(list->items, (Items{"a", "b c"})) << text;
  }
  EXPECT_EQ(parse_python_literal("[]")->items, Items());
}

TEST(PythonLiteral, AQuotedWordIsTextWhateverItSays) {
  const auto quoted = parse_python_literal("'None'");
  ASSERT_TRUE(quoted);
  EXPECT_FALSE(quoted->is_none());
  EXPECT_EQ(quoted->text, "None");
  EXPECT_TRUE(parse_python_literal(" None ")->is_none());
}

TEST(PythonLiteral, WhatDoesNotEndIsNone) {
  for (const char* text : {"'a", "[a", "['a'", "['a' 'b']", "[a] b", "'a' b", R"('\x4')"}) {
    EXPECT_FALSE(parse_python_literal(text)) << text;
  }
}

TEST(PythonLiteral, EveryTextComesBackFromItsRepr) {
  for (const std::string text : {"", "a", "it's", "\"", "it's \"so\"", "a\\b\n\t\x01", "ä €"}) {
    const auto back = parse_python_literal(python_string(text));
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(back->text, text);
  }
  EXPECT_EQ(parse_python_literal(R"("\u20ac\U0001f600\xe4")")->text, "€😀ä");
}

}  // namespace
}  // namespace pixhaul::pipeline
