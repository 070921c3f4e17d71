#include "base/metrics.h"

#include <cstdio>
#include <map>

namespace landfall {
namespace {

std::string Labelled(const std::string& name, const std::string& labels) {
  return labels.empty() ? name : name + "{" + labels + "}";
}

std::string Header(const std::string& name, const std::string& help, const char* type) {
  return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

void Histogram::Observe(double seconds) {
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

template <typename T>
T& Metrics::FindOrAdd(std::deque<Entry<T>>& all, std::string_view name, std::string_view help,
                      std::string_view labels) {
  for (Entry<T>& entry : all) {
    if (entry.name == name && entry.labels == labels) return entry.metric;
  }
  Entry<T>& entry = all.emplace_back();
  entry.name = name;
  entry.help = help;
  entry.labels = labels;
  return entry.metric;
}

Counter& Metrics::AddCounter(std::string_view name, std::string_view help,
                             std::string_view labels) {
  const MutexLock lock(mu_);
  return FindOrAdd(counters_, name, help, labels);
}
Gauge& Metrics::AddGauge(std::string_view name, std::string_view help, std::string_view labels) {
  const MutexLock lock(mu_);
  return FindOrAdd(gauges_, name, help, labels);
}
Histogram& Metrics::AddHistogram(std::string_view name, std::string_view help,
                                 std::string_view labels) {
  const MutexLock lock(mu_);
  return FindOrAdd(histograms_, name, help, labels);
}

std::string Metrics::Render() const {
  const MutexLock lock(mu_);
  std::map<std::string, std::string> by_name;  // one HELP and TYPE per name, names sorted
  for (const auto& entry : counters_) {
    std::string& text =
        by_name.try_emplace(entry.name, Header(entry.name, entry.help, "counter")).first->second;
    text += Labelled(entry.name, entry.labels) + " " + std::to_string(entry.metric.value()) + "\n";
  }
  for (const auto& entry : gauges_) {
    std::string& text =
        by_name.try_emplace(entry.name, Header(entry.name, entry.help, "gauge")).first->second;
    text += Labelled(entry.name, entry.labels) + " " + std::to_string(entry.metric.value()) + "\n";
  }
  for (const auto& entry : histograms_) {
    std::string& text =
        by_name.try_emplace(entry.name, Header(entry.name, entry.help, "histogram")).first->second;
    const std::string more = entry.labels.empty() ? "" : entry.labels + ",";
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= Histogram::kBounds.size(); ++i) {
      total += entry.metric.counts_[i].load(std::memory_order_relaxed);
      const std::string bound =
          i < Histogram::kBounds.size() ? Number(Histogram::kBounds[i]) : "+Inf";
      text +=
          entry.name + "_bucket{" + more + "le=\"" + bound + "\"} " + std::to_string(total) + "\n";
    }
    const double sum =
        static_cast<double>(entry.metric.sum_us_.load(std::memory_order_relaxed)) / 1e6;
    text += Labelled(entry.name + "_sum", entry.labels) + " " + Number(sum) + "\n";
    text += Labelled(entry.name + "_count", entry.labels) + " " + std::to_string(total) + "\n";
  }
  std::string all;
  for (const auto& [name, text] : by_name) all += text;
  return all;
}

}  // namespace landfall
