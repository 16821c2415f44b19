#include "net/exchange.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace pixhaul::net {
namespace {

using enum ErrorCode;

struct HeadCase {
  std::uint16_t status;
  std::vector<Field> fields;
  ErrorCode expected;  // success: the body is read
};

ErrorCode after_head(const HeadCase& c, const ResponseRules& rules,
                     std::optional<std::uint64_t> length = {}) {
  Exchange exchange;
  exchange.begin(rules, nullptr, nullptr);
  exchange.on_head({.status = c.status, .content_length = length, .fields = c.fields});
  if (exchange.phase() == Exchange::Phase::reading_body) return success;
  EXPECT_EQ(exchange.phase(), Exchange::Phase::failed);
  EXPECT_FALSE(exchange.error().detail.empty());
  return exchange.error().code;
}

TEST(Exchange, StatusIsDecidedOnTheHead) {
  const ResponseRules rules{.disallowed_header_directives = {"noai"}};
  const HeadCase cases[] = {
      {200, {}, success},
      {203, {}, success},
      {201, {}, protocol_error},
      {204, {}, protocol_error},
      {206, {}, protocol_error},
      {300, {}, protocol_error},
      {301, {{"Location", "/x"}}, redirect_bad},
      {304, {}, protocol_error},
      {404, {}, http_4xx},
      {429, {}, rate_limited},
      {500, {}, http_5xx},
      {503, {}, http_5xx},
      {503, {{"Retry-After", "1"}}, rate_limited},
      {999, {}, http_5xx},
      {200, {{"X-Robots-Tag", "noai"}}, opt_out},
      {200, {{"X-Robots-Tag", "other: noai"}}, success},
      {200, {{"TDM-Reservation", "1"}}, opt_out},
      {404, {{"X-Robots-Tag", "noai"}}, http_4xx},
      {200, {{"Content-Encoding", "x-none"}}, encoding_limit},
      {200, {{"Content-Encoding", "identity"}}, success},
  };
  for (const HeadCase& c : cases)
    EXPECT_EQ(name(after_head(c, rules)), name(c.expected)) << c.status;
}

TEST(Exchange, OptOutsAreIgnoredWhenNoDirectiveIsDisallowed) {
  EXPECT_EQ(after_head({200, {{"X-Robots-Tag", "noai"}}, success}, {}), success);
  EXPECT_EQ(after_head({200, {{"TDM-Reservation", "1"}}, success}, {}), success);
}

TEST(Exchange, AnnouncedLengthIsHeldAgainstTheLimit) {
  const ResponseRules rules{.max_body_bytes = 10};
  EXPECT_EQ(after_head({200, {}, success}, rules, 10), success);
  EXPECT_EQ(after_head({200, {}, success}, rules, 11), too_large);
}

TEST(Exchange, NextAttemptKnowsNothingOfTheLast) {
  const ResponseRules rules;
  Exchange exchange;
  exchange.begin(rules, nullptr, nullptr);
  exchange.on_head({.status = 429, .fields = {{"Retry-After", "9"}}});
  exchange.begin(rules, nullptr, nullptr);
  EXPECT_EQ(exchange.phase(), Exchange::Phase::waiting_head);
  EXPECT_EQ(exchange.facts().status, 0);
  EXPECT_EQ(exchange.facts().retry_after, "");
  EXPECT_FALSE(exchange.has_begun());
  EXPECT_EQ(exchange.body_bytes(), 0u);
}

TEST(Exchange, ResetInsideTheBodyIsATruncatedBody) {
  const ResponseRules rules;
  Exchange exchange;
  exchange.begin(rules, nullptr, nullptr);
  exchange.on_head({.status = 200});
  exchange.on_failed(connection_reset, false, "reset");
  EXPECT_EQ(exchange.error().code, truncated);
  exchange.begin(rules, nullptr, nullptr);
  exchange.on_failed(connection_reset, true, "reset");
  EXPECT_EQ(exchange.error().code, connection_reset);
  EXPECT_TRUE(exchange.is_unprocessed());
}

class FailingSink final : public BodySink {
 public:
  void restart() override {}
  Result<> write(std::span<const std::byte>) override {
    return std::unexpected(Error{.code = disk_full});
  }
};

TEST(Exchange, FullDiskEndsTheBody) {
  const ResponseRules rules;
  FailingSink sink;
  Exchange exchange;
  exchange.begin(rules, nullptr, &sink);
  exchange.on_head({.status = 200});
  exchange.on_body(std::as_bytes(std::span("abc", 3)));
  EXPECT_EQ(exchange.error().code, disk_full);
}

TEST(Exchange, SavedBytesAreWhatWasAnnouncedAndDidNotCome) {
  const ResponseRules rules{.disallowed_header_directives = {"noai"}};
  Exchange exchange;
  exchange.begin(rules, nullptr, nullptr);
  exchange.on_head({.status = 200, .content_length = 1000, .fields = {{"X-Robots-Tag", "noai"}}});
  EXPECT_EQ(exchange.bytes_saved(), 1000u);
}

}  // namespace
}  // namespace pixhaul::net
