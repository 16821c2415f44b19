#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "support/memory_fs.h"
#include "writers/shard_file.h"

namespace pixhaul::writers {

/// Samples whose images lie in one spool file in memory, among bytes of others.
class SpooledSamples {
 public:
  explicit SpooledSamples(test::MemoryFileSystem& files) : files_(files) {
    folder_ = files_.open_folder("out", Folder::IfMissing::make).value();
  }

  /// Valid until the next call.
  SampleParts sample(std::string_view key, std::string_view extension, std::string_view image,
                     std::string_view json, std::optional<std::string_view> caption = {}) {
    std::string spool = files_.contents("out/spool");
    const std::uint64_t offset = spool.size() + 3;
    spool += "???";
    spool += image;
    spool += "!!";
    files_.put("out/spool", spool);
    spool_ = folder_->open("spool").value();
    return {.key = key,
            .extension = extension,
            .image = {.file = spool_.get(),
                      .offset = offset,
                      .length = image.size(),
                      .crc32c = crc32c(image)},
            .json = json,
            .caption = caption};
  }
  Folder& folder() { return *folder_; }

 private:
  test::MemoryFileSystem& files_;
  std::unique_ptr<Folder> folder_;
  std::unique_ptr<RandomAccessFile> spool_;
};

}  // namespace pixhaul::writers
