#include "writers/file_name.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace pixhaul::writers {
namespace {

TEST(FileName, ServerTextIsSanitised) {
  struct Case {
    std::string_view path;
    std::string_view name;
  };
  const std::string long_name(300, 'a');
  const std::vector<Case> cases = {
      {"/a/b/sunset.jpg", "sunset"},
      {"sunset.JPEG", "sunset"},
      {"/a.tar.gz", "a.tar.gz"},
      {"/evil.pkl", "evil.pkl"},
      {"/", ""},
      {"", ""},
      {"/..", ""},
      {"/%2e%2e", ""},
      {"/..%2f..%2fetc%2fpasswd", "etc_passwd"},
      {"/-rf", "rf"},
      {"/.bashrc", "bashrc"},
      {"/a%20b%0Ac.png", "a_b_c"},
      {"/caf%C3%A9.png", "caf"},
      {"/%00.jpg", ""},
      {"/a%2", "a_2"},
      {"/a%zz", "a_zz"},
      {"/x.jpg?y=/z.png", "x"},
      {"/\xe2\x80\xaegpj.exe", "gpj.exe"},
      {"/CON", "CON"},
      {"/a_b-c.d.webp", "a_b-c.d"},
      {"/a....jpg", "a"},
  };
  for (const Case& test : cases) EXPECT_EQ(sanitised_name(test.path), test.name) << test.path;
  EXPECT_EQ(sanitised_name(long_name).size(), 80u);
}

TEST(FileName, TheKeyStandsInFrontAndAlone) {
  EXPECT_EQ(file_name("000000017", "/x/sunset.png", "jpg", NameStyle::name),
            "000000017-sunset.jpg");
  EXPECT_EQ(file_name("000000017", "/x/sunset.png", "jpg", NameStyle::key), "000000017.jpg");
  EXPECT_EQ(file_name("000000017", "/", "jpg", NameStyle::name), "000000017.jpg");
}

TEST(FileName, NoBytesLeaveTheSafeSet) {
  Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string path;
    for (std::uint64_t left = random.next() % 40; left > 0; --left) {
      path += static_cast<char>(random.next());
    }
    const std::string name = file_name("000000001", path, "png", NameStyle::name);
    ASSERT_TRUE(name.starts_with("000000001"));
    ASSERT_LE(name.size(), 9u + 1 + 80 + 4);
    ASSERT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789._-"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace pixhaul::writers
