#include "net/scheduler.h"

#include <algorithm>
#include <utility>

namespace pixhaul::net {

namespace {

constexpr std::size_t kHostsKept =
    16'384;  // about 8 MB; beyond it hosts without work are forgotten
constexpr std::size_t kRuledHostsKept = 65'536;  // … those with rules in their robots.txt later

// Parked, paced, down, opted out: forgotten, the host would be asked again.
bool is_penalised(const Host& host, Instant now) {
  return host.throttle.blocked_until() > now || host.throttle.is_down() ||
         host.opt_outs.is_refused();
}

bool is_inert(const Host& host) {
  return host.queue.empty() && host.throttle.active() == 0 && host.connection_count == 0 &&
         !host.is_ready && !host.is_parked;
}

}  // namespace

Host& Scheduler::host_of(const Url& url) {
  const std::string_view origin = url.origin();
  if (auto found = hosts_.find(origin); found != hosts_.end()) return *found->second;
  auto host = std::make_unique<Host>(origin, settings_.host);
  return *hosts_.emplace(std::string(origin), std::move(host)).first->second;
}

AddressState& Scheduler::address_of(const IpAddress& address) {
  auto& state = addresses_[address];
  if (state == nullptr) {
    state = std::make_unique<AddressState>(
        AddressState{.throttle = AddressThrottle(settings_.address)});
  }
  return *state;
}

void Scheduler::add(Job&& job, Instant now) {
  Host& host = host_of(job.url);
  host.queue.push_back(std::move(job));
  ++waiting_;
  update(host, now);
}

void Scheduler::add_first(Job&& job, Instant now) {
  Host& host = host_of(job.url);
  host.queue.push_front(std::move(job));
  ++waiting_;
  update(host, now);
}

void Scheduler::add_later(Job&& job, Instant when) {
  ++waiting_;
  push_timer(when, nullptr, std::make_unique<Job>(std::move(job)));
}

Job Scheduler::take_job(Host& host) {
  --waiting_;
  return host.queue.pop_front();
}

bool Scheduler::may_start(const Host& host, Instant now) const {
  if (host.queue.empty()) return false;
  if (host.throttle.is_down() || host.opt_outs.is_refused())
    return true;  // its rows end without a request
  if (host.awaits_protocol) return false;
  if (host.awaits_robots && host.queue.front().robots_for.empty()) return false;
  if (host.throttle.active() >= host.throttle.limit()) return false;
  return now >= host.throttle.blocked_until() && now >= host.next_start;
}

Host* Scheduler::next(Instant now) {
  while (!ready_.empty()) {
    Host* host = ready_.front();
    ready_.pop_front();
    host->is_ready = false;
    if (!may_start(*host, now)) {
      update(*host, now);
      continue;
    }
    AddressState* address = host->address;
    if (address != nullptr && address->throttle.active() >= address->throttle.limit() &&
        !host->throttle.is_down()) {
      address->waiting.push_back(host);
      host->is_ready = true;  // in line, but at the address
      continue;
    }
    return host;
  }
  return nullptr;
}

void Scheduler::update(Host& host, Instant now) {
  if (host.is_ready || host.queue.empty()) return;
  if (may_start(host, now)) {
    host.is_ready = true;
    ready_.push_back(&host);
    return;
  }
  const Instant until = std::max(host.throttle.blocked_until(), host.next_start);
  if (until > now && !host.is_parked) {
    host.is_parked = true;
    push_timer(until, &host, nullptr);
  }
}

void Scheduler::count_start(Host& host, Instant now) {
  host.throttle.on_start(now);
  if (settings_.host_interval > Duration::zero()) host.next_start = now + settings_.host_interval;
}

void Scheduler::place(Host& host, AddressState& address) {
  if (host.address == &address) return;
  if (host.address != nullptr) --host.address->host_count;
  host.address = &address;
  ++address.host_count;
}

void Scheduler::enter_address(Host& host, AddressState& address) {
  place(host, address);
  address.throttle.on_start();
}

// A host that cannot use the room meanwhile (its own limit, Retry-After) leaves it to the next.
void Scheduler::leave_address(AddressState& address, Instant now) {
  auto room = static_cast<std::ptrdiff_t>(address.throttle.limit()) -
              static_cast<std::ptrdiff_t>(address.throttle.active());
  std::size_t looked_at = 0;
  while (room > 0 && looked_at < address.waiting.size()) {
    Host* host = address.waiting[looked_at++];
    host->is_ready = false;
    update(*host, now);
    if (host->is_ready) --room;
  }
  address.waiting.erase(address.waiting.begin(),
                        address.waiting.begin() + static_cast<std::ptrdiff_t>(looked_at));
}

void Scheduler::push_timer(Instant at, Host* host, std::unique_ptr<Job> job) {
  timers_.push_back({at, timer_order_++, host, std::move(job)});
  std::push_heap(timers_.begin(), timers_.end());
}

void Scheduler::advance(Instant now) {
  while (!timers_.empty() && timers_.front().at <= now) {
    std::pop_heap(timers_.begin(), timers_.end());
    Timer timer = std::move(timers_.back());
    timers_.pop_back();
    if (timer.host != nullptr) {
      timer.host->is_parked = false;
      update(*timer.host, now);
    } else {
      --waiting_;
      // Rows wait for their host's robots.txt, never the other way round.
      const bool is_row = timer.job->robots_for.empty();
      is_row ? add(std::move(*timer.job), now) : add_first(std::move(*timer.job), now);
    }
  }
}

Instant Scheduler::next_due() const {
  return timers_.empty() ? Instant::max() : timers_.front().at;
}

void Scheduler::give_up_parked(Instant now) {
  for (const auto& [origin, host] : hosts_) {
    if (host->queue.empty() || !host->throttle.is_parked(now)) continue;
    host->throttle.give_up(now);
    update(*host, now);
  }
}

void Scheduler::forget_inert_hosts(Instant now) {
  if (hosts_.size() <= kHostsKept) return;
  const bool keeps_rules = hosts_.size() <= kRuledHostsKept;
  std::erase_if(hosts_, [now, keeps_rules](const auto& entry) {
    const Host& host = *entry.second;
    if (!is_inert(host) || is_penalised(host, now)) return false;
    if (keeps_rules && host.robots && host.robots->has_rules()) return false;
    if (entry.second->address != nullptr) --entry.second->address->host_count;
    return true;
  });
  std::erase_if(addresses_, [](const auto& entry) {
    return entry.second->throttle.active() == 0 && entry.second->waiting.empty() &&
           entry.second->host_count == 0;
  });
}

}  // namespace pixhaul::net
