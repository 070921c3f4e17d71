#include "warehouse/maintenance.h"

#include <chrono>

#include "warehouse/job_store.h"
#include "warehouse/partition.h"
#include "warehouse/result_rows.h"

namespace landfall::warehouse {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr int kIdleTicks = 6;  // of quiet before an idle checkpoint
constexpr int kSweepTicks = 120;

}  // namespace

Maintenance::Maintenance(Parts parts, std::string wal_path, std::uint64_t wal_bytes_max,
                         Metrics& metrics)
    : parts_(parts),
      wal_path_(std::move(wal_path)),
      wal_bytes_max_(wal_bytes_max),
      checkpoint_seconds_(
          metrics.AddHistogram("landfall_warehouse_checkpoint_seconds", "duration of checkpoints")),
      wal_bytes_(metrics.AddGauge("landfall_warehouse_wal_bytes", "length of the warehouse's log")),
      thread_([this](const std::stop_token& stop) { Loop(stop); }) {}

Maintenance::~Maintenance() {
  stopping_.request_stop();
  thread_.request_stop();
  wake_.NotifyAll();
}

std::uint64_t Maintenance::WalBytes() const {
  const auto wal = parts_.files.OpenForRead(wal_path_);
  return wal.ok() ? (*wal)->size_bytes() : 0;
}

void Maintenance::Loop(const std::stop_token& stop) {
  int idle = 0, since_sweep = 0;
  std::uint64_t last_bytes = 0;
  while (true) {
    {
      const MutexLock lock(mu_);
      if (stop.stop_requested()) return;
      wake_.WaitFor(mu_, kTick);
    }
    if (stop.stop_requested()) return;
    const std::uint64_t bytes = WalBytes();
    wal_bytes_.Set(static_cast<std::int64_t>(bytes));
    idle = bytes == last_bytes && parts_.runner.idle() ? idle + 1 : 0;
    last_bytes = bytes;
    if (bytes > wal_bytes_max_ || (bytes > 0 && idle >= kIdleTicks)) {
      idle = 0;
      if (const Status status = Checkpoint(); !status.ok())
        parts_.log.Debug("checkpoint_later", {{"why", status.message()}});
    }
    if (++since_sweep < kSweepTicks) continue;
    since_sweep = 0;
    if (const Status status = Sweep(); !status.ok())
      parts_.log.Warn("warehouse_sweep_failed", {{"error", status.ToString()}});
  }
}

Status Maintenance::Checkpoint() {
  if (WalBytes() == 0) return {};
  const ConnectionPool::Lease lease = TRY(parts_.connections.Take());
  const MonotonicTime start = parts_.clock.Monotonic();
  TRY(lease->Execute("CHECKPOINT"));
  const std::chrono::duration<double> seconds = parts_.clock.Monotonic() - start;
  checkpoint_seconds_.Observe(seconds.count());
  return {};
}

Status Maintenance::Sweep() {
  {
    const ConnectionPool::Lease lease = TRY(parts_.connections.Take());
    for (const std::string& table : TRY(ExpireResults(*lease, parts_.clock.Now())))
      TRY(DropResultTable(*lease, table));
  }
  TRY(DropExpiredTables());
  return DropExpiredPartitions();
}

Status Maintenance::DropExpiredTables() {
  for (const TableRef& ref : parts_.catalog.ExpiredTables()) {
    const TableLocks::Held held = TRY(parts_.locks.Acquire({ref}, stopping_.get_token()));
    const ConnectionPool::Lease lease = TRY(parts_.connections.Take());
    if (parts_.catalog.FindTable(ref)) continue;  // somebody gave it a new life meanwhile
    Transaction transaction = TRY(Transaction::Begin(*lease));
    CatalogChange change(parts_.catalog, *lease);
    TRY(change.DropTable(ref));
    TRY(change.Commit(transaction));
    parts_.log.Info("table_expired", {{"table", ToString(ref)}});
  }
  return {};
}

// A partition goes when its start plus the expiration has passed.
Status Maintenance::DropExpiredPartitions() {
  for (const std::string& project : parts_.catalog.Projects()) {
    for (const auto& dataset : parts_.catalog.Datasets(project)) {
      for (const auto& table : parts_.catalog.Tables(dataset->ref)) {
        if (!table->time_partitioning || !table->time_partitioning->expiration_ms) continue;
        const TimePoint last = parts_.clock.Now() -
                               std::chrono::milliseconds(*table->time_partitioning->expiration_ms);
        const Partition partition =
            TRY(ResolvePartition(*table, PartitionId(table->time_partitioning->type, last)));
        const TableLocks::Held held =
            TRY(parts_.locks.Acquire({table->ref}, stopping_.get_token()));
        const ConnectionPool::Lease lease = TRY(parts_.connections.Take());
        TRY(lease->Execute("DELETE FROM " + PhysicalName(table->ref) + " WHERE " +
                           partition.up_to));
      }
    }
  }
  return {};
}

}  // namespace landfall::warehouse
