// The rendering half of bigquery_json_job.h.
#include "api/bigquery_json_job.h"

#include "api/bigquery_json_error.h"
#include "api/bigquery_json_resource.h"
#include "base/text.h"

namespace landfall::api::bigquery_json {
namespace {

using warehouse::Job;
using warehouse::JobKind;
using warehouse::JobState;

std::string_view StateName(JobState state) {
  switch (state) {
    case JobState::kPending:
      return "PENDING";
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kDone:
      break;
  }
  return "DONE";
}

// As JobKind.
constexpr std::string_view kMembers[] = {"load", "query", "copy", "extract"};
constexpr std::string_view kTypeNames[] = {"LOAD", "QUERY", "COPY", "EXTRACT"};

std::string Millis(TimePoint at) { return std::to_string(ToMillis(at)); }

// As accepted, with what the job chose itself.
JsonObject ConfigurationJson(const Job& job) {
  const std::string_view member = kMembers[static_cast<std::size_t>(job.kind)];
  JsonObject configuration;
  const Result<Json> accepted = ParseJson(job.configuration_json);
  if (accepted.ok() && accepted->is_object()) configuration = accepted->get_object();
  configuration["jobType"] = kTypeNames[static_cast<std::size_t>(job.kind)];
  if (!job.labels.empty()) configuration["labels"] = LabelsJson(job.labels);
  Json& part = configuration[member];
  if (!part.is_object()) part = JsonObject();
  if (job.kind == JobKind::kQuery) part.get_object()["useLegacySql"] = false;
  if (job.destination) {
    part.get_object()["destinationTable"] =
        TableRefJson(*job.destination, job.destination_partition);
  }
  return configuration;
}

JsonObject StatusJson(const Job& job) {
  JsonObject status{{"state", StateName(job.state)}};
  if (job.error) status["errorResult"] = JobErrorJson(*job.error);
  JsonArray errors;
  for (const warehouse::JobError& error : job.errors) errors.push_back(JobErrorJson(error));
  if (errors.empty() && job.error) errors.push_back(JobErrorJson(*job.error));
  if (!errors.empty()) status["errors"] = std::move(errors);
  return status;
}

JsonObject LoadStatisticsJson(const Job& job) {
  JsonObject load{{"inputFiles", std::to_string(job.input_files)},
                  {"inputFileBytes", std::to_string(job.input_bytes)},
                  {"badRecords", std::to_string(job.bad_records)}};
  if (job.state == JobState::kDone && !job.error) {
    load["outputRows"] = std::to_string(job.output_rows);
    load["outputBytes"] = std::to_string(job.output_bytes);
  }
  return load;
}

JsonObject CopyStatisticsJson(const Job& job) {
  if (job.state != JobState::kDone || job.error) return {};
  return {{"copiedRows", std::to_string(job.output_rows)},
          {"copiedLogicalBytes", std::to_string(job.output_bytes)}};
}

JsonObject ExtractStatisticsJson(const Job& job) {
  if (job.state != JobState::kDone || job.error) return {};
  JsonArray counts;
  for (const std::int64_t count : job.file_counts) counts.push_back(Json(std::to_string(count)));
  return {{"destinationUriFileCounts", std::move(counts)},
          {"inputBytes", std::to_string(job.input_bytes)}};
}

bool IsDml(const Job& job) { return job.dml_inserted || job.dml_updated || job.dml_deleted; }

std::string DmlAffectedRows(const Job& job) {
  return std::to_string(job.dml_inserted.value_or(0) + job.dml_updated.value_or(0) +
                        job.dml_deleted.value_or(0));
}

JsonObject DmlStatsJson(const Job& job) {
  JsonObject stats;
  const auto put = [&](std::string_view name, const std::optional<std::int64_t>& rows) {
    if (rows) stats[name] = std::to_string(*rows);
  };
  put("insertedRowCount", job.dml_inserted);
  put("updatedRowCount", job.dml_updated);
  put("deletedRowCount", job.dml_deleted);
  return stats;
}

JsonObject QueryStatisticsJson(const Job& job) {
  const std::string bytes = std::to_string(job.bytes_processed);
  JsonObject query{{"totalBytesProcessed", bytes}, {"totalBytesBilled", "0"}, {"cacheHit", false}};
  if (!job.statement_type.empty()) query["statementType"] = job.statement_type;
  if (IsDml(job)) {
    query["numDmlAffectedRows"] = DmlAffectedRows(job);
    query["dmlStats"] = DmlStatsJson(job);
  }
  if (!job.ddl_operation.empty()) query["ddlOperationPerformed"] = job.ddl_operation;
  if (job.ddl_target && job.ddl_target->table.empty()) {
    query["ddlTargetDataset"] = DatasetRefJson({job.ddl_target->project, job.ddl_target->dataset});
  } else if (job.ddl_target) {
    query["ddlTargetTable"] = TableRefJson(*job.ddl_target);
  }
  JsonArray referenced;
  for (const warehouse::TableRef& ref : job.referenced_tables) {
    referenced.push_back(TableRefJson(ref));
  }
  if (!referenced.empty()) query["referencedTables"] = std::move(referenced);
  if (!job.result_schema.empty()) query["schema"] = SchemaObject(job.result_schema);
  return query;
}

JsonObject StatisticsJson(const Job& job) {
  JsonObject statistics{{"creationTime", Millis(job.created)}};
  if (job.started) statistics["startTime"] = Millis(*job.started);
  if (job.ended) statistics["endTime"] = Millis(*job.ended);
  if (job.started && job.ended) {
    statistics["finalExecutionDurationMs"] =
        std::to_string(ToMillis(*job.ended) - ToMillis(*job.started));
  }
  switch (job.kind) {
    case JobKind::kLoad:
      statistics["load"] = LoadStatisticsJson(job);
      break;
    case JobKind::kCopy:
      statistics["copy"] = CopyStatisticsJson(job);
      break;
    case JobKind::kExtract:
      statistics["totalBytesProcessed"] = std::to_string(job.input_bytes);
      statistics["extract"] = ExtractStatisticsJson(job);
      break;
    case JobKind::kQuery:
      statistics["totalBytesProcessed"] = std::to_string(job.bytes_processed);
      statistics["query"] = QueryStatisticsJson(job);
      break;
  }
  return statistics;
}

}  // namespace

JsonObject JobRefJson(const warehouse::JobRef& ref) {
  JsonObject json{{"projectId", ref.project}, {"location", ref.location}};
  if (!ref.job_id.empty()) json["jobId"] = ref.job_id;  // a dry run may have none
  return json;
}

JsonObject JobJson(const Job& job, std::string_view base_url) {
  JsonObject json{{"kind", "bigquery#job"},
                  {"id", job.ref.project + ":" + job.ref.location + "." + job.ref.job_id},
                  {"jobReference", JobRefJson(job.ref)},
                  {"configuration", ConfigurationJson(job)},
                  {"status", StatusJson(job)},
                  {"statistics", StatisticsJson(job)},
                  {"user_email", job.user_email}};
  json["selfLink"] = ResourceUrl(base_url, PercentEncode(job.ref.project) + "/jobs/" +
                                               PercentEncode(job.ref.job_id) +
                                               "?location=" + PercentEncode(job.ref.location));
  // A job only moves on, so its state and end tell two versions of it apart.
  json["etag"] = Base64(job.ref.job_id + std::string(StateName(job.state)));
  return json;
}

JsonObject JobListItem(const Job& job, std::string_view base_url) {
  JsonObject json = JobJson(job, base_url);
  json.erase("etag");
  json.erase("selfLink");
  json["state"] = StateName(job.state);
  if (job.error) json["errorResult"] = JobErrorJson(*job.error);
  return json;
}

JsonObject QueryAnswerHead(const Job& job, std::string_view kind) {
  JsonObject head{{"kind", kind},
                  {"jobReference", JobRefJson(job.ref)},
                  {"jobComplete", job.state == JobState::kDone}};
  if (job.state != JobState::kDone) return head;
  head["cacheHit"] = false;
  head["totalBytesProcessed"] = std::to_string(job.bytes_processed);
  if (job.statement_type == "SELECT") {
    head["schema"] = SchemaObject(job.result_schema);
    head["totalRows"] = std::to_string(job.total_rows);
  }
  if (IsDml(job)) {
    head["numDmlAffectedRows"] = DmlAffectedRows(job);
    head["dmlStats"] = DmlStatsJson(job);
  }
  return head;
}

}  // namespace landfall::api::bigquery_json
