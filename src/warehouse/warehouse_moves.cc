// Copy and extract jobs.
#include <utility>

#include "warehouse/copy_job.h"
#include "warehouse/extract_job.h"
#include "warehouse/resource_patch.h"
#include "warehouse/system_tables.h"
#include "warehouse/warehouse_impl.h"

namespace landfall::warehouse {
namespace {

Result<Job> MakeJob(JobKind kind, JobRef ref, Labels labels, std::string configuration_json,
                    const std::string& fresh_id) {
  Job job;
  job.ref = std::move(ref);
  if (job.ref.location.empty()) job.ref.location = "US";
  if (job.ref.job_id.empty()) job.ref.job_id = fresh_id;
  TRY(CheckJobId(job.ref.job_id));
  job.kind = kind;
  job.labels = std::move(labels);
  job.configuration_json = std::move(configuration_json);
  return job;
}

}  // namespace

Result<Job> WarehouseImpl::InsertCopy(const CallContext& ctx, JobRef ref, CopyConfig config,
                                      Labels labels, std::string configuration_json) {
  if (config.sources.empty()) {
    return InvalidArgument("Required parameter is missing: configuration.copy.sourceTables",
                           "required", "configuration.copy.sourceTables");
  }
  if (IsSystemDataset(config.destination.dataset)) {
    return PermissionDenied("Access Denied: " + ToString(config.destination) +
                            ": the dataset is the system's and cannot be changed");
  }
  TRY(CheckTableId(config.destination));
  Job job = TRY(MakeJob(JobKind::kCopy, std::move(ref), std::move(labels),
                        std::move(configuration_json), FreshJobId()));
  job.destination = config.destination;
  job.destination_partition = config.destination_partition;
  return InsertJobAndRun(ctx, std::move(job), "", [this, config = std::move(config)](JobRun& run) {
    return RunCopy(*catalog_, locks_, config, run);
  });
}

Result<Job> WarehouseImpl::InsertExtract(const CallContext& ctx, JobRef ref, ExtractConfig config,
                                         Labels labels, std::string configuration_json) {
  if (options_.sink == nullptr)
    return Unimplemented("extract jobs: this server has no object storage to write to");
  TRY(CheckExtract(config));
  Job job = TRY(MakeJob(JobKind::kExtract, std::move(ref), std::move(labels),
                        std::move(configuration_json), FreshJobId()));
  return InsertJobAndRun(ctx, std::move(job), "", [this, config = std::move(config)](JobRun& run) {
    const ExtractServices services{.catalog = *catalog_,
                                   .sink = options_.sink,
                                   .files = services_.files,
                                   .spool_dir = options_.dir + "/spool",
                                   .shard_bytes = options_.extract_shard_bytes,
                                   .object_bytes_max = options_.extract_object_bytes_max};
    return RunExtract(services, config, run);
  });
}

}  // namespace landfall::warehouse
