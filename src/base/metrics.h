// Counters, gauges and histograms in Prometheus text format. Made once at start and kept by
// reference; updating one is an atomic add. The registry owns them and outlives its users.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace landfall {

class Counter {
 public:
  void Add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Seconds, in buckets from 100 us to 100 s.
class Histogram {
 public:
  static constexpr std::array<double, 13> kBounds = {
      0.0001, 0.00025, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5, 25, 100};
  void Observe(double seconds);

 private:
  friend class Metrics;
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_us_{0};
};

class Metrics {
 public:
  // Names follow Prometheus: landfall_<module>_<what>_<unit>[_total]. `labels` is ready-made:
  // `method="get",code="200"`. Asking twice for one (name, labels) gives the same one.
  Counter& AddCounter(std::string_view name, std::string_view help, std::string_view labels = {});
  Gauge& AddGauge(std::string_view name, std::string_view help, std::string_view labels = {});
  Histogram& AddHistogram(std::string_view name, std::string_view help,
                          std::string_view labels = {});
  std::string Render() const;

 private:
  template <typename T>
  struct Entry {
    std::string name, help, labels;
    T metric;
  };
  template <typename T>
  T& FindOrAdd(std::deque<Entry<T>>& all, std::string_view name, std::string_view help,
               std::string_view labels) REQUIRES(mu_);

  mutable Mutex mu_;
  std::deque<Entry<Counter>> counters_ GUARDED_BY(mu_);
  std::deque<Entry<Gauge>> gauges_ GUARDED_BY(mu_);
  std::deque<Entry<Histogram>> histograms_ GUARDED_BY(mu_);
};

}  // namespace landfall
