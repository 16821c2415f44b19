// Any bytes are a spool of some valid length; what it holds, written again, reads the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ledger/spool.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul::ledger;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const SpoolContents read = read_spool(text);
  PIXHAUL_CHECK(read.valid_bytes <= size);
  std::string written;
  append_spool_header(written, read.generation, read.boot_id);
  for (const SpoolRow& row : read.rows) append_spool_row(written, row);
  const SpoolContents again = read_spool(written);
  PIXHAUL_CHECK(again.valid_bytes == written.size() && again.rows.size() == read.rows.size());
  return 0;
}
