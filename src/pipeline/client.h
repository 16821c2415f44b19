#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/fetcher.h"
#include "pipeline/configure.h"
#include "pipeline/decode_room.h"
#include "pipeline/world.h"

namespace pixhaul::pipeline {

/// What the loops of a run share. Any thread.
struct SharedNet {
  const Clock& clock;
  net::HostsFile hosts;
  net::AddressGuard guard;
  net::TlsContext tls;
  MemoryBudget memory;
  DecodeRoom decode_room;

  /// Errors: bad_option (allow_net).
  [[nodiscard]] static Result<std::unique_ptr<SharedNet>> create(const RunSettings& settings,
                                                                 const World& world);
  SharedNet(const Clock& the_clock, net::AddressGuard the_guard, net::HostsFile the_hosts,
            const RunSettings& settings)
      : clock(the_clock),
        hosts(std::move(the_hosts)),
        guard(std::move(the_guard)),
        tls(settings.tls),
        memory(settings.counted_memory_bytes, settings.unwritten_bytes,
               settings.reserved_memory_bytes),
        decode_room(memory, settings.decode_memory_bytes) {}
};

/// A judge for every transfer, and no sink: bodies stay in memory.
class MemoryParts : public net::TransferParts {
 public:
  explicit MemoryParts(const RunSettings& settings)
      : validate_(settings.validate),
        filters_(settings.filters),
        max_pixels_(settings.max_pixels) {}
  [[nodiscard]] std::unique_ptr<net::BodyJudge> make_judge() override;
  [[nodiscard]] std::unique_ptr<net::BodySink> make_sink(std::uint64_t) override { return nullptr; }

 private:
  Validate validate_;
  image::SizeFilters filters_;
  std::optional<std::uint64_t> max_pixels_;
};

/// One loop: sockets, resolver, engine. One thread.
class Loop {
 public:
  /// References outlive the loop. Errors: bad_option (dns_servers), internal (out of descriptors).
  [[nodiscard]] static Result<std::unique_ptr<Loop>> create(const RunSettings& settings,
                                                            std::uint32_t index, SharedNet& shared,
                                                            net::TransferParts& parts,
                                                            World& world);
  ~Loop();

  [[nodiscard]] net::Fetcher& fetcher() { return *fetcher_; }
  [[nodiscard]] net::Network& network() { return *network_; }

 private:
  Loop() = default;
  Random random_{0};
  std::unique_ptr<net::Network> network_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<net::Fetcher> fetcher_;
};

/// Fetches on the caller's thread, over connections it keeps: what Session and the comparison stand
/// on.
class Client {
 public:
  /// Errors: bad_option, internal.
  [[nodiscard]] static Result<std::unique_ptr<Client>> create(
      const RunSettings& settings, std::unique_ptr<net::TransferParts> parts);

  /// All of them, in their order; a text that is no URL is a result too.
  [[nodiscard]] std::vector<net::FetchResult> fetch_all(std::span<const std::string> urls);
  /// Gives each to `take` as it ends, its `id` being its place in `urls`; what `take` does may pass
  /// while others are on their way.
  void fetch_each(std::span<const std::string> urls,
                  const std::function<void(net::FetchResult&)>& take);
  /// The caller has done with the bodies of the results.
  void release(std::vector<net::FetchResult>& results);
  void release(net::FetchResult& result);
  [[nodiscard]] net::FetchCounters counters() { return loop_->fetcher().counters(); }

 private:
  Client() = default;
  MachineWorld world_;
  std::unique_ptr<SharedNet> shared_;
  std::unique_ptr<net::TransferParts> parts_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace pixhaul::pipeline
