// What our URL parser makes of each line of standard input, for url_test.py: "TEXT" or "BASE TEXT",
// each in hexadecimal and with a dot in front, so that anything fits. Prints the canonical form, or
// `!` and the error's name.
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "net/url.h"

namespace pixhaul {
namespace {

std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    text.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  return text;
}

std::string answer(std::string_view line) {
  const std::size_t space = line.find(' ');
  Result<net::Url> url = net::parse_url(from_hex(line.substr(1, space - 1)));
  if (url && space != std::string_view::npos) {
    url = net::resolve_url(*url, from_hex(line.substr(space + 2)));
  }
  return url ? url->href() : "!" + std::string(name(url.error().code));
}

}  // namespace
}  // namespace pixhaul

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << pixhaul::answer(line) << '\n';
}
