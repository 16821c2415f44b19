#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "pixhaul/result.h"

namespace pixhaul {
namespace {

TEST(Status, EveryRowStatusHasItsOwnWords) {
  std::set<std::string_view> names;
  for (ErrorCode code : row_statuses()) {
    EXPECT_TRUE(names.insert(name(code)).second) << name(code);
    EXPECT_GE(explanation(code).size(), 60u) << name(code);
    EXPECT_TRUE(explanation(code).ends_with('.')) << name(code);
    EXPECT_FALSE(short_meaning(code).empty()) << name(code);
    EXPECT_LE(short_meaning(code).size(), 40u) << name(code);
  }
}

// PRODUCT's closed list.
TEST(Status, TheListIsClosed) {
  EXPECT_EQ(row_statuses().size(), 42u);
  EXPECT_EQ(row_statuses().front(), ErrorCode::success);
  EXPECT_EQ(row_statuses().back(), ErrorCode::internal);
  EXPECT_TRUE(std::ranges::is_sorted(row_statuses()));
}

TEST(Status, NamesParseBack) {
  for (int value = 0; value < 256; ++value) {
    const auto code = static_cast<ErrorCode>(value);
    if (name(code) == "internal") continue;  // the name of every value that is not a code
    EXPECT_EQ(parse_error_code(name(code)), code);
  }
  EXPECT_EQ(parse_error_code("disk_full"), ErrorCode::disk_full);
  EXPECT_FALSE(parse_error_code("no_such_status"));
  EXPECT_FALSE(parse_error_code(""));
}

TEST(Status, RunErrorsAreNoRowStatuses) {
  for (ErrorCode code : {ErrorCode::bad_option, ErrorCode::disk_full, ErrorCode::cancelled}) {
    EXPECT_EQ(std::ranges::find(row_statuses(), code), row_statuses().end()) << name(code);
    EXPECT_FALSE(explanation(code).empty());
  }
}

}  // namespace
}  // namespace pixhaul
