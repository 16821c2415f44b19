#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "pipeline/world.h"
#include "support/fake_clock.h"
#include "support/memory_fs.h"
#include "support/sim_network.h"
#include "support/sim_resolver.h"

namespace pixhaul::testing {

/// A sum over everything that happened, in order (FNV-1a, 64 bits): equal sums, equal runs.
class EventLog {
 public:
  void add(std::string_view text) {
    for (const char c : text) sum_ = (sum_ ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
    sum_ = (sum_ ^ 0xffu) * 1'099'511'628'211u;
    ++count_;
  }
  void add(std::uint64_t number) { add(std::to_string(number)); }
  [[nodiscard]] std::uint64_t digest() const { return sum_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::uint64_t sum_ = 14'695'981'039'346'656'037u;
  std::uint64_t count_ = 0;
};

/// The surroundings of a run, simulated: one clock, one disk, servers and names that every loop
/// sees alike. Outlives the runs in it; a restart of the machine changes its boot id. One thread.
class SimWorld final : public pipeline::World {
 public:
  explicit SimWorld(std::uint64_t seed) : chance_(seed) {}

  void serve(std::string_view name, std::string_view address, SimServer server);
  void answer(std::string_view name, SimName what);
  void reboot() { ++boot_; }
  void use_loops(std::uint32_t count) { cores_ = count; }

  [[nodiscard]] FakeClock& fake_clock() { return clock_; }
  [[nodiscard]] test::MemoryFileSystem& disk() { return disk_; }
  [[nodiscard]] EventLog& log() { return log_; }

  [[nodiscard]] const Clock& clock() const override { return clock_; }
  [[nodiscard]] FileSystem& files() override { return disk_; }
  [[nodiscard]] pipeline::Machine machine() const override {
    return {.cores = cores_, .memory_bytes = std::uint64_t{1} << 30, .open_files = 1024};
  }
  [[nodiscard]] std::string boot_id() const override { return "boot" + std::to_string(boot_); }
  [[nodiscard]] Result<net::HostsFile> hosts() const override { return net::HostsFile(); }
  [[nodiscard]] std::vector<net::IpAddress> own_addresses() const override { return {}; }
  [[nodiscard]] Result<pipeline::LoopNet> open_loop(const std::vector<std::string>&) override;

 private:
  FakeClock clock_;
  test::MemoryFileSystem disk_;
  Random chance_;
  EventLog log_;
  std::map<std::string, SimName> names_;
  std::map<std::string, SimServer> servers_;  // by address
  std::uint32_t cores_ = 1;
  int boot_ = 1;
};

}  // namespace pixhaul::testing
