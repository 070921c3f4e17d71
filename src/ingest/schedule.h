// What runs next: markers wait for planning in order of arrival (some until a time), planned
// batches wait for their table in order of planning. Pure and not thread-safe: the owner locks.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "warehouse/warehouse.h"

namespace landfall::ingest {

struct Prepared;  // loader.h

class Schedule {
 public:
  struct Limits {
    std::size_t waiting_max = 100'000;
    std::size_t prepared_max = 64;  // planned batches hold their list of files
  };
  explicit Schedule(Limits limits) : limits_(limits) {}

  // False when it is known already, or when there is no room: then overflowed() says so until
  // Refilled().
  bool Add(const warehouse::LoadKey& key, std::optional<TimePoint> not_before);
  bool Knows(const warehouse::LoadKey& key) const { return known_.contains(key); }
  // Nobody waits for planning or is being planned, and there is room for one more planned batch.
  bool CanPlanAtOnce() const {
    return waiting_.empty() && planning_.empty() && prepared_.size() < limits_.prepared_max &&
           known_.size() < limits_.waiting_max;
  }
  bool overflowed() const { return overflowed_; }
  // The owner has read the load state again and added what it found, all of it or not.
  void Refilled(bool all) { overflowed_ = !all; }

  // The next marker to plan; it stays known until Done(). None while prepared_max batches wait.
  std::optional<warehouse::LoadKey> TakeWaiting(TimePoint now);
  // Of a marker that TakeWaiting gave, or that nobody has heard of.
  void AddPrepared(const warehouse::LoadKey& key, std::shared_ptr<Prepared> batch,
                   std::string table);
  // The next batch whose table is free; the table is busy until Release().
  std::shared_ptr<Prepared> TakePrepared();
  void Release(const std::string& table);

  // The marker needs nothing more now; a later Add is a new start.
  void Done(const warehouse::LoadKey& key) {
    known_.erase(key);
    planning_.erase(key);
  }

  // When the next delayed marker is due; none when no marker waits for a time.
  std::optional<TimePoint> NextDue() const;
  std::size_t size() const { return known_.size(); }
  std::size_t waiting() const { return waiting_.size() + delayed_.size(); }

 private:
  struct Item {
    std::shared_ptr<Prepared> batch;
    std::string table;
  };
  Limits limits_;
  bool overflowed_ = false;
  std::set<warehouse::LoadKey> known_;
  std::set<warehouse::LoadKey> planning_;  // taken, and neither prepared nor done
  std::deque<warehouse::LoadKey> waiting_;
  std::multimap<TimePoint, warehouse::LoadKey> delayed_;
  std::deque<Item> prepared_;
  std::set<std::string> busy_;
};

}  // namespace landfall::ingest
