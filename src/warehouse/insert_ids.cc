#include "warehouse/insert_ids.h"

#include <algorithm>
#include <string>

#include "base/hash.h"
#include "base/text.h"

namespace landfall::warehouse {
namespace {

constexpr std::chrono::seconds kExpireEvery{60};

}  // namespace

Status InsertIds::Load(Connection& connection, TimePoint now) {
  TRY(connection.Execute(
      "CREATE TABLE IF NOT EXISTS _landfall.insert_ids (seen_at TIMESTAMP WITH TIME ZONE NOT NULL, "
      "ids VARCHAR NOT NULL)"));
  TRY(Expire(connection, now));
  std::vector<std::pair<TimePoint, std::vector<Id>>> stored;
  {
    QueryResult rows = TRY(connection.Run("SELECT seen_at, ids FROM _landfall.insert_ids"));
    while (TRY(rows.Next())) {
      const std::string bytes = TRY(FromBase64(rows.Text(1)));
      std::vector<Id> ids(bytes.size() / sizeof(Id));
      std::memcpy(ids.data(), bytes.data(), ids.size() * sizeof(Id));
      stored.emplace_back(rows.Time(0).value_or(now), std::move(ids));
    }
  }
  std::sort(stored.begin(), stored.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [at, ids] : stored) Remember(ids, at);
  return {};
}

InsertIds::Id InsertIds::IdOf(const Table& table, std::string_view insert_id) {
  std::string key = ToString(table.ref);
  key += '\n';
  key += std::to_string(ToMicros(table.created));
  key += '\n';
  key += insert_id;
  const std::string hash = Sha256(key);
  Id id;
  std::memcpy(id.data(), hash.data(), id.size());
  return id;
}

std::vector<bool> InsertIds::Seen(const std::vector<Id>& ids, TimePoint now) {
  std::vector<bool> seen(ids.size());
  const MutexLock lock(mu_);
  Forget(now);
  for (std::size_t i = 0; i < ids.size(); ++i) seen[i] = ids_.contains(ids[i]);
  return seen;
}

Status InsertIds::Write(Connection& connection, const std::vector<Id>& ids, TimePoint now) {
  if (ids.empty()) return {};
  const std::string bytes =
      Base64({reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(Id)});
  return connection.Write("INSERT INTO _landfall.insert_ids VALUES ($1, $2)", {now, bytes})
      .status();
}

void InsertIds::Remember(const std::vector<Id>& ids, TimePoint now) {
  if (ids.empty()) return;
  const MutexLock lock(mu_);
  ids_.insert(ids.begin(), ids.end());
  by_age_.emplace_back(now, ids);
  Forget(now);
}

void InsertIds::Forget(TimePoint now) {
  while (!by_age_.empty() && (by_age_.front().first + window_ <= now || ids_.size() > ids_max_)) {
    for (const Id& id : by_age_.front().second) ids_.erase(id);
    by_age_.pop_front();
  }
}

bool InsertIds::ExpiryDue(TimePoint now) {
  const MutexLock lock(mu_);
  if (now < next_expiry_) return false;
  next_expiry_ = now + kExpireEvery;
  return true;
}

Status InsertIds::Expire(Connection& connection, TimePoint now) const {
  Transaction transaction = TRY(Transaction::Begin(connection));
  TRY(connection.Write("DELETE FROM _landfall.insert_ids WHERE seen_at <= $1", {now - window_}));
  return transaction.Commit();
}

}  // namespace landfall::warehouse
