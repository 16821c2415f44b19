#include "net/content_encoding.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <string_view>

#include "base/random.h"

namespace pixhaul::net {
namespace {

constexpr std::size_t kWhole = 1 << 24;
constexpr std::size_t kCuts[] = {1, 2, 3, 7, 16, kWhole};
constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kRaw = -15;

std::string compress(std::string_view text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Decoded {
  Result<> outcome{};
  std::string text{};
};

Decoded decode(std::string_view coding, std::string_view wire, std::size_t cut = kWhole,
               std::uint64_t max_bytes = 1 << 30) {
  auto decoder = ContentDecoder::create(coding, max_bytes);
  if (!decoder || !*decoder) return {.outcome = std::unexpected(Error{.detail = "no decoder"})};
  Buffer out;
  Decoded decoded;
  while (!wire.empty() && decoded.outcome) {
    std::string_view piece = wire.substr(0, cut);
    wire.remove_prefix(piece.size());
    decoded.outcome = (*decoder)->decode(std::as_bytes(std::span(piece)), out);
  }
  if (decoded.outcome) decoded.outcome = (*decoder)->finish();
  decoded.text = out.text();
  return decoded;
}

std::string sample(std::size_t size) {
  Random random(4);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random.next() % 40);
  return text;
}

// "hello hello hello hello" by BrotliEncoderCompress at quality 11.
constexpr std::string_view kBrotliHello(
    "\x1b\x16\x00\xf8\x8d\x94\x6e\xde\x44\x55\x86\x96\x6c\x20\x6f\x21\x4f\x1c\xe0\x38", 20);

TEST(ContentDecoder, EveryCodingComesOutAtEveryCut) {
  const std::string text = sample(70000);
  for (std::size_t cut : kCuts) {
    EXPECT_EQ(decode("gzip", compress(text, kGzip), cut).text, text) << cut;
    EXPECT_EQ(decode(" X-GZip ", compress(text, kGzip), cut).text, text) << cut;
    EXPECT_EQ(decode("deflate", compress(text, kZlib), cut).text, text) << cut;
    EXPECT_EQ(decode("Deflate", compress(text, kRaw), cut).text, text) << cut;
    EXPECT_EQ(decode("gzip, identity", compress("x", kGzip), cut).text, "x") << cut;
  }
}

TEST(ContentDecoder, IdentityNeedsNoDecoder) {
  for (const char* coding : {"", "identity", " Identity ", "identity, identity", ","}) {
    auto decoder = ContentDecoder::create(coding, 100);
    ASSERT_TRUE(decoder) << coding;
    EXPECT_EQ(*decoder, nullptr) << coding;
  }
}

TEST(ContentDecoder, UnknownAndStackedCodingsAreRefused) {
  for (const char* coding :
       {"zstd", "compress", "gzipp", "gzip, br", "gzip,gzip", "gzip;q=1", "aws-chunked"}) {
    auto decoder = ContentDecoder::create(coding, 100);
    ASSERT_FALSE(decoder) << coding;
    EXPECT_EQ(decoder.error().code, ErrorCode::encoding_limit);
  }
  EXPECT_EQ(ContentDecoder::create("zstd", 100).error().detail, "unknown Content-Encoding 'zstd'");
}

TEST(ContentDecoder, EveryTruncationIsSeen) {
  for (auto [coding, bits] :
       {std::pair("gzip", kGzip), std::pair("deflate", kZlib), std::pair("deflate", kRaw)}) {
    const std::string wire = compress(sample(300), bits);
    for (std::size_t size = 1; size < wire.size(); ++size) {
      Decoded decoded = decode(coding, wire.substr(0, size));
      ASSERT_FALSE(decoded.outcome) << coding << size;
      EXPECT_EQ(decoded.outcome.error().code, ErrorCode::truncated) << coding << size;
    }
    EXPECT_TRUE(decode(coding, "").outcome);
  }
}

TEST(ContentDecoder, CorruptionIsRefused) {
  std::string wire = compress(sample(3000), kGzip);
  wire[wire.size() - 6] = static_cast<char>(wire[wire.size() - 6] ^ 1);  // the checksum
  for (std::size_t cut : kCuts) {
    Decoded decoded = decode("gzip", wire, cut);
    ASSERT_FALSE(decoded.outcome);
    EXPECT_EQ(decoded.outcome.error().code, ErrorCode::encoding_limit);
  }
  EXPECT_FALSE(decode("gzip", "\xff\xd8\xff\xe0 a bare JPEG").outcome);
  EXPECT_FALSE(decode("br", "\xff\xff\xff\xff\xff\xff\xff").outcome);
}

TEST(ContentDecoder, MembersFollowOneAnotherAndGarbageBehindThemIsDropped) {
  const std::string two = compress("one ", kGzip) + compress("two", kGzip);
  for (std::size_t cut : kCuts) {
    EXPECT_EQ(decode("gzip", two, cut).text, "one two");
    Decoded decoded = decode("gzip", two + "garbage", cut);
    EXPECT_TRUE(decoded.outcome);
    EXPECT_EQ(decoded.text, "one two");
  }
}

TEST(ContentDecoder, ABombIsStoppedByItsRatioAndByTheCap) {
  const std::string bomb = compress(std::string(8 << 20, '\0'), kGzip);
  for (std::size_t cut : {std::size_t{16}, kWhole}) {
    Decoded by_ratio = decode("gzip", bomb, cut);
    ASSERT_FALSE(by_ratio.outcome);
    EXPECT_EQ(by_ratio.outcome.error().code, ErrorCode::encoding_limit);
    EXPECT_LE(by_ratio.text.size(), (1u << 20) + 100 * bomb.size() + 16384);
    Decoded by_cap = decode("gzip", bomb, cut, 100000);
    ASSERT_FALSE(by_cap.outcome);
    EXPECT_EQ(by_cap.outcome.error().code, ErrorCode::too_large);
    EXPECT_LE(by_cap.text.size(), 100000u + 16384u);
  }
  const std::string mild = compress(std::string(1 << 20, '\0'), kGzip);
  EXPECT_TRUE(decode("gzip", mild).outcome) << "below 1 MiB any ratio goes";
}

TEST(ContentDecoder, BrotliComesOutAndItsTruncationIsSeen) {
  for (std::size_t cut : kCuts) {
    Decoded decoded = decode("br", kBrotliHello, cut);
    ASSERT_TRUE(decoded.outcome) << decoded.outcome.error().detail;
    EXPECT_EQ(decoded.text, "hello hello hello hello");
  }
  for (std::size_t size = 1; size < kBrotliHello.size(); ++size) {
    Decoded decoded = decode("br", kBrotliHello.substr(0, size));
    ASSERT_FALSE(decoded.outcome);
    EXPECT_EQ(decoded.outcome.error().code, ErrorCode::truncated);
  }
}

}  // namespace
}  // namespace pixhaul::net
