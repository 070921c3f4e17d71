// A warehouse in memory for ingest's tests: load state with epochs, datasets and tables by name,
// and RunBatch that "loads" one row per byte of source and can be told to fail. What ingest never
// calls is kUnimplemented.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "warehouse/warehouse.h"

namespace landfall::ingest {

class FakeWarehouse final : public warehouse::Warehouse {
 public:
  using Ctx = CallContext;

  // The next calls of RunBatch return these, in order; then they succeed.
  void FailRuns(std::vector<Status> failures) {
    const MutexLock lock(mu_);
    run_failures_.assign(failures.begin(), failures.end());
  }
  void FailMarkSeen(int calls) {
    const MutexLock lock(mu_);
    mark_failures_ = calls;
  }
  void FailUpdates(int calls) {
    const MutexLock lock(mu_);
    update_failures_ = calls;
  }
  std::vector<warehouse::BatchLoad> runs() {
    const MutexLock lock(mu_);
    return runs_;
  }
  std::set<std::string> datasets() {
    const MutexLock lock(mu_);
    return datasets_;
  }
  void AddDataset(const std::string& project, const std::string& dataset,
                  const std::string& location = "US") {
    const MutexLock lock(mu_);
    datasets_.insert(project + ":" + dataset);
    locations_[project + ":" + dataset] = location;
  }
  void AddTable(const warehouse::TableRef& ref) {
    const MutexLock lock(mu_);
    tables_.insert(ref);
  }
  // Called inside RunBatch, before it decides: to change the world while a batch is read.
  void OnRun(std::function<Status(const warehouse::BatchLoad&)> hook) {
    const MutexLock lock(mu_);
    on_run_ = std::move(hook);
  }

  Result<warehouse::Dataset> CreateDataset(const Ctx&, warehouse::Dataset dataset) override {
    const MutexLock lock(mu_);
    if (!datasets_.insert(warehouse::ToString(dataset.ref)).second)
      return AlreadyExists("dataset exists");
    return dataset;
  }
  Result<warehouse::Dataset> GetDataset(const Ctx&, const warehouse::DatasetRef& ref) override {
    const MutexLock lock(mu_);
    if (!datasets_.contains(warehouse::ToString(ref)))
      return NotFound("Not found: Dataset " + warehouse::ToString(ref));
    warehouse::Dataset dataset;
    dataset.ref = ref;
    const auto location = locations_.find(warehouse::ToString(ref));
    if (location != locations_.end()) dataset.location = location->second;
    return dataset;
  }
  Result<warehouse::Table> GetTable(const Ctx&, const warehouse::TableRef& ref) override {
    const MutexLock lock(mu_);
    if (!tables_.contains(ref)) return NotFound("Not found: Table " + warehouse::ToString(ref));
    warehouse::Table table;
    table.ref = ref;
    return table;
  }

  Result<std::vector<bool>> MarkSeen(const std::vector<warehouse::LoadRecord>& records) override {
    const MutexLock lock(mu_);
    if (mark_failures_ > 0) return --mark_failures_, Unavailable("mark failed");
    std::vector<bool> fresh;
    for (const auto& record : records) fresh.push_back(loads_.emplace(record.key, record).second);
    return fresh;
  }
  Result<std::optional<warehouse::LoadRecord>> FindLoad(const warehouse::LoadKey& key) override {
    const MutexLock lock(mu_);
    const auto found = loads_.find(key);
    if (found == loads_.end()) return std::optional<warehouse::LoadRecord>();
    return std::optional(found->second);
  }
  Result<std::vector<warehouse::LoadRecord>> ListLoads(
      const warehouse::LoadFilter& filter) override {
    const MutexLock lock(mu_);
    std::vector<warehouse::LoadRecord> all;
    for (const auto& [key, record] : loads_) {
      if (!filter.state.empty() && record.state != filter.state) continue;
      if (!filter.bucket.empty() && key.bucket != filter.bucket) continue;
      if (!key.object.starts_with(filter.object_prefix)) continue;
      if (all.size() < filter.limit) all.push_back(record);
    }
    return all;
  }
  Result<std::vector<warehouse::LoadObjectRecord>> ListLoadObjects(
      const warehouse::LoadKey& key) override {
    const MutexLock lock(mu_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? std::vector<warehouse::LoadObjectRecord>() : found->second;
  }
  Result<std::int64_t> ClaimLoad(const warehouse::LoadKey& key, std::string_view worker) override {
    const MutexLock lock(mu_);
    auto found = loads_.find(key);
    if (found == loads_.end()) return NotFound("no such load");
    if (found->second.state == "committed")
      return FailedPrecondition("load is committed", "committed");
    found->second.worker = std::string(worker);
    return ++found->second.epoch;
  }
  Status UpdateLoad(const warehouse::LoadRecord& record) override {
    const MutexLock lock(mu_);
    if (update_failures_ > 0) return --update_failures_, Unavailable("update failed");
    auto found = loads_.find(record.key);
    if (found == loads_.end() || found->second.epoch != record.epoch)
      return Aborted("stale epoch", "staleEpoch");
    found->second = record;
    states_[record.key].push_back(record.state);
    return Ok();
  }
  Result<warehouse::LoadRecord> RunBatch(const Ctx&, const warehouse::BatchLoad& batch) override {
    std::function<Status(const warehouse::BatchLoad&)> hook;
    {
      const MutexLock lock(mu_);
      warehouse::LoadRecord& stored = loads_.at(batch.record.key);
      if (stored.state == "committed") return FailedPrecondition("load is committed", "committed");
      if (stored.epoch != batch.record.epoch) return Aborted("stale epoch", "staleEpoch");
      runs_.push_back(batch);
      stored.status = "SUBMITTED";
      stored.state = "loading";
      states_[batch.record.key].push_back("loading");
      if (!run_failures_.empty()) {
        const Status failure = run_failures_.front();
        run_failures_.pop_front();
        if (!failure.ok()) return failure;
      }
      hook = on_run_;
    }
    if (hook) TRY(hook(batch));
    const MutexLock lock(mu_);
    warehouse::LoadRecord record = batch.record;
    if (loads_.at(record.key).epoch != record.epoch) return Aborted("stale epoch", "staleEpoch");
    record.status = "DONE";
    record.state = "committed";
    record.reason.clear();
    for (const auto& job : batch.jobs) {
      for (const auto& source : job.sources) {
        warehouse::LoadObjectRecord row;
        row.load = record.key;
        row.object = source;
        row.rows_in = row.rows_good = static_cast<std::int64_t>(source.size_bytes);
        record.rows_in += row.rows_in;
        record.rows_good += row.rows_good;
        objects_[record.key].push_back(row);
      }
    }
    record.rows = record.rows_good;
    loads_[record.key] = record;
    tables_.insert(batch.config.destination);
    return record;
  }
  std::vector<std::string> states(const warehouse::LoadKey& key) {
    const MutexLock lock(mu_);
    return states_[key];
  }

  // Not ingest's business.
  Result<warehouse::Page<warehouse::Dataset>> ListDatasets(const Ctx&, std::string_view,
                                                           const warehouse::PageOptions&) override {
    return No();
  }
  Result<warehouse::Dataset> PatchDataset(const Ctx&, const warehouse::DatasetRef&,
                                          const warehouse::ResourcePatch&,
                                          std::string_view) override {
    return No();
  }
  Status DeleteDataset(const Ctx&, const warehouse::DatasetRef&, bool) override { return No(); }
  Result<warehouse::Table> CreateTable(const Ctx&, warehouse::Table) override { return No(); }
  Result<warehouse::Page<warehouse::Table>> ListTables(const Ctx&, const warehouse::DatasetRef&,
                                                       const warehouse::PageOptions&) override {
    return No();
  }
  Result<warehouse::Table> PatchTable(const Ctx&, const warehouse::TableRef&,
                                      const warehouse::ResourcePatch&, std::string_view) override {
    return No();
  }
  Status DeleteTable(const Ctx&, const warehouse::TableRef&) override { return No(); }
  Result<warehouse::Rows> ReadTable(const Ctx&, const warehouse::TableRef&,
                                    const warehouse::RowsRequest&) override {
    return No();
  }
  Result<std::vector<warehouse::InsertError>> InsertAll(const Ctx&,
                                                        const warehouse::InsertRequest&) override {
    return No();
  }
  Result<warehouse::Job> InsertCopy(const Ctx&, warehouse::JobRef, warehouse::CopyConfig,
                                    warehouse::Labels, std::string) override {
    return No();
  }
  Result<warehouse::Job> InsertExtract(const Ctx&, warehouse::JobRef, warehouse::ExtractConfig,
                                       warehouse::Labels, std::string) override {
    return No();
  }
  Result<warehouse::Job> InsertQuery(const Ctx&, warehouse::JobRef, warehouse::QueryConfig,
                                     warehouse::Labels, std::string) override {
    return No();
  }
  Result<warehouse::Job> InsertLoad(const Ctx&, warehouse::JobRef, warehouse::LoadConfig,
                                    warehouse::Labels, std::string, ByteSource*) override {
    return No();
  }
  Result<warehouse::Job> Query(const Ctx&, std::string_view, std::string_view,
                               warehouse::QueryConfig, warehouse::Labels, std::string,
                               std::string_view) override {
    return No();
  }
  Result<warehouse::Job> GetJob(const Ctx&, const warehouse::JobRef&) override { return No(); }
  Result<warehouse::Job> WaitJob(const Ctx&, const warehouse::JobRef&,
                                 std::chrono::milliseconds) override {
    return No();
  }
  Result<warehouse::Page<warehouse::Job>> ListJobs(const Ctx&, std::string_view,
                                                   const JobFilter&) override {
    return No();
  }
  Result<warehouse::Job> CancelJob(const Ctx&, const warehouse::JobRef&) override { return No(); }
  Status DeleteJob(const Ctx&, const warehouse::JobRef&) override { return No(); }
  Result<warehouse::Rows> JobRows(const Ctx&, const warehouse::JobRef&,
                                  const warehouse::RowsRequest&) override {
    return No();
  }

 private:
  static Status No() { return Unimplemented("not part of the fake"); }

  Mutex mu_;
  std::deque<Status> run_failures_ GUARDED_BY(mu_);
  int mark_failures_ GUARDED_BY(mu_) = 0;
  int update_failures_ GUARDED_BY(mu_) = 0;
  std::function<Status(const warehouse::BatchLoad&)> on_run_ GUARDED_BY(mu_);
  std::vector<warehouse::BatchLoad> runs_ GUARDED_BY(mu_);
  std::set<std::string> datasets_ GUARDED_BY(mu_);
  std::map<std::string, std::string> locations_ GUARDED_BY(mu_);
  std::set<warehouse::TableRef> tables_ GUARDED_BY(mu_);
  std::map<warehouse::LoadKey, warehouse::LoadRecord> loads_ GUARDED_BY(mu_);
  std::map<warehouse::LoadKey, std::vector<warehouse::LoadObjectRecord>> objects_ GUARDED_BY(mu_);
  std::map<warehouse::LoadKey, std::vector<std::string>> states_ GUARDED_BY(mu_);
};

}  // namespace landfall::ingest
