// RFC 9309: an origin's robots.txt is fetched as one more job of its host, before its first row;
// the rows wait in its queue meanwhile.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "net/fetcher_engine.h"

namespace pixhaul::net {

void Fetcher::Engine::ask_robots(Host& host) {
  auto url = parse_url(host.origin + "/robots.txt");
  PIXHAUL_CHECK(url.has_value());
  host.awaits_robots = true;
  start(host, Job{.url = std::move(*url), .robots_for = host.origin});
}

// RFC 9309 §2.3.1: 4xx allows everything, 5xx forbids it. A host that cannot be reached at all is
// left to its rows, which then say why.
void Fetcher::Engine::learn_robots(std::string_view of_origin, ErrorCode code,
                                   std::string_view body) {
  auto origin = parse_url(std::string(of_origin) + "/");
  PIXHAUL_CHECK(origin.has_value());
  Host& host = scheduler_.host_of(*origin);
  if (code == ErrorCode::http_5xx || code == ErrorCode::rate_limited) {
    body = "User-agent: *\nDisallow: /\n";
  }
  host.robots = RobotsTxt::parse(body, settings_.rules.user_agent_token);
  host.awaits_robots = false;
  scheduler_.update(host, now_);
}

void Fetcher::Engine::robots_arrived(Transfer& transfer, ErrorCode code) {
  std::size_t begin = 0;
  const Buffer body = code == ErrorCode::success ? transfer.exchange.take_body(begin) : Buffer();
  learn_robots(transfer.job.robots_for, code, body.text().substr(std::min(begin, body.size())));
  release(transfer);
}

}  // namespace pixhaul::net
