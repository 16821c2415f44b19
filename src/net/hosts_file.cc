#include "net/hosts_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/unique_fd.h"

namespace pixhaul::net {
namespace {

// The next word of `line`, which loses it; "" at its end.
std::string_view take_word(std::string_view& line) {
  constexpr std::string_view kSpace = " \t\r\v\f";
  const std::size_t start = std::min(line.find_first_not_of(kSpace), line.size());
  const std::size_t end = std::min(line.find_first_of(kSpace, start), line.size());
  const std::string_view word = line.substr(start, end - start);
  line.remove_prefix(end);
  return word;
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

void add_line(std::string_view line, HostsFile::Entries& entries) {
  line = line.substr(0, line.find('#'));
  const std::optional<IpAddress> address = parse_ip_address(take_word(line));
  if (!address) return;
  for (std::string_view name = take_word(line); !name.empty(); name = take_word(line)) {
    std::vector<IpAddress>& addresses = entries[lower(name)];
    if (std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
  }
}

}  // namespace

HostsFile HostsFile::parse(std::string_view text) {
  HostsFile file;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    add_line(text.substr(0, end), file.entries_);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return file;
}

Result<HostsFile> HostsFile::open(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  ssize_t count = fd.is_open() ? 1 : -1;
  while (count > 0) {
    std::array<char, 16 * 1024> piece;
    count = ::read(fd.get(), piece.data(), piece.size());
    if (count > 0) text.append(piece.data(), static_cast<std::size_t>(count));
  }
  if (count == 0) return parse(text);
  if (errno == ENOENT) return HostsFile();
  return std::unexpected(
      Error{.code = ErrorCode::input_unreadable, .os_error = errno, .detail = "read " + path});
}

}  // namespace pixhaul::net
