#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "net/address.h"
#include "net/hosts_file.h"
#include "net/network.h"
#include "net/resolver.h"
#include "pipeline/machine.h"

namespace pixhaul::pipeline {

/// What one loop stands on.
struct LoopNet {
  std::unique_ptr<net::Network> network;
  std::unique_ptr<net::Resolver> resolver;
  std::uint64_t random_seed = 0;
  bool ask_ipv6 = true;
};

/// All that a run touches outside itself: time, disk, network, chance. The machine's own in
/// production, simulated ones where a run is to be repeated exactly. Outlives what is made with it.
/// Any thread.
class World {
 public:
  virtual ~World() = default;
  [[nodiscard]] virtual const Clock& clock() const = 0;
  [[nodiscard]] virtual FileSystem& files() = 0;
  [[nodiscard]] virtual Machine machine() const = 0;
  /// As system_boot_id().
  [[nodiscard]] virtual std::string boot_id() const = 0;
  /// Names with fixed addresses. Errors: input_unreadable.
  [[nodiscard]] virtual Result<net::HostsFile> hosts() const = 0;
  [[nodiscard]] virtual std::vector<net::IpAddress> own_addresses() const = 0;
  /// Errors: bad_option (dns_servers), internal (out of descriptors).
  [[nodiscard]] virtual Result<LoopNet> open_loop(const std::vector<std::string>& dns_servers) = 0;
};

/// This machine.
class MachineWorld final : public World {
 public:
  [[nodiscard]] const Clock& clock() const override { return clock_; }
  [[nodiscard]] FileSystem& files() override { return files_; }
  [[nodiscard]] Machine machine() const override { return read_machine(); }
  [[nodiscard]] std::string boot_id() const override { return system_boot_id(); }
  [[nodiscard]] Result<net::HostsFile> hosts() const override { return net::HostsFile::open(); }
  [[nodiscard]] std::vector<net::IpAddress> own_addresses() const override {
    return net::local_addresses();
  }
  [[nodiscard]] Result<LoopNet> open_loop(const std::vector<std::string>& dns_servers) override;

 private:
  SystemClock clock_;
  PosixFileSystem files_;
};

}  // namespace pixhaul::pipeline
