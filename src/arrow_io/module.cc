#include "arrow_io/module.h"

#include <arrow/memory_pool.h>

#include "arrow_io/counted_pool.h"
#include "arrow_io/failed_table.h"
#include "arrow_io/image_reader.h"
#include "arrow_io/remote_files.h"
#include "arrow_io/rows_reader.h"
#include "arrow_io/rows_table.h"
#include "arrow_io/shard_table.h"
#include "arrow_io/table_check.h"
#include "arrow_io/table_reader.h"

namespace pixhaul::arrow_io {

namespace {

class ArrowModule final : public Module {
 public:
  Result<std::unique_ptr<readers::RowReader>> open_table(
      FileSystem& files, std::span<const readers::InputFile> inputs,
      const readers::TableSettings& settings) override {
    return open_table_reader(files, inputs, settings, pool_.pool());
  }
  Result<std::unique_ptr<readers::RowReader>> open_stream(
      ArrowArrayStream& stream, std::string_view name,
      const readers::TableSettings& settings) override {
    return open_stream_reader(stream, name, settings, pool_.pool());
  }
  Result<std::unique_ptr<readers::ColumnTable>> open_columns(std::string_view ipc) override {
    return open_column_table(ipc, pool_.pool());
  }
  Result<std::unique_ptr<FileSystem>> open_file_system(std::string_view uri,
                                                       const StoreOutput& output) override {
    return open_remote_files(uri, output);
  }

  Result<std::unique_ptr<writers::TableWriter>> create_table_writer(
      WritableFile& file, std::string_view columns,
      const writers::TableSettings& settings) override {
    return create_shard_table(file, columns, settings, pool_.pool());
  }

  Result<std::unique_ptr<writers::TableWriter>> create_rows_writer(WritableFile& file) override {
    return create_rows_table(file, pool_.pool());
  }

  Result<> read_shard_rows(const RandomAccessFile& file, const writers::TableSettings& settings,
                           const std::function<void(const Row&)>& visit) override {
    return arrow_io::read_shard_rows(file, settings, visit, pool_.pool());
  }

  Result<> read_rows(const RandomAccessFile& file,
                     const std::function<void(const Row&)>& visit) override {
    return read_rows_table(file, visit, pool_.pool());
  }

  Result<std::string> read_image(const RandomAccessFile& file, std::uint64_t row) override {
    return read_table_image(file, row, arrow::default_memory_pool());
  }

  Result<> read_texts(const RandomAccessFile& file, std::string_view column,
                      const std::function<void(std::string_view)>& visit) override {
    return read_table_texts(file, column, visit, arrow::default_memory_pool());
  }

  std::unique_ptr<writers::FailedTable> make_failed_table(WritableFile& file) override {
    return arrow_io::make_failed_table(file, pool_.pool());
  }

  Result<writers::TableContents> check_table(const RandomAccessFile& file,
                                             std::string_view image_column,
                                             const writers::ImageVisitor& visit) override {
    return check_shard_table(file, image_column, visit, pool_.pool());
  }

  std::uint64_t memory_bytes() const override {
    // Parsing JSON has no pool to name but the default one.
    return static_cast<std::uint64_t>(pool_.pool()->bytes_allocated() +
                                      arrow::default_memory_pool()->bytes_allocated());
  }
  void charge_to(MemoryBudget* budget) override { pool_.charge_to(budget); }

 private:
  CountedPool pool_;
};

}  // namespace

}  // namespace pixhaul::arrow_io

pixhaul::arrow_io::Module* pixhaul_arrow_module() {
  static pixhaul::arrow_io::ArrowModule module;
  return &module;
}
