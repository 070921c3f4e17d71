// std::mutex with clang's thread-safety annotations: -Wthread-safety turns an unlocked access into
// a build error.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define LANDFALL_TSA(x) __attribute__((x))
#else
#define LANDFALL_TSA(x)
#endif
#define GUARDED_BY(mu) LANDFALL_TSA(guarded_by(mu))
#define REQUIRES(mu) LANDFALL_TSA(requires_capability(mu))
#define EXCLUDES(mu) LANDFALL_TSA(locks_excluded(mu))

namespace landfall {

class LANDFALL_TSA(capability("mutex")) Mutex {
 public:
  void Lock() LANDFALL_TSA(acquire_capability()) { mu_.lock(); }
  void Unlock() LANDFALL_TSA(release_capability()) { mu_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

class LANDFALL_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mu) LANDFALL_TSA(acquire_capability(mu)) : mu_(mu) { mu_.Lock(); }
  ~MutexLock() LANDFALL_TSA(release_capability()) { mu_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

// Waits may wake early; callers loop on their condition. Every wait has a bound.
class CondVar {
 public:
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }
  // False when `bound` passed first.
  template <typename Rep, typename Period>
  bool WaitFor(Mutex& mu, std::chrono::duration<Rep, Period> bound) REQUIRES(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    const bool notified = cv_.wait_for(lock, bound) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }

 private:
  std::condition_variable cv_;
};

}  // namespace landfall
