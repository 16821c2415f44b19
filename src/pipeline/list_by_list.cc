#include "pipeline/list_by_list.h"

#include <utility>

namespace pixhaul::pipeline {

namespace {

class ListByList final : public readers::RowReader {
 public:
  ListByList(std::vector<readers::InputFile> lists, OpenList open)
      : lists_(std::move(lists)), open_(std::move(open)) {}

  Result<> open() {
    auto reader = open_(lists_[at_]);
    if (!reader) return std::unexpected(std::move(reader).error());
    reader_ = std::move(*reader);
    return {};
  }

  Result<bool> next(readers::RawRow& row) override {
    auto more = reader_->next(row);
    if (!more || !*more) return more;
    // Names have to live as long as this, not as long as one list's reader.
    row.input = lists_[at_].name;
    if (row.body) row.body->file = lists_[at_].name;
    return true;
  }
  bool is_ready() override { return reader_->is_ready(); }

  bool has_next_list() const override { return at_ + 1 < lists_.size(); }
  Result<> begin_next_list() override {
    read_before_ += reader_->progress().bytes_read;
    ++at_;
    return open();
  }

  // How long the lists are that are not open yet is not known.
  readers::ReadProgress progress() const override {
    readers::ReadProgress read = reader_->progress();
    read.bytes_read += read_before_;
    if (read.bytes_total) *read.bytes_total += read_before_;
    if (has_next_list()) read.bytes_total.reset();
    return read;
  }

  Result<std::string> cut_columns() override { return reader_->cut_columns(); }

 private:
  const std::vector<readers::InputFile> lists_;
  const OpenList open_;
  std::size_t at_ = 0;
  std::uint64_t read_before_ = 0;
  std::unique_ptr<readers::RowReader> reader_;
};

}  // namespace

Result<std::unique_ptr<readers::RowReader>> open_list_by_list(std::vector<readers::InputFile> lists,
                                                              OpenList open) {
  auto reader = std::make_unique<ListByList>(std::move(lists), std::move(open));
  if (auto opened = reader->open(); !opened) return std::unexpected(std::move(opened).error());
  return reader;
}

}  // namespace pixhaul::pipeline
