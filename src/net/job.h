#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/url.h"

namespace pixhaul::net {

/// One URL on its way: what waits in a host's queue, survives retries and moves between loops on a
/// redirect.
struct Job {
  std::uint64_t id = 0;  ///< the caller's name for it
  Url url{};             ///< of the current hop
  std::uint16_t attempts = 0;
  std::uint16_t redirects = 0;
  std::uint8_t deferrals =
      0;  ///< times it was sent back because the host was busy or the connection died unused
  Duration spent{};  ///< of the current attempt, on earlier hops
  bool same_origin =
      true;  ///< no redirect has left the first URL's origin: extra headers may be sent
  std::string robots_for{};  ///< not empty: this is the robots.txt of that origin, not a row
  std::vector<std::size_t> visited{};  ///< hashes of the hops so far, once there was a redirect
};

/// First in, first out; owns its jobs. Small when empty, for there is one per host.
class JobQueue {
 public:
  JobQueue() = default;
  ~JobQueue() {
    while (!empty()) static_cast<void>(pop_front());
  }
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  /// REQUIRES: !empty().
  [[nodiscard]] const Job& front() const { return first_->job; }
  void push_back(Job&& job) {
    auto node = std::make_unique<Node>(Node{std::move(job), nullptr});
    Node* added = node.get();
    (last_ == nullptr ? first_ : last_->next) = std::move(node);
    last_ = added;
  }
  void push_front(Job&& job) {
    first_ = std::make_unique<Node>(Node{std::move(job), std::move(first_)});
    if (last_ == nullptr) last_ = first_.get();
  }
  [[nodiscard]] Job pop_front() {
    Job job = std::move(first_->job);
    first_ = std::move(first_->next);
    if (first_ == nullptr) last_ = nullptr;
    return job;
  }

 private:
  struct Node {
    Job job;
    std::unique_ptr<Node> next;
  };
  std::unique_ptr<Node> first_;
  Node* last_ = nullptr;
};

}  // namespace pixhaul::net
