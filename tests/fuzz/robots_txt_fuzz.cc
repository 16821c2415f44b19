#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/robots_txt.h"

// The first line is the target, the rest the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const RobotsTxt rules = RobotsTxt::parse(text.substr(end + 1), "pixhaul");
  const bool first = rules.allows(text.substr(0, end));
  PIXHAUL_CHECK(rules.allows(text.substr(0, end)) == first);
  PIXHAUL_CHECK(rules.allows("/robots.txt"));
  return 0;
}
