#include "pipeline/fetch_stage.h"

#include <iterator>
#include <utility>

namespace pixhaul::pipeline {

namespace {

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

void FetchStage::step(Duration longest) {
  take_inbox();
  fetcher_.step(longest);
  fetcher_.take_results(results_);
  if (!results_.empty()) sink_.take(*this, std::exchange(results_, {}));
  hand_on_strays();
  const MutexLock lock(mutex_);
  published_ = fetcher_.counters();
}

net::FetchCounters FetchStage::counters() const {
  const MutexLock lock(mutex_);
  return published_;
}

}  // namespace pixhaul::pipeline
