// The ends of a transfer: a result; a retry behind a delay; the same job once more because a kept
// connection died under it; the next hop of a redirect, here or on the loop that host lives on. On
// each of them the host's and the address's controllers learn what it says about load.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "net/fetcher_engine.h"
#include "net/retry.h"

namespace pixhaul::net {

namespace {

constexpr std::uint8_t kDeferralLimit = 10;

// What a failure says about load; nothing when it says nothing.
std::optional<Congestion> congestion_of(ErrorCode code, std::uint16_t http_status) {
  switch (code) {
    case ErrorCode::rate_limited:
      return Congestion::rate_limited;
    case ErrorCode::http_5xx:
      return http_status == 503 ? std::optional(Congestion::rate_limited) : std::nullopt;
    case ErrorCode::connect_refused:
      return Congestion::refused;
    case ErrorCode::connection_reset:
      return Congestion::reset;
    case ErrorCode::connect_timeout:
      return Congestion::unconnected;
    case ErrorCode::too_slow:
    case ErrorCode::deadline:
      return Congestion::timeout;
    default:
      return std::nullopt;
  }
}

// Ends that are the row's own doing or ours, not the host's.
bool says_nothing(ErrorCode code) {
  return code == ErrorCode::address_denied || code == ErrorCode::protocol_error ||
         code == ErrorCode::header_limit || code == ErrorCode::output_unwritable ||
         code == ErrorCode::disk_full;
}

}  // namespace

void Fetcher::Engine::end_early(Transfer& transfer, Error error) {
  if (transfer.state == TransferState::resolving) {
    for (auto& [name, waiting] : resolving_) std::erase(waiting, &transfer);
  }
  if (PooledConnection* connection = transfer.connection) {
    connection->connection.cancel(transfer.exchange);
    std::erase(connection->transfers, &transfer);
    transfer.connection = nullptr;
    const bool is_over = connection->connection.state() == Connection::State::closed;
    if (connection->connection.is_http2() && !is_over) {
      settle(*connection);
    } else {
      close(*connection);
      // Saying that the stream is cancelled may have shown that the connection is dead.
      for (Transfer* other : std::exchange(connection->transfers, {})) {
        other->connection = nullptr;
        end(*other);
      }
    }
  }
  bury_dial(transfer);
  end_failed(transfer, std::move(error));
}

void Fetcher::Engine::end(Transfer& transfer) {
  if (transfer.exchange.phase() == Exchange::Phase::complete) {
    ++sample_.finished_count;
    sample_.finished_bytes += transfer.exchange.wire_bytes();
    learn(transfer, ErrorCode::success);
    if (!transfer.job.robots_for.empty()) return robots_arrived(transfer, ErrorCode::success);
    return deliver(transfer, {.code = ErrorCode::success});
  }
  if (follow_redirect(transfer)) return;
  end_failed(transfer, transfer.exchange.error());
}

void Fetcher::Engine::end_failed(Transfer& transfer, Error error) {
  counters_.bytes_saved += transfer.exchange.bytes_saved();
  end_waiting_for(transfer);
  const bool died_unused = error.code == ErrorCode::connection_reset && transfer.reused &&
                           !transfer.exchange.has_begun();
  const bool unprocessed = transfer.exchange.is_finished() && transfer.exchange.is_unprocessed();
  if ((died_unused || unprocessed) && transfer.job.deferrals < kDeferralLimit) {
    // RFC 9110 §9.2.2: an idempotent request may be repeated when the connection closed before any
    // response was read. RFC 9113 §8.7: and a refused stream was never begun.
    Job job = take_back(transfer);
    ++job.deferrals;
    return scheduler_.add_first(std::move(job), now_);
  }
  learn(transfer, error.code);
  if (try_again(transfer, error.code)) return;
  if (!transfer.job.robots_for.empty()) return robots_arrived(transfer, error.code);
  deliver(transfer, std::move(error));
}

// What the host's and the address's controllers make of it.
void Fetcher::Engine::learn(Transfer& transfer, ErrorCode code) {
  Host& host = *transfer.host;
  const auto first_byte = std::chrono::duration_cast<Duration>(
      std::chrono::duration<float, std::milli>(std::max(transfer.times.first_byte_ms, 0.0F)));
  const bool answered = transfer.exchange.facts().status != 0;
  if (auto kind = congestion_of(code, transfer.exchange.facts().status)) {
    const auto retry_after =
        parse_retry_after(transfer.exchange.facts().retry_after, clock_.wall_now());
    host.throttle.on_congestion(now_, *kind, retry_after, scheduler_.random());
    if (transfer.address != nullptr) transfer.address->throttle.on_congestion(now_, *kind);
  } else if (answered) {
    host.throttle.on_success(now_, first_byte);
    if (transfer.address != nullptr) transfer.address->throttle.on_success();
  } else {
    if (says_nothing(code)) {
      host.throttle.on_other();
    } else {
      host.throttle.on_failure(now_);
    }
    if (transfer.address != nullptr) transfer.address->throttle.on_other();
  }
  if (code == ErrorCode::opt_out) {
    host.opt_outs.on_opt_out();
  } else if (code == ErrorCode::success) {
    host.opt_outs.on_success();
  }
}

bool Fetcher::Engine::try_again(Transfer& transfer, ErrorCode code) {
  if (!is_transient(code, transfer.exchange.facts().status)) return false;
  // A host that says when to come again costs its rows no try: they wait with it. One that only
  // refuses does, or a run that was told not to repeat anything (`retries` 0) would.
  const bool limited =
      code == ErrorCode::rate_limited &&
      parse_retry_after(transfer.exchange.facts().retry_after, clock_.wall_now()).has_value();
  if (limited ? transfer.job.deferrals >= kDeferralLimit
              : transfer.job.attempts > settings_.retries)
    return false;
  Job job = std::move(transfer.job);
  if (limited) {
    ++job.deferrals;
    --job.attempts;
  }
  job.spent = {};
  const auto attempt = limited ? job.deferrals : job.attempts;
  release(transfer);
  if (stopping_) return true;  // it stays unfinished: the next run tries it again
  // A limited host is blocked as a whole; the job itself need not wait longer than that.
  if (limited) {
    scheduler_.add_first(std::move(job), now_);
  } else {
    scheduler_.add_later(std::move(job), now_ + backoff(attempt, scheduler_.random()));
  }
  return true;
}

bool Fetcher::Engine::follow_redirect(Transfer& transfer) {
  const std::string& location = transfer.exchange.facts().location;
  if (location.empty()) return false;
  Job& job = transfer.job;
  auto fail = [&](ErrorCode code, std::string detail) {
    end_failed(transfer, {.code = code, .detail = std::move(detail)});
    return true;
  };
  auto next = resolve_url(job.url, location);
  if (!next) return fail(next.error().code, next.error().detail);
  if (job.visited.empty()) job.visited.push_back(std::hash<Url>()(job.url));
  const std::size_t hop = std::hash<Url>()(*next);
  if (std::find(job.visited.begin(), job.visited.end(), hop) != job.visited.end()) {
    return fail(ErrorCode::redirect_loop,
                fmt::format("redirected to {} again", next->href().substr(0, 200)));
  }
  if (job.redirects >= settings_.max_redirects) {
    return fail(ErrorCode::redirect_limit,
                fmt::format("more than {} redirects", settings_.max_redirects));
  }
  learn(transfer, ErrorCode::redirect_bad);  // an answer: the host is well
  Job moved = std::move(job);
  moved.visited.push_back(hop);
  ++moved.redirects;
  --moved.attempts;
  moved.same_origin = moved.same_origin && next->origin() == moved.url.origin();
  moved.spent += now_ - transfer.started - transfer.held;
  moved.url = std::move(*next);
  release(transfer);
  if (moved.robots_for.empty() &&
      loop_of(moved.url, settings_.loop_count) != settings_.loop_index) {
    strays_.push_back(std::move(moved));
  } else {
    scheduler_.add_first(std::move(moved), now_);
  }
  return true;
}

void Fetcher::Engine::deliver(Transfer& transfer, Error error) {
  FetchResult result{.id = transfer.job.id};
  Outcome& outcome = result.outcome;
  const Exchange& exchange = transfer.exchange;
  outcome.status = error.code;
  outcome.detail = std::move(error.detail);
  outcome.transient = is_transient(error.code, exchange.facts().status);
  outcome.reused = transfer.reused;
  outcome.http_status = exchange.facts().status;
  outcome.attempts = transfer.job.attempts;
  outcome.redirects = transfer.job.redirects;
  outcome.bytes = exchange.body_bytes();
  if (transfer.job.redirects > 0) outcome.final_url = transfer.job.url.href();
  outcome.etag = exchange.facts().etag;
  outcome.last_modified = exchange.facts().last_modified;
  outcome.address = std::move(transfer.address_text);
  outcome.tls_version = transfer.tls_version;
  outcome.http_version = transfer.http_version;
  outcome.times = transfer.times;
  outcome.times.total_ms = milliseconds(now_ - transfer.started + transfer.job.spent);
  outcome.retrieved_at = clock_.wall_now();
  if (transfer.judge != nullptr && exchange.body_bytes() > 0) transfer.judge->describe(outcome);
  if (outcome.status == ErrorCode::success) {
    if (transfer.sink == nullptr) {
      result.body = transfer.exchange.take_body(result.body_begin);
      // The charge goes over to whoever holds the result.
      memory_.charge_finished(result.body.capacity());
    }
    result.sink = std::move(transfer.sink);
  }
  results_.push_back(std::move(result));
  release(transfer);
}

// The request ended in a way that tells the controllers nothing and costs no try: the job goes
// again.
Job Fetcher::Engine::take_back(Transfer& transfer) {
  Job job = std::move(transfer.job);
  --job.attempts;
  end_waiting_for(transfer);
  transfer.host->throttle.on_other();
  if (transfer.address != nullptr) transfer.address->throttle.on_other();
  release(transfer);
  return job;
}

// Out of flight, after the controllers were told. The object itself is kept for the next one, with
// its memory.
void Fetcher::Engine::release(Transfer& transfer) {
  if (transfer.address != nullptr) scheduler_.leave_address(*transfer.address, now_);
  scheduler_.update(*transfer.host, now_);
  memory_.release(transfer.charged_bytes);
  bury_dial(transfer);
  auto owned = std::move(active_[transfer.place]);
  if (transfer.place + 1 != active_.size()) {
    active_[transfer.place] = std::move(active_.back());
    active_[transfer.place]->place = transfer.place;
  }
  active_.pop_back();
  recycle(owned->exchange.give_back_buffer());
  owned->reset();
  spare_.push_back(std::move(owned));
}

}  // namespace pixhaul::net
