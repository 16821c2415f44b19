#include "pipeline/file_sink.h"

#include <system_error>
#include <utility>

namespace pixhaul::pipeline {

namespace {

// The engine carries an error's words and not the system's number.
Error in_words(Error error) {
  if (error.os_error != 0)
    error.detail += ": " + std::generic_category().message(std::exchange(error.os_error, 0));
  return error;
}

}  // namespace

void FileSink::restart() {
  stream_.reset();  // aborts
  if (digest_) digest_->reset();
}

Result<> FileSink::write(std::span<const std::byte> bytes) {
  if (stream_ == nullptr) {
    auto begun = writer_.begin({.shard = id_.shard, .key = id_.key, .url_path = id_.url_path});
    if (!begun) return std::unexpected(in_words(std::move(begun).error()));
    stream_ = std::move(*begun);
  }
  if (digest_) digest_->update(bytes);
  auto written = stream_->write(bytes);
  if (!written) return std::unexpected(in_words(std::move(written).error()));
  return {};
}

Result<std::string> FileSink::finish(std::string_view extension) {
  if (stream_ == nullptr) {  // an empty body that nobody refused
    if (auto begun = write({}); !begun) return std::unexpected(std::move(begun).error());
  }
  return stream_->finish(extension);
}

}  // namespace pixhaul::pipeline
