// The parts of a warehouse put together. Private to the module. Methods by file:
// warehouse_tables.cc, warehouse_inserts.cc, warehouse_moves.cc, warehouse_jobs.cc,
// warehouse_loads.cc; Open() in warehouse_open.cc.
#pragma once

#include <memory>
#include <string>

#include "warehouse/catalog.h"
#include "warehouse/connection_pool.h"
#include "warehouse/insert_rows.h"
#include "warehouse/job_runner.h"
#include "warehouse/job_store.h"
#include "warehouse/load_job.h"
#include "warehouse/maintenance.h"
#include "warehouse/query_job.h"
#include "warehouse/table_locks.h"
#include "warehouse/warehouse.h"

namespace landfall::warehouse {

class WarehouseImpl final : public Warehouse {
 public:
  // What the outside gives.
  struct Services {
    ObjectSource& objects;
    FileSystem& files;
    Clock& clock;
    Random& random;
    Faults& faults;
    Log& log;
    Metrics& metrics;
  };
  // What Open() made before.
  struct Opened {
    std::unique_ptr<FileLock> lock;
    std::unique_ptr<Database> database;
    std::unique_ptr<Catalog> catalog;
  };
  WarehouseImpl(Options options, Services services, Opened opened);
  Status Start();  // once, before anything else
  ~WarehouseImpl() override;

  Result<Dataset> CreateDataset(const CallContext& ctx, Dataset dataset) override;
  Result<Dataset> GetDataset(const CallContext& ctx, const DatasetRef& ref) override;
  Result<Page<Dataset>> ListDatasets(const CallContext& ctx, std::string_view project,
                                     const PageOptions& page) override;
  Result<Dataset> PatchDataset(const CallContext& ctx, const DatasetRef& ref,
                               const ResourcePatch& patch, std::string_view if_match) override;
  Status DeleteDataset(const CallContext& ctx, const DatasetRef& ref, bool contents) override;

  Result<Table> CreateTable(const CallContext& ctx, Table table) override;
  Result<Table> GetTable(const CallContext& ctx, const TableRef& ref) override;
  Result<Page<Table>> ListTables(const CallContext& ctx, const DatasetRef& ref,
                                 const PageOptions& page) override;
  Result<Table> PatchTable(const CallContext& ctx, const TableRef& ref, const ResourcePatch& patch,
                           std::string_view if_match) override;
  Status DeleteTable(const CallContext& ctx, const TableRef& ref) override;
  Result<Rows> ReadTable(const CallContext& ctx, const TableRef& ref,
                         const RowsRequest& request) override;
  Result<std::vector<InsertError>> InsertAll(const CallContext& ctx,
                                             const InsertRequest& request) override;

  Result<Job> InsertQuery(const CallContext& ctx, JobRef ref, QueryConfig config, Labels labels,
                          std::string configuration_json) override;
  Result<Job> InsertLoad(const CallContext& ctx, JobRef ref, LoadConfig config, Labels labels,
                         std::string configuration_json, ByteSource* upload) override;
  Result<Job> InsertCopy(const CallContext& ctx, JobRef ref, CopyConfig config, Labels labels,
                         std::string configuration_json) override;
  Result<Job> InsertExtract(const CallContext& ctx, JobRef ref, ExtractConfig config, Labels labels,
                            std::string configuration_json) override;
  Result<Job> Query(const CallContext& ctx, std::string_view project, std::string_view location,
                    QueryConfig config, Labels labels, std::string configuration_json,
                    std::string_view request_id) override;
  Result<Job> GetJob(const CallContext& ctx, const JobRef& ref) override;
  Result<Job> WaitJob(const CallContext& ctx, const JobRef& ref,
                      std::chrono::milliseconds wait) override;
  Result<Page<Job>> ListJobs(const CallContext& ctx, std::string_view project,
                             const JobFilter& filter) override;
  Result<Job> CancelJob(const CallContext& ctx, const JobRef& ref) override;
  Status DeleteJob(const CallContext& ctx, const JobRef& ref) override;
  Result<Rows> JobRows(const CallContext& ctx, const JobRef& ref,
                       const RowsRequest& request) override;

  Result<std::vector<bool>> MarkSeen(const std::vector<LoadRecord>& records) override;
  Result<std::optional<LoadRecord>> FindLoad(const LoadKey& key) override;
  Result<std::vector<LoadRecord>> ListLoads(const LoadFilter& filter) override;
  Result<std::vector<LoadObjectRecord>> ListLoadObjects(const LoadKey& key) override;
  Result<std::int64_t> ClaimLoad(const LoadKey& key, std::string_view worker) override;
  Status UpdateLoad(const LoadRecord& record) override;
  Result<LoadRecord> RunBatch(const CallContext& ctx, const BatchLoad& batch) override;

 private:
  // One change of the catalog in a transaction of its own, under the locks of `tables`; conflicts
  // are tried again.
  template <typename Body>
  auto ChangeCatalog(const CallContext& ctx, std::vector<TableRef> tables, Body body);
  Status FillCounts(Table& table);
  Status FillView(const CallContext& ctx, Table& view);
  Result<Table> AnonymousTableResource(const CallContext& ctx, const TableRef& ref,
                                       const JobRef& job);

  Result<Job> InsertJobAndRun(const CallContext& ctx, Job job, std::string_view request_id,
                              JobWork work);
  // Makes the durable record of a job whose id is given away, when it has none yet.
  Status Record(LiveJob& live);
  Result<Job> MakeQueryJob(const CallContext& ctx, JobRef ref, const QueryConfig& config,
                           Labels labels, std::string configuration_json) const;
  Result<Job> DryRun(const QueryConfig& config, Job job);
  JobWork QueryWork(QueryConfig config);
  std::string FreshJobId() const;
  Result<std::shared_ptr<ReadableFile>> Spool(ByteSource& upload);

  const Options options_;
  Services services_;
  std::unique_ptr<FileLock>
      lock_;  // DuckDB's own does not keep a second opener in this process away
  std::unique_ptr<Database> database_;
  std::unique_ptr<Catalog> catalog_;
  TableLocks locks_;
  ConnectionPool connections_;          // for short statements of ours
  ConnectionPool session_connections_;  // with googlesql's session, for analysed SQL
  QueryServices query_services_;
  LoadEngine loads_;
  InsertIds insert_ids_;
  RowInserts inserts_;
  JobRunner runner_;
  Maintenance maintenance_;
};

}  // namespace landfall::warehouse
