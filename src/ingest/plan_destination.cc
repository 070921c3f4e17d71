// The part of plan.h that talks to the warehouse.
#include "ingest/plan.h"

namespace landfall::ingest {
namespace {

bool MayCreate(const JsonObject& load) {
  const Json* disposition = Find(load, "createDisposition");
  return disposition == nullptr || *disposition != "CREATE_NEVER";
}

std::string_view PartitioningFor(std::string_view partition) {
  switch (partition.size()) {
    case 4:
      return "YEAR";
    case 6:
      return "MONTH";
    case 8:
      return "DAY";
    default:
      return "HOUR";
  }
}

Result<std::string> DatasetLocation(const CallContext& ctx, warehouse::Warehouse& warehouse,
                                    Plan& plan) {
  const warehouse::DatasetRef ref{plan.destination.project, plan.destination.dataset};
  Result<warehouse::Dataset> dataset = warehouse.GetDataset(ctx, ref);
  if (dataset.ok()) return dataset->location;
  if (dataset.status().code() != Code::kNotFound || !MayCreate(plan.load)) return dataset.status();
  warehouse::Dataset made;
  made.ref = ref;
  const Result<warehouse::Dataset> created = warehouse.CreateDataset(ctx, made);
  if (created.ok()) {
    plan.notes.push_back("dataset " + warehouse::ToString(ref) + " did not exist and was created");
    return created->location;
  }
  // Another batch, or a client, may have been quicker.
  if (created.status().code() != Code::kAlreadyExists) return created.status();
  return TRY(warehouse.GetDataset(ctx, ref)).location;
}

}  // namespace

Status EnsureDestination(const CallContext& ctx, warehouse::Warehouse& warehouse, Plan& plan) {
  const std::string location = TRY(DatasetLocation(ctx, warehouse, plan));
  for (warehouse::BatchJob& job : plan.jobs) job.ref.location = location;
  const Result<warehouse::Table> table = warehouse.GetTable(ctx, plan.destination);
  if (table.ok()) return Ok();
  if (table.status().code() != Code::kNotFound || !MayCreate(plan.load)) return table.status();
  const std::string name = warehouse::ToString(plan.destination);
  if (!plan.load.contains("schema") && !plan.load.contains("autodetect")) {
    plan.load["autodetect"] = true;
    plan.notes.push_back("table " + name +
                         " did not exist and is made with the schema found in the files");
  } else {
    plan.notes.push_back("table " + name + " did not exist and is made");
  }
  if (!plan.partition.empty() && !plan.load.contains("timePartitioning") &&
      !plan.load.contains("rangePartitioning")) {
    plan.load["timePartitioning"] = JsonObject{{"type", PartitioningFor(plan.partition)}};
    plan.notes.push_back("it is partitioned by " + std::string(PartitioningFor(plan.partition)) +
                         " because the path names partition $" + plan.partition);
  }
  return Ok();
}

Result<warehouse::BatchLoad> ToBatchLoad(const Plan& plan, const warehouse::LoadRecord& record) {
  warehouse::BatchLoad batch;
  batch.record = record;
  batch.config = TRY(warehouse::ParseLoadConfig(plan.load));
  batch.config.destination = plan.destination;
  batch.config.partition = plan.partition;
  batch.labels = plan.labels;
  batch.jobs = plan.jobs;

  JsonObject load = plan.load;
  const std::string decorator = plan.partition.empty() ? "" : "$" + plan.partition;
  load["destinationTable"] = JsonObject{{"projectId", plan.destination.project},
                                        {"datasetId", plan.destination.dataset},
                                        {"tableId", plan.destination.table + decorator}};
  JsonObject labels;
  for (const auto& [key, value] : plan.labels) labels[key] = value;
  batch.configuration_json = ToText(
      JsonObject{{"jobType", "LOAD"}, {"load", std::move(load)}, {"labels", std::move(labels)}});
  return batch;
}

}  // namespace landfall::ingest
