#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "base/file.h"
#include "writers/file_name.h"
#include "writers/writer.h"

namespace pixhaul::writers {

/// One file a sample: "SHARD/KEY-name.ext". Each is written as ".KEY.part" in its shard's folder
/// and renamed.
class FilesWriter final : public SampleWriter {
 public:
  /// `output` outlives this. `max_open_folders`: shard folders whose descriptors are kept.
  FilesWriter(Folder& output, NameStyle style, std::size_t max_open_folders);

  [[nodiscard]] Result<std::string> append(const SampleName& name, std::string_view extension,
                                           std::span<const std::byte> bytes) override;
  [[nodiscard]] Result<std::unique_ptr<SampleStream>> begin(const SampleName& name) override;
  [[nodiscard]] Result<> remove(std::string_view path) override;
  [[nodiscard]] Result<> sweep(std::string_view shard,
                               const std::unordered_set<std::string>& kept) override;

 private:
  struct OpenFolder {
    std::string shard;
    std::shared_ptr<Folder> folder;  // a stream under way keeps its folder when the list drops it
  };

  Result<std::shared_ptr<Folder>> shard_folder(std::string_view shard);

  Folder& output_;
  const NameStyle style_;
  const std::size_t max_open_folders_;
  std::list<OpenFolder> open_;  // the one used last stands in front
};

}  // namespace pixhaul::writers
