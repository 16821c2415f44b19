#include "pipeline/sample_store.h"

#include <utility>

#include "net/url.h"
#include "pipeline/shard_book.h"

namespace pixhaul::pipeline {

namespace {

class FileStore final : public SampleStore {
 public:
  FileStore(std::unique_ptr<writers::SampleWriter> writer, const ledger::ShardLayout& layout,
            std::string extension)
      : writer_(std::move(writer)), layout_(layout), extension_(std::move(extension)) {}

  Result<KeptSample> keep(const Row& row, std::string_view extension,
                          std::span<const std::byte> sample) override {
    const auto url = net::parse_url(row.url);
    const std::string shard = layout_.shard_name(layout_.shard_of(row.index));
    auto path = writer_->append(
        {.shard = shard, .key = row.key, .url_path = url ? url->path() : std::string_view()},
        extension_.empty() ? extension : std::string_view(extension_), sample);
    if (!path) return std::unexpected(std::move(path).error());
    return KeptSample{.path = std::move(*path)};
  }

 private:
  std::unique_ptr<writers::SampleWriter> writer_;
  const ledger::ShardLayout& layout_;
  const std::string extension_;
};

class SpoolStore final : public SampleStore {
 public:
  explicit SpoolStore(ShardBook& book) : book_(book) {}

  Result<KeptSample> keep(const Row& row, std::string_view,
                          std::span<const std::byte> sample) override {
    auto place = book_.keep(row.index, sample);
    if (!place) return std::unexpected(std::move(place).error());
    return KeptSample{.place = *place};
  }

 private:
  ShardBook& book_;
};

}  // namespace

std::unique_ptr<SampleStore> make_file_store(std::unique_ptr<writers::SampleWriter> writer,
                                             const ledger::ShardLayout& layout,
                                             std::string extension) {
  return std::make_unique<FileStore>(std::move(writer), layout, std::move(extension));
}

std::unique_ptr<SampleStore> make_spool_store(ShardBook& book) {
  return std::make_unique<SpoolStore>(book);
}

}  // namespace pixhaul::pipeline
