#include "arrow_io/arrow_tables.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/json/from_string.h>

namespace pixhaul::test {

std::shared_ptr<arrow::Array> array(const std::shared_ptr<arrow::DataType>& type,
                                    std::string_view json) {
  return must(arrow::json::ArrayFromJSONString(type, json));
}

std::string ipc_stream(const arrow::Table& table, std::int64_t batch_rows) {
  auto sink = must(arrow::io::BufferOutputStream::Create());
  auto writer = must(arrow::ipc::MakeStreamWriter(sink, table.schema()));
  must(writer->WriteTable(table, batch_rows));
  must(writer->Close());
  return must(sink->Finish())->ToString();
}

std::unique_ptr<parquet::arrow::FileReader> open_parquet(const std::string& bytes) {
  auto source = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  return must(parquet::arrow::OpenFile(std::move(source), arrow::default_memory_pool()));
}

std::shared_ptr<arrow::Table> read_parquet(const std::string& bytes) {
  return must(open_parquet(bytes)->ReadTable());
}

std::string shown(const arrow::Table& table, const std::string& column) {
  std::string text = "[";
  const auto values = table.GetColumnByName(column);
  if (values == nullptr) return "no such column";
  for (std::int64_t i = 0; i < values->length(); ++i) {
    if (i > 0) text += ',';
    auto value = must(values->GetScalar(i));
    if (value->type->id() == arrow::Type::DICTIONARY) {
      value = must(static_cast<const arrow::DictionaryScalar&>(*value).GetEncodedValue());
    }
    text += value->ToString();
  }
  return text + ']';
}

}  // namespace pixhaul::test
