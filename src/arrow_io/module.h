#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/memory_budget.h"
#include "readers/columns.h"
#include "readers/input.h"
#include "readers/reader.h"
#include "readers/table.h"
#include "writers/shard_check.h"
#include "writers/table_writer.h"

/// The C stream interface of Arrow, as in pixhaul/input.h.
struct ArrowArrayStream;

namespace pixhaul::arrow_io {

/// What writing to a store takes beside the store.
struct StoreOutput {
  FileSystem* local_files = nullptr;  ///< not owned; outlives the store
  /// Of this machine: what cannot be an object lies here, in a folder for each output.
  std::string local_folder{};
  /// Creates the object "bucket/key" unless it is there, of all who try exactly one. Whether this
  /// call did. Null where the store cannot be asked for that: then of two who try at the same
  /// moment both may succeed. Errors: output_unwritable.
  std::function<Result<bool>(std::string_view path, std::string_view contents)> put_once{};
};

/// Everything that needs Arrow, behind interfaces of ours. It lives in a shared module which
/// pipeline/arrow_loader opens on first use. The module is of the same build as its caller: only
/// the name of one C function holds them together. Any thread; what it makes belongs to one thread
/// each unless its own interface says otherwise. Nothing here throws.
class Module {
 public:
  virtual ~Module() = default;

  /// A reader over the tables `inputs` in order. All have the columns and types of the first; what
  /// cannot be cast to them is a bad row. The first table is opened here, so that a mistyped
  /// name or a missing column is noticed before any work. `files` outlives the reader, as do
  /// `inputs`' names. Errors: input_unreadable, one sentence with the remedy.
  [[nodiscard]] virtual Result<std::unique_ptr<readers::RowReader>> open_table(
      FileSystem& files, std::span<const readers::InputFile> inputs,
      const readers::TableSettings& settings) = 0;

  /// A reader over a table that the calling program hands over by Arrow's C stream interface; named
  /// `name` in rows and messages. What `stream` holds is moved from it and released with the
  /// reader. It may wait for the program. Errors: input_unreadable, one sentence with the remedy.
  [[nodiscard]] virtual Result<std::unique_ptr<readers::RowReader>> open_stream(
      ArrowArrayStream& stream, std::string_view name, const readers::TableSettings& settings) = 0;

  /// What cut_columns() gave; the bytes are copied. Errors: state_damaged.
  [[nodiscard]] virtual Result<std::unique_ptr<readers::ColumnTable>> open_columns(
      std::string_view ipc) = 0;

  /// The store at s3://, gs:// or hdfs://, for paths that are full URIs of the same store.
  /// Its folders are objects below a prefix, whole or not there, and need `output`. Errors:
  /// input_unreadable.
  [[nodiscard]] virtual Result<std::unique_ptr<FileSystem>> open_file_system(
      std::string_view uri, const StoreOutput& output) = 0;

  /// The table NNNNN.parquet of a shard, laid out as img2dataset's: the input's columns, ours, and
  /// the images where the settings name a column for them. `columns`: what cut_columns() gave for
  /// the shard, "" where the list has none; copied. `file` is empty and outlives the writer.
  /// Errors: state_damaged (the columns), bad_option (a column of the list has the name of one of
  /// ours), disk_full, output_unwritable.
  [[nodiscard]] virtual Result<std::unique_ptr<writers::TableWriter>> create_table_writer(
      WritableFile& file, std::string_view columns, const writers::TableSettings& settings) = 0;

  /// The table .pixhaul/rows/NNNNN.parquet: of each row what may differ between two runs over the
  /// same responses; its images are ignored. Errors: disk_full, output_unwritable.
  [[nodiscard]] virtual Result<std::unique_ptr<writers::TableWriter>> create_rows_writer(
      WritableFile& file) = 0;

  /// Reads such a table back, row by row; Row::index stays 0. Errors: state_damaged;
  /// output_unwritable, where the disk cannot be read.
  [[nodiscard]] virtual Result<> read_rows(const RandomAccessFile& file,
                                           const std::function<void(const Row&)>& visit) = 0;

  /// Reads a shard's own table as img2dataset left it; rows come in any order. `settings`: what
  /// this run would write. Errors: as read_rows; other_input, where the table has other columns.
  [[nodiscard]] virtual Result<> read_shard_rows(const RandomAccessFile& file,
                                                 const writers::TableSettings& settings,
                                                 const std::function<void(const Row&)>& visit) = 0;

  /// The image of row `row` of a shard's table, without reading more than its row group's column.
  /// Errors: state_damaged; output_unwritable, where the disk cannot be read.
  [[nodiscard]] virtual Result<std::string> read_image(const RandomAccessFile& file,
                                                       std::uint64_t row) = 0;

  /// The texts of a shard's table in the column of that name, row by row, "" for none; no call
  /// where there is no such column of texts. Errors: as read_image.
  [[nodiscard]] virtual Result<> read_texts(const RandomAccessFile& file, std::string_view column,
                                            const std::function<void(std::string_view)>& visit) = 0;

  /// The table .pixhaul/failed.parquet. `file` is empty and outlives it.
  [[nodiscard]] virtual std::unique_ptr<writers::FailedTable> make_failed_table(
      WritableFile& file) = 0;

  /// Reads a shard's table to its end, img2dataset's too. A row has an image exactly if it
  /// succeeded, where `image_column` is not "" (then its name is the images' extension); `visit`
  /// gets each. Damage inside values shows in the sum, which the caller compares. Errors:
  /// state_damaged, saying what; output_unwritable, where the disk cannot be read; those of
  /// `visit`.
  [[nodiscard]] virtual Result<writers::TableContents> check_table(
      const RandomAccessFile& file, std::string_view image_column,
      const writers::ImageVisitor& visit) = 0;

  /// What Arrow's memory pools hold now, in bytes.
  [[nodiscard]] virtual std::uint64_t memory_bytes() const = 0;
  /// From now on tables are charged to `budget`, with what is held already, and refused where they
  /// would not fit into it; nullptr for none. `budget` outlives that.
  virtual void charge_to(MemoryBudget* budget) = 0;
};

}  // namespace pixhaul::arrow_io

/// The module's one exported function: the process's only Module, which lives as long as it does.
extern "C" __attribute__((visibility("default"))) pixhaul::arrow_io::Module* pixhaul_arrow_module();
