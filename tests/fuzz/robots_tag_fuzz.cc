#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "net/robots_tag.h"

// Each line is a field. Another field can only add an opt-out, never take one back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pixhaul::net;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> directives = {"noai", "noimageai", "noindex", "noimageindex"};
  std::vector<std::string_view> values;
  bool was_refused = false;
  while (!rest.empty() && values.size() < 64) {
    const std::size_t end = rest.find('\n');
    values.push_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const bool is_refused = disallows(values, directives, "pixhaul");
    PIXHAUL_CHECK(is_refused || !was_refused);
    was_refused = is_refused;
  }
  return 0;
}
