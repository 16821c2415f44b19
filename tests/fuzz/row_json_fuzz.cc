// A line that can be read can be written, and then reads as it was written.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ledger/row_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul;
  const auto row = ledger::parse_row_json({reinterpret_cast<const char*>(data), size});
  if (!row) return 0;
  std::string written;
  ledger::append_row_json(written, *row, "sha256");
  const auto again = ledger::parse_row_json(written);
  PIXHAUL_CHECK(again.has_value());
  std::string twice;
  ledger::append_row_json(twice, *again, "sha256");
  PIXHAUL_CHECK(written == twice);
  return 0;
}
