#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "ledger/commit.h"
#include "pixhaul/outcome.h"

namespace pixhaul::ledger {

class RunFolder;

/// The digest of a shard's input: sha256 over its rows' URLs in order, each with its length in
/// front. One thread.
class InputDigest {
 public:
  InputDigest();
  void add(std::string_view url);
  [[nodiscard]] std::uint32_t rows() const { return rows_; }
  /// Of the rows so far; more may follow.
  [[nodiscard]] std::string hex() const { return digest_.peek(); }

 private:
  Digest digest_;
  std::uint32_t rows_ = 0;
};

/// Tells whether a URL is still what it was: crc32c of it as JSON, so that text which is not UTF-8
/// gives the same before and after a row was written and read back.
[[nodiscard]] std::uint32_t url_mark(std::string_view url);

/// A place in a list, for sentences: "line 12", "line 12 of b.txt", "'http://a' on the command
/// line".
[[nodiscard]] std::string place(std::string_view input, std::uint64_t line);

/// The refusal of a list that is not the one the folder was begun with.
[[nodiscard]] Error changed_row(std::string_view input, std::uint64_t line,
                                std::string_view was_url, std::string_view now_url);
/// The same for a row that the list no longer has.
[[nodiscard]] Error missing_row(std::string_view input, std::uint64_t line,
                                std::string_view was_url);

/// Compares the list's rows of one done shard with those it was made from, while they go by. Holds
/// their URLs, one shard's worth. One thread.
class ShardCheck {
 public:
  explicit ShardCheck(ShardRecord record) : record_(std::move(record)) {}

  /// The list's next row of this shard. Only the first `record.rows` count: a list may have grown.
  void add(std::string_view url, std::string_view input, std::uint64_t line);
  /// Rows of the shard that `add` has seen and the record does not have.
  [[nodiscard]] std::uint32_t new_rows() const { return new_rows_; }
  /// After the shard's last row. Any list fits a shard of another program whose rows cannot be
  /// read. Errors: other_input, naming the first difference; output_unwritable if the old rows
  /// cannot be read.
  [[nodiscard]] Result<> finish(RunFolder& folder) const;
  [[nodiscard]] const InputDigest& digest() const { return digest_; }

 private:
  [[nodiscard]] Error difference(std::size_t i, const Row& was) const;
  struct SeenRow {
    std::size_t begin;  // in urls_
    std::uint64_t line;
  };
  [[nodiscard]] std::string_view url(std::size_t i) const;

  const ShardRecord record_;
  InputDigest digest_;
  std::string urls_;
  std::vector<SeenRow> seen_;
  std::vector<std::pair<std::size_t, std::string>> inputs_;  // first row and name
  std::uint32_t new_rows_ = 0;
};

}  // namespace pixhaul::ledger
