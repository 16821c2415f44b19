#include "pipeline/file_sink.h"

namespace pixhaul::pipeline {

void FileSink::restart() {
  stream_.reset();  // aborts
  if (digest_) digest_->reset();
}

Result<> FileSink::write(std::span<const std::byte> bytes) {
  if (stream_ == nullptr) {
    auto begun = writer_.begin({.shard = id_.shard, .key = id_.key, .url_path = id_.url_path});
    if (!begun) return std::unexpected(std::move(begun).error());
    stream_ = std::move(*begun);
  }
  if (digest_) digest_->update(bytes);
  return stream_->write(bytes);
}

Result<std::string> FileSink::finish(std::string_view extension) {
  if (stream_ == nullptr) {  // an empty body that nobody refused
    if (auto begun = write({}); !begun) return std::unexpected(std::move(begun).error());
  }
  return stream_->finish(extension);
}

}  // namespace pixhaul::pipeline
