#include "readers/open.h"

#include <fmt/core.h>

#include <array>
#include <deque>
#include <utility>

#include "readers/compressed.h"
#include "readers/text.h"

namespace pixhaul::readers {

namespace {

// Lists held open from the start; those behind them are opened when their turn comes.
constexpr std::size_t kOpenedAhead = 64;

using Decoder = std::unique_ptr<ReadableFile> (*)(std::unique_ptr<ReadableFile>, std::string_view);

struct Encoding {
  std::string_view extension;
  Decoder decode;
};
constexpr std::array kEncodings = {
    Encoding{".gz", make_gzip_file},
    Encoding{".zst", make_zstd_file},
};

// Files that hold no text, whatever their lines look like.
constexpr std::array<std::string_view, 9> kNotText = {
    ".parquet", ".arrow", ".feather", ".xz", ".bz2", ".zip", ".7z", ".tar", ".tgz"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool has_extension(std::string_view name, std::string_view extension) {
  if (name.size() < extension.size()) return false;
  const std::string_view end = name.substr(name.size() - extension.size());
  for (std::size_t i = 0; i < end.size(); ++i) {
    if (lower(end[i]) != extension[i]) return false;
  }
  return true;
}

// Passes bytes on and counts them. `read_bytes` is not owned and outlives this.
class CountedFile final : public ReadableFile {
 public:
  CountedFile(std::unique_ptr<ReadableFile> file, std::uint64_t* read_bytes)
      : file_(std::move(file)), read_bytes_(read_bytes) {}
  Result<std::size_t> read(std::span<std::byte> into) override {
    Result<std::size_t> count = file_->read(into);
    if (count) *read_bytes_ += *count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return file_->size(); }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t* read_bytes_;
};

class ListReader final : public RowReader {
 public:
  ListReader(FileSystem& files, std::span<const std::string> inputs, ListFormat format)
      : files_(files), inputs_(inputs.begin(), inputs.end()), format_(format) {}

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
        row = RawRow{.text = inputs_[at_]};
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
  Result<std::unique_ptr<TextReader>> open(const std::string& input) {
    if (is_url_argument(input)) {
      if (total_) *total_ += input.size();
      return std::unique_ptr<TextReader>();
    }
    if (format_ == ListFormat::automatic) {
      for (const std::string_view extension : kNotText) {
        if (has_extension(input, extension)) return std::unexpected(not_text(input, extension));
      }
    }
    Result<std::unique_ptr<ReadableFile>> file = files_.open_input(input);
    if (!file) return std::unexpected(std::move(file).error());
    const std::optional<std::uint64_t> size = (*file)->size();
    total_ = total_ && size ? std::optional(*total_ + *size) : std::nullopt;
    std::unique_ptr<ReadableFile> text =
        std::make_unique<CountedFile>(std::move(*file), &bytes_read_);
    for (const Encoding& encoding : kEncodings) {
      if (!has_extension(input, encoding.extension)) continue;
      text = encoding.decode(std::move(text), input);
      break;
    }
    return std::make_unique<TextReader>(std::move(text), input);
  }

  static Error not_text(std::string_view input, std::string_view extension) {
    return Error{.code = ErrorCode::input_unreadable,
                 .detail = fmt::format("cannot read '{}': {} is not a text list; write one URL a "
                                       "line (plain, .gz or .zst), or say --input_format txt if "
                                       "it is one",
                                       input, extension)};
  }

  void finish_input() {
    if (!waiting_.front()) bytes_read_ += inputs_[at_].size();
    finished_bytes_ = bytes_read_;
    waiting_.pop_front();
    ++at_;
  }

  Error give_up(Result<>& failed) {
    waiting_.clear();
    return std::move(failed).error();
  }

  FileSystem& files_;
  const std::vector<std::string> inputs_;
  const ListFormat format_;
  std::deque<std::unique_ptr<TextReader>> waiting_;  // of inputs_[at_] and those behind it
  std::size_t at_ = 0;
  std::size_t opened_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t finished_bytes_ = 0;  // of inputs read to their end
  std::optional<std::uint64_t> total_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowReader>> open_lists(FileSystem& files,
                                              std::span<const std::string> inputs,
                                              ListFormat format) {
  auto reader = std::make_unique<ListReader>(files, inputs, format);
  if (Result<> opened = reader->open_ahead(); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return reader;
}

bool is_url_argument(std::string_view input) {
  for (const std::string_view scheme :
       {std::string_view("http://"), std::string_view("https://")}) {
    if (input.size() > scheme.size() && has_extension(input.substr(0, scheme.size()), scheme)) {
      return true;
    }
  }
  return false;
}

}  // namespace pixhaul::readers
