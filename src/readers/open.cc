#include "readers/open.h"

#include <fmt/core.h>

#include <deque>
#include <utility>
#include <vector>

#include "base/check.h"
#include "readers/counted_file.h"
#include "readers/text.h"

namespace pixhaul::readers {

namespace {

// Lists held open from the start; those behind them are opened when their turn comes.
constexpr std::size_t kOpenedAhead = 64;

class ListReader final : public RowReader {
 public:
  ListReader(FileSystem& files, std::span<const InputFile> inputs, Comments comments)
      : files_(files), inputs_(inputs.begin(), inputs.end()), comments_(comments) {}

  Result<> open_ahead() {
    for (; opened_ < inputs_.size() && waiting_.size() < kOpenedAhead; ++opened_) {
      Result<std::unique_ptr<TextReader>> reader = open(inputs_[opened_]);
      if (!reader) return std::unexpected(std::move(reader).error());
      waiting_.push_back(std::move(*reader));
    }
    return {};
  }

  Result<bool> next(RawRow& row) override {
    while (!waiting_.empty()) {
      if (!waiting_.front()) {
        row = RawRow{.text = inputs_[at_].name};
        finish_input();
        if (Result<> opened = open_ahead(); !opened) return std::unexpected(give_up(opened));
        return true;
      }
      Result<bool> got = waiting_.front()->next(row);
      if (!got) waiting_.clear();
      if (!got || *got) return got;
      finish_input();
      if (Result<> opened = open_ahead(); !opened) return std::unexpected(give_up(opened));
    }
    return false;
  }

  ReadProgress progress() const override {
    ReadProgress progress{.bytes_read = bytes_read_};
    if (!waiting_.empty() && waiting_.front()) {
      // Blocks are read ahead of rows: of the input under way only what was returned counts.
      const auto read = static_cast<double>(bytes_read_ - finished_bytes_);
      const double returned = read * waiting_.front()->share_returned();
      progress.bytes_read = finished_bytes_ + static_cast<std::uint64_t>(returned);
    }
    if (opened_ == inputs_.size()) progress.bytes_total = total_;
    return progress;
  }

 private:
  // A null reader stands for a URL given itself.
  Result<std::unique_ptr<TextReader>> open(const InputFile& input) {
    if (is_url_argument(input.name)) {
      if (total_) *total_ += input.name.size();
      return std::unique_ptr<TextReader>();
    }
    Result<std::unique_ptr<ReadableFile>> file = files_.open_input(input.name);
    if (!file) return std::unexpected(std::move(file).error());
    const std::optional<std::uint64_t> size = (*file)->size();
    total_ = total_ && size ? std::optional(*total_ + *size) : std::nullopt;
    auto counted = std::make_unique<CountedFile>(std::move(*file), &bytes_read_);
    return std::make_unique<TextReader>(make_decompressed(std::move(counted), input), input.name,
                                        comments_);
  }

  void finish_input() {
    if (!waiting_.front()) bytes_read_ += inputs_[at_].name.size();
    finished_bytes_ = bytes_read_;
    waiting_.pop_front();
    ++at_;
  }

  Error give_up(Result<>& failed) {
    waiting_.clear();
    return std::move(failed).error();
  }

  FileSystem& files_;
  const std::vector<InputFile> inputs_;
  const Comments comments_;
  std::deque<std::unique_ptr<TextReader>> waiting_;  // of inputs_[at_] and those behind it
  std::size_t at_ = 0;
  std::size_t opened_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t finished_bytes_ = 0;  // of inputs read to their end
  std::optional<std::uint64_t> total_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowReader>> open_texts(FileSystem& files, std::span<const InputFile> inputs,
                                              Comments comments) {
  PIXHAUL_CHECK(!are_tables(inputs));
  auto reader = std::make_unique<ListReader>(files, inputs, comments);
  if (Result<> opened = reader->open_ahead(); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return reader;
}

Result<std::unique_ptr<RowReader>> open_lists(FileSystem& files,
                                              std::span<const std::string> inputs,
                                              ListFormat format) {
  Result<std::vector<InputFile>> found = expand_inputs(files, inputs, format);
  if (!found) return std::unexpected(std::move(found).error());
  if (are_tables(*found)) {
    return std::unexpected(
        Error{.code = ErrorCode::input_unreadable,
              .detail = fmt::format("'{}' is a table; a text list is wanted here, or say "
                                    "--input_format txt if it is one",
                                    found->front().name)});
  }
  return open_texts(files, *found);
}

}  // namespace pixhaul::readers
