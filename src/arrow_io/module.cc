#include "arrow_io/module.h"

#include <arrow/memory_pool.h>

namespace pixhaul::arrow_io {

namespace {

class ArrowModule final : public Module {
 public:
  std::uint64_t memory_bytes() const override {
    return static_cast<std::uint64_t>(arrow::default_memory_pool()->bytes_allocated());
  }
};

}  // namespace

}  // namespace pixhaul::arrow_io

pixhaul::arrow_io::Module* pixhaul_arrow_module() {
  static pixhaul::arrow_io::ArrowModule module;
  return &module;
}
