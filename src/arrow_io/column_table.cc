#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>

#include <exception>
#include <utility>

#include "arrow_io/python_json.h"
#include "arrow_io/status.h"
#include "arrow_io/table_reader.h"

namespace pixhaul::arrow_io {

namespace {

class IpcColumns final : public readers::ColumnTable {
 public:
  explicit IpcColumns(std::shared_ptr<arrow::RecordBatch> batch) : batch_(std::move(batch)) {
    const std::shared_ptr<arrow::Array> caption = batch_->GetColumnByName("caption");
    if (!caption || caption->type_id() != arrow::Type::STRING) return;
    captions_ = static_cast<const arrow::StringArray*>(caption.get());
  }

  std::uint64_t rows() const override { return static_cast<std::uint64_t>(batch_->num_rows()); }

  void append_json(std::uint64_t row, std::string& out) const override {
    for (int i = 0; i < batch_->num_columns(); ++i) {
      if (i > 0) out += ',';
      append_python_string(batch_->column_name(i), out);
      out += ':';
      append_python_json(*batch_->column(i), static_cast<std::int64_t>(row), out);
    }
  }

  std::optional<std::string_view> caption(std::uint64_t row) const override {
    const auto index = static_cast<std::int64_t>(row);
    if (captions_ == nullptr || captions_->IsNull(index)) return std::nullopt;
    return captions_->GetView(index);
  }

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;  // Arrow's way of holding one
  const arrow::StringArray* captions_ = nullptr;
};

arrow::Result<std::shared_ptr<arrow::RecordBatch>> read_stream(std::string_view ipc) {
  auto input =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::string(ipc)));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(input));
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ToTable());
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  if (table->num_rows() == 0) return arrow::RecordBatch::MakeEmpty(table->schema());
  return table->CombineChunksToBatch();
}

}  // namespace

Result<std::unique_ptr<readers::ColumnTable>> open_column_table(std::string_view ipc) {
  try {
    auto batch = read_stream(ipc);
    if (batch.ok()) return std::make_unique<IpcColumns>(*std::move(batch));
    return std::unexpected(
        Error{.code = ErrorCode::state_damaged,
              .detail = "the input columns of a shard are damaged: " + words(batch.status())});
  } catch (const std::exception& thrown) {
    return std::unexpected(
        Error{.code = ErrorCode::state_damaged,
              .detail = std::string("the input columns of a shard are damaged: ") + thrown.what()});
  }
}

}  // namespace pixhaul::arrow_io
