#include "warehouse/load_row.h"

#include <string>
#include <vector>

#include "base/json.h"
#include "warehouse/load_state.h"

namespace landfall::warehouse {
namespace {

// The columns after the key, in the order of kLoadsColumns.
constexpr std::string_view kValues[] = {
    "project",    "dataset",   "\"table\"",  "\"partition\"",  "batch_id",      "status",
    "state",      "attempt",   "epoch",      "file_count",     "bytes",         "\"rows\"",
    "rows_in",    "rows_good", "rows_bad",   "rows_duplicate", "rows_filtered", "reason",
    "error_code", "error",     "rule",       "config_hash",    "manifest_hash", "worker",
    "jobs",       "seen_at",   "planned_at", "committed_at",   "not_before"};

std::string JobsJson(const std::vector<JobRef>& jobs) {
  JsonArray array;
  for (const JobRef& job : jobs) {
    array.push_back(
        JsonObject{{"projectId", job.project}, {"jobId", job.job_id}, {"location", job.location}});
  }
  return ToText(array);
}

Result<std::vector<JobRef>> ParseJobs(std::string_view text) {
  std::vector<JobRef> jobs;
  if (text.empty()) return jobs;
  const Json json = TRY(ParseJson(text));
  for (const Json& each : json.as_array()) {
    const JsonObject& job = each.as_object();
    jobs.push_back({.project = TRY(StringMember(job, "projectId")).value_or(""),
                    .job_id = TRY(StringMember(job, "jobId")).value_or(""),
                    .location = TRY(StringMember(job, "location")).value_or("")});
  }
  return jobs;
}

Param TimeParam(const std::optional<TimePoint>& t) {
  return t ? Param(*t) : Param(std::monostate());
}

// $1, $2, $3 are the key; `jobs` must live until the parameters are bound.
std::vector<Param> ParamsOf(const LoadRecord& r, const std::string& jobs) {
  const auto text = [](const std::string& s) { return Param(std::string_view(s)); };
  return {text(r.key.bucket),
          text(r.key.object),
          r.key.generation,
          text(r.project),
          text(r.dataset),
          text(r.table),
          text(r.partition),
          text(r.batch_id),
          text(r.status),
          text(r.state),
          r.attempt,
          r.epoch,
          r.file_count,
          r.bytes,
          r.rows,
          r.rows_in,
          r.rows_good,
          r.rows_bad,
          r.rows_duplicate,
          r.rows_filtered,
          text(r.reason),
          text(r.error_code),
          text(r.error),
          text(r.rule),
          text(r.config_hash),
          text(r.manifest_hash),
          text(r.worker),
          text(jobs),
          TimeParam(r.seen_at),
          TimeParam(r.planned_at),
          TimeParam(r.committed_at),
          TimeParam(r.not_before)};
}

}  // namespace

Status InsertLoadRow(Connection& connection, const LoadRecord& record) {
  std::string sql =
      "INSERT INTO \"_landfall\".loads (" + std::string(kLoadsColumns) + ") VALUES ($1";
  for (std::size_t i = 2; i <= std::size(kValues) + 3; ++i) sql += ", $" + std::to_string(i);
  const std::string jobs = JobsJson(record.jobs);
  const std::vector<Param> params = ParamsOf(record, jobs);
  return connection.Write(sql + ")", std::span<const Param>(params)).status();
}

Result<bool> UpdateLoadRow(Connection& connection, const LoadRecord& record) {
  std::string sql = "UPDATE \"_landfall\".loads SET ";
  std::size_t n = 4;
  std::size_t epoch = 0;
  for (const std::string_view column : kValues) {
    if (column == "epoch") epoch = n;
    sql += (n == 4 ? "" : ", ") + std::string(column) + " = $" + std::to_string(n);
    ++n;
  }
  sql += " WHERE bucket = $1 AND object = $2 AND generation = $3 AND epoch = $" +
         std::to_string(epoch);
  const std::string jobs = JobsJson(record.jobs);
  const std::vector<Param> params = ParamsOf(record, jobs);
  const QueryResult result = TRY(connection.Write(sql, std::span<const Param>(params)));
  return result.rows_changed() > 0;
}

Result<LoadRecord> ReadLoadRow(const QueryResult& row) {
  LoadRecord r;
  r.key = {.bucket = row.Text(0), .object = row.Text(1), .generation = row.Int64(2)};
  std::size_t n = 3;
  for (std::string* text :
       {&r.project, &r.dataset, &r.table, &r.partition, &r.batch_id, &r.status, &r.state})
    *text = row.Text(n++);
  for (std::int64_t* number : {&r.attempt, &r.epoch, &r.file_count, &r.bytes, &r.rows, &r.rows_in,
                               &r.rows_good, &r.rows_bad, &r.rows_duplicate, &r.rows_filtered}) {
    *number = row.Int64(n++);
  }
  for (std::string* text :
       {&r.reason, &r.error_code, &r.error, &r.rule, &r.config_hash, &r.manifest_hash, &r.worker}) {
    *text = row.Text(n++);
  }
  r.jobs = TRY(ParseJobs(row.Text(n++)));
  for (std::optional<TimePoint>* t : {&r.seen_at, &r.planned_at, &r.committed_at, &r.not_before})
    *t = row.Time(n++);
  return r;
}

}  // namespace landfall::warehouse
