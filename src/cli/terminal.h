#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include "cli/flags.h"

namespace pixhaul::cli {

/// What the standard error stream is.
struct Terminal {
  std::FILE* stream = nullptr;  ///< not owned; outlives whoever writes to it
  bool is_interactive = false;  ///< somebody looks at it, and it obeys escape sequences
  bool has_colour = false;
  std::size_t columns = 80;
  int window_descriptor = -1;  ///< asked for its width again and again; -1: `columns` holds

  /// How wide it is now: windows are resized.
  [[nodiscard]] std::size_t columns_now() const;
};

/// Standard error. NO_COLOR, TERM=dumb, CI (its logs are read later) and COLUMNS are honoured.
[[nodiscard]] Terminal standard_terminal(const Environment& environment);

/// The bottom line of a terminal, drawn over and over without flicker: every change is one write,
/// new text goes over the old and only what is left of that behind it is erased. One thread.
class LiveLine {
 public:
  explicit LiveLine(const Terminal& terminal) : terminal_(terminal) {}

  /// `width`: the columns that `line` takes, escape sequences left out.
  void draw(std::string line, std::size_t width);
  /// A line of its own, without its line break; the live one moves down.
  void print_above(std::string_view text);
  void erase();

 private:
  void append_frame(std::string& bytes, std::string_view line, std::size_t width);
  void write(std::string_view bytes) const;

  Terminal terminal_;
  std::string line_{};
  std::size_t width_ = 0;
  std::size_t drawn_width_ = 0;  // what stands there has to be covered
  bool is_drawn_ = false;
};

}  // namespace pixhaul::cli
