#include "readers/open.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "support/memory_fs.h"

namespace pixhaul::readers {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  std::string in(text);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string many_lines(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += "http://host/" + std::to_string(i * 7919) + ".jpg\n";
  return list;
}

class Lists : public testing::Test {
 protected:
  struct Read {
    std::vector<std::string> rows;
    Error error;
  };
  Read read(const std::vector<std::string>& inputs, ListFormat format = ListFormat::automatic) {
    Read result;
    auto reader = open_lists(files_, inputs, format);
    if (!reader) return {{}, reader.error()};
    RawRow row;
    for (;;) {
      Result<bool> got = (*reader)->next(row);
      if (!got) result.error = got.error();
      if (!got || !*got) return result;
      result.rows.push_back(std::string(row.input) + ":" + std::to_string(row.line) + ":" +
                            std::string(row.text));
    }
  }
  test::MemoryFileSystem files_;
};

TEST_F(Lists, InputsAreReadInOrderAndUrlsStandForThemselves) {
  files_.put("a.txt", "one\ntwo");
  files_.put("b", "three\n");
  EXPECT_EQ(read({"a.txt", "http://x/y.gz", "HTTPS://z", "b"}).rows,
            (std::vector<std::string>{"a.txt:1:one", "a.txt:2:two", ":0:http://x/y.gz",
                                      ":0:HTTPS://z", "b:1:three"}));
}

TEST_F(Lists, CompressedListsReadAsTheirText) {
  const std::string text = many_lines(50'000);
  files_.put("l.txt", text);
  files_.put("l.txt.gz", gzip(text));
  files_.put("m.GZ", gzip(text.substr(0, 1000)) + gzip(text.substr(1000)) + std::string(512, '\0'));
  files_.put("l.zst", zstd(text));
  files_.put("m.zst", zstd(text.substr(0, 1000)) + zstd(text.substr(1000)));
  files_.put("empty.gz", "");
  const auto texts = [](const Read& read) {
    std::vector<std::string> rows;
    for (const std::string& row : read.rows) rows.push_back(row.substr(row.find(':')));
    return rows;
  };
  const std::vector<std::string> plain = texts(read({"l.txt"}));
  ASSERT_EQ(plain.size(), 50'000u);
  for (const std::string name : {"l.txt.gz", "m.GZ", "l.zst", "m.zst"}) {
    const Read got = read({name});
    EXPECT_EQ(got.error.detail, "") << name;
    EXPECT_TRUE(texts(got) == plain) << name;
  }
  EXPECT_TRUE(read({"empty.gz"}).rows.empty());
}

TEST_F(Lists, DamagedCompressionGivesTheRowsBeforeItAndThenASentence) {
  const std::string text = many_lines(50'000);
  for (const auto& [name, whole] : {std::pair<std::string, std::string>{"l.gz", gzip(text)},
                                    std::pair<std::string, std::string>{"l.zst", zstd(text)}}) {
    files_.put(name, whole.substr(0, whole.size() / 2));
    const Read cut = read({name});
    EXPECT_GT(cut.rows.size(), 1000u) << name;
    EXPECT_EQ(cut.error.code, ErrorCode::input_unreadable);
    EXPECT_NE(cut.error.detail.find("'" + name + "' ends in the middle"), std::string::npos)
        << cut.error.detail;
    std::string bent = whole;
    for (std::size_t i = bent.size() / 2; i < bent.size() / 2 + 64; ++i) bent[i] = '\x5a';
    files_.put(name, bent);
    const Read damaged = read({name});
    EXPECT_EQ(damaged.error.code, ErrorCode::input_unreadable) << name;
    for (const std::string& row : damaged.rows) EXPECT_EQ(row.substr(0, name.size()), name);
  }
}

TEST_F(Lists, EveryTruncationOfASmallGzipIsAnErrorNotACrash) {
  const std::string whole = gzip("http://a\nhttp://b\n");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    files_.put("l.gz", whole.substr(0, size));
    EXPECT_EQ(read({"l.gz"}).error.code, ErrorCode::input_unreadable) << size;
  }
}

TEST_F(Lists, WhatIsNoListIsRefusedBeforeAnyWork) {
  files_.put("a.txt", "one\n");
  files_.put("x.parquet", "PAR1");
  files_.put("plain.gz", "http://a\n");
  EXPECT_EQ(read({"a.txt", "missing.txt"}).error.detail,
            "cannot read 'missing.txt': No such file or directory");
  EXPECT_NE(read({"x.parquet"}).error.detail.find("'x.parquet' is a table"), std::string::npos);
  EXPECT_EQ(read({"x.parquet"}, ListFormat::text).rows.size(), 1u);
  EXPECT_NE(read({"plain.gz"}).error.detail.find("it is not gzip data"), std::string::npos);
}

TEST_F(Lists, MoreListsThanAreHeldOpenAreAllRead) {
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) {
    names.push_back("l" + std::to_string(i));
    files_.put(names.back(), "row\n");
  }
  EXPECT_EQ(read(names).rows.size(), 200u);
}

TEST_F(Lists, ProgressCountsCompressedBytes) {
  const std::string packed = gzip(many_lines(1000));
  files_.put("l.gz", packed);
  auto reader = open_lists(files_, std::vector<std::string>{"l.gz"}, ListFormat::automatic).value();
  RawRow row;
  while (reader->next(row).value()) {
  }
  EXPECT_EQ(reader->progress().bytes_read, packed.size());
  EXPECT_EQ(reader->progress().bytes_total, packed.size());
}

}  // namespace
}  // namespace pixhaul::readers
