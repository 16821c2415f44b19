#pragma once

#include <string>
#include <string_view>

namespace pixhaul::testing {

/// A fresh folder under the system's temporary one, removed with all it holds at the end. One
/// thread.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// The absolute path of `name` inside.
  [[nodiscard]] std::string file(std::string_view name) const;
  /// Writes a file (its folders too) and gives its path.
  std::string write(std::string_view name, std::string_view bytes) const;
  /// The file's bytes. REQUIRES: it exists.
  [[nodiscard]] std::string read(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace pixhaul::testing
