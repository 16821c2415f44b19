#pragma once

#include <cstdint>

#include "base/clock.h"

namespace pixhaul::net {

/// What the engine saw of all transfers since the last sample.
struct LinkSample {
  Duration elapsed{};                ///< since the last sample; about a second, any length > 0
  std::uint64_t received_bytes = 0;  ///< of bodies, finished or not
  std::uint64_t finished_count = 0;  ///< bodies that ended well
  std::uint64_t finished_bytes = 0;  ///< and their sizes together
  unsigned active = 0;               ///< transfers in flight now
};

/// Lowers the concurrency of the whole run when the link is full, before deadlines expire: n
/// transfers of size s on a link of b bytes/s take n × s / b, and `limit()` is the n for which that
/// is a third of the deadline. A lowering that costs throughput shows that the link was not what is
/// full; it is undone and left alone for a minute. One thread.
class LinkGuard {
 public:
  /// `start`: until the link is known; 32 images of 100 KB still make a 30 s deadline on 1 Mbit/s.
  LinkGuard(Duration deadline, unsigned max, unsigned start = 32);

  void on_sample(const LinkSample& sample);
  /// From 2 to `max`.
  [[nodiscard]] unsigned limit() const { return static_cast<unsigned>(limit_); }

 private:
  void learn(const LinkSample& sample);
  [[nodiscard]] bool undo_if_wrong(const LinkSample& sample);

  double wanted_seconds_;
  double max_;
  double limit_;
  double bytes_per_second_ = 0;
  double mean_bytes_ = 0;
  double observed_seconds_ = 0;
  double barren_seconds_ = 0;  // since an image ended
  double hold_seconds_ = 0;    // no lowering for so long
  double trial_seconds_ = 0;   // until the last lowering is judged
  double limit_before_ = 0;
  double rate_before_ = 0;
};

}  // namespace pixhaul::net
