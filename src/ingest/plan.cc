#include "ingest/plan.h"

#include "base/text.h"
#include "ingest/job_id.h"
#include "ingest/names.h"

namespace landfall::ingest {
namespace {

std::string UriOf(const warehouse::LoadKey& key) { return "gs://" + key.bucket + "/" + key.object; }

Result<PathPattern> PatternOf(const BatchConfig& config, const CompiledRule& rule) {
  if (!config.destination_regex) return rule.variables.pattern;
  Result<PathPattern> pattern = PathPattern::Compile(*config.destination_regex);
  if (!pattern.ok())
    return pattern.status().Annotate(config.destination_regex_origin + ": destinationRegex");
  return pattern;
}

// Names of the path, replaced by those of destinationTable, completed by the rule's projects.
Status SetDestination(const PathParts& parts, const BatchConfig& config, const Variables& variables,
                      Plan& plan) {
  const std::string job_project =
      variables.job_project.empty() ? plan.project : variables.job_project;
  const std::string fallback =
      variables.storage_project.empty() ? job_project : variables.storage_project;
  plan.partition = parts.partition;
  plan.batch = parts.batch;
  warehouse::TableRef& to = plan.destination;
  to.table = parts.table;
  if (config.destination_table) {
    const DestinationTable& given = *config.destination_table;
    to.project = given.project.empty() ? fallback : given.project;
    to.dataset = given.dataset.empty() ? parts.dataset : given.dataset;
    if (!given.table.empty()) to.table = given.table;
  } else {
    const ProjectDataset split = TRY(SplitProject(parts.dataset));
    to.project = split.project.empty() ? fallback : split.project;
    to.dataset = split.dataset;
  }
  if (to.dataset.empty()) {
    return InvalidArgument(
        UriOf(plan.key) +
            ": neither the path pattern nor destinationTable.datasetId names a dataset",
        "pathMismatch");
  }
  return Ok();
}

// What the name of a file says about its format; empty when that is CSV or nothing.
std::string_view FormatByName(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  for (const std::string_view json : {".json", ".ndjson", ".jsonl"})
    if (name.ends_with(json)) return "NEWLINE_DELIMITED_JSON";
  if (name.ends_with(".parquet")) return "PARQUET";
  return "";
}

// CSV is BigQuery's default, and seldom what was meant by somebody who drops other files.
void NoteLikelyFormat(const SourceList& files, Plan& plan) {
  if (plan.load.contains("sourceFormat")) return;
  for (const warehouse::SourceObject& file : files) {
    const std::string_view format = FormatByName(file.name);
    if (format.empty()) continue;
    plan.notes.push_back("no _config names a sourceFormat, so the files are read as CSV; " +
                         warehouse::Uri(file) + " looks like " + std::string(format));
    return;
  }
}

void SetJobs(const CompiledRule& rule, const BatchConfig& config, const SourceList& files,
             Plan& plan) {
  const Variables& variables = rule.variables;
  JobNaming naming;
  naming.prefix = variables.job_prefix;
  naming.bucket = plan.key.bucket;
  naming.object = plan.key.object;
  naming.generation = plan.key.generation;
  naming.data_source = config.data_source;
  naming.dataset = plan.destination.dataset;
  naming.table = plan.destination.table;
  naming.partition = plan.partition;
  const SplitLimits limits{.bytes_max = variables.batch_bytes_max, .uris_max = kJobUrisMax};
  for (const warehouse::SourceObject& large : Oversized(files, limits)) {
    plan.notes.push_back(warehouse::Uri(large) + " has " + std::to_string(large.size_bytes) +
                         " bytes, more than MAX_BATCH_BYTES (" + std::to_string(limits.bytes_max) +
                         "): it is loaded by a job of its own");
  }
  plan.jobs.clear();
  for (SourceList& sources : SplitIntoJobs(files, limits)) {
    warehouse::BatchJob job;
    job.ref.project = variables.job_project.empty() ? plan.project : variables.job_project;
    job.ref.job_id = JobId(naming, plan.jobs.size());
    job.sources = std::move(sources);
    plan.jobs.push_back(std::move(job));
  }
}

Status RefuseLaterFeatures(const FoundConfig& found, const CompiledRule& rule, const Plan& plan) {
  const std::string bucket = "gs://" + plan.key.bucket + "/";
  if (!found.order_marker.empty()) {
    return Unimplemented("ordering is not implemented yet, and " + bucket + found.order_marker +
                         " turns it on");
  }
  if (rule.variables.order_per_table) {
    return Unimplemented("ordering is not implemented yet, and ORDER_PER_TABLE of rule " +
                         rule.rule.id + " turns it on");
  }
  if (!found.transform.empty()) {
    return Unimplemented("the external-query path is not implemented yet, and " + bucket +
                         found.transform + " selects it");
  }
  return Ok();
}

}  // namespace

SourceList AllSources(const Plan& plan) {
  SourceList all;
  for (const warehouse::BatchJob& job : plan.jobs)
    all.insert(all.end(), job.sources.begin(), job.sources.end());
  return all;
}

Result<SourceList> ListPinned(const CallContext& ctx, storage::Storage& storage,
                              std::string_view bucket, std::string_view prefix) {
  SourceList all;
  storage::ListOptions options;
  options.prefix = std::string(prefix);
  do {
    storage::ObjectPage page = TRY(storage.List(ctx, bucket, options));
    for (storage::Object& object : page.items) {
      if (all.size() >= kBatchFilesMax) {
        return InvalidArgument("gs://" + std::string(bucket) + "/" + std::string(prefix) +
                                   " holds more than " + std::to_string(kBatchFilesMax) +
                                   " objects, the limit of one batch",
                               "batchTooLarge");
      }
      all.push_back({std::string(bucket), std::move(object.name), object.generation,
                     object.size_bytes, object.crc32c});
    }
    options.page_token = page.next_page_token;
  } while (!options.page_token.empty());
  return all;
}

Result<Selection> SelectFiles(const CallContext& ctx, storage::Storage& storage,
                              std::string_view bucket, std::string_view directory,
                              const ReservedNames& names) {
  Selection selection;
  selection.files = TRY(ListPinned(ctx, storage, bucket, directory));
  selection.excluded = std::erase_if(selection.files, [&](const warehouse::SourceObject& object) {
    return ExclusionOf(object.name, object.size_bytes, names) != Exclusion::kNone;
  });
  return selection;
}

Status MakePlan(const CallContext& ctx, storage::Storage& storage, const CompiledRule& rule,
                Plan& plan) {
  plan.rule = rule.rule.id;
  plan.retries_max = rule.variables.retries_max;
  const std::string directory(DirectoryOf(plan.key.object));
  const FoundConfig found = TRY(ReadConfig(ctx, storage, plan.key.bucket, directory));
  BatchConfig config = TRY(ResolveConfig(plan.key.bucket, found.load_files));
  plan.keys = config.keys;
  plan.config_hash = config.hash;
  const PathPattern pattern = TRY(PatternOf(config, rule));
  const PathParts parts = TRY(pattern.Match(plan.key.object));
  TRY(SetDestination(parts, config, rule.variables, plan));
  TRY(RefuseLaterFeatures(found, rule, plan));
  TRY(CheckLoadConfig(plan.key.bucket, found.load_files, config));
  plan.load = std::move(config.load);

  const Selection selected =
      TRY(SelectFiles(ctx, storage, plan.key.bucket, directory, rule.variables.names));
  plan.file_count = selected.files.size();
  plan.bytes = TotalBytes(selected.files);
  plan.manifest_hash = ManifestHash(selected.files);
  if (selected.files.empty()) {
    return NotFound("NotFound: no data files at or below gs://" + plan.key.bucket + "/" +
                        directory + " (" + std::to_string(selected.excluded) +
                        " objects there are markers, configuration, hidden or empty)",
                    "emptyBatch");
  }
  plan.labels = JobLabels(rule.variables.service, plan.batch, plan.key.bucket);
  SetJobs(rule, config, selected.files, plan);
  NoteLikelyFormat(selected.files, plan);
  return Ok();
}

}  // namespace landfall::ingest
