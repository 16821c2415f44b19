#include "readers/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace pixhaul::readers {
namespace {

// A file that hands out `step` bytes a call, as a pipe may; then, perhaps, breaks.
class PieceFile final : public ReadableFile {
 public:
  PieceFile(std::string_view text, std::size_t step, bool breaks = false)
      : text_(text), step_(step), breaks_(breaks) {}
  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), step_, text_.size() - at_});
    if (count == 0 && breaks_) {
      return std::unexpected(Error{.code = ErrorCode::input_unreadable, .detail = "broken"});
    }
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t step_;
  bool breaks_;
  std::size_t at_ = 0;
};

constexpr std::size_t kWhole = 1u << 30;

// "line:text" of each row, problems in brackets.
std::vector<std::string> rows_of(std::string_view list, std::size_t step) {
  TextReader reader(std::make_unique<PieceFile>(list, step), "urls.txt");
  std::vector<std::string> rows;
  RawRow row;
  for (;;) {
    const Result<bool> got = reader.next(row);
    if (!got || !*got) return rows;
    rows.push_back(
        std::to_string(row.line) + ":" +
        (row.problem.empty() ? std::string(row.text) : "[" + std::string(row.problem) + "]"));
    EXPECT_EQ(row.input, "urls.txt");
  }
}

std::string utf16(std::string_view ascii, bool little) {
  std::string text;
  for (const char c : ascii) {
    if (!little) text += '\0';
    text += c;
    if (little) text += '\0';
  }
  return text;
}

TEST(TextReader, ListsReadTheSameAtEveryCut) {
  struct Case {
    std::string meaning;
    std::string list;
    std::vector<std::string> rows;
  };
  const std::vector<Case> cases = {
      {"empty", "", {}},
      {"plain", "http://a\nhttp://b\n", {"1:http://a", "2:http://b"}},
      {"last line without end", "http://a\nhttp://b", {"1:http://a", "2:http://b"}},
      {"CRLF", "http://a\r\nhttp://b\r\n", {"1:http://a", "2:http://b"}},
      {"CR in the middle stays", "a\rb\n", {"1:a\rb"}},
      {"blank lines are counted", "\n\nhttp://a\n \t\n\r\nb\n", {"3:http://a", "6:b"}},
      {"comments only at line start", "#c\nhttp://a#f\n #d\n", {"2:http://a#f", "3: #d"}},
      {"whatever a line contains", "a b,\"c\"\t\xff\n", {"1:a b,\"c\"\t\xff"}},
      {"UTF-8 mark", "\xef\xbb\xbfhttp://a\n", {"1:http://a"}},
      {"UTF-8 mark before a comment", "\xef\xbb\xbf#c\na", {"2:a"}},
      {"a mark alone", "\xef\xbb\xbf", {}},
      {"one byte", "a", {"1:a"}},
      {"two bytes", "a\n", {"1:a"}},
      {"NUL", std::string("a\0b\nc\n", 6), {"1:[line 1 contains a NUL byte]", "2:c"}},
      {"UTF-16 little", "\xff\xfe" + utf16("http://a\r\n#c\nb", true), {"1:http://a", "3:b"}},
      {"UTF-16 big", "\xfe\xff" + utf16("http://a\nb\n", false), {"1:http://a", "2:b"}},
      {"UTF-16 pair",
       std::string("\xff\xfe\x3d\xd8\x00\xde\xe9\x00", 8),
       {"1:\xf0\x9f\x98\x80\xc3\xa9"}},
      {"UTF-16 lone surrogates",
       std::string("\xff\xfe\x3d\xd8\x41\x00\x00\xde", 8),
       {"1:\xef\xbf\xbd"
        "A\xef\xbf\xbd"}},
      {"UTF-16 odd end", std::string("\xff\xfe\x41\x00\x42", 5), {"1:A\xef\xbf\xbd"}},
  };
  for (const Case& test : cases) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7},
                                   std::size_t{16}, kWhole}) {
      EXPECT_EQ(rows_of(test.list, step), test.rows) << test.meaning << ", step " << step;
    }
  }
}

TEST(TextReader, LinesUpToOneMebibyteAreRowsAndLongerOnesAreBadRows) {
  const std::string list =
      "a\n" + std::string(kMaxLineBytes, 'x') + "\n" + std::string(kMaxLineBytes + 1, 'y') + "\n" +
      std::string(5 * kMaxLineBytes, 'z') + "\nb\n" + std::string(2 * kMaxLineBytes, 'w');
  for (const std::size_t step : {std::size_t{65'536}, std::size_t{100'003}, kWhole}) {
    const std::vector<std::string> rows = rows_of(list, step);
    ASSERT_EQ(rows.size(), 6u) << step;
    EXPECT_EQ(rows[0], "1:a");
    EXPECT_EQ(rows[1].size(), kMaxLineBytes + 2);
    EXPECT_EQ(rows[2], "3:[line 3 is longer than 1 MiB]");
    EXPECT_EQ(rows[3], "4:[line 4 is longer than 1 MiB]");
    EXPECT_EQ(rows[4], "5:b");
    EXPECT_EQ(rows[5], "6:[line 6 is longer than 1 MiB]");
  }
}

TEST(TextReader, ALongLineShowsItsBeginning) {
  const std::string list = "http://long" + std::string(3 * kMaxLineBytes, 'x') + "\n";
  TextReader reader(std::make_unique<PieceFile>(list, 50'000), "l");
  RawRow row;
  ASSERT_TRUE(reader.next(row).value());
  EXPECT_TRUE(row.text.starts_with("http://longxxx"));
  EXPECT_EQ(row.text.size(), 200u);
}

TEST(TextReader, RowsBeforeDamageComeFirstAndTheCutLineDoesNot) {
  TextReader reader(std::make_unique<PieceFile>("a\nb\nhttp://cu", 4, true), "l");
  RawRow row;
  EXPECT_TRUE(reader.next(row).value());
  EXPECT_TRUE(reader.next(row).value());
  EXPECT_EQ(row.text, "b");
  EXPECT_FALSE(reader.next(row).has_value());
  EXPECT_FALSE(reader.next(row).value());
}

TEST(TextReader, ManyLinesKeepTheirNumbers) {
  std::string list;
  for (int i = 1; i <= 100'000; ++i) list += "http://h/" + std::to_string(i) + "\n";
  TextReader reader(std::make_unique<PieceFile>(list, 99'991), "l");
  RawRow row;
  std::uint64_t count = 0;
  while (reader.next(row).value()) {
    ++count;
    ASSERT_EQ(row.text, "http://h/" + std::to_string(row.line));
  }
  EXPECT_EQ(count, 100'000u);
  EXPECT_EQ(reader.progress().bytes_read, list.size());
}

}  // namespace
}  // namespace pixhaul::readers
