#include "pipeline/program_rows.h"

#include <utility>

#include "arrow_io/module.h"
#include "base/check.h"
#include "pipeline/arrow_loader.h"

namespace pixhaul::pipeline {

namespace {

class SourceReader final : public readers::RowReader {
 public:
  SourceReader(UrlSource& source, std::string name) : source_(source), name_(std::move(name)) {}

  Result<bool> next(readers::RawRow& row) override {
    if (is_done_) return false;
    auto more = source_.next(url_);
    is_done_ = !more || !*more;
    if (is_done_) return more;
    row = {.text = url_, .input = name_, .line = ++line_};
    return true;
  }
  bool is_ready() override { return is_done_ || source_.is_ready(); }
  readers::ReadProgress progress() const override { return {}; }

 private:
  UrlSource& source_;  // outlives this
  const std::string name_;
  std::string url_;
  std::uint64_t line_ = 0;
  bool is_done_ = false;
};

}  // namespace

Result<std::unique_ptr<readers::RowReader>> open_program_rows(
    const Input& input, const readers::TableSettings& settings) {
  PIXHAUL_CHECK((input.urls == nullptr) != (input.table == nullptr));
  if (input.urls != nullptr) return std::make_unique<SourceReader>(*input.urls, input.name);
  auto module = load_arrow();
  if (!module) return std::unexpected(std::move(module).error());
  return (*module)->open_stream(*input.table, input.name, settings);
}

}  // namespace pixhaul::pipeline
