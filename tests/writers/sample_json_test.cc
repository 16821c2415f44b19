#include "writers/sample_json.h"

#include <gtest/gtest.h>

namespace pixhaul::writers {
namespace {

Row sample_row() {
  Row row;
  row.key = "000000017";
  row.outcome.status = ErrorCode::success;
  row.outcome.width = 256;
  row.outcome.height = 171;
  row.outcome.original_width = 1024;
  row.outcome.original_height = 683;
  row.outcome.exif = R"({"Image Make": "Ni\u00f1o"})";
  row.outcome.digest = "ba7816bf";
  return row;
}

std::string json_of(const Row& row, std::string_view columns, const SampleJsonSettings& settings) {
  std::string out;
  append_sample_json(out, row, columns, settings);
  return out;
}

// json.dumps(meta, indent=4) for the dictionary that img2dataset makes of this row.
TEST(SampleJson, ARowIsWrittenAsImg2datasetWritesIt) {
  EXPECT_EQ(json_of(sample_row(),
                    R"("tags":["a","é"],"empty":[],"caption":"x\ny","url":"http://h/é.jpg")",
                    {.hash_name = "sha256", .exif = true}),
            R"({
    "tags": [
        "a",
        "\u00e9"
    ],
    "empty": [],
    "caption": "x\ny",
    "url": "http://h/\u00e9.jpg",
    "key": "000000017",
    "status": "success",
    "error_message": null,
    "width": 256,
    "height": 171,
    "original_width": 1024,
    "original_height": 683,
    "exif": "{\"Image Make\": \"Ni\\u00f1o\"}",
    "sha256": "ba7816bf"
})");
}

TEST(SampleJson, WhatIsUnknownIsNullAndWhatIsNotAskedForIsAbsent) {
  Row row;
  row.key = "0";
  row.outcome.status = ErrorCode::success;
  EXPECT_EQ(json_of(row, "", {.exif = true}),
            R"({
    "key": "0",
    "status": "success",
    "error_message": null,
    "width": null,
    "height": null,
    "original_width": null,
    "original_height": null,
    "exif": null
})");
}

// A Python dict keeps the place of a name's first value, and its last value.
TEST(SampleJson, AColumnNamedLikeAFieldGivesItItsPlace) {
  EXPECT_EQ(
      json_of(sample_row(), R"("width":9,"sha256":"listed","status":"x")", {.hash_name = "md5"}),
      R"({
    "width": 256,
    "sha256": "listed",
    "status": "success",
    "key": "000000017",
    "error_message": null,
    "height": 171,
    "original_width": 1024,
    "original_height": 683,
    "md5": "ba7816bf"
})");
}

TEST(SampleJson, TheColumnOfHashesToVerifyIsLeftOut) {
  const std::string text =
      json_of(sample_row(), R"("md5":"listed","url":"u")", {.hash_name = "md5", .left_out = "md5"});
  EXPECT_EQ(text.find("listed"), std::string::npos);
  EXPECT_TRUE(text.starts_with("{\n    \"url\": \"u\",\n    \"key\""));
  EXPECT_TRUE(text.ends_with("\"md5\": \"ba7816bf\"\n}"));
}

}  // namespace
}  // namespace pixhaul::writers
