#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "writers/shard_file.h"

namespace pixhaul::writers {

inline constexpr std::size_t kTarBlock = 512;
inline constexpr std::size_t kTarRecord = 20 * kTarBlock;  // a tar's length is a multiple of it

/// The block in front of a member: POSIX.1-1988 "ustar", a plain file, mode 0444, owner and group
/// "bigdata" as img2dataset's, time 0. REQUIRES: the name has 1 to 100 bytes, size < 8 GiB.
[[nodiscard]] std::array<char, kTarBlock> tar_header(std::string_view name, std::uint64_t size);

/// A webdataset shard: for each sample the members KEY.EXT, KEY.json and KEY.txt, in alphabetical
/// order of their extensions.
class TarFile final : public ShardFile {
 public:
  /// `file` outlives this.
  explicit TarFile(WritableFile& file) : out_(file) {}

  [[nodiscard]] Result<> add(const SampleParts& sample) override;
  [[nodiscard]] Result<FileFacts> finish() override;

 private:
  Result<> write_text(std::string_view key, std::string_view extension, std::string_view text);
  Result<> write_image(const SampleParts& sample);
  Result<> write_header(std::string_view key, std::string_view extension, std::uint64_t size);
  Result<> pad_to(std::size_t multiple);

  SummedFile out_;
};

}  // namespace pixhaul::writers
