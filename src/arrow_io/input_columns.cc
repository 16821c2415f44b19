#include "arrow_io/input_columns.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

#include "arrow_io/status.h"

namespace pixhaul::arrow_io {

namespace {

constexpr std::string_view kDoing = "read the columns of a shard's input";

arrow::Result<std::shared_ptr<arrow::Table>> read_table(std::string_view stream,
                                                        arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(static_cast<std::int64_t>(stream.size()), pool));
  std::ranges::copy(stream, bytes->mutable_data());
  arrow::ipc::IpcReadOptions options;
  options.memory_pool = pool;
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        arrow::ipc::RecordBatchStreamReader::Open(
                            std::make_shared<arrow::io::BufferReader>(bytes), options));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table->ReplaceSchemaMetadata(nullptr);
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> read_input_columns(std::string_view stream,
                                                         arrow::MemoryPool* pool) {
  try {
    auto table = read_table(stream, pool);
    if (!table.ok()) return failed(ErrorCode::state_damaged, kDoing, table.status());
    return std::move(*table);
  } catch (const std::exception& thrown) {
    return failed(ErrorCode::state_damaged, kDoing, arrow::Status::IOError(thrown.what()));
  }
}

}  // namespace pixhaul::arrow_io
