#include "ledger/spool.h"

#include "base/digest.h"

namespace pixhaul::ledger {

namespace {

enum class Kind : std::uint8_t { header = 1, row = 2 };

constexpr std::size_t kHeadBytes = 9;
constexpr std::size_t kRowFactBytes = 17;

template <class Number>
void append_number(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) {
    out += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
  }
}

template <class Number>
Number number_at(std::string_view text, std::size_t at) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number |= static_cast<Number>(Number{static_cast<unsigned char>(text[at + i])} << (8 * i));
  }
  return number;
}

// Writes the head of a record that begins at `start`, once its kind and payload stand behind.
void seal(std::string& out, std::size_t start) {
  const std::string_view summed = std::string_view(out).substr(start + 8);
  std::string head;
  append_number(head, static_cast<std::uint32_t>(summed.size() - 1));
  append_number(head, crc32c(summed));
  out.replace(start, 8, head);
}

std::size_t begin(std::string& out, Kind kind) {
  const std::size_t start = out.size();
  out.append(8, '\0');
  out += static_cast<char>(kind);
  return start;
}

bool read_payload(Kind kind, std::string_view payload, SpoolContents& contents) {
  if (kind == Kind::header && payload.size() >= 4) {
    contents.generation = number_at<std::uint32_t>(payload, 0);
    contents.boot_id = payload.substr(4);
    return true;
  }
  if (kind != Kind::row || payload.size() < kRowFactBytes) return false;
  contents.rows.push_back(SpoolRow{
      .position = number_at<std::uint32_t>(payload, 0),
      .status = static_cast<ErrorCode>(static_cast<unsigned char>(payload[4])),
      .url_crc = number_at<std::uint32_t>(payload, 5),
      .bytes = number_at<std::uint64_t>(payload, 9),
      .json = payload.substr(kRowFactBytes),
  });
  return true;
}

}  // namespace

void append_spool_header(std::string& out, std::uint32_t generation, std::string_view boot_id) {
  const std::size_t start = begin(out, Kind::header);
  append_number(out, generation);
  out += boot_id;
  seal(out, start);
}

void append_spool_row(std::string& out, const SpoolRow& row) {
  const std::size_t start = begin(out, Kind::row);
  append_number(out, row.position);
  out += static_cast<char>(row.status);
  append_number(out, row.url_crc);
  append_number(out, row.bytes);
  out += row.json;
  seal(out, start);
}

SpoolContents read_spool(std::string_view text) {
  SpoolContents contents;
  std::size_t at = 0;
  while (text.size() - at >= kHeadBytes) {
    const std::size_t size = number_at<std::uint32_t>(text, at);
    if (size > text.size() - at - kHeadBytes) break;
    const std::string_view summed = text.substr(at + 8, size + 1);
    if (crc32c(summed) != number_at<std::uint32_t>(text, at + 4)) break;
    const auto kind = static_cast<Kind>(static_cast<unsigned char>(summed[0]));
    // Rows mean nothing before the header has said which generation they are of.
    if (kind != Kind::header && contents.generation == 0) break;
    if (!read_payload(kind, summed.substr(1), contents)) break;
    at += kHeadBytes + size;
  }
  contents.valid_bytes = at;
  return contents;
}

}  // namespace pixhaul::ledger
