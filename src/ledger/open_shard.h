#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "ledger/layout.h"
#include "ledger/spool_data.h"
#include "pixhaul/outcome.h"

namespace pixhaul::ledger {

/// A shard some of whose rows are final. They lie in its spool; memory holds eight bytes a row. One
/// thread at a time, but append_data: any thread, as long as the row it appends for is not added.
class OpenShard {
 public:
  struct Settings {
    std::uint64_t shard = 0;
    std::uint32_t generation = 1;
    ShardLayout layout{1};
    std::string digest_name{};
    std::string boot_id{};
    Folder* spool = nullptr;  ///< .pixhaul/spool; not owned, outlives this
    bool was_begun = false;   ///< by an earlier run, whose spool may be empty now
  };

  /// Continues from `spool_text`, what the shard's spool holds ("" for a new shard): rows whose
  /// bytes are lost are no longer in it.
  [[nodiscard]] static Result<std::unique_ptr<OpenShard>> create(const Settings& settings,
                                                                 std::string_view spool_text);

  [[nodiscard]] std::uint64_t shard() const { return settings_.shard; }
  [[nodiscard]] std::uint32_t generation() const { return settings_.generation; }
  [[nodiscard]] bool is_finished(std::uint32_t position) const;
  [[nodiscard]] std::uint32_t finished_count() const { return finished_count_; }
  /// Whether an earlier run left rows or images in it: its folder is then worth a sweep after the
  /// commit.
  [[nodiscard]] bool was_resumed() const { return was_resumed_; }
  /// Of the finished rows.
  [[nodiscard]] std::map<ErrorCode, std::uint64_t> by_status() const;
  [[nodiscard]] std::uint64_t image_bytes() const { return image_bytes_; }

  /// The row of `position` is to be done again: until then, check_input() compares with `url`.
  void expect(std::uint32_t position, std::string url) {
    expected_.insert_or_assign(position, std::move(url));
  }
  /// Compares the list's row with the finished or expected row of that position; any row fits where
  /// there is neither. Errors: other_input, as a sentence.
  [[nodiscard]] Result<> check_input(std::uint32_t position, std::string_view url,
                                     std::string_view input, std::uint64_t line);

  /// Keeps a sample's bytes until the shard is assembled; then the row is added with their place.
  /// Bytes whose row is never added cost their room and nothing else. Any thread. Errors:
  /// disk_full, output_unwritable.
  [[nodiscard]] Result<DataPlace> append_data(std::span<const std::byte> bytes) {
    return data_.append(bytes);
  }
  /// Counts `row` as finished; `data` is of append_data, where the format needs it. It is safe from
  /// a kill once flush() has returned; that happens by itself every 64 KiB. Errors: disk_full,
  /// output_unwritable.
  [[nodiscard]] Result<> add(const Row& row, std::optional<DataPlace> data = std::nullopt);
  /// One write of everything added since the last.
  [[nodiscard]] Result<> flush();

  /// The spool's text, flushed. For the commit, and for reading rows back.
  [[nodiscard]] Result<std::string> read_back();

 private:
  struct Mark {
    std::uint32_t url_crc = 0;
    ErrorCode status = ErrorCode::internal;
    bool finished = false;
  };

  OpenShard(const Settings& settings, std::uint64_t data_end)
      : settings_(settings), data_(*settings.spool, data_name(settings.shard), data_end) {}
  void mark(std::uint32_t position, ErrorCode status, std::uint32_t url_crc, std::uint64_t bytes);

  Settings settings_;
  SpoolData data_;
  std::vector<Mark> marks_;
  std::map<std::uint32_t, std::string> expected_;  // URLs of rows that are done again
  std::unique_ptr<WritableFile> file_;
  std::string pending_;
  std::string json_;  // reused
  std::uint32_t finished_count_ = 0;
  std::uint64_t image_bytes_ = 0;
  bool was_resumed_ = false;
};

}  // namespace pixhaul::ledger
