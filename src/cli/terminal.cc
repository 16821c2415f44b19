// A frame is: to the line's beginning, the new text, erase what is behind it, and back to the
// beginning. The cursor rests there because a window that becomes narrower breaks the line into
// several: the terminal keeps the cursor with its character, so the next frame begins where the old
// one began and erases what hangs below. With the cursor at the end, each resize would leave a torn
// copy behind. No alternate screen, no saved cursor, no hidden one: a killed run leaves nothing to
// repair.
#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace pixhaul::cli {

namespace {

constexpr std::size_t kUsualColumns = 80;
constexpr std::string_view kEraseBehind = "\x1b[J";

std::size_t given_columns(const Environment& environment) {
  const auto given = environment.find("COLUMNS");
  if (given == environment.end()) return 0;
  const unsigned long columns = std::strtoul(given->second.c_str(), nullptr, 10);
  return columns >= 20 && columns <= 1000 ? columns : 0;
}

}  // namespace

std::size_t Terminal::columns_now() const {
  if (window_descriptor < 0) return columns;
  winsize size{};
  const bool is_known = ::ioctl(window_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : columns;
}

Terminal standard_terminal(const Environment& environment) {
  const auto is_set = [&](std::string_view name) {
    const auto found = environment.find(name);
    return found != environment.end() && !found->second.empty();
  };
  const auto term = environment.find("TERM");
  const bool is_dumb = term == environment.end() || term->second == "dumb";
  const bool is_seen = ::isatty(STDERR_FILENO) == 1 && !is_dumb && !is_set("CI");
  const std::size_t columns = given_columns(environment);
  Terminal terminal{.stream = stderr,
                    .is_interactive = is_seen,
                    .has_colour = is_seen && !is_set("NO_COLOR"),
                    .columns = columns != 0 ? columns : kUsualColumns,
                    .window_descriptor = columns != 0 ? -1 : STDERR_FILENO};
  if (columns == 0) terminal.columns = terminal.columns_now();
  return terminal;
}

void LiveLine::draw(std::string line, std::size_t width) {
  line_ = std::move(line);
  width_ = width;
  std::string bytes;
  append_frame(bytes, line_, width_);
  write(bytes);
  is_drawn_ = true;
}

void LiveLine::print_above(std::string_view text) {
  std::string bytes;
  if (is_drawn_) {
    append_frame(bytes, text, text.size());
    bytes.pop_back();  // stays at the end
  } else {
    bytes = text;
  }
  bytes += '\n';
  drawn_width_ = 0;
  if (is_drawn_) append_frame(bytes, line_, width_);
  write(bytes);
}

void LiveLine::erase() {
  if (!is_drawn_) return;
  std::string bytes;
  append_frame(bytes, "", 0);
  write(bytes);
  is_drawn_ = false;
}

// Where escape sequences are not understood, blanks cover what stood there.
void LiveLine::append_frame(std::string& bytes, std::string_view line, std::size_t width) {
  bytes.append("\r").append(line);
  if (terminal_.is_interactive) {
    bytes += kEraseBehind;
  } else if (drawn_width_ > width) {
    bytes.append(drawn_width_ - width, ' ');
  }
  bytes += '\r';
  drawn_width_ = width;
}

void LiveLine::write(std::string_view bytes) const {
  std::fwrite(bytes.data(), 1, bytes.size(), terminal_.stream);
  std::fflush(terminal_.stream);
}

}  // namespace pixhaul::cli
