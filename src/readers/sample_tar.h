#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "readers/reader.h"

namespace pixhaul::readers {

/// A sample of a webdataset's tar: the members in a row that share a key.
struct TarSample {
  std::string key{};
  std::string json{};                    ///< its .json member, "" without one
  std::optional<std::string> caption{};  ///< its .txt member
  std::optional<BodyPlace> image{};      ///< its first member of another extension
};

/// Cuts a tar into samples, from front to back, without reading the images. Members whose names do
/// not fit the old header (pax, GNU) are understood; folders and links are passed over. One thread.
class SampleTar {
 public:
  /// `name`: the tar's, for messages and BodyPlace; it outlives this and what it gives.
  SampleTar(std::unique_ptr<ReadableFile> file, std::string_view name)
      : file_(std::move(file)), name_(name) {}

  /// False at the end. Errors: input_unreadable: damage, a cut, a json or txt member over 1 MiB,
  /// a pipe.
  [[nodiscard]] Result<bool> next(TarSample& sample);

 private:
  struct Member;
  [[nodiscard]] Result<bool> next_member(Member& member);
  [[nodiscard]] Result<bool> read_header(Member& member);
  [[nodiscard]] Result<std::string> read_text(const Member& member);
  [[nodiscard]] Result<> add(const Member& member, TarSample& sample);
  [[nodiscard]] Error damaged(std::string_view what) const;

  std::unique_ptr<ReadableFile> file_;
  std::string_view name_;
  std::uint64_t at_ = 0;  // of the next header
  bool is_at_end_ = false;
};

/// A tar's samples as JSON lines, an object a sample: the members of its .json, `caption` from its
/// .txt, and `url`, which is TAR/KEY where the .json has none. Where the images lie is put into
/// `places`, one for each line; those who read the lines take them out again. `places` outlives it.
[[nodiscard]] std::unique_ptr<ReadableFile> make_sample_lines(
    std::unique_ptr<ReadableFile> tar, std::string_view name,
    std::deque<std::optional<BodyPlace>>& places);

}  // namespace pixhaul::readers
