#include "warehouse/insert_rows.h"

#include <algorithm>
#include <unordered_set>

#include "warehouse/insert_chunks.h"

namespace landfall::warehouse {
namespace {

constexpr std::size_t kGroupRowsMax = 200'000;  // of one commit
constexpr int kAttemptsMax = 8;                 // after conflicts of transactions
constexpr std::chrono::milliseconds kLook{500};

// All rows that are not wrong themselves are not inserted either.
std::vector<InsertError> StopOthers(std::vector<InsertError> errors, std::size_t rows) {
  std::vector<InsertError> all;
  std::size_t next = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    if (next < errors.size() && errors[next].index == i) {
      all.push_back(std::move(errors[next++]));
    } else {
      all.push_back({.index = i, .errors = {{.reason = "stopped", .location = "", .message = ""}}});
    }
  }
  return all;
}

}  // namespace

struct RowInserts::Pending {
  const InsertRequest& request;
  std::shared_ptr<const Table> table;  // that `chunks` was made for
  std::unique_ptr<InsertChunks> chunks;
  std::vector<std::pair<std::size_t, InsertIds::Id>> ids;  // with the row they belong to
  std::vector<bool> skip;                                  // insertId seen before
  bool done = false;  // guarded by mu_; everything else belongs to whoever leads
  Status status;

  // (Re)makes the chunks, without the rows to skip.
  Status Make(std::shared_ptr<const Table> for_table, TimePoint now) {
    if (table != for_table) {
      table = std::move(for_table);
      ids.clear();
      for (std::size_t i = 0; i < request.rows.size(); ++i) {
        const std::string_view id = request.rows[i].insert_id;
        if (!id.empty()) ids.emplace_back(i, InsertIds::IdOf(*table, id));
      }
    }
    chunks = TRY(InsertChunks::Make(*table, request, now, skip));
    return {};
  }
  bool refused() const { return !chunks->errors().empty() && !request.skip_invalid_rows; }
  bool empty() const { return refused() || chunks->rows() == 0; }
};

RowInserts::RowInserts(Parts parts, InsertIds& ids, Metrics& metrics)
    : parts_(parts),
      ids_(ids),
      rows_(metrics.AddCounter("landfall_warehouse_streamed_rows_total", "rows of insertAll")),
      dropped_(metrics.AddCounter("landfall_warehouse_streamed_duplicates_total",
                                  "rows of insertAll whose insertId was seen before")),
      commits_(metrics.AddCounter("landfall_warehouse_streamed_commits_total",
                                  "commits of insertAll, each of one or more requests")) {}

Result<std::vector<InsertError>> RowInserts::Insert(const InsertRequest& request) {
  std::shared_ptr<const Table> table = TRY(parts_.catalog.GetTable(request.table));
  if (table->type != "TABLE")
    return InvalidArgument("Cannot add rows to a table of type " + table->type + ".");
  Pending pending{
      .request = request, .table = nullptr, .chunks = nullptr, .ids = {}, .skip = {}, .status = {}};
  TRY(pending.Make(std::move(table), parts_.clock.Now()));
  if (!pending.empty()) {
    Wait(request.table, pending);
    TRY(pending.status);
  }
  if (pending.refused()) return StopOthers(pending.chunks->errors(), request.rows.size());
  return pending.chunks->errors();
}

// Until the rows are committed: by somebody else, or by us when nobody else does it.
void RowInserts::Wait(const TableRef& ref, Pending& pending) {
  const MutexLock lock(mu_);
  Queue& queue = queues_[ref];
  ++queue.users;
  queue.waiting.push_back(&pending);
  while (!pending.done) {
    if (queue.leading) {
      queue.changed.WaitFor(mu_, kLook);
      continue;
    }
    queue.leading = true;
    const std::vector<Pending*> group = TakeGroup(queue);
    mu_.Unlock();
    CommitGroup(ref, group);
    mu_.Lock();
    for (Pending* const each : group) each->done = true;
    queue.leading = false;
    queue.changed.NotifyAll();
  }
  if (--queue.users == 0) queues_.erase(ref);
}

std::vector<RowInserts::Pending*> RowInserts::TakeGroup(Queue& queue) {
  std::vector<Pending*> group;
  std::size_t rows = 0;
  while (!queue.waiting.empty() && rows < kGroupRowsMax) {
    group.push_back(queue.waiting.front());
    rows += group.back()->chunks->rows();
    queue.waiting.pop_front();
  }
  return group;
}

void RowInserts::CommitGroup(const TableRef& ref, const std::vector<Pending*>& group) {
  Status status;
  for (int attempt = 1; attempt <= kAttemptsMax; ++attempt) {
    status = TryCommit(ref, group);
    if (status.code() != Code::kAborted || status.reason() != "conflict") break;
  }
  for (Pending* const each : group) {
    if (each->status.ok()) each->status = status;
  }
  commits_.Add();
  const TimePoint now = parts_.clock.Now();
  if (!ids_.ExpiryDue(now)) return;
  const Result<ConnectionPool::Lease> lease = parts_.connections.Take();
  const Status expired = lease.ok() ? ids_.Expire(**lease, now) : lease.status();
  if (!expired.ok()) parts_.log.Debug("insert_ids_later", {{"why", expired.message()}});
}

void RowInserts::DropSeen(const std::vector<Pending*>& group, TimePoint now,
                          std::vector<InsertIds::Id>& fresh) {
  std::unordered_set<InsertIds::Id, InsertIds::Hash> in_group;
  for (Pending* const each : group) {
    each->skip.clear();
    if (!each->status.ok() || each->empty()) continue;
    std::vector<std::size_t> bad;
    for (const InsertError& error : each->chunks->errors()) bad.push_back(error.index);
    std::vector<InsertIds::Id> ids;
    std::vector<std::size_t> of_row;
    for (const auto& [row, id] : each->ids) {
      if (std::binary_search(bad.begin(), bad.end(), row)) continue;
      ids.push_back(id);
      of_row.push_back(row);
    }
    const std::vector<bool> seen = ids_.Seen(ids, now);
    each->skip.assign(each->request.rows.size(), false);
    bool any = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool again = seen[i] || !in_group.insert(ids[i]).second;
      if (!again) fresh.push_back(ids[i]);
      each->skip[of_row[i]] = again;
      any = any || again;
    }
    if (!any) each->skip.clear();
  }
}

Status RowInserts::TryCommit(const TableRef& ref, const std::vector<Pending*>& group) {
  const TableLocks::Held held = TRY(parts_.locks.Acquire({ref}, std::stop_token()));
  const std::shared_ptr<const Table> table = TRY(parts_.catalog.GetTable(ref));
  const TimePoint now = parts_.clock.Now();
  // Where the table changed meanwhile, or a retry repeats rows, the rows are read again.
  for (Pending* const each : group) {
    each->status = Status();
    if (each->table != table || !each->skip.empty()) {
      each->skip.clear();
      each->status = each->Make(table, now);
    }
  }
  std::vector<InsertIds::Id> fresh;
  DropSeen(group, now, fresh);
  std::uint64_t rows = 0, dropped = 0;
  for (Pending* const each : group) {
    if (each->status.ok() && !each->skip.empty()) each->status = each->Make(table, now);
    if (!each->status.ok() || each->refused()) continue;
    rows += each->chunks->rows();
    dropped += static_cast<std::uint64_t>(std::count(each->skip.begin(), each->skip.end(), true));
  }
  if (rows > 0) {
    const ConnectionPool::Lease lease = TRY(parts_.connections.Take());
    Transaction transaction = TRY(Transaction::Begin(*lease));
    const PhysicalTable physical = PhysicalOf(ref);
    Appender appender =
        TRY(Appender::Open(*lease, physical.schema, physical.table, InsertChunkColumns(*table)));
    for (const Pending* const each : group) {
      if (!each->status.ok() || each->empty()) continue;
      for (const DataChunk& chunk : each->chunks->chunks()) {
        if (duckdb_data_chunk_get_size(chunk.get()) > 0) TRY(appender.AppendChunk(chunk.get()));
      }
    }
    TRY(appender.Close());
    TRY(InsertIds::Write(*lease, fresh, now));
    TRY(transaction.Commit());
  }
  ids_.Remember(fresh, now);
  rows_.Add(rows);
  dropped_.Add(dropped);
  return {};
}

}  // namespace landfall::warehouse
