// The fields of ours are written into one scratch text first, because a column of the input may
// bear the name of one of them: Python's dict then keeps the column's place and takes our value.
#include "writers/sample_json.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "base/check.h"
#include "writers/json_text.h"

namespace pixhaul::writers {

namespace {

void append_number(std::string& out, std::uint32_t number) {
  std::array<char, 16> text;
  const auto written = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), written.ptr);
}

class OurFields {
 public:
  OurFields(const Row& row, const SampleJsonSettings& settings) {
    const Outcome& outcome = row.outcome;
    add_text("key", row.key);
    add_text("status", name(outcome.status));
    add_text("error_message", {});
    add_size("width", outcome.width);
    add_size("height", outcome.height);
    add_size("original_width", outcome.original_width);
    add_size("original_height", outcome.original_height);
    if (settings.exif) add_text("exif", outcome.exif);
    if (!settings.hash_name.empty()) add_text(settings.hash_name, outcome.digest);
  }

  // Appends the field's value if it is one of ours.
  bool append_value(std::string& out, std::string_view field) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (fields_[i].name != field) continue;
      fields_[i].is_written = true;
      out += value_of(i);
      return true;
    }
    return false;
  }

  template <class Write>
  void each_unwritten(const Write& write) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (!fields_[i].is_written) write(fields_[i].name, value_of(i));
    }
  }

 private:
  struct Field {
    std::string_view name{};
    std::size_t end = 0;  // of its value in values_
    bool is_written = false;
  };

  void add_text(std::string_view field, std::string_view text) {
    text.empty() ? void(values_ += "null") : append_python_string(values_, text);
    fields_[count_++] = {.name = field, .end = values_.size()};
  }
  void add_size(std::string_view field, std::uint32_t size) {
    size == 0 ? void(values_ += "null") : append_number(values_, size);
    fields_[count_++] = {.name = field, .end = values_.size()};
  }
  [[nodiscard]] std::string_view value_of(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : fields_[i - 1].end;
    return std::string_view(values_).substr(begin, fields_[i].end - begin);
  }

  std::array<Field, 9> fields_{};
  std::size_t count_ = 0;
  std::string values_;
};

}  // namespace

void append_sample_json(std::string& out, const Row& row, std::string_view columns,
                        const SampleJsonSettings& settings) {
  PIXHAUL_CHECK(row.outcome.status == ErrorCode::success);
  OurFields ours(row, settings);
  std::string_view separator = "{\n    ";
  const auto begin_member = [&] {
    out += separator;
    separator = ",\n    ";
  };
  JsonItems items(columns);
  while (const auto item = items.next()) {
    if (item->literal.size() < 2) continue;
    // Names of ours need no escapes, so that they can be compared as they stand.
    const std::string_view column = item->literal.substr(1, item->literal.size() - 2);
    if (!settings.left_out.empty() && column == settings.left_out) continue;
    begin_member();
    append_indented(out, item->literal, 1);
    out += ": ";
    if (!ours.append_value(out, column)) append_indented(out, item->value, 1);
  }
  ours.each_unwritten([&](std::string_view field, std::string_view value) {
    begin_member();
    out += '"';
    out += field;
    out += "\": ";
    out += value;
  });
  out += "\n}";
}

}  // namespace pixhaul::writers
