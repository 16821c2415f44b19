// dlopen() and its search. RTLD_LOCAL keeps Arrow's symbols from whatever else is in the process,
// and RTLD_NOW finds a library that does not fit before any work begins.
#include "pipeline/arrow_loader.h"

#include <dlfcn.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_io/module.h"

namespace pixhaul::pipeline {

namespace {

using Factory = arrow_io::Module* (*)();

constexpr std::string_view kFileName = "libpixhaul_arrow.so";
// From the folder of the command, and from that of libpixhaul.
constexpr std::array<std::string_view, 3> kFolders = {"", PIXHAUL_MODULES_FROM_COMMAND "/",
                                                      "pixhaul/"};

constinit std::atomic<arrow_io::Module*> loaded_module = nullptr;

// The folder of the file that this code was linked into, with a slash at its end.
std::string own_folder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&load_arrow), &info) == 0) return {};
  std::string path = info.dli_fname;
  // A command that was found through PATH is known by its first argument only.
  std::array<char, 4096> target;
  const bool is_library = path.find(".so") != std::string::npos;
  const ssize_t size = is_library ? -1 : ::readlink("/proc/self/exe", target.data(), target.size());
  if (size > 0) path.assign(target.data(), static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/') + 1);
}

std::vector<std::string> candidates() {
  const char* given = std::getenv("PIXHAUL_ARROW_MODULE");
  if (given != nullptr && *given != '\0') return {given};
  std::vector<std::string> paths;
  const std::string folder = own_folder();
  paths.reserve(std::size(kFolders));
  for (const std::string_view below : kFolders) {
    paths.push_back(fmt::format("{}{}{}", folder, below, kFileName));
  }
  return paths;
}

std::unexpected<Error> cannot_load(std::string_view why) {
  return std::unexpected(Error{
      .code = ErrorCode::input_unreadable,
      .detail = fmt::format("tables, parquet and object stores need {}, which {}; install pixhaul "
                            "whole, or name the file in PIXHAUL_ARROW_MODULE",
                            kFileName, why)});
}

}  // namespace

Result<arrow_io::Module*> load_arrow() {
  if (arrow_io::Module* module = loaded_module.load(std::memory_order_acquire)) return module;
  std::string looked_at;
  for (const std::string& path : candidates()) {
    if (::access(path.c_str(), F_OK) != 0) {
      looked_at += fmt::format("{}'{}'", looked_at.empty() ? "" : ", ", path);
      continue;
    }
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return cannot_load(fmt::format("cannot be loaded: {}", ::dlerror()));
    const auto factory = reinterpret_cast<Factory>(::dlsym(library, "pixhaul_arrow_module"));
    if (factory == nullptr) return cannot_load(fmt::format("'{}' is not", path));
    arrow_io::Module* module = factory();
    loaded_module.store(module, std::memory_order_release);
    return module;
  }
  return cannot_load(fmt::format("is not there (looked at {})", looked_at));
}

std::uint64_t arrow_memory_bytes() {
  const arrow_io::Module* module = loaded_module.load(std::memory_order_acquire);
  return module == nullptr ? 0 : module->memory_bytes();
}

}  // namespace pixhaul::pipeline
