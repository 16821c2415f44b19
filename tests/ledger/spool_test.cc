#include "ledger/spool.h"

#include <gtest/gtest.h>

namespace pixhaul::ledger {
namespace {

std::string sample() {
  std::string text;
  append_spool_header(text, 3, "boot");
  for (std::uint32_t i = 0; i < 3; ++i) {
    const std::string json = "{\"row\":" + std::to_string(i) + "}";
    append_spool_row(text, {.position = 7 + i,
                            .status = ErrorCode::http_4xx,
                            .url_crc = 0xdeadbeef,
                            .bytes = 1ull << 40,
                            .json = json});
  }
  return text;
}

TEST(Spool, RecordsComeBack) {
  const std::string text = sample();
  const SpoolContents contents = read_spool(text);
  EXPECT_EQ(contents.generation, 3u);
  EXPECT_EQ(contents.boot_id, "boot");
  EXPECT_EQ(contents.valid_bytes, text.size());
  ASSERT_EQ(contents.rows.size(), 3u);
  EXPECT_EQ(contents.rows[2].position, 9u);
  EXPECT_EQ(contents.rows[2].status, ErrorCode::http_4xx);
  EXPECT_EQ(contents.rows[2].url_crc, 0xdeadbeefu);
  EXPECT_EQ(contents.rows[2].bytes, 1ull << 40);
  EXPECT_EQ(contents.rows[2].json, "{\"row\":2}");
}

TEST(Spool, ATornTailIsDroppedAtEveryByte) {
  const std::string text = sample();
  for (std::size_t size = 0; size < text.size(); ++size) {
    const SpoolContents contents = read_spool(std::string_view(text).substr(0, size));
    EXPECT_LE(contents.valid_bytes, size);
    EXPECT_LT(contents.rows.size(), 3u);
    const SpoolContents again = read_spool(std::string_view(text).substr(0, contents.valid_bytes));
    EXPECT_EQ(again.valid_bytes, contents.valid_bytes);
    EXPECT_EQ(again.rows.size(), contents.rows.size());
  }
}

TEST(Spool, AFlippedBitEndsTheReadingThere) {
  const std::string text = sample();
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string bent = text;
      bent[at] = static_cast<char>(bent[at] ^ (1 << bit));
      const SpoolContents contents = read_spool(bent);
      EXPECT_LE(contents.valid_bytes, at);
      EXPECT_LT(contents.rows.size(), 3u);
    }
  }
}

}  // namespace
}  // namespace pixhaul::ledger
