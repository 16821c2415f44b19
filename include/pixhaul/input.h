#pragma once

#include <string>

#include "pixhaul/result.h"

/// The C stream interface of Arrow: https://arrow.apache.org/docs/format/CStreamInterface.html
struct ArrowArrayStream;

namespace pixhaul {

/// URLs that a program makes as it goes.
class UrlSource {
 public:
  virtual ~UrlSource() = default;
  /// The next URL; false at the end. Called by one thread of the run at a time. An error ends the
  /// run and is what it returns.
  [[nodiscard]] virtual Result<bool> next(std::string& url) = 0;
  /// Whether next() returns at once. Before a call that may wait, the rows already read are sent on
  /// their way.
  [[nodiscard]] virtual bool is_ready() { return true; }
};

/// Rows that come from the calling program instead of the lists of Options::url_list. One of the
/// two pointers is set, or none: then url_list holds.
struct Input {
  UrlSource* urls = nullptr;  ///< not owned; outlives the run
  /// Not owned; outlives the run. What it holds is moved from it and released by the run, whatever
  /// becomes of that. The columns are read as `url_col`, `caption_col` and so on say.
  ArrowArrayStream* table = nullptr;
  std::string name{};  ///< what rows and messages call it: "DataFrame"
};

}  // namespace pixhaul
