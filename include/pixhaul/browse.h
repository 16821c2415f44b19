#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/outcome.h"

namespace pixhaul {

/// Which rows are wanted; what is empty or 0 asks nothing.
struct BrowseFilter {
  std::optional<ErrorCode> status{};
  bool failures_only = false;   ///< every status but success
  std::string host{};           ///< of the row's URL: this one, or one below it
  std::uint32_t min_side = 0;   ///< pixels, of the longer side
  std::uint64_t min_bytes = 0;  ///< of the body
  std::uint64_t max_bytes = 0;
};

struct BrowseRow {
  std::string place{};  ///< names the row in this folder: "17.230"
  Row row{};
  bool has_image = false;  ///< the folder holds its bytes
  std::string caption{};   ///< of a dataset whose shards have tables; text of a stranger's
};

struct BrowsePage {
  std::vector<BrowseRow> rows{};      ///< newest first: descending keys
  std::optional<std::string> next{};  ///< where the next page begins; nullopt: there is none
};

/// The rows of an output folder, finished or running, page by page; each format is read where it
/// lies, by range. Holds the rows of two shards at most. Any thread; one call works at a time.
class Browser {
 public:
  virtual ~Browser() = default;
  /// Looks for at most half a second: a page may be short, even empty, and still have a `next`.
  /// `from`: "" or the `next` of a page. Errors: input_unreadable, state_damaged, bad_option
  /// (`from`).
  [[nodiscard]] virtual Result<BrowsePage> page(const BrowseFilter& filter, std::string_view from,
                                                std::size_t limit) = 0;
  /// Errors: as page(); bad_option when there is no such row.
  [[nodiscard]] virtual Result<BrowseRow> row(std::string_view place) = 0;
  /// The row's image as WebP, its longer side at most `side`: decoded with limits and encoded anew,
  /// so that no byte of a stranger's reaches a browser. Errors: as row(); those of decoding.
  [[nodiscard]] virtual Result<std::string> thumbnail(std::string_view place,
                                                      std::uint32_t side) = 0;
};

/// Errors: input_unreadable (no such folder).
[[nodiscard]] Result<std::unique_ptr<Browser>> browse(const std::string& output_folder);

}  // namespace pixhaul
