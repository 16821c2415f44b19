#include "arrow_io/arrow_file.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace pixhaul::arrow_io {
namespace {

constexpr std::string_view kText = "0123456789";

ArrowFile file_of(std::string_view text) {
  auto source = [text](std::uint64_t offset, std::span<std::byte> into) -> Result<std::size_t> {
    const std::string_view rest = text.substr(std::min<std::size_t>(offset, text.size()));
    const std::size_t count = std::min(rest.size(), into.size());
    std::memcpy(into.data(), rest.data(), count);
    return count;
  };
  return make_arrow_file(source, text.size(), arrow::default_memory_pool());
}

TEST(ArrowFile, ReadsOnAndAnywhere) {
  const auto file = file_of(kText).file;
  EXPECT_EQ(*file->GetSize(), 10);
  EXPECT_EQ((*file->Read(4))->ToString(), "0123");
  EXPECT_EQ((*file->ReadAt(8, 2))->ToString(), "89");
  EXPECT_EQ((*file->Read(2))->ToString(), "45");  // ReadAt does not move it
  ASSERT_TRUE(file->Seek(1).ok());
  std::array<char, 3> three{};
  EXPECT_EQ(*file->Read(3, three.data()), 3);
  EXPECT_EQ(std::string(three.data(), 3), "123");
  EXPECT_EQ(*file->Tell(), 4);
}

TEST(ArrowFile, NeverAllocatesMoreThanThereIs) {
  const auto file = file_of(kText).file;
  const auto all = file->ReadAt(3, std::int64_t{1} << 60);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ((*all)->ToString(), "3456789");
  EXPECT_EQ((*file->ReadAt(11, 5))->size(), 0);
  EXPECT_FALSE(file->ReadAt(-1, 5).ok());
}

TEST(ArrowFile, KeepsWhyAReadFailed) {
  const ArrowFile file = make_arrow_file(
      [](std::uint64_t, std::span<std::byte>) -> Result<std::size_t> {
        return std::unexpected(Error{.code = ErrorCode::input_unreadable, .detail = "no disk"});
      },
      10, arrow::default_memory_pool());
  EXPECT_FALSE(file.error->has_value());
  EXPECT_FALSE(file.file->Read(1).ok());
  ASSERT_TRUE(file.error->has_value());
  EXPECT_EQ((*file.error)->code, ErrorCode::input_unreadable);
  EXPECT_EQ((*file.error)->detail, "no disk");
}

TEST(ArrowFile, IsNotReadOnceClosed) {
  const auto file = file_of(kText).file;
  ASSERT_TRUE(file->Close().ok());
  EXPECT_TRUE(file->closed());
  EXPECT_FALSE(file->ReadAt(0, 1).ok());
}

}  // namespace
}  // namespace pixhaul::arrow_io
