// The insertIds of streamed rows that were seen lately. Private to the module. Thread-safe.
//
// Ids are remembered in the same transaction as their rows, so the window holds over a restart: one
// record per commit in control table _landfall.insert_ids. An id counts for its table only, and not
// for another table that gets the same name later.
#pragma once

#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "warehouse/duck.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

class InsertIds {
 public:
  using Id = std::array<char, 16>;
  struct Hash {
    std::size_t operator()(const Id& id) const {
      std::size_t value = 0;  // the ids are hashes themselves
      std::memcpy(&value, id.data(), sizeof(value));
      return value;
    }
  };
  // `ids_max`: beyond it the oldest are forgotten before their time.
  InsertIds(std::chrono::milliseconds window, std::size_t ids_max)
      : window_(window), ids_max_(ids_max) {}

  // Once per open database: makes the control table when it is missing, and reads it.
  Status Load(Connection& connection, TimePoint now);

  static Id IdOf(const Table& table, std::string_view insert_id);
  // `found[i]`: ids[i] was seen in the window.
  std::vector<bool> Seen(const std::vector<Id>& ids, TimePoint now);
  // Into the transaction of the rows.
  static Status Write(Connection& connection, const std::vector<Id>& ids, TimePoint now);
  // After its commit.
  void Remember(const std::vector<Id>& ids, TimePoint now);
  // True now and then: the caller should call Expire, outside of any transaction.
  bool ExpiryDue(TimePoint now);
  Status Expire(Connection& connection, TimePoint now) const;

 private:
  void Forget(TimePoint now) REQUIRES(mu_);

  const std::chrono::milliseconds window_;
  const std::size_t ids_max_;
  Mutex mu_;
  std::unordered_set<Id, Hash> ids_ GUARDED_BY(mu_);
  std::deque<std::pair<TimePoint, std::vector<Id>>> by_age_ GUARDED_BY(mu_);
  TimePoint next_expiry_ GUARDED_BY(mu_);
};

}  // namespace landfall::warehouse
