#include "ledger/row_json.h"

#include <gtest/gtest.h>

namespace pixhaul::ledger {
namespace {

Row full_row() {
  Row row{.key = "000000017",
          .input = "urls.txt",
          .line = 18,
          .url = "http://h/a \"b\"",
          .path = "00000/000000017-a.jpg"};
  row.outcome.status = ErrorCode::success;
  row.outcome.http_status = 200;
  row.outcome.attempts = 2;
  row.outcome.bytes = 12'345;
  row.outcome.final_url = "http://h/b";
  row.outcome.redirects = 2;
  row.outcome.digest = "abcd";
  row.outcome.etag = "\"x\"";
  row.outcome.last_modified = "Mon, 23 Nov 2026 19:08:37 GMT";
  row.outcome.address = "203.0.113.7:443";
  row.outcome.tls_version = "TLSv1.3";
  row.outcome.http_version = "2";
  row.outcome.format = ImageFormat::jpeg;
  row.outcome.width = 640;
  row.outcome.height = 480;
  row.outcome.times = {
      .dns_ms = 1.5f, .connect_ms = 2, .tls_ms = 3, .first_byte_ms = 4, .total_ms = 5};
  row.outcome.retrieved_at =
      std::chrono::system_clock::time_point(std::chrono::milliseconds(1'795'460'917'412));
  return row;
}

std::string json_of(const Row& row, std::string_view digest = "sha256") {
  std::string out;
  append_row_json(out, row, digest);
  return out;
}

TEST(RowJson, AFullRowHasTheFieldsOfTheSchemaInOrder) {
  EXPECT_EQ(
      json_of(full_row()),
      R"({"key":"000000017","path":"00000/000000017-a.jpg","input":"urls.txt","line":18,)"
      R"("url":"http://h/a \"b\"","final_url":"http://h/b","redirects":2,"status":"success","detail":null,)"
      R"("transient":false,"http_status":200,"bytes":12345,"sha256":"abcd",)"
      R"("media_type":"image/jpeg","width":640,"height":480,"etag":"\"x\"",)"
      R"("last_modified":"Mon, 23 Nov 2026 19:08:37 GMT",)"
      R"("retrieved_at":"2026-11-23T19:08:37.412Z","dns_ms":1.5,"connect_ms":2,"tls_ms":3,)"
      R"("first_byte_ms":4,"total_ms":5,"attempts":2,"address":"203.0.113.7:443",)"
      R"("tls_version":"TLSv1.3","http_version":"2"})");
}

TEST(RowJson, RowsComeBack) {
  for (const Row& row : {full_row(), Row{.key = "1", .url = "x"}}) {
    for (const std::string_view digest : {"sha256", "sha512", "md5"}) {
      const std::string json = json_of(row, digest);
      const Result<Row> back = parse_row_json(json);
      ASSERT_TRUE(back.has_value());
      EXPECT_EQ(json_of(*back, digest), json);
      EXPECT_EQ(back->outcome.status, row.outcome.status);
    }
  }
}

TEST(RowJson, WithoutADigestThereIsNoField) {
  EXPECT_EQ(json_of(full_row(), "").find("sha256"), std::string::npos);
}

TEST(RowJson, WhatIsNoRowIsAnError) {
  for (const std::string_view text :
       {"", "{", "[]", "{}", R"({"key":"1"})", R"({"key":"1","status":"nonsense"})",
        R"({"key":1,"status":"success"})"}) {
    const Result<Row> row = parse_row_json(text);
    ASSERT_FALSE(row.has_value()) << text;
    EXPECT_EQ(row.error().code, ErrorCode::state_damaged);
  }
  EXPECT_TRUE(parse_row_json(R"({"key":"1","status":"success","line":"x","dns_ms":[]})"));
}

}  // namespace
}  // namespace pixhaul::ledger
