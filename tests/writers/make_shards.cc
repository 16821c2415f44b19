// Writes a folder of shards for consumers_test.py to load with other people's libraries:
// make_shards FOLDER writes 00000.tar, 00001.tar, 00000.tfrecord, sizes.json and 00000_stats.json;
// the images' bytes are a function of the key that the script knows too.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/digest.h"
#include "base/file.h"
#include "writers/sample_json.h"
#include "writers/shard_file.h"
#include "writers/sizes_json.h"
#include "writers/stats_json.h"

namespace pixhaul::writers {
namespace {

constexpr int kSamples = 40;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Lengths at and around blocks, pages and buffers.
std::string image_of(int index) {
  constexpr std::size_t kLengths[] = {1, 511, 512, 513, 4096, 75'000, 262'144, 300'001};
  std::string image(kLengths[static_cast<std::size_t>(index) % std::size(kLengths)], '\0');
  for (std::size_t i = 0; i < image.size(); ++i) {
    image[i] = static_cast<char>((static_cast<std::size_t>(index) * 31 + i * 7) & 0xff);
  }
  return image;
}

std::string caption_of(int index) {
  return index % 5 == 0 ? "" : "caption é " + std::to_string(index);
}

Row row_of(int index) {
  Row row;
  row.key = std::to_string(1'000'000'000 + index).substr(1);
  row.outcome.status = ErrorCode::success;
  row.outcome.width = 256;
  row.outcome.height = static_cast<std::uint32_t>(100 + index);
  row.outcome.original_width = 1024;
  row.outcome.original_height = 683;
  row.outcome.exif = "{}";
  row.outcome.digest = "00ff";
  return row;
}

std::string json_of(int index) {
  std::string columns = R"("tags":["a","é"],"boxes":[[0.5,1.0]],"score":0.25,"count":)" +
                        std::to_string(index * 1'000'003LL) + R"(,"caption":")" +
                        caption_of(index) + R"(","url":"http://h/é/)" + std::to_string(index) +
                        "\"";
  std::string json;
  append_sample_json(json, row_of(index), columns, {.hash_name = "sha256", .exif = true});
  return json;
}

std::unique_ptr<RandomAccessFile> spool(Folder& folder, std::vector<SpooledBytes>& places) {
  auto file = folder.create("spool").value();
  std::uint64_t offset = 0;
  for (int i = 0; i < kSamples; ++i) {
    const std::string image = image_of(i);
    PIXHAUL_CHECK(file->write(bytes_of(image)).has_value());
    places.push_back({.offset = offset, .length = image.size(), .crc32c = crc32c(image)});
    offset += image.size();
  }
  PIXHAUL_CHECK(file->close().has_value());
  auto read = folder.open("spool").value();
  for (SpooledBytes& place : places) place.file = read.get();
  return read;
}

FileFacts write_shard(Folder& folder, std::string_view format, const std::string& name, int begin,
                      int end, const std::vector<SpooledBytes>& places) {
  auto file = folder.create(name).value();
  auto shard = open_shard_file(format, *file).value();
  for (int i = begin; i < end; ++i) {
    const std::string key = row_of(i).key;
    const std::string json = json_of(i);
    const std::string caption = caption_of(i);
    const Result<> added = shard->add({.key = key,
                                       .extension = "jpg",
                                       .image = places[static_cast<std::size_t>(i)],
                                       .json = json,
                                       .caption = caption});
    PIXHAUL_CHECK(added.has_value());
  }
  const FileFacts facts = shard->finish().value();
  PIXHAUL_CHECK(file->close().has_value());
  return facts;
}

void make_shards(Folder& folder) {
  std::vector<SpooledBytes> places;
  const auto spooled = spool(folder, places);
  const FileFacts facts = write_shard(folder, "webdataset", "00000.tar", 0, 30, places);
  write_shard(folder, "webdataset", "00001.tar", 30, kSamples, places);
  write_shard(folder, "tfrecord", "00000.tfrecord", 0, kSamples, places);
  const std::vector<ShardSize> sizes = {{.name = "00000.tar", .samples = 30},
                                        {.name = "00001.tar", .samples = 10}};
  PIXHAUL_CHECK(write_atomically(folder, "sizes.json", sizes_json(sizes)).has_value());
  const ShardStats stats{.count = 30,
                         .successes = 30,
                         .start_time = 1763937297.25,
                         .end_time = 1763937300.75,
                         .status_dict = {{"success", 30}},
                         .files = {{.name = "00000.tar", .facts = facts}}};
  PIXHAUL_CHECK(write_atomically(folder, "00000_stats.json", stats_json(stats)).has_value());
  std::puts(brace_pattern(sizes).c_str());
}

}  // namespace
}  // namespace pixhaul::writers

int main(int argument_count, char** arguments) {
  if (argument_count != 2) return EXIT_FAILURE;
  pixhaul::PosixFileSystem files;
  const auto folder = files.open_folder(arguments[1], pixhaul::Folder::IfMissing::make);
  if (!folder) return EXIT_FAILURE;
  pixhaul::writers::make_shards(**folder);
  return EXIT_SUCCESS;
}
