#include "ingest/schedule.h"

#include <algorithm>

namespace landfall::ingest {

bool Schedule::Add(const warehouse::LoadKey& key, std::optional<TimePoint> not_before) {
  if (known_.contains(key)) return false;
  if (known_.size() >= limits_.waiting_max) {
    overflowed_ = true;
    return false;
  }
  known_.insert(key);
  if (not_before) {
    delayed_.emplace(*not_before, key);
  } else {
    waiting_.push_back(key);
  }
  return true;
}

std::optional<warehouse::LoadKey> Schedule::TakeWaiting(TimePoint now) {
  if (prepared_.size() >= limits_.prepared_max) return std::nullopt;
  if (!delayed_.empty() && delayed_.begin()->first <= now) {
    const warehouse::LoadKey key = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    planning_.insert(key);
    return key;
  }
  if (waiting_.empty()) return std::nullopt;
  const warehouse::LoadKey key = waiting_.front();
  waiting_.pop_front();
  planning_.insert(key);
  return key;
}

void Schedule::AddPrepared(const warehouse::LoadKey& key, std::shared_ptr<Prepared> batch,
                           std::string table) {
  known_.insert(key);
  planning_.erase(key);
  prepared_.push_back({std::move(batch), std::move(table)});
}

std::shared_ptr<Prepared> Schedule::TakePrepared() {
  const auto next = std::ranges::find_if(
      prepared_, [&](const Item& item) { return !busy_.contains(item.table); });
  if (next == prepared_.end()) return nullptr;
  std::shared_ptr<Prepared> batch = std::move(next->batch);
  busy_.insert(next->table);
  prepared_.erase(next);
  return batch;
}

void Schedule::Release(const std::string& table) { busy_.erase(table); }

std::optional<TimePoint> Schedule::NextDue() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first;
}

}  // namespace landfall::ingest
