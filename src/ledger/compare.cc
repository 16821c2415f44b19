#include "ledger/compare.h"

#include <fmt/core.h>

#include <utility>

#include "base/check.h"
#include "base/json_writer.h"
#include "ledger/run_folder.h"

namespace pixhaul::ledger {

namespace {

constexpr std::string_view kRemedy =
    "use another --output_folder for this list, or give the list the folder was begun with";

Digest make_sha256() {
  Result<Digest> digest = Digest::create(DigestKind::sha256);
  PIXHAUL_CHECK(digest.has_value());
  return std::move(*digest);
}

}  // namespace

InputDigest::InputDigest() : digest_(make_sha256()) {}

void InputDigest::add(std::string_view url) {
  const std::uint64_t size = url.size();
  digest_.update(std::as_bytes(std::span(&size, 1)));
  digest_.update(url);
  ++rows_;
}

std::uint32_t url_mark(std::string_view url) {
  std::string json;
  append_json_string(json, url);
  return crc32c(json);
}

std::string place(std::string_view input, std::uint64_t line) {
  if (line == 0) return "a URL on the command line";
  return input.empty() ? fmt::format("line {}", line) : fmt::format("line {} of '{}'", line, input);
}

Error changed_row(std::string_view input, std::uint64_t line, std::string_view was_url,
                  std::string_view now_url) {
  return Error{.code = ErrorCode::other_input,
               .detail = fmt::format("{} was '{}' when this folder was begun and is '{}' now; {}",
                                     place(input, line), was_url, now_url, kRemedy)};
}

Error missing_row(std::string_view input, std::uint64_t line, std::string_view was_url) {
  return Error{.code = ErrorCode::other_input,
               .detail = fmt::format(
                   "{} was '{}' when this folder was begun and the list ends before it now; {}",
                   place(input, line), was_url, kRemedy)};
}

void ShardCheck::add(std::string_view url, std::string_view input, std::uint64_t line) {
  if (seen_.size() >= record_.rows) {
    ++new_rows_;
    return;
  }
  digest_.add(url);
  if (inputs_.empty() || inputs_.back().second != input) {
    inputs_.emplace_back(seen_.size(), std::string(input));
  }
  seen_.push_back({.begin = urls_.size(), .line = line});
  urls_ += url;
}

Result<> ShardCheck::finish(RunFolder& folder) const {
  const bool is_foreign = record_.input_digest.empty();
  if (!is_foreign && seen_.size() == record_.rows && digest_.hex() == record_.input_digest) {
    return {};
  }
  std::optional<Error> first;
  const std::uint64_t begin = folder.layout().first_index(record_.shard);
  Result<> read = folder.for_each_standing_row(record_.shard, [&](const Row& was) {
    if (first) return;
    const auto at = static_cast<std::size_t>(was.index - begin);
    if (at < seen_.size() && url_mark(url(at)) == url_mark(was.url)) return;
    first = difference(at, was);
  });
  if (!read) return read;
  if (first) return std::unexpected(std::move(*first));
  if (is_foreign) return {};
  return std::unexpected(Error{
      .code = ErrorCode::other_input,
      .detail = fmt::format("the rows of shard {} are not those this folder was begun with; {}",
                            folder.layout().shard_name(record_.shard), kRemedy)});
}

Error ShardCheck::difference(std::size_t i, const Row& was) const {
  if (i >= seen_.size()) return missing_row(was.input, was.line, was.url);
  std::string_view input;
  for (const auto& [first, name] : inputs_) {
    if (first <= i) input = name;
  }
  return changed_row(input, seen_[i].line, was.url, url(i));
}

std::string_view ShardCheck::url(std::size_t i) const {
  const std::size_t end = i + 1 < seen_.size() ? seen_[i + 1].begin : urls_.size();
  return std::string_view(urls_).substr(seen_[i].begin, end - seen_[i].begin);
}

}  // namespace pixhaul::ledger
