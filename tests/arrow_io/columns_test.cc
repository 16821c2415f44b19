#include "readers/columns.h"

#include <arrow/ipc/writer.h>

#include "arrow_io/python_json.h"
#include "arrow_io/tables.h"

namespace pixhaul::arrow_io {
namespace {

std::string number(double value) {
  std::string out;
  append_python_number(value, out);
  return out;
}

TEST(PythonJson, NumbersAreSpelledAsByRepr) {
  EXPECT_EQ(number(0), "0.0");
  EXPECT_EQ(number(-0.0), "-0.0");
  EXPECT_EQ(number(1), "1.0");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1e-4), "0.0001");
  EXPECT_EQ(number(1e-5), "1e-05");
  EXPECT_EQ(number(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(number(1e15), "1000000000000000.0");
  EXPECT_EQ(number(1e16), "1e+16");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(number(std::nan("")), "NaN");
  EXPECT_EQ(number(-HUGE_VAL), "-Infinity");
}

TEST(PythonJson, StringsAreAscii) {
  std::string out;
  append_python_string("a\"\\/\n\x01\x7f\u00e9\u20ac\U0001f600", out);
  EXPECT_EQ(out, "\"a\\\"\\\\/\\n\\u0001\x7f\\u00e9\\u20ac\\ud83d\\ude00\"");
}

std::string stream(const std::shared_ptr<arrow::RecordBatch>& batch) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto writer = arrow::ipc::MakeStreamWriter(sink, batch->schema()).ValueOrDie();
  EXPECT_TRUE(writer->WriteRecordBatch(*batch).ok());
  EXPECT_TRUE(writer->Close().ok());
  return sink->Finish().ValueOrDie()->ToString();
}

TEST(Columns, ValuesWithoutAJsonKindAreStrings) {
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::SECOND),
                                arrow::default_memory_pool());
  arrow::Date32Builder dates;
  arrow::BinaryBuilder bytes;
  arrow::StringBuilder captions;
  ASSERT_TRUE(times.Append(86'400).ok() && dates.Append(1).ok() && bytes.Append("ab").ok() &&
              captions.AppendNull().ok());
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("t", times.type()), arrow::field("d", arrow::date32()),
                     arrow::field("b", arrow::binary()), arrow::field("caption", arrow::utf8())}),
      1,
      {times.Finish().ValueOrDie(), dates.Finish().ValueOrDie(), bytes.Finish().ValueOrDie(),
       captions.Finish().ValueOrDie()});
  const auto table = pixhaul_arrow_module()->open_columns(stream(batch)).value();
  std::string json;
  table->append_json(0, json);
  EXPECT_EQ(json, R"("t":"1970-01-02T00:00:00","d":"1970-01-02","b":"YWI=","caption":null)");
  EXPECT_EQ(table->caption(0), std::nullopt);
}

TEST(Columns, EveryDamagedStreamIsAnErrorNotACrash) {
  arrow::StringBuilder captions;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(captions.Append("caption").ok());
  const std::string whole =
      stream(arrow::RecordBatch::Make(arrow::schema({arrow::field("caption", arrow::utf8())}), 20,
                                      {captions.Finish().ValueOrDie()}));
  EXPECT_EQ(pixhaul_arrow_module()->open_columns(whole).value()->caption(19), "caption");
  EXPECT_EQ(pixhaul_arrow_module()->open_columns("").error().code, ErrorCode::state_damaged);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    const auto cut = pixhaul_arrow_module()->open_columns(whole.substr(0, size));
    if (cut.has_value()) {
      EXPECT_LE((*cut)->rows(), 20u);
    }
    std::string bent = whole;
    bent[size] = static_cast<char>(bent[size] ^ 0x55);
    const auto damaged = pixhaul_arrow_module()->open_columns(bent);
    if (damaged.has_value()) {
      EXPECT_LE((*damaged)->rows(), 20u);
    }
  }
}

}  // namespace
}  // namespace pixhaul::arrow_io
