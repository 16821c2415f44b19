// The faces for a program that wants images rather than a folder: fetch() and Session, both over
// one Client.
#include "pixhaul/session.h"

#include <optional>
#include <utility>

#include "pipeline/client.h"
#include "pipeline/configure.h"
#include "pipeline/sample_maker.h"

namespace pixhaul {

struct Session::State {
  std::unique_ptr<pipeline::Client> client;
  pipeline::SampleMaker maker;
};

namespace {

Fetched to_fetched(net::FetchResult& result, pipeline::SampleMaker& maker) {
  Fetched fetched{.outcome = std::move(result.outcome)};
  if (fetched.outcome.status != ErrorCode::success) return fetched;
  const auto sample =
      maker.make(result.body.bytes().subspan(result.body_begin), {}, fetched.outcome);
  fetched.body.assign(sample.begin(), sample.end());
  return fetched;
}

}  // namespace

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Result<Session> Session::create(const Options& options) {
  auto settings = pipeline::configure(options, pipeline::read_machine());
  if (!settings) return std::unexpected(std::move(settings).error());
  auto client =
      pipeline::Client::create(*settings, std::make_unique<pipeline::MemoryParts>(*settings));
  if (!client) return std::unexpected(std::move(client).error());
  auto maker = pipeline::SampleMaker::create(settings->sample, options.compute_hash);
  if (!maker) return std::unexpected(std::move(maker).error());
  return Session(std::make_unique<State>(State{std::move(*client), std::move(*maker)}));
}

Fetched Session::fetch(std::string_view url) {
  const std::string text(url);
  return std::move(fetch_all(std::span(&text, 1)).front());
}

std::vector<Fetched> Session::fetch_all(std::span<const std::string> urls) {
  auto results = state_->client->fetch_all(urls);
  std::vector<Fetched> fetched;
  fetched.reserve(results.size());
  for (net::FetchResult& result : results) fetched.push_back(to_fetched(result, state_->maker));
  state_->client->release(results);
  return fetched;
}

StatsSnapshot Session::stats() const {
  const net::FetchCounters counters = state_->client->counters();
  StatsSnapshot stats;
  stats.time = std::chrono::system_clock::now();
  stats.requests = counters.requests;
  stats.connections_opened = counters.connections_opened;
  stats.connections_reused = counters.connections_reused;
  stats.dns_queries = counters.dns_queries;
  stats.bytes_wire = counters.bytes_wire;
  stats.bytes_saved = counters.bytes_saved;
  return stats;
}

Result<Fetched> fetch(std::string_view url, const Options& options) {
  auto session = Session::create(options);
  if (!session) return std::unexpected(std::move(session).error());
  return session->fetch(url);
}

}  // namespace pixhaul
