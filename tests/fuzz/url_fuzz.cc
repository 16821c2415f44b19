// The first line is a URL, the rest a redirect's location. What parses must parse again to itself,
// and nothing that is sent may hold a control character or a space.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/url.h"

namespace {

using pixhaul::Result;
using pixhaul::net::Url;

void check_url(const Url& url) {
  const auto is_clean = [](char byte) { return byte > 0x20 && byte < 0x7f; };
  PIXHAUL_CHECK(std::ranges::all_of(url.href(), is_clean));
  PIXHAUL_CHECK(url.target().starts_with('/'));
  PIXHAUL_CHECK(!url.host().empty());
  PIXHAUL_CHECK(url.host() == url.host_header() || !url.has_default_port());
  PIXHAUL_CHECK(url.href().size() == url.origin().size() + url.target().size());
  const Result<Url> again = pixhaul::net::parse_url(url.href());
  PIXHAUL_CHECK(again && again->href() == url.href() && again->target() == url.target());
  PIXHAUL_CHECK(again->host() == url.host() && again->port() == url.port());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const Result<Url> url = pixhaul::net::parse_url(text.substr(0, line));
  if (!url) return 0;
  check_url(*url);
  if (line == text.size()) return 0;
  if (const Result<Url> moved = pixhaul::net::resolve_url(*url, text.substr(line + 1)))
    check_url(*moved);
  return 0;
}
