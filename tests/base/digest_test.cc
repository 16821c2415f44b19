#include "base/digest.h"

#include <gtest/gtest.h>

#include <vector>

namespace pixhaul {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// FIPS 180-4 and RFC 1321 examples.
TEST(Digest, KnownMessagesGiveTheirPublishedValues) {
  struct Case {
    DigestKind kind;
    std::string_view message;
    std::string_view hex;
  };
  const std::vector<Case> cases = {
      {DigestKind::sha256, "abc",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {DigestKind::sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {DigestKind::sha512, "abc",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
       "feebbd454d4423643ce80e2a9ac94fa54ca49f"},
      {DigestKind::md5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
  };
  for (const Case& test : cases) {
    Result<Digest> digest = Digest::create(test.kind);
    ASSERT_TRUE(digest.has_value());
    EXPECT_EQ(digest->of(bytes_of(test.message)), test.hex);
    for (const char c : test.message) digest->update(std::string_view(&c, 1));
    EXPECT_EQ(digest->finish(), test.hex) << "byte by byte, on a reused context";
  }
}

TEST(Digest, PeekLeavesTheMessageOpen) {
  Digest digest = Digest::create(DigestKind::sha256).value();
  digest.update("a");
  const std::string after_a = digest.peek();
  digest.update("bc");
  EXPECT_EQ(digest.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest.of(bytes_of("a")), after_a);
}

// RFC 3720 appendix B.4.
TEST(Crc32c, PublishedVectorsAgree) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32c, InstructionAndTableAgreeAtEveryLengthAndCut) {
  std::string text;
  for (int i = 0; i < 70; ++i) text += static_cast<char>(i * 37);
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string_view whole = std::string_view(text).substr(0, size);
    EXPECT_EQ(crc32c(whole), crc32c_portable(bytes_of(whole)));
    const std::size_t cut = size / 3;
    EXPECT_EQ(crc32c(whole.substr(cut), crc32c(whole.substr(0, cut))), crc32c(whole));
  }
}

TEST(Crc32c, TheSumsOfTwoPartsGiveThatOfTheWhole) {
  std::string text;
  for (int i = 0; i < 70'000; ++i) text += static_cast<char>(i * 131 + i / 257);
  const std::string_view whole = text;
  for (const std::size_t cut : {0, 1, 7, 8, 4096, 32'767, 32'768, 69'999, 70'000}) {
    EXPECT_EQ(
        crc32c_combine(crc32c(whole.substr(0, cut)), crc32c(whole.substr(cut)), whole.size() - cut),
        crc32c(whole))
        << cut;
  }
  EXPECT_EQ(crc32c_combine(0, crc32c(whole), whole.size()), crc32c(whole)) << "nothing in front";
}

// Lengths no test can lay out in memory: a gigabyte of zeros, by doubling.
TEST(Crc32c, LongSecondPartsAgreeWithShortOnes) {
  std::uint32_t zeros = crc32c(std::string(1024, '\0'));
  for (std::uint64_t length = 1024; length < (std::uint64_t{1} << 30); length *= 2) {
    zeros = crc32c_combine(zeros, zeros, length);
  }
  std::uint32_t walked = 0;
  const std::string megabyte(1 << 20, '\0');
  for (int i = 0; i < 1024; ++i) walked = crc32c(megabyte, walked);
  EXPECT_EQ(zeros, walked);
}

}  // namespace
}  // namespace pixhaul
