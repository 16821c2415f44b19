#include <arrow/api.h>

#include <utility>

#include "arrow_io/input_columns.h"
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

arrow::Result<std::shared_ptr<arrow::RecordBatch>> as_batch(const arrow::Table& table,
                                                            arrow::MemoryPool* pool) {
  if (table.num_rows() == 0) return arrow::RecordBatch::MakeEmpty(table.schema(), pool);
  return table.CombineChunksToBatch(pool);
}

}  // namespace

Result<std::unique_ptr<readers::ColumnTable>> open_column_table(std::string_view ipc,
                                                                arrow::MemoryPool* pool) {
  auto table = read_input_columns(ipc, pool);
  if (!table) return std::unexpected(std::move(table).error());
  auto batch = as_batch(**table, pool);
  if (!batch.ok()) {
    return failed(ErrorCode::state_damaged, "read the columns of a shard's input", batch.status());
  }
  return std::make_unique<IpcColumns>(*std::move(batch));
}

}  // namespace pixhaul::arrow_io
