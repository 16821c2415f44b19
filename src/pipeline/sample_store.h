#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ledger/layout.h"
#include "ledger/spool.h"
#include "pixhaul/outcome.h"
#include "writers/writer.h"

namespace pixhaul::pipeline {

class ShardBook;

/// Where a sample lies once it is kept.
struct KeptSample {
  std::string path{};                        ///< of its own file, "" if it has none
  std::optional<ledger::DataPlace> place{};  ///< in its shard's spool
};

/// Where samples go when they are made: files of their own, or the spool of their shard until that
/// is assembled. One thread each. Errors: disk_full, output_unwritable.
class SampleStore {
 public:
  virtual ~SampleStore() = default;
  [[nodiscard]] virtual Result<KeptSample> keep(const Row& row, std::string_view extension,
                                                std::span<const std::byte> sample) = 0;
};

/// A file for each, by a writer of files or of nothing. `extension`: of all of them; "" if each
/// says its own.
[[nodiscard]] std::unique_ptr<SampleStore> make_file_store(
    std::unique_ptr<writers::SampleWriter> writer, const ledger::ShardLayout& layout,
    std::string extension = {});
/// The spool of each row's shard. `book` outlives the store.
[[nodiscard]] std::unique_ptr<SampleStore> make_spool_store(ShardBook& book);

}  // namespace pixhaul::pipeline
