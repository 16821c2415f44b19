// POSIX ustar: 512-byte blocks, a header before each member, zero blocks at the end. A name longer
// than 100 bytes stands in the prefix field, in a pax record "LENGTH path=NAME\n" of a member of
// type 'x' before it, or in a GNU member of type 'L'. Everything a header says is checked against
// the file's size before it is used.
#include "readers/sample_tar.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/json_writer.h"
#include "readers/json_text.h"

namespace pixhaul::readers {

namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::uint64_t kMaxTextBytes = 1u << 20;

std::optional<std::uint64_t> parse_octal(std::string_view field) {
  std::uint64_t number = 0;
  const std::size_t begin = std::min(field.find_first_not_of(' '), field.size());
  std::size_t at = begin;
  for (; at < field.size() && field[at] >= '0' && field[at] <= '7'; ++at) {
    number = number * 8 + static_cast<std::uint64_t>(field[at] - '0');
  }
  const bool ends = at == field.size() || field[at] == '\0' || field[at] == ' ';
  if (at == begin || !ends) return std::nullopt;
  return number;
}

// The sum of the header's bytes, those of the sum itself taken as spaces.
bool sum_is_right(std::string_view header) {
  std::uint64_t sum = 8 * ' ';
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
  }
  return parse_octal(header.substr(148, 8)) == sum;
}

std::string_view until_nul(std::string_view field) { return field.substr(0, field.find('\0')); }

std::string name_of(std::string_view header) {
  const std::string_view name = until_nul(header.substr(0, 100));
  const std::string_view prefix = until_nul(header.substr(345, 155));
  if (header.substr(257, 6) != std::string_view("ustar\0", 6) || prefix.empty()) {
    return std::string(name);
  }
  return fmt::format("{}/{}", prefix, name);
}

// The path among pax records, "" if there is none.
std::string pax_path(std::string_view records) {
  while (!records.empty()) {
    std::size_t length = 0;
    std::size_t at = 0;
    for (; at < records.size() && at < 7 && records[at] >= '0' && records[at] <= '9'; ++at) {
      length = length * 10 + static_cast<std::size_t>(records[at] - '0');
    }
    if (length <= at + 1 || length > records.size()) return {};
    const std::string_view record = records.substr(at + 1, length - at - 2);
    if (record.starts_with("path=")) return std::string(record.substr(5));
    records.remove_prefix(length);
  }
  return {};
}

// Whether the object `json` has a member `name`; `json` loses its closing brace. False if it is no
// object.
bool open_object(std::string& json, bool& has_members, bool& has_url, bool& has_caption) {
  JsonText text(json);
  if (!text.take('{')) return false;
  std::string_view key;
  std::string_view value;
  while (text.take_string(key)) {
    if (!text.take(':') || !text.take_value(value)) return false;
    has_members = true;
    has_url = has_url || json_string_value(key) == "url";
    has_caption = has_caption || json_string_value(key) == "caption";
    if (!text.take(',')) break;
  }
  const bool closed = text.take('}');
  const std::size_t end = text.position();
  if (!closed || !text.at_end()) return false;
  json.resize(end - 1);
  return true;
}

class SampleLines final : public ReadableFile {
 public:
  SampleLines(std::unique_ptr<ReadableFile> tar, std::string_view name,
              std::deque<std::optional<BodyPlace>>& places)
      : tar_(std::move(tar), name), name_(name), places_(places) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    while (taken_ == line_.size()) {
      Result<bool> more = tar_.next(sample_);
      if (!more) return std::unexpected(std::move(more).error());
      if (!*more) return std::size_t{0};
      make_line();
    }
    const std::size_t count = std::min(into.size(), line_.size() - taken_);
    std::memcpy(into.data(), line_.data() + taken_, count);
    taken_ += count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  void make_line() {
    line_ = std::move(sample_.json);
    bool has_members = false;
    bool has_url = false;
    bool has_caption = false;
    // What is no object becomes a bad row as it stands.
    if (line_.empty()) line_ = "{}";
    std::ranges::replace(line_, '\n', ' ');
    std::ranges::replace(line_, '\r', ' ');
    if (open_object(line_, has_members, has_url, has_caption)) {
      add_member("url", fmt::format("{}/{}", name_, sample_.key), has_url, has_members);
      add_member("caption", sample_.caption, has_caption, has_members);
      line_ += '}';
    } else if (line_.find_first_not_of(" \t") == line_.npos) {
      line_ = "0";
    }
    line_ += '\n';
    taken_ = 0;
    places_.push_back(sample_.image);
  }

  void add_member(std::string_view name, const std::optional<std::string>& value, bool is_there,
                  bool& has_members) {
    if (is_there) return;
    if (has_members) line_ += ',';
    has_members = true;
    append_json_string(line_, name);
    line_ += ':';
    value ? append_json_string(line_, *value) : static_cast<void>(line_ += "null");
  }

  SampleTar tar_;
  std::string_view name_;
  std::deque<std::optional<BodyPlace>>& places_;
  TarSample sample_;
  std::string line_;
  std::size_t taken_ = 0;
};

}  // namespace

struct SampleTar::Member {
  std::string name{};
  char type = '0';
  std::uint64_t header = 0;  // where its first header lies, a long name's included
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

Error SampleTar::damaged(std::string_view what) const {
  return Error{.code = ErrorCode::input_unreadable,
               .detail = fmt::format("cannot read '{}': {} at byte {}", name_, what, at_)};
}

Result<bool> SampleTar::read_header(Member& member) {
  std::array<char, kBlock> block{};
  auto count = file_->read_at(at_, std::as_writable_bytes(std::span(block)));
  if (!count) return std::unexpected(std::move(count).error());
  const std::string_view header(block.data(), *count);
  // Some programs end a tar without its zero blocks; a cut between members cannot be told from it.
  if (header.empty() || (header.size() == kBlock && header.find_first_not_of('\0') == header.npos))
    return false;
  if (header.size() < kBlock) return std::unexpected(damaged("a tar that was cut short"));
  const auto size = parse_octal(header.substr(124, 12));
  if (!size || !sum_is_right(header)) {
    return std::unexpected(damaged("no tar, or a damaged one: no member's header"));
  }
  member.name = name_of(header);
  member.type = header[156];
  member.offset = at_ + kBlock;
  member.size = *size;
  const std::uint64_t end = file_->size().value_or(0);
  if (*size > end || member.offset > end - *size) {
    return std::unexpected(damaged("a tar that was cut short"));
  }
  return true;
}

Result<std::string> SampleTar::read_text(const Member& member) {
  if (member.size > kMaxTextBytes) {
    return std::unexpected(damaged("a text member of more than 1 MiB"));
  }
  std::string text(member.size, '\0');
  auto count = file_->read_at(member.offset, std::as_writable_bytes(std::span(text)));
  if (!count) return std::unexpected(std::move(count).error());
  if (*count != text.size()) return std::unexpected(damaged("a tar that was cut short"));
  return text;
}

// The next plain file.
Result<bool> SampleTar::next_member(Member& member) {
  std::string long_name;
  member.header = at_;
  for (;;) {
    Result<bool> got = read_header(member);
    if (!got || !*got) return got;
    if (member.type == 'x' || member.type == 'L') {
      Result<std::string> text = read_text(member);
      if (!text) return std::unexpected(std::move(text).error());
      std::string name = member.type == 'x' ? pax_path(*text) : std::string(until_nul(*text));
      if (!name.empty()) long_name = std::move(name);
    }
    at_ = member.offset + (member.size + kBlock - 1) / kBlock * kBlock;
    if (member.type == '0' || member.type == '\0') break;
    if (member.type != 'x' && member.type != 'L') {
      long_name.clear();
      member.header = at_;
    }
  }
  if (!long_name.empty()) member.name = std::move(long_name);
  return true;
}

Result<> SampleTar::add(const Member& member, TarSample& sample) {
  const std::string_view name = member.name;
  const std::string_view extension = name.substr(name.find('.', name.rfind('/') + 1) + 1);
  if (extension != "json" && extension != "txt") {
    if (!sample.image) {
      sample.image = BodyPlace{.file = name_, .offset = member.offset, .length = member.size};
    }
    return {};
  }
  Result<std::string> text = read_text(member);
  if (!text) return std::unexpected(std::move(text).error());
  if (extension == "json") {
    sample.json = std::move(*text);
  } else {
    sample.caption = std::move(*text);
  }
  return {};
}

Result<bool> SampleTar::next(TarSample& sample) {
  sample = {};
  if (!file_->is_seekable()) return std::unexpected(damaged("a pipe; a tar has to be a file"));
  bool has_members = false;
  while (!is_at_end_) {
    Member member;
    Result<bool> got = next_member(member);
    if (!got) return std::unexpected(std::move(got).error());
    if (!*got) {
      is_at_end_ = true;
      break;
    }
    const std::size_t dot = member.name.find('.', member.name.rfind('/') + 1);
    if (dot == member.name.npos) continue;  // no sample's
    const std::string_view key = std::string_view(member.name).substr(0, dot);
    if (has_members && key != sample.key) {
      at_ = member.header;
      return true;
    }
    sample.key = key;
    has_members = true;
    if (Result<> added = add(member, sample); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return has_members;
}

std::unique_ptr<ReadableFile> make_sample_lines(std::unique_ptr<ReadableFile> tar,
                                                std::string_view name,
                                                std::deque<std::optional<BodyPlace>>& places) {
  return std::make_unique<SampleLines>(std::move(tar), name, places);
}

}  // namespace pixhaul::readers
