#include "pipeline/companion.h"

#include <dlfcn.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>

namespace pixhaul::pipeline {

namespace {

// From the folder of the command, and from that of libpixhaul.
constexpr std::array<std::string_view, 3> kFolders = {"", PIXHAUL_MODULES_FROM_COMMAND "/",
                                                      "pixhaul/"};

// The folder of the file that this code was linked into, with a slash at its end.
std::string own_folder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&companion_paths), &info) == 0) return {};
  std::string path = info.dli_fname;
  // A command that was found through PATH is known by its first argument only.
  std::array<char, 4096> target;
  const bool is_library = path.find(".so") != std::string::npos;
  const ssize_t size = is_library ? -1 : ::readlink("/proc/self/exe", target.data(), target.size());
  if (size > 0) path.assign(target.data(), static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/') + 1);
}

}  // namespace

std::vector<std::string> companion_paths(std::string_view file_name) {
  std::vector<std::string> paths;
  const std::string folder = own_folder();
  paths.reserve(kFolders.size());
  for (const std::string_view below : kFolders) {
    paths.push_back(fmt::format("{}{}{}", folder, below, file_name));
  }
  return paths;
}

}  // namespace pixhaul::pipeline
