#include "readers/text_source.h"

#include <utility>

namespace pixhaul::readers {

namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;

}  // namespace

Result<bool> TextSource::more() {
  if (begin_ > 0) {
    block_.remove_prefix(begin_);
    begin_ = 0;
  }
  const std::size_t before = block_.size();
  if (!started_) {
    if (Result<> began = start(); !began) return std::unexpected(std::move(began).error());
  }
  // Two bytes of UTF-16 may be no character yet.
  while (!at_end_ && block_.size() - begin_ <= before) {
    Buffer& into = utf16_ ? undecoded_ : block_;
    undecoded_.clear();
    if (Result<> read = read_block(into); !read) return std::unexpected(std::move(read).error());
    if (utf16_) utf16_->decode(undecoded_.bytes(), block_);
    if (utf16_ && at_end_) utf16_->finish(block_);
  }
  const std::size_t added = block_.size() - begin_ - before;
  text_bytes_ += added;
  return added > 0;
}

double TextSource::share_dropped() const {
  if (text_bytes_ == 0) return 0;
  return 1 - static_cast<double>(block_.size() - begin_) / static_cast<double>(text_bytes_);
}

// Chooses the encoding by the byte order mark, which a pipe may deliver byte by byte.
Result<> TextSource::start() {
  started_ = true;
  while (block_.size() < 3 && !at_end_) {
    if (Result<> read = read_block(block_); !read) return read;
  }
  const std::string_view text = block_.text();
  if (text.starts_with("\xef\xbb\xbf")) begin_ = 3;
  const bool little = text.starts_with("\xff\xfe");
  if (!little && !text.starts_with("\xfe\xff")) return {};
  utf16_.emplace(little ? Utf16Decoder::Order::little : Utf16Decoder::Order::big);
  undecoded_.append(block_.bytes().subspan(2));
  block_.clear();
  utf16_->decode(undecoded_.bytes(), block_);
  if (at_end_) utf16_->finish(block_);
  return {};
}

Result<> TextSource::read_block(Buffer& into) {
  const std::span<std::byte> room = into.writable(kBlockBytes);
  Result<std::size_t> count = file_->read(room.first(kBlockBytes));
  if (!count) return std::unexpected(std::move(count).error());
  into.commit(*count);
  at_end_ = *count == 0;
  return {};
}

}  // namespace pixhaul::readers
