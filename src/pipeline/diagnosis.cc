// From counters to sentences. A list of a million old URLs loses many rows to many causes, and
// nothing is to be done; when one cause takes most of the rows it is usually not the list, but the
// machine, the link or one server, and an option changes it. Those causes are the table below.
#include "pipeline/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "pipeline/bottleneck.h"

namespace pixhaul::pipeline {

namespace {

constexpr double kWindowSeconds = 10;
constexpr double kLeastWindow = 2;  // for what is judged by time
constexpr std::uint64_t kSeveralHosts = 3;

/// What the rows of one cause have in common.
struct Facts {
  std::uint64_t count = 0;
  std::uint64_t rows = 0;        ///< of all causes
  std::uint64_t host_count = 0;  ///< named ones, at most 5 a status
  std::string host{};            ///< the one that nine in ten belong to; "" when there is none
  std::string detail{};          ///< "" unless all share it
};

using Words = std::string (*)(const Facts&);  // "": no remedy is known

std::string share(const Facts& facts) {
  return fmt::format("{} of {} rows", facts.count, facts.rows);
}

std::string dns_words(const Facts& facts) {
  return fmt::format(
      "DNS is failing: {} got no answer from the name servers. Name others with --dns_servers "
      "ADDRESS, or ask less at once with --concurrency 64; `pixhaul doctor` tests them",
      share(facts));
}

std::string unknown_name_words(const Facts& facts) {
  if (facts.host_count < kSeveralHosts) return {};
  return fmt::format(
      "{} name hosts that do not exist: the list is old, or the name servers hide them. "
      "--dns_servers ADDRESS asks others",
      share(facts));
}

std::string certificate_words(const Facts& facts) {
  const std::string_view detail = facts.detail;
  if (detail.find("not valid yet") != detail.npos) {
    return fmt::format(
        "certificates are \"not valid yet\" in {}: this machine's clock is behind. Set it "
        "(timedatectl set-ntp true); `pixhaul doctor` shows it",
        share(facts));
  }
  if (facts.host_count < kSeveralHosts) {
    if (facts.host.empty()) return {};
    return fmt::format(
        "{} cannot prove who it is ({}): {}. --ca_file FILE if it is yours and has an authority of "
        "its own",
        facts.host, detail.empty() ? "various reasons" : detail, share(facts));
  }
  if (detail.find("expired") != detail.npos) {
    return fmt::format(
        "certificates of different hosts have \"expired\" in {}: this machine's clock is ahead. "
        "Set it (timedatectl set-ntp true); `pixhaul doctor` shows it",
        share(facts));
  }
  if (detail.find("issuer not trusted") != detail.npos ||
      detail.find("self-signed") != detail.npos) {
    return fmt::format(
        "different hosts show certificates that one unknown authority made ({}; {}): something in "
        "between, such as a company's proxy, opens TLS. Give its authority with --ca_file FILE",
        detail, share(facts));
  }
  return fmt::format(
      "certificates are refused in {}: is this machine's clock right, does a proxy open TLS "
      "(--ca_file FILE), are its CA certificates up to date? `pixhaul doctor` looks",
      share(facts));
}

std::string handshake_words(const Facts& facts) {
  if (!facts.host.empty() && facts.host_count < kSeveralHosts) return {};
  return fmt::format(
      "TLS handshakes fail in {}: something in between breaks them. If a proxy is the way out, "
      "name it with --proxy URL",
      share(facts));
}

std::string connect_words(const Facts& facts) {
  if (!facts.host.empty()) {
    return fmt::format(
        "{} takes no connections: {}. Leave it in peace and try again later with --retry_failed "
        "transient, then with --host_concurrency 1 --host_interval 1s",
        facts.host, share(facts));
  }
  return fmt::format(
      "no connection comes about in {}: a firewall, or a proxy that is the only way out (--proxy "
      "URL). If the router gives up under many connections, --concurrency 64",
      share(facts));
}

std::string rate_words(const Facts& facts) {
  return fmt::format(
      "{} to slow down: {}. --host_interval 1s --host_concurrency 1 asks less, --contact MAIL says "
      "who asks; --retry_failed transient wins the rows later",
      facts.host.empty() ? "servers ask" : facts.host + " asks", share(facts));
}

std::string refusal_words(const Facts& facts) {
  if (facts.host.empty()) return {};  // old lists are full of pages that are gone
  return fmt::format(
      "{} refuses {} (HTTP 4xx): it may want a --referer, a --header or a --contact; `pixhaul "
      "explain http_4xx`",
      facts.host, share(facts));
}

std::string server_words(const Facts& facts) {
  if (facts.host.empty()) return {};
  return fmt::format(
      "{} breaks down in {} (HTTP 5xx): --host_concurrency 1 --host_interval 1s spares it, "
      "--retry_failed transient tries again later",
      facts.host, share(facts));
}

std::string time_words(const Facts& facts) {
  if (!facts.host.empty()) {
    return fmt::format("{} is too slow in {}: --host_concurrency 1, or a longer --deadline",
                       facts.host, share(facts));
  }
  return fmt::format(
      "time runs out in {}: more is under way than the link carries. --concurrency 32, or a "
      "longer --deadline",
      share(facts));
}

std::string page_words(const Facts& facts) {
  if (facts.host.empty()) return {};
  return fmt::format(
      "{} sends something else than pictures in {}: a login or consent page, perhaps. --header "
      "'Cookie: …' or a --referer may open it",
      facts.host, share(facts));
}

struct Cause {
  std::string_view word;
  std::initializer_list<ErrorCode> statuses;
  Words words;
};

const Cause kCauses[] = {
    {"dns", {ErrorCode::dns_timeout, ErrorCode::dns_error}, dns_words},
    {"unknown_name", {ErrorCode::dns_not_found}, unknown_name_words},
    {"certificate", {ErrorCode::tls_certificate}, certificate_words},
    {"handshake", {ErrorCode::tls_handshake}, handshake_words},
    {"connect",
     {ErrorCode::connect_refused, ErrorCode::unreachable, ErrorCode::connect_timeout,
      ErrorCode::connection_reset, ErrorCode::host_down},
     connect_words},
    {"rate", {ErrorCode::rate_limited}, rate_words},
    {"refusal", {ErrorCode::http_4xx}, refusal_words},
    {"server", {ErrorCode::http_5xx}, server_words},
    {"time", {ErrorCode::too_slow, ErrorCode::deadline}, time_words},
    {"page", {ErrorCode::not_image}, page_words},
};

// The host of nine in ten, and the detail of all, over the statuses of a cause.
void add_hosts(const Cause& cause, const std::vector<StatusHosts>& behind, Facts& facts) {
  std::uint64_t of_cause = 0;
  HostCount most;
  bool details_differ = false;
  for (const StatusHosts& one : behind) {
    if (std::ranges::find(cause.statuses, one.status) == cause.statuses.end()) continue;
    details_differ = details_differ || (of_cause != 0 && one.detail != facts.detail);
    facts.detail = one.detail;
    facts.host_count = std::max<std::uint64_t>(facts.host_count, one.hosts.size());
    of_cause += one.count;
    for (const HostCount& host : one.hosts) {
      if (host.host == most.host) {
        most.count += host.count;
      } else if (host.count > most.count) {
        most = host;
      }
    }
  }
  if (details_differ) facts.detail.clear();
  if (of_cause > 0 && most.count * 10 >= of_cause * 9) facts.host = most.host;
}

}  // namespace

std::vector<Diagnosis> diagnose(const Evidence& evidence, const std::vector<StatusHosts>& behind) {
  std::vector<Diagnosis> found;
  if (evidence.disk_share > 0.5) {
    found.push_back({"disk",
                     "the disk is slower than the network, and everything waits for it: another "
                     "disk by --output_folder, or fewer, larger files by --output_format "
                     "webdataset; `pixhaul doctor` measures it"});
  }
  if (evidence.rows < evidence.least_rows) return found;
  for (const Cause& cause : kCauses) {
    Facts facts{.rows = evidence.rows};
    for (const ErrorCode status : cause.statuses)
      facts.count += evidence.by_status.at(static_cast<std::size_t>(status));
    if (facts.count * 2 <= facts.rows) continue;
    add_hosts(cause, behind, facts);
    std::string sentence = cause.words(facts);
    if (!sentence.empty()) found.push_back({std::string(cause.word), std::move(sentence)});
  }
  return found;
}

std::vector<std::string> DiagnosisWatch::look(const StatsSnapshot& now) {
  const bool waits_for_disk = now.limited_by.starts_with(kTheDisk);
  ++look_count_;
  disk_count_ += waits_for_disk ? 1 : 0;
  if (looks_.empty()) looks_.push_back({});
  looks_.push_back({now.seconds, now.rows_done, now.by_status, waits_for_disk});
  while (looks_.size() > 2 && looks_[1].seconds < now.seconds - kWindowSeconds) looks_.pop_front();
  const Look& first = looks_.front();
  Evidence evidence{.rows = now.rows_done - first.rows};
  for (std::size_t i = 0; i < evidence.by_status.size(); ++i)
    evidence.by_status[i] = now.by_status[i] - first.by_status[i];
  if (now.seconds - first.seconds >= kLeastWindow) {
    const auto waiting = std::ranges::count(looks_, true, &Look::waits_for_disk);
    evidence.disk_share = static_cast<double>(waiting) / static_cast<double>(looks_.size());
  }
  std::vector<std::string> sentences;
  for (Diagnosis& one : diagnose(evidence, now.status_hosts)) {
    if (std::ranges::find(said_, one.cause) != said_.end()) continue;
    said_.push_back(std::move(one.cause));
    sentences.push_back(std::move(one.sentence));
  }
  return sentences;
}

std::vector<std::string> DiagnosisWatch::of_the_whole_run(const StatsSnapshot& last) const {
  constexpr std::uint64_t kLeastRows = 4;  // nothing more will come
  Evidence evidence{.rows = last.rows_done, .by_status = last.by_status, .least_rows = kLeastRows};
  if (last.seconds >= kLeastWindow && look_count_ > 0)
    evidence.disk_share = static_cast<double>(disk_count_) / static_cast<double>(look_count_);
  std::vector<std::string> sentences;
  for (Diagnosis& one : diagnose(evidence, last.status_hosts))
    sentences.push_back(std::move(one.sentence));
  return sentences;
}

}  // namespace pixhaul::pipeline
