#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang's thread-safety attributes; nothing elsewhere. The tidy preset turns an unguarded access
// into an error.
#if defined(__clang__)
#define PIXHAUL_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define PIXHAUL_THREAD_ATTRIBUTE(x)
#endif
#define PIXHAUL_GUARDED_BY(mutex) PIXHAUL_THREAD_ATTRIBUTE(guarded_by(mutex))
#define PIXHAUL_REQUIRES(mutex) PIXHAUL_THREAD_ATTRIBUTE(requires_capability(mutex))
#define PIXHAUL_EXCLUDES(mutex) PIXHAUL_THREAD_ATTRIBUTE(locks_excluded(mutex))

namespace pixhaul {

/// std::mutex that clang's analysis knows.
class PIXHAUL_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() PIXHAUL_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() PIXHAUL_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  /// For ConditionVariable alone.
  [[nodiscard]] std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class PIXHAUL_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) PIXHAUL_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() PIXHAUL_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits are loops around a condition: `while (!ready_) changed_.wait(mutex_);`
class ConditionVariable {
 public:
  void wait(Mutex& mutex) PIXHAUL_REQUIRES(mutex) {
    std::unique_lock<std::mutex> held(mutex.native(), std::adopt_lock);
    condition_.wait(held);
    held.release();
  }
  /// Returns early or late; the condition is looked at again.
  void wait_for(Mutex& mutex, std::chrono::milliseconds longest) PIXHAUL_REQUIRES(mutex) {
    std::unique_lock<std::mutex> held(mutex.native(), std::adopt_lock);
    condition_.wait_for(held, longest);
    held.release();
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace pixhaul
