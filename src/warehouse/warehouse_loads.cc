// Load jobs and load state.
#include <utility>
#include <vector>

#include "warehouse/load_state.h"
#include "warehouse/resource_patch.h"
#include "warehouse/system_tables.h"
#include "warehouse/warehouse_impl.h"

namespace landfall::warehouse {

namespace {

constexpr std::size_t kSpoolBlockBytes = 1u << 20;

}  // namespace

// The bytes of an upload job in a file without a name: gone with the job, also after a kill.
Result<std::shared_ptr<ReadableFile>> WarehouseImpl::Spool(ByteSource& upload) {
  const std::string path = options_.dir + "/spool/upload-" + RandomHex(services_.random, 16);
  const auto written = [&]() -> Status {
    const std::unique_ptr<WritableFile> file = TRY(services_.files.OpenForAppend(path));
    std::vector<char> block(kSpoolBlockBytes);
    while (const std::size_t bytes = TRY(upload.Read(block)))
      TRY(file->Write({block.data(), bytes}));
    return {};
  }();
  Result<std::unique_ptr<ReadableFile>> file = services_.files.OpenForRead(path);
  TRY(services_.files.Remove(path));
  TRY(written);
  return std::shared_ptr<ReadableFile>(TRY(std::move(file)));
}

Result<Job> WarehouseImpl::InsertLoad(const CallContext& ctx, JobRef ref, LoadConfig config,
                                      Labels labels, std::string configuration_json,
                                      ByteSource* upload) {
  if (config.destination.table.empty()) {
    return InvalidArgument("Required parameter is missing: configuration.load.destinationTable",
                           "required");
  }
  if (upload == nullptr && config.source_uris.empty()) {
    return InvalidArgument("Required parameter is missing: configuration.load.sourceUris",
                           "required");
  }
  if (upload != nullptr && !config.source_uris.empty()) {
    return InvalidArgument("an upload job has no configuration.load.sourceUris");
  }
  if (config.destination.project.empty()) config.destination.project = ref.project;
  if (IsSystemDataset(config.destination.dataset)) {
    return PermissionDenied("Access Denied: " + ToString(config.destination) +
                            ": the dataset is the system's and cannot be changed");
  }
  TRY(CheckTableId(config.destination));
  Job job;
  job.ref = std::move(ref);
  if (job.ref.location.empty()) job.ref.location = "US";
  if (job.ref.job_id.empty()) job.ref.job_id = FreshJobId();
  TRY(CheckJobId(job.ref.job_id));
  job.kind = JobKind::kLoad;
  job.labels = std::move(labels);
  job.configuration_json = std::move(configuration_json);
  job.destination = config.destination;
  job.destination_partition = config.partition;
  std::shared_ptr<ReadableFile> spooled;
  if (upload != nullptr) spooled = TRY(Spool(*upload));
  return InsertJobAndRun(ctx, std::move(job), "",
                         [this, config = std::move(config), spooled](JobRun& run) {
                           return loads_.RunLoadJob(run, config, spooled);
                         });
}

Result<std::vector<bool>> WarehouseImpl::MarkSeen(const std::vector<LoadRecord>& records) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::MarkSeen(*lease, records, services_.clock.Now());
}

Result<std::optional<LoadRecord>> WarehouseImpl::FindLoad(const LoadKey& key) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::FindLoad(*lease, key);
}

Result<std::vector<LoadRecord>> WarehouseImpl::ListLoads(const LoadFilter& filter) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::ListLoads(*lease, filter);
}

Result<std::vector<LoadObjectRecord>> WarehouseImpl::ListLoadObjects(const LoadKey& key) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::ListLoadObjects(*lease, key);
}

Result<std::int64_t> WarehouseImpl::ClaimLoad(const LoadKey& key, std::string_view worker) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::ClaimLoad(*lease, key, worker, services_.clock.Now());
}

Status WarehouseImpl::UpdateLoad(const LoadRecord& record) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::UpdateLoad(*lease, record, services_.clock.Now());
}

Result<LoadRecord> WarehouseImpl::RunBatch(const CallContext& ctx, const BatchLoad& batch) {
  return loads_.RunBatch(ctx, batch);
}

}  // namespace landfall::warehouse
