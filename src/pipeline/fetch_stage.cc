// A loop's turn, and what it exchanges with other threads. Finished transfers are gathered for a
// moment and handed on together: one at a time, each would wake a writing thread, and where threads
// share a core each image then costs a switch there and back (1.2 to 1.5 µs of 20 for 30 KB).
#include "pipeline/fetch_stage.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pixhaul::pipeline {

namespace {

constexpr std::size_t kGatheredResults = 32;
constexpr Duration kGatherFor = std::chrono::milliseconds(2);

template <class Item>
void append(std::vector<Item>& to, std::vector<Item>&& from) {
  if (to.empty()) {
    to.swap(from);
  } else {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  }
  from.clear();
}

}  // namespace

void FetchStage::submit(std::vector<net::Job>&& jobs) {
  bool was_empty = false;
  {
    const MutexLock lock(mutex_);
    was_empty = job_inbox_.empty();
    append(job_inbox_, std::move(jobs));
  }
  if (was_empty) network_.wake();
}

void FetchStage::recycle(std::vector<Buffer>&& buffers) {
  {
    const MutexLock lock(mutex_);
    append(buffer_inbox_, std::move(buffers));
  }
  if (fetcher_.may_resume()) network_.wake();
}

void FetchStage::stop_starting() {
  {
    const MutexLock lock(mutex_);
    stop_asked_ = true;
  }
  network_.wake();
}

void FetchStage::take_inbox() {
  {
    const MutexLock lock(mutex_);
    jobs_.swap(job_inbox_);
    buffers_.swap(buffer_inbox_);
    if (stop_asked_) fetcher_.stop_starting();
  }
  for (net::Job& job : jobs_) fetcher_.submit(std::move(job));
  for (Buffer& buffer : buffers_) fetcher_.recycle(std::move(buffer));
  jobs_.clear();
  buffers_.clear();
}

void FetchStage::hand_on_strays() {
  fetcher_.take_strays(strays_);
  for (net::Job& job : strays_) {
    const std::uint32_t loop = net::loop_of(job.url, static_cast<std::uint32_t>(peers_.size()));
    std::vector<net::Job> one;
    one.push_back(std::move(job));
    peers_[loop]->submit(std::move(one));
  }
  strays_.clear();
}

void FetchStage::take_results() {
  const bool is_first = results_.empty();
  fetcher_.take_results(results_);
  if (results_.empty()) return;
  const Instant now = clock_.now();
  if (is_first) gathering_since_ = now;
  // What others wait for goes at once: the run's end, memory.
  const bool is_due = results_.size() >= kGatheredResults || now - gathering_since_ >= kGatherFor ||
                      fetcher_.in_flight() == 0 || fetcher_.counters().held_by_memory;
  if (is_due) hand_on_results();
}

void FetchStage::hand_on_results() {
  if (!results_.empty()) sink_.take(*this, std::exchange(results_, {}));
}

void FetchStage::step(Duration longest) {
  take_inbox();
  fetcher_.step(results_.empty() ? longest : std::min(longest, kGatherFor));
  take_results();
  hand_on_strays();
  const MutexLock lock(mutex_);
  published_ = fetcher_.counters();
  (void)fetcher_.take_host_reports(host_reports_);
}

std::vector<HostReport> FetchStage::host_reports() const {
  const MutexLock lock(mutex_);
  return host_reports_;
}

net::FetchCounters FetchStage::counters() const {
  const MutexLock lock(mutex_);
  return published_;
}

}  // namespace pixhaul::pipeline
