#include "net/fetch_rig.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/url.h"

namespace pixhaul::testing {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class PrefixJudge final : public net::BodyJudge {
 public:
  explicit PrefixJudge(const std::string& refused) : refused_(refused) {}
  void reset() override { seen_.clear(); }
  std::optional<Error> judge(std::span<const std::byte> bytes) override {
    if (seen_.size() < 64) seen_ += text_of(bytes).substr(0, 64);
    if (!refused_.empty() && seen_.starts_with(refused_)) {
      return Error{.code = ErrorCode::not_image, .detail = "refused by its first bytes"};
    }
    return std::nullopt;
  }
  std::optional<Error> finish() override { return std::nullopt; }
  void describe(Outcome& outcome) const override { outcome.width = 1; }

 private:
  const std::string& refused_;
  std::string seen_;
};

class MemorySink final : public net::BodySink {
 public:
  MemorySink(RigParts& parts, std::uint64_t id) : parts_(parts), id_(id) {}
  void restart() override { parts_.sunk[id_].clear(); }
  Result<> write(std::span<const std::byte> bytes) override {
    parts_.sunk[id_] += text_of(bytes);
    parts_.longest_write = std::max(parts_.longest_write, bytes.size());
    return {};
  }

 private:
  RigParts& parts_;
  std::uint64_t id_;
};

}  // namespace

std::unique_ptr<net::BodyJudge> RigParts::make_judge() {
  return std::make_unique<PrefixJudge>(refused_prefix);
}

std::unique_ptr<net::BodySink> RigParts::make_sink(std::uint64_t id) {
  return use_sinks ? std::make_unique<MemorySink>(*this, id) : nullptr;
}

FetchRig::FetchRig() {
  settings.user_agent = "pixhaul/test";
  settings.rules.user_agent_token = "pixhaul";
  settings.rules.disallowed_header_directives = {"noai", "noimageai", "noindex", "noimageindex"};
}

FetchRig::~FetchRig() = default;

void FetchRig::serve(std::string_view name, std::string_view address, SimServer server) {
  resolver.answer(name, {.addresses = {std::string(address)}});
  network.serve(socket_address(address), std::move(server));
}

void FetchRig::serve(std::string_view name, std::string_view address, SimHandler handler) {
  serve(name, address, SimServer{.handler = std::move(handler)});
}

std::uint64_t FetchRig::submit(std::string_view url) {
  if (fetcher == nullptr) {
    auto guard = net::AddressGuard::create(allow_net);
    PIXHAUL_CHECK(guard.has_value());
    guard_.emplace(std::move(*guard));
    tls_ = std::make_unique<net::TlsContext>(tls_settings);
    fetcher = std::make_unique<net::Fetcher>(settings, network, resolver, hosts_, clock, random_,
                                             *guard_, *tls_, memory, parts);
  }
  auto parsed = net::parse_url(url);
  PIXHAUL_CHECK(parsed.has_value());
  fetcher->submit({.id = ++last_id_, .url = std::move(*parsed)});
  return last_id_;
}

void FetchRig::turn() {
  fetcher->step(milliseconds(100));
  take();
}

void FetchRig::run() {
  const Instant last = clock.now() + hours(1);
  while (fetcher->load() > 0 && clock.now() < last) turn();
  take();
}

void FetchRig::run_for(Duration duration) {
  const Instant last = clock.now() + duration;
  while (clock.now() < last) {
    fetcher->step(std::min<Duration>(milliseconds(100), last - clock.now()));
    take();
  }
}

const Fetched& FetchRig::fetch(std::string_view url) {
  const std::uint64_t id = submit(url);
  run();
  return at(id);
}

void FetchRig::take() {
  std::vector<net::FetchResult> taken;
  fetcher->take_results(taken);
  fetcher->take_strays(strays);
  for (net::FetchResult& result : taken) {
    PIXHAUL_CHECK(!results_.contains(result.id));
    Fetched& fetched = results_[result.id];
    fetched.body = result.body.text().substr(std::min(result.body_begin, result.body.size()));
    if (result.sink != nullptr) fetched.body = parts.sunk[result.id];
    fetched.outcome = std::move(result.outcome);
    fetched.at = clock.now();
    held_.push_back({clock.now() + hold_results.value_or(Duration{}), result.body.capacity()});
    fetcher->recycle(std::move(result.body));
  }
  for (const Held& held : held_) {
    if (held.until <= clock.now()) memory.release_finished(held.bytes);
  }
  std::erase_if(held_, [this](const Held& held) { return held.until <= clock.now(); });
}

std::size_t FetchRig::count(ErrorCode status) const {
  return static_cast<std::size_t>(
      std::count_if(results_.begin(), results_.end(),
                    [status](const auto& entry) { return entry.second.outcome.status == status; }));
}

std::vector<std::string> FetchRig::targets() const {
  std::vector<std::string> targets;
  for (const SimRequest& request : network.requests()) targets.push_back(request.target);
  return targets;
}

net::SocketAddress socket_address(std::string_view ip, std::uint16_t port) {
  const auto address = net::parse_ip_address(ip);
  PIXHAUL_CHECK(address.has_value());
  return {*address, port};
}

SimHandler echo_target() {
  return [](const SimRequest& request) { return reply(200, request.target); };
}

}  // namespace pixhaul::testing
