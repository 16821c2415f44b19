#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "pixhaul/compare.h"

namespace pixhaul::cli {

/// The embedded text of bench/requests_twin.py.
[[nodiscard]] std::string_view requests_twin_text();

/// One answer of the twin. Errors: protocol_error when the line is not one.
[[nodiscard]] Result<> add_twin_round(std::string_view line, CompareCell& cell);

/// Python requests in a process of its own, driven by lines: "ROUND reuse stream 20" in, one JSON
/// line out. One thread. Its destructor ends the process and removes its list.
class RequestsTwin {
 public:
  /// `urls`: what to download, in order. Errors: bad_option when python3 or requests is missing, in
  /// a sentence.
  [[nodiscard]] static Result<RequestsTwin> start(const std::vector<std::string>& urls,
                                                  const std::string& ca_file);
  ~RequestsTwin();
  RequestsTwin(RequestsTwin&& other) noexcept;
  RequestsTwin& operator=(RequestsTwin&&) = delete;

  /// Runs one round of `cell`'s setting and adds its figures. Errors: bad_option when the twin has
  /// ended.
  [[nodiscard]] Result<> run_round(CompareCell& cell);

 private:
  RequestsTwin() = default;
  [[nodiscard]] Result<> spawn(const std::string& ca_file);
  [[nodiscard]] Result<std::string> ask(const std::string& line);

  int process_ = -1;
  UniqueFd to_twin_;
  std::FILE* from_twin_ = nullptr;
  std::string list_path_;
};

}  // namespace pixhaul::cli
