#include "base/random.h"

#include <random>

namespace pixhaul {

std::uint64_t system_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace pixhaul
