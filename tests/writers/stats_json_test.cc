#include "writers/stats_json.h"

#include <gtest/gtest.h>

namespace pixhaul::writers {
namespace {

TEST(StatsJson, TheFieldsOfImg2datasetStandFirstAndOursBehind) {
  const ShardStats stats{
      .count = 5,
      .successes = 3,
      .failed_to_download = 1,
      .failed_to_resize = 1,
      .start_time = 1763937297.25,
      .end_time = 1763937300.75,
      .status_dict = {{"success", 3}, {"HTTP Error 404: \"É\"", 1}, {"image too small", 1}},
      .version = "0.1.0",
      .generation = 2,
      .files = {{.name = "00017.tar", .facts = {.bytes = 10240, .crc32c = 4294967295}},
                {.name = "00017.parquet", .facts = {.bytes = 99, .crc32c = 0}}},
      .input_digest = "c0ffee",
      .by_status = {{ErrorCode::success, 3}, {ErrorCode::http_4xx, 1}, {ErrorCode::filtered, 1}}};
  EXPECT_EQ(stats_json(stats), R"({
    "count": 5,
    "successes": 3,
    "failed_to_download": 1,
    "failed_to_resize": 1,
    "duration": 3.5,
    "start_time": 1763937297.25,
    "end_time": 1763937300.75,
    "status_dict": {
        "HTTP Error 404: \"\u00c9\"": 1,
        "image too small": 1,
        "success": 3
    },
    "pixhaul": {
        "version": "0.1.0",
        "generation": 2,
        "files": [
            {
                "name": "00017.tar",
                "bytes": 10240,
                "crc32c": 4294967295
            },
            {
                "name": "00017.parquet",
                "bytes": 99,
                "crc32c": 0
            }
        ],
        "input_digest": "c0ffee",
        "by_status": {
            "success": 3,
            "http_4xx": 1,
            "filtered": 1
        }
    }
})");
}

TEST(StatsJson, AnEmptyShardHasEveryField) {
  EXPECT_EQ(stats_json({}), R"({
    "count": 0,
    "successes": 0,
    "failed_to_download": 0,
    "failed_to_resize": 0,
    "duration": 0.0,
    "start_time": 0.0,
    "end_time": 0.0,
    "status_dict": {},
    "pixhaul": {
        "version": "",
        "generation": 1,
        "files": [],
        "input_digest": "",
        "by_status": {}
    }
})");
}

}  // namespace
}  // namespace pixhaul::writers
