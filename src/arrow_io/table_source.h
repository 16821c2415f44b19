#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "readers/input.h"
#include "readers/records.h"
#include "readers/table.h"

struct ArrowArrayStream;

namespace arrow {
class MemoryPool;
class RecordBatch;
class Schema;
}  // namespace arrow

namespace pixhaul::arrow_io {

/// Which columns of a table are read, each once, and what becomes of them.
struct ColumnPlan {
  /// A column as cut_columns() names it.
  struct Output {
    std::string name{};
    std::size_t source = 0;
  };
  std::vector<readers::ChosenColumn> sources{};  ///< the URL's is the first
  std::optional<std::size_t> caption{};          ///< these are indices into `sources`
  std::optional<std::size_t> verify{};
  std::optional<std::size_t> boxes{};
  std::vector<Output> outputs{};  ///< img2dataset's order: additional, caption, digest, url
};

[[nodiscard]] ColumnPlan make_column_plan(const readers::TableSettings& settings);

/// Some rows of one table.
struct TableBlock {
  struct Problem {
    std::uint64_t row = 0;  ///< in this block
    std::string text{};
  };
  /// The plan's sources in their order. A row with a problem is null but for what can be shown of
  /// its URL. Shared with what is kept for cut_columns().
  std::shared_ptr<arrow::RecordBatch> columns{};
  std::vector<std::uint64_t> lines{};  ///< of each row
  std::vector<Problem> problems{};     ///< in order of rows
};

/// One table, read block by block. One thread. Errors everywhere: input_unreadable.
class TableSource {
 public:
  virtual ~TableSource() = default;
  /// To be called first.
  [[nodiscard]] virtual Result<std::vector<std::string>> column_names() = 0;
  /// The second call. The types the plan's sources have in this table, by the first rows where it
  /// does not say. REQUIRES: the plan's columns are among column_names(). `plan` outlives this.
  [[nodiscard]] virtual Result<std::shared_ptr<arrow::Schema>> infer(const ColumnPlan& plan) = 0;
  /// The types that blocks are to have. The third call.
  [[nodiscard]] virtual Result<> use(std::shared_ptr<arrow::Schema> schema) = 0;
  /// Types that hold the rows already seen and those still to come; reads all of them.
  /// Instead of use(); nothing can be read afterwards.
  [[nodiscard]] virtual Result<std::shared_ptr<arrow::Schema>> infer_all() = 0;
  /// False at the end.
  [[nodiscard]] virtual Result<bool> next(TableBlock& block) = 0;
  /// Which part of what was read of the file was handed out, 0 to 1.
  [[nodiscard]] virtual double share_returned() const = 0;
};

/// The table in `file`, which is that of `input` as it lies on disk. `input` outlives the source.
[[nodiscard]] Result<std::unique_ptr<TableSource>> open_text_table(
    std::unique_ptr<ReadableFile> file, const readers::InputFile& input, arrow::MemoryPool* pool);
[[nodiscard]] Result<std::unique_ptr<TableSource>> open_parquet_table(
    std::unique_ptr<ReadableFile> file, const readers::InputFile& input, arrow::MemoryPool* pool);

/// The table that comes by Arrow's C stream interface, which is moved from `stream`.
[[nodiscard]] Result<std::unique_ptr<TableSource>> open_stream_table(
    ArrowArrayStream& stream, const readers::InputFile& input, arrow::MemoryPool* pool);

/// The types that both schemas' values fit into, column by column. `by_text`: they were spelled,
/// so a string holds any of them.
[[nodiscard]] std::shared_ptr<arrow::Schema> merge_schemas(
    const std::shared_ptr<arrow::Schema>& one, const std::shared_ptr<arrow::Schema>& other,
    bool by_text);

/// `batch` with the schema's types, null where `bad` (ascending) says, and there `shown` in the
/// first column. Rows of `pieces` stand for the others, in order.
[[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> fill_gaps(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& pieces,
    const std::shared_ptr<arrow::Schema>& schema, std::span<const std::uint64_t> bad,
    std::span<const std::string> shown, arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
