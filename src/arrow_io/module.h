#pragma once

#include <cstdint>

namespace pixhaul::arrow_io {

/// Everything that needs Arrow, behind interfaces of ours. It lives in a shared module which
/// pipeline/arrow_loader opens on first use. The module is of the same build as its caller: only
/// the name of one C function holds them together. Any thread; what it makes belongs to one thread
/// each unless its own interface says otherwise. Nothing here throws.
class Module {
 public:
  virtual ~Module() = default;

  /// What Arrow's memory pools hold now, in bytes.
  [[nodiscard]] virtual std::uint64_t memory_bytes() const = 0;
};

}  // namespace pixhaul::arrow_io

/// The module's one exported function: the process's only Module, which lives as long as it does.
extern "C" __attribute__((visibility("default"))) pixhaul::arrow_io::Module* pixhaul_arrow_module();
