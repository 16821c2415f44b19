#include "pipeline/client.h"

#include <utility>

#include "pipeline/probe_judge.h"

namespace pixhaul::pipeline {

Result<std::unique_ptr<SharedNet>> SharedNet::create(const RunSettings& settings,
                                                     const World& world) {
  auto guard = net::AddressGuard::create(settings.allow_net, world.own_addresses());
  if (!guard) return std::unexpected(std::move(guard).error());
  auto hosts = world.hosts();
  if (!hosts) return std::unexpected(std::move(hosts).error());
  return std::make_unique<SharedNet>(world.clock(), std::move(*guard), std::move(*hosts), settings);
}

std::unique_ptr<net::BodyJudge> MemoryParts::make_judge() {
  return std::make_unique<ProbeJudge>(validate_, filters_, max_pixels_);
}

Result<std::unique_ptr<Loop>> Loop::create(const RunSettings& settings, std::uint32_t index,
                                           SharedNet& shared, net::TransferParts& parts,
                                           World& world) {
  auto opened = world.open_loop(settings.dns_servers);
  if (!opened) return std::unexpected(std::move(opened).error());
  std::unique_ptr<Loop> loop(new Loop());
  loop->random_ = Random(opened->random_seed);
  loop->network_ = std::move(opened->network);
  loop->resolver_ = std::move(opened->resolver);
  net::FetchSettings fetch = settings.fetch;
  fetch.loop_index = index;
  fetch.ask_ipv6 = opened->ask_ipv6;
  loop->fetcher_ = std::make_unique<net::Fetcher>(
      std::move(fetch), *loop->network_, *loop->resolver_, shared.hosts, shared.clock,
      loop->random_, shared.guard, shared.tls, shared.memory, parts);
  return loop;
}

Loop::~Loop() = default;

Result<std::unique_ptr<Client>> Client::create(const RunSettings& settings,
                                               std::unique_ptr<net::TransferParts> parts) {
  std::unique_ptr<Client> client(new Client());
  RunSettings alone = settings;
  alone.fetch.concurrency *= alone.loop_count;
  alone.fetch.limit_rate *= alone.loop_count;
  alone.loop_count = alone.fetch.loop_count = 1;
  alone.unwritten_bytes = alone.counted_memory_bytes;  // the caller takes them all at once
  alone.reserved_memory_bytes = 0;                     // and decodes them one by one
  auto shared = SharedNet::create(alone, client->world_);
  if (!shared) return std::unexpected(std::move(shared).error());
  client->shared_ = std::move(*shared);
  client->parts_ = std::move(parts);
  auto loop = Loop::create(alone, 0, *client->shared_, *client->parts_, client->world_);
  if (!loop) return std::unexpected(std::move(loop).error());
  client->loop_ = std::move(*loop);
  return client;
}

std::vector<net::FetchResult> Client::fetch_all(std::span<const std::string> urls) {
  std::vector<net::FetchResult> in_order(urls.size());
  fetch_each(urls, [&](net::FetchResult& result) { in_order[result.id] = std::move(result); });
  return in_order;
}

void Client::fetch_each(std::span<const std::string> urls,
                        const std::function<void(net::FetchResult&)>& take) {
  net::Fetcher& fetcher = loop_->fetcher();
  std::size_t left = 0;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    auto url = net::parse_url(urls[i]);
    if (url) {
      fetcher.submit({.id = i, .url = std::move(*url)});
      ++left;
      continue;
    }
    net::FetchResult refused{.id = i};
    refused.outcome.status = url.error().code;
    refused.outcome.detail = std::move(url).error().detail;
    take(refused);
  }
  std::vector<net::FetchResult> arrived;
  while (left > 0) {
    fetcher.step(std::chrono::seconds(1));
    fetcher.take_results(arrived);
    left -= arrived.size();
    for (net::FetchResult& result : arrived) take(result);
    arrived.clear();
  }
}

void Client::release(std::vector<net::FetchResult>& results) {
  for (net::FetchResult& result : results) release(result);
  results.clear();
}

void Client::release(net::FetchResult& result) {
  shared_->memory.release_finished(result.body.capacity());
  loop_->fetcher().recycle(std::move(result.body));
}

}  // namespace pixhaul::pipeline
