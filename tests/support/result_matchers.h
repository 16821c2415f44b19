#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "pixhaul/result.h"

namespace pixhaul {

/// How GoogleTest shows an Error.
// NOLINTNEXTLINE(readability-identifier-naming)
inline void PrintTo(const Error& error, std::ostream* out) {
  *out << "Error{" << name(error.code) << ", os_error " << error.os_error << ", \"" << error.detail
       << "\"}";
}

}  // namespace pixhaul

namespace pixhaul::testing {

/// EXPECT_THAT(result, IsOk()).
MATCHER(IsOk, negation ? "is an error" : "is a value") {
  if (arg.has_value()) return true;
  *result_listener << "which is " << ::testing::PrintToString(arg.error());
  return false;
}

/// EXPECT_THAT(result, IsOkAnd(Eq(5))).
MATCHER_P(IsOkAnd, inner, "is a value that fits") {
  if (!arg.has_value()) {
    *result_listener << "which is " << ::testing::PrintToString(arg.error());
    return false;
  }
  return ::testing::ExplainMatchResult(inner, *arg, result_listener);
}

/// EXPECT_THAT(result, HasError(ErrorCode::bad_url)).
MATCHER_P(HasError, code, "is an error with code " + std::string(name(code))) {
  if (arg.has_value()) {
    *result_listener << "which is a value";
    return false;
  }
  *result_listener << "which is " << ::testing::PrintToString(arg.error());
  return arg.error().code == code;
}

}  // namespace pixhaul::testing
