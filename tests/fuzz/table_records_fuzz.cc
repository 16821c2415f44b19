// Both splitters on the same bytes, whole and in small pieces: rows must not depend on the pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "readers/csv_records.h"
#include "readers/json_records.h"

namespace {

class PieceFile final : public pixhaul::ReadableFile {
 public:
  PieceFile(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
  pixhaul::Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), piece_, text_.size()});
    std::memcpy(into.data(), text_.data(), count);
    text_.remove_prefix(count);
    return count;
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  std::string_view text_;
  std::size_t piece_;
};

using pixhaul::readers::ChosenColumn;
using pixhaul::readers::ColumnKind;
using pixhaul::readers::CsvRecords;
using pixhaul::readers::JsonLines;
using pixhaul::readers::Record;
using pixhaul::readers::RecordReader;

std::unique_ptr<RecordReader> make(int kind, std::string_view text, std::size_t piece) {
  auto file = std::make_unique<PieceFile>(text, piece);
  if (kind == 0) return std::make_unique<CsvRecords>(std::move(file), "f", ',');
  if (kind == 1) return std::make_unique<JsonLines>(std::move(file), "f");
  auto document = pixhaul::readers::open_json_document(std::move(file), "f");
  return document ? std::move(*document) : nullptr;
}

std::vector<std::string> read(int kind, std::string_view text, std::size_t piece) {
  const auto reader = make(kind, text, piece);
  if (!reader) return {};
  const auto names = reader->column_names();
  if (!names) return {names.error().detail};
  std::vector<ChosenColumn> chosen;
  for (std::size_t i = 0; i < std::min<std::size_t>(names->size(), 3); ++i) {
    const auto same = [&](const ChosenColumn& c) { return c.name == (*names)[i]; };
    if (std::ranges::any_of(chosen, same)) continue;
    chosen.push_back({(*names)[i], i == 0 ? ColumnKind::text : ColumnKind::any});
  }
  if (chosen.empty()) return {};
  reader->choose(chosen);
  std::vector<std::string> rows;
  Record record;
  for (;;) {
    const auto got = reader->next(record);
    if (!got) rows.push_back(got.error().detail);
    if (!got || !*got) return rows;
    rows.push_back(std::to_string(record.line) + std::string(record.text) +
                   std::string(record.problem) + std::string(record.shown));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (int kind = 0; kind < 3; ++kind) {
    if (read(kind, text, 1 << 20) != read(kind, text, 3)) std::abort();
  }
  return 0;
}
