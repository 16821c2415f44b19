#include "ledger/spool.h"

#include <algorithm>

#include "base/digest.h"

namespace pixhaul::ledger {

namespace {

enum class Kind : std::uint8_t { header = 1, row = 2, data_row = 3 };

constexpr std::size_t kHeadBytes = 9;
constexpr std::size_t kRowFactBytes = 17;    // position, status, mark, bytes
constexpr std::size_t kDataPlaceBytes = 21;  // file, offset, length, sum; of a data_row only

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

void append_place(std::string& out, const DataPlace& place) {
  out += static_cast<char>(place.file);
  append_number(out, place.offset);
  append_number(out, place.length);
  append_number(out, place.crc32c);
}

DataPlace read_place(std::string_view payload) {
  return {.file = payload[0] == 0 ? DataPlace::File::spool : DataPlace::File::standing,
          .offset = number_at<std::uint64_t>(payload, 1),
          .length = number_at<std::uint64_t>(payload, 9),
          .crc32c = number_at<std::uint32_t>(payload, 17)};
}

bool read_payload(Kind kind, std::string_view payload, SpoolContents& contents) {
  if (kind == Kind::header && payload.size() >= 4) {
    contents.generation = number_at<std::uint32_t>(payload, 0);
    contents.boot_id = payload.substr(4);
    return true;
  }
  if (kind != Kind::row && kind != Kind::data_row) return false;
  const std::size_t facts =
      kRowFactBytes + (kind == Kind::data_row ? kDataPlaceBytes : std::size_t{0});
  if (payload.size() < facts) return false;
  SpoolRow row{
      .position = number_at<std::uint32_t>(payload, 0),
      .status = static_cast<ErrorCode>(static_cast<unsigned char>(payload[4])),
      .url_crc = number_at<std::uint32_t>(payload, 5),
      .bytes = number_at<std::uint64_t>(payload, 9),
      .json = payload.substr(facts),
  };
  if (kind == Kind::data_row) row.data = read_place(payload.substr(kRowFactBytes));
  contents.rows.push_back(row);
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
  const std::size_t start = begin(out, row.data ? Kind::data_row : Kind::row);
  append_number(out, row.position);
  out += static_cast<char>(row.status);
  append_number(out, row.url_crc);
  append_number(out, row.bytes);
  if (row.data) append_place(out, *row.data);
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

std::vector<SpoolRow> final_rows(std::vector<SpoolRow> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const SpoolRow& a, const SpoolRow& b) { return a.position < b.position; });
  std::size_t count = 0;
  for (const SpoolRow& row : rows) {
    if (count > 0 && rows[count - 1].position == row.position) --count;
    rows[count++] = row;
  }
  rows.resize(count);
  return rows;
}

}  // namespace pixhaul::ledger
