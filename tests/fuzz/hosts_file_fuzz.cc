// A hosts file, whatever it holds, gives names without blanks or capitals, each with an address.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/hosts_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const pixhaul::net::HostsFile hosts = pixhaul::net::HostsFile::parse(text);
  for (const auto& [name, addresses] : hosts.entries()) {
    PIXHAUL_CHECK(!name.empty() && !addresses.empty());
    PIXHAUL_CHECK(std::ranges::none_of(name, [](char byte) {
      return byte == ' ' || byte == '\t' || byte == '\n' || byte == '#' ||
             (byte >= 'A' && byte <= 'Z');
    }));
  }
  return 0;
}
