// RTLD_LOCAL keeps Arrow's symbols from whatever else is in the process,
// and RTLD_NOW finds a library that does not fit before any work begins.
#include "pipeline/arrow_loader.h"

#include <dlfcn.h>
#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_io/module.h"
#include "pipeline/companion.h"

namespace pixhaul::pipeline {

namespace {

using Factory = arrow_io::Module* (*)();

constexpr std::string_view kFileName = "libpixhaul_arrow.so";
constinit std::atomic<arrow_io::Module*> loaded_module = nullptr;
constinit std::atomic<MemoryBudget*> charged_budget = nullptr;

std::vector<std::string> candidates() {
  const char* given = std::getenv("PIXHAUL_ARROW_MODULE");
  if (given != nullptr && *given != '\0') return {given};
  return companion_paths(kFileName);
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
    module->charge_to(charged_budget.load(std::memory_order_acquire));
    loaded_module.store(module, std::memory_order_release);
    return module;
  }
  return cannot_load(fmt::format("is not there (looked at {})", looked_at));
}

void charge_arrow_to(MemoryBudget* budget) {
  charged_budget.store(budget, std::memory_order_release);
  arrow_io::Module* module = loaded_module.load(std::memory_order_acquire);
  if (module != nullptr) module->charge_to(budget);
}

std::uint64_t arrow_memory_bytes() {
  const arrow_io::Module* module = loaded_module.load(std::memory_order_acquire);
  return module == nullptr ? 0 : module->memory_bytes();
}

}  // namespace pixhaul::pipeline
