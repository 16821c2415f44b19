#include "net/throttle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "net/link_guard.h"
#include "net/token_bucket.h"

namespace pixhaul::net {
namespace {

using namespace std::chrono_literals;

constexpr Instant kBegin{1000s};

/// Runs windows of requests, all used, all answered after `ttfb`.
void run_windows(HostThrottle& throttle, Instant now, int windows, Duration ttfb) {
  for (int i = 0; i < windows; ++i) {
    unsigned limit = throttle.limit();
    for (unsigned n = 0; n < limit; ++n) throttle.on_start(now);
    for (unsigned n = 0; n < limit; ++n) throttle.on_success(now, ttfb);
  }
}

void fail(HostThrottle& throttle, Instant now, int count) {
  Random random(1);
  for (int i = 0; i < count; ++i) {
    throttle.on_start(now);
    throttle.on_congestion(now, Congestion::timeout, std::nullopt, random);
  }
}

TEST(HostThrottle, LimitsAreThoseOfTheProduct) {
  EXPECT_EQ(host_limits(false, std::nullopt).start, 2);
  EXPECT_EQ(host_limits(false, std::nullopt).max, 6);
  EXPECT_EQ(host_limits(true, std::nullopt).start, 8);
  EXPECT_EQ(host_limits(true, std::nullopt).max, 24);
  EXPECT_EQ(host_limits(true, 100).start, 16);
  EXPECT_EQ(host_limits(false, 100).max, 100);
  EXPECT_EQ(host_limits(false, 3).start, 3);
  EXPECT_EQ(host_limits(false, 0).max, 1);
}

TEST(HostThrottle, SlowStartDoublesToTheMaximum) {
  HostThrottle throttle({.start = 2, .max = 24});
  std::vector<unsigned> limits;
  for (int i = 0; i < 5; ++i) {
    limits.push_back(throttle.limit());
    run_windows(throttle, kBegin, 1, 50ms);
  }
  EXPECT_EQ(limits, (std::vector<unsigned>{2, 4, 8, 16, 24}));
  EXPECT_EQ(throttle.active(), 0u);
}

TEST(HostThrottle, ALimitThatIsNotUsedDoesNotGrow) {
  HostThrottle throttle({.start = 4, .max = 24});
  for (int i = 0; i < 100; ++i) {
    throttle.on_start(kBegin);
    throttle.on_success(kBegin, 50ms);
  }
  EXPECT_EQ(throttle.limit(), 4u);
}

TEST(HostThrottle, CongestionShrinksOncePerRoundTripAndEndsTheDoubling) {
  HostThrottle throttle({.start = 10, .max = 40});
  Random random(1);
  run_windows(throttle, kBegin, 1, 200ms);
  ASSERT_EQ(throttle.limit(), 20u);
  for (int i = 0; i < 10; ++i) throttle.on_start(kBegin);
  for (int i = 0; i < 9; ++i)
    throttle.on_congestion(kBegin, Congestion::reset, std::nullopt, random);
  EXPECT_EQ(throttle.limit(), 14u);
  throttle.on_congestion(kBegin + 2s, Congestion::reset, std::nullopt, random);
  EXPECT_EQ(throttle.limit(), 9u);
  run_windows(throttle, kBegin + 3s, 1, 200ms);
  EXPECT_EQ(throttle.limit(), 10u);
}

TEST(HostThrottle, TheLimitNeverFallsBelowOne) {
  HostThrottle throttle({.start = 2, .max = 6});
  Random random(1);
  for (int i = 0; i < 15; ++i) {
    throttle.on_start(kBegin + i * 10s);
    throttle.on_congestion(kBegin + i * 10s, Congestion::refused, std::nullopt, random);
  }
  EXPECT_EQ(throttle.limit(), 1u);
}

TEST(HostThrottle, AnswersThatSlowDownStopTheGrowthAndThenShrinkIt) {
  HostThrottle throttle({.start = 8, .max = 64});
  run_windows(throttle, kBegin, 1, 100ms);
  ASSERT_EQ(throttle.limit(), 16u);
  run_windows(throttle, kBegin, 3, 180ms);
  EXPECT_LE(throttle.limit(), 32u);
  unsigned before = throttle.limit();
  run_windows(throttle, kBegin, 2, 180ms);
  EXPECT_EQ(throttle.limit(), before);
  run_windows(throttle, kBegin, 3, 400ms);
  EXPECT_LT(throttle.limit(), before);
  for (int i = 0; i < 30; ++i) run_windows(throttle, kBegin, 1, 4s);
  EXPECT_GE(throttle.limit(), 8u) << "delay alone does not go below the start";
}

TEST(HostThrottle, NoiseOfMillisecondsIsNoGradient) {
  HostThrottle throttle({.start = 2, .max = 24});
  run_windows(throttle, kBegin, 3, 500us);
  run_windows(throttle, kBegin, 20, 15ms);
  EXPECT_EQ(throttle.limit(), 24u);
}

TEST(HostThrottle, RetryAfterIsAMinimumForTheHostWithUpToAFifthOnTop) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    HostThrottle throttle({.start = 2, .max = 6});
    throttle.on_start(kBegin);
    throttle.on_congestion(kBegin, Congestion::rate_limited, 10s, random);
    EXPECT_GE(throttle.blocked_until(), kBegin + 10s);
    EXPECT_LE(throttle.blocked_until(), kBegin + 12s);
  }
}

TEST(HostThrottle, ALaterShorterRetryAfterDoesNotUnblock) {
  Random random(3);
  HostThrottle throttle({.start = 2, .max = 6});
  throttle.on_start(kBegin);
  throttle.on_start(kBegin);
  throttle.on_congestion(kBegin, Congestion::rate_limited, 100s, random);
  throttle.on_congestion(kBegin + 1s, Congestion::rate_limited, 1s, random);
  EXPECT_GE(throttle.blocked_until(), kBegin + 100s);
}

TEST(HostThrottle, RefusalsWithoutRetryAfterBackOffUpToFiveMinutes) {
  Random random(5);
  HostThrottle throttle({.start = 2, .max = 6});
  Instant now = kBegin;
  Duration longest{};
  for (int i = 0; i < 60; ++i) {
    throttle.on_start(now);
    throttle.on_congestion(now, Congestion::rate_limited, std::nullopt, random);
    Duration wait = throttle.blocked_until() - now;
    longest = std::max(longest, wait);
    if (i == 0) {
      EXPECT_LE(wait, 1s);
    }
    EXPECT_LE(wait, 5min);
    now = std::max(throttle.blocked_until(), now + 2s);
  }
  EXPECT_GT(longest, 4min);
}

TEST(HostThrottle, TwentyFailuresParkOneTwoFourMinutesAndThenTheHostIsDown) {
  HostThrottle throttle({.start = 6, .max = 6});
  fail(throttle, kBegin, 19);
  EXPECT_LE(throttle.blocked_until(), kBegin);
  Instant now = kBegin;
  for (Duration park : {1min, 2min, 4min}) {
    EXPECT_FALSE(throttle.is_down());
    fail(throttle, now, 1);
    EXPECT_EQ(throttle.blocked_until(), now + park);
    EXPECT_EQ(throttle.limit(), 1u);
    fail(throttle, now + 1s, 5);  // were in flight
    EXPECT_EQ(throttle.blocked_until(), now + park);
    now += park;
  }
  EXPECT_FALSE(throttle.is_down());
  fail(throttle, now, 1);
  EXPECT_TRUE(throttle.is_down());
}

TEST(HostThrottle, ThreeConnectionsNotMadeInTimeParkAHostThatNeverAnswered) {
  Random random(1);
  HostThrottle silent({.start = 6, .max = 6});
  HostThrottle known({.start = 6, .max = 6});
  known.on_start(kBegin);
  known.on_success(kBegin, 10ms);
  for (HostThrottle* throttle : {&silent, &known}) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_LE(throttle->blocked_until(), kBegin);
      throttle->on_start(kBegin);
      throttle->on_congestion(kBegin, Congestion::unconnected, std::nullopt, random);
    }
  }
  EXPECT_EQ(silent.blocked_until(), kBegin + 1min);
  EXPECT_LE(known.blocked_until(), kBegin);
}

TEST(HostThrottle, OneSuccessClosesTheCircuit) {
  HostThrottle throttle({.start = 6, .max = 6});
  fail(throttle, kBegin, 20);
  throttle.on_start(kBegin + 2min);
  throttle.on_success(kBegin + 2min, 10ms);
  fail(throttle, kBegin + 2min, 19);
  EXPECT_LE(throttle.blocked_until(), kBegin + 2min);
  for (int i = 0; i < 100; ++i) {
    throttle.on_start(kBegin + 2min);
    throttle.on_other();
  }
  EXPECT_LE(throttle.blocked_until(), kBegin + 2min);
  throttle.on_start(kBegin + 2min);
  throttle.on_failure(kBegin + 2min);
  EXPECT_EQ(throttle.blocked_until(), kBegin + 3min);
}

TEST(HostThrottle, AdoptingHttp2RaisesAFreshLimitOnly) {
  HostThrottle throttle(host_limits(false, std::nullopt));
  throttle.adopt(host_limits(true, std::nullopt));
  EXPECT_EQ(throttle.limit(), 8u);
  HostThrottle hurt(host_limits(false, std::nullopt));
  fail(hurt, kBegin, 1);
  hurt.adopt(host_limits(true, std::nullopt));
  EXPECT_EQ(hurt.limit(), 1u);
}

/// A server that works on `capacity` requests at once, each for `service`, and queues the rest.
struct QueueModel {
  unsigned capacity;
  Duration service;
  /// Of a request that finds `active` others.
  [[nodiscard]] Duration ttfb(unsigned active) const {
    return active <= capacity ? service : service * active / capacity;
  }
};

TEST(HostThrottle, ConvergesNearTheCapacityOfAQueueingServer) {
  for (unsigned capacity : {4u, 10u, 30u}) {
    QueueModel server{capacity, 100ms};
    HostThrottle throttle({.start = 2, .max = 100});
    Instant now = kBegin;
    double sum = 0;
    for (int window = 0; window < 300; ++window) {
      unsigned limit = throttle.limit();
      Duration ttfb = server.ttfb(limit);
      for (unsigned n = 0; n < limit; ++n) throttle.on_start(now);
      now += ttfb;
      for (unsigned n = 0; n < limit; ++n) throttle.on_success(now, ttfb);
      if (window >= 100) sum += limit;
    }
    EXPECT_GE(sum / 200, 0.9 * capacity);
    EXPECT_LE(sum / 200, 2.5 * capacity);
  }
}

TEST(HostThrottle, SawtoothStaysBetweenHalfAndAllOfAHardLimit) {
  constexpr unsigned kCapacity = 20;  // the 21st is reset
  HostThrottle throttle({.start = 2, .max = 100});
  Random random(9);
  Instant now = kBegin;
  unsigned lowest = 1000;
  unsigned highest = 0;
  for (int window = 0; window < 400; ++window) {
    unsigned limit = throttle.limit();
    for (unsigned n = 0; n < limit; ++n) throttle.on_start(now);
    now += 200ms;
    for (unsigned n = 0; n < limit; ++n) {
      if (n < kCapacity) throttle.on_success(now, 200ms);
      if (n >= kCapacity) throttle.on_congestion(now, Congestion::reset, std::nullopt, random);
    }
    if (window < 20) continue;
    lowest = std::min(lowest, throttle.limit());
    highest = std::max(highest, throttle.limit());
  }
  EXPECT_GE(lowest, kCapacity / 2);
  EXPECT_LE(highest, kCapacity + 1);
}

TEST(HostThrottle, AHostThatCountsRequestsPerSecondRefusesFewOfThem) {
  // 5 requests a second, bursts of 5, answers in 5 ms; 1,000 images, each asked until it is had.
  HostThrottle throttle({.start = 2, .max = 6});
  Random random(11);
  Instant now = kBegin;
  double tokens = 5;
  int served = 0;
  int refused = 0;
  while (served < 1000 && refused < 1000) {
    Instant start = std::max(now, throttle.blocked_until());
    tokens = std::min(5.0, tokens + 5 * std::chrono::duration<double>(start - now).count());
    throttle.on_start(start);
    now = start + 5ms;
    tokens = std::min(5.0, tokens + 0.025);
    if (tokens >= 1) {
      tokens -= 1;
      ++served;
      throttle.on_success(now, 5ms);
    } else {
      ++refused;
      throttle.on_congestion(now, Congestion::rate_limited, std::nullopt, random);
    }
  }
  EXPECT_EQ(served, 1000);
  EXPECT_LE(refused, 50);
  EXPECT_LE(now - kBegin, 400s) << "the rate it allows is used by half at least";
}

TEST(AddressThrottle, GrowsByOneAWindowAndShrinksOnceASecond) {
  AddressThrottle throttle({.start = 10, .max = 12});
  for (int window = 0; window < 5; ++window) {
    unsigned limit = throttle.limit();
    for (unsigned n = 0; n < limit; ++n) throttle.on_start();
    for (unsigned n = 0; n < limit; ++n) throttle.on_success();
  }
  EXPECT_EQ(throttle.limit(), 12u);
  throttle.on_congestion(kBegin, Congestion::reset);
  throttle.on_congestion(kBegin + 900ms, Congestion::reset);
  EXPECT_EQ(throttle.limit(), 8u);
  for (int i = 1; i < 20; ++i) throttle.on_congestion(kBegin + i * 1s, Congestion::refused);
  EXPECT_EQ(throttle.limit(), 2u);
  EXPECT_EQ(throttle.active(), 0u);
}

// 1,000 hosts that never answer, on one address: at 2 at once they would hold up a run for hours.
TEST(AddressThrottle, HostsThatKeepTheirClientsWaitingCostItNothing) {
  AddressThrottle throttle({.start = 32, .max = 64});
  for (int i = 1; i < 100; ++i) {
    throttle.on_start();
    throttle.on_congestion(kBegin + i * 2s, Congestion::timeout);
  }
  EXPECT_EQ(throttle.limit(), 32u);
  EXPECT_EQ(throttle.active(), 0u);
}

TEST(OptOutRun, TwentyWithoutASuccessEndTheAsking) {
  OptOutRun run;
  for (int i = 0; i < 19; ++i) run.on_opt_out();
  EXPECT_FALSE(run.is_refused());
  run.on_opt_out();
  run.on_opt_out();
  EXPECT_TRUE(run.is_refused());
}

TEST(OptOutRun, AHostThatGaveAnImageIsAlwaysAsked) {
  OptOutRun run;
  run.on_success();
  for (int i = 0; i < 300; ++i) run.on_opt_out();
  EXPECT_FALSE(run.is_refused());
}

/// Transfers of one size that share a link equally; each can go no faster than `server_rate`.
struct LinkModel {
  double link_rate;
  double server_rate;
  double size;
  struct Transfer {
    double left;
    double age = 0;
  };
  std::deque<Transfer> transfers{};
  double longest = 0;
  LinkSample sample{};
  std::uint64_t finished = 0;

  void run(LinkGuard& guard, int seconds) {
    constexpr double kStep = 0.05;
    for (int tick = 0; tick < seconds * 20; ++tick) {
      while (transfers.size() < guard.limit()) transfers.push_back({.left = size});
      double rate = std::min(server_rate, link_rate / static_cast<double>(transfers.size()));
      for (Transfer& transfer : transfers) {
        sample.received_bytes += static_cast<std::uint64_t>(std::min(rate * kStep, transfer.left));
        transfer.left -= rate * kStep;
        transfer.age += kStep;
        longest = std::max(longest, transfer.age);
        if (transfer.left > 0) continue;
        ++sample.finished_count;
        sample.finished_bytes += static_cast<std::uint64_t>(size);
      }
      std::erase_if(transfers, [](const Transfer& transfer) { return transfer.left <= 0; });
      if (tick % 20 != 19) continue;
      sample.elapsed = 1s;
      sample.active = static_cast<unsigned>(transfers.size());
      finished += sample.finished_count;
      guard.on_sample(sample);
      sample = {};
    }
  }
};

TEST(LinkGuard, AMegabitOfHundredKilobyteImagesNeverMeetsItsDeadline) {
  LinkGuard guard(30s, 256);
  LinkModel link{.link_rate = 125e3, .server_rate = 1e9, .size = 100e3};
  link.run(guard, 600);
  EXPECT_LT(link.longest, 30);
  EXPECT_LE(guard.limit(), 16u);
  EXPECT_GE(guard.limit(), 8u);
  EXPECT_GT(static_cast<double>(link.finished), 600 * 1.25 * 0.95);
}

TEST(LinkGuard, AFastLinkIsNotHeldBack) {
  LinkGuard guard(30s, 1000);
  LinkModel link{.link_rate = 125e6, .server_rate = 1e6, .size = 100e3};
  link.run(guard, 10);
  EXPECT_EQ(guard.limit(), 1000u);
}

TEST(LinkGuard, SlowServersAreNotAFullLink) {
  LinkGuard guard(30s, 200, 200);
  LinkModel link{.link_rate = 125e6, .server_rate = 5e3, .size = 100e3};  // 20 s each
  link.run(guard, 300);
  EXPECT_GE(guard.limit(), 100u);
}

TEST(LinkGuard, GrowsBackWhenTheLinkDoes) {
  LinkGuard guard(30s, 256);
  LinkModel link{.link_rate = 125e3, .server_rate = 1e9, .size = 100e3};
  link.run(guard, 60);
  ASSERT_LE(guard.limit(), 16u);
  link.link_rate = 125e5;
  link.run(guard, 30);
  EXPECT_EQ(guard.limit(), 256u);
}

TEST(LinkGuard, ImagesTooLargeForTheStartLowerItUntilSomeEnd) {
  LinkGuard guard(30s, 256);
  for (int second = 0; second < 25; ++second) {
    guard.on_sample({.elapsed = 1s, .received_bytes = 125000, .active = guard.limit()});
  }
  EXPECT_EQ(guard.limit(), 8u);
}

TEST(LinkGuard, NeverBelowTwoAndUntouchedByAnIdleEngine) {
  LinkGuard guard(30s, 256);
  for (int i = 0; i < 100; ++i) guard.on_sample({.elapsed = 1s});
  EXPECT_EQ(guard.limit(), 32u);
  for (int i = 0; i < 200; ++i) {
    guard.on_sample({.elapsed = 1s,
                     .received_bytes = 10,
                     .finished_count = 1,
                     .finished_bytes = 30000000,
                     .active = guard.limit()});
  }
  EXPECT_EQ(guard.limit(), 2u);
}

TEST(TokenBucket, HoldsTheRateInTheLongRun) {
  TokenBucket bucket(1000, 100);
  Instant now = kBegin;
  std::uint64_t taken = 0;
  while (now < kBegin + 10s) {
    bucket.take(now, 64);
    taken += 64;
    now = bucket.ready_at(now);
  }
  EXPECT_NEAR(static_cast<double>(taken), 10100, 128);
}

TEST(TokenBucket, SavesNoMoreThanItsBurst) {
  TokenBucket bucket(1000, 100);
  bucket.take(kBegin, 100);
  EXPECT_EQ(bucket.available(kBegin), 0u);
  EXPECT_EQ(bucket.available(kBegin + 50ms), 50u);
  EXPECT_EQ(bucket.available(kBegin + 1h), 100u);
  bucket.take(kBegin + 1h, 1100);
  EXPECT_GE(bucket.ready_at(kBegin + 1h), kBegin + 1h + 1s);
  EXPECT_LE(bucket.ready_at(kBegin + 1h), kBegin + 1h + 1001ms);
}

TEST(TokenBucket, ZeroIsNoLimit) {
  TokenBucket bucket(0);
  bucket.take(kBegin, 1u << 30);
  EXPECT_EQ(bucket.ready_at(kBegin), kBegin);
  EXPECT_EQ(bucket.available(kBegin), UINT64_MAX);
}

TEST(IntervalGate, KeepsThePauseBetweenStarts) {
  IntervalGate gate(2s);
  EXPECT_LE(gate.ready_at(), kBegin);
  gate.take(kBegin);
  EXPECT_EQ(gate.ready_at(), kBegin + 2s);
}

}  // namespace
}  // namespace pixhaul::net
