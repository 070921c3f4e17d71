#include "warehouse/job_store.h"

#include <algorithm>

#include "base/text.h"
#include "warehouse/job_record.h"

namespace landfall::warehouse {
namespace {

// deleted: hidden from readers. expires: microseconds, when the result may go; NULL: no result.
constexpr std::string_view kTable = R"(
CREATE TABLE IF NOT EXISTS _landfall.jobs (
  project VARCHAR, job_id VARCHAR, created BIGINT, state INTEGER, request_id VARCHAR,
  deleted BOOLEAN, record VARCHAR, result_rows VARCHAR, result_table VARCHAR,
  expires BIGINT, PRIMARY KEY (project, job_id));
)";

constexpr std::size_t kPageMax = 1000;

// Where the next page starts: behind this (created, job id), newest first.
struct Place {
  std::int64_t created = 0;
  std::string job_id;
};
Result<Place> ParsePlace(const std::string& token) {
  const std::size_t slash = token.find('/');
  const auto created = ParseInt64(std::string_view(token).substr(0, slash));
  if (slash == std::string::npos || !created)
    return InvalidArgument("Invalid page token", "invalid", "pageToken");
  return Place{*created, token.substr(slash + 1)};
}

std::string StateList(const std::vector<JobState>& states) {
  std::string list;
  for (const JobState state : states)
    list += (list.empty() ? "" : ", ") + std::to_string(static_cast<int>(state));
  return list;
}

}  // namespace

Status CreateJobTables(Connection& connection) { return connection.Execute(kTable); }

std::string ToString(const JobRef& ref) {
  return ref.project + ":" + ref.location + "." + ref.job_id;
}

Status JobNotFound(const JobRef& ref) { return NotFound("Not found: Job " + ToString(ref)); }

Status CheckJobId(std::string_view job_id) {
  if (job_id.empty() || job_id.size() > 1024) {
    return InvalidArgument("Invalid job ID: it is " + std::to_string(job_id.size()) +
                           " characters long; 1 to 1024 are allowed");
  }
  for (const char c : job_id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '_' && c != '-') {
      return InvalidArgument("Invalid job ID \"" + std::string(job_id) +
                             "\". Job IDs must be alphanumeric (plus underscores and dashes)");
    }
  }
  return {};
}

JobError JobErrorOf(const Status& status) {
  return {status.reason(), status.location(), status.message()};
}

Status StatusOf(const JobError& error) {
  struct Row {
    std::string_view reason;
    Code code;
  };
  constexpr Row kRows[] = {
      {"notFound", Code::kNotFound},
      {"duplicate", Code::kAlreadyExists},
      {"accessDenied", Code::kPermissionDenied},
      {"backendError", Code::kUnavailable},
      {"internalError", Code::kInternal},
      {"notImplemented", Code::kUnimplemented},
      {"conditionNotMet", Code::kFailedPrecondition},
      {"stopped", Code::kCancelled},
      {"conflict", Code::kAborted},
      {"diskFull", Code::kResourceExhausted},
  };
  Code code = Code::kInvalidArgument;
  for (const Row& row : kRows) {
    if (row.reason == error.reason) code = row.code;
  }
  return {code, error.message, error.reason, error.location};
}

Status InsertJob(Connection& connection, const Job& job, std::string_view request_id) {
  QueryResult taken =
      TRY(connection.RunKept("SELECT record FROM _landfall.jobs WHERE project = $1 AND job_id = $2",
                             {job.ref.project, job.ref.job_id}));
  if (TRY(taken.Next())) {
    const Job first = TRY(ParseJobRecord(job.ref.project, job.ref.job_id, taken.Text(0)));
    return AlreadyExists("Already Exists: Job " + ToString(first.ref));
  }
  return AddJob(connection, job, request_id);
}

Status AddJob(Connection& connection, const Job& job, std::string_view request_id,
              const JobResult* result) {
  const std::string record = JobRecord(job);
  const Param null;
  Result<QueryResult> inserted = connection.Write(
      "INSERT INTO _landfall.jobs VALUES ($1, $2, $3, $4, $5, false, $6, $7, $8, $9)",
      {job.ref.project, job.ref.job_id, ToMicros(job.created), static_cast<std::int32_t>(job.state),
       request_id, record, result ? Param(result->rows) : null,
       result ? Param(result->table) : null, result ? Param(ToMicros(result->expires)) : null});
  if (inserted.ok()) return {};
  // Another connection was faster: its uncommitted key is a conflict, its committed one a
  // constraint.
  const bool raced = inserted.status().message().find("Duplicate key") != std::string::npos;
  return raced ? AlreadyExists("Already Exists: Job " + ToString(job.ref)) : inserted.status();
}

Status SaveJob(Connection& connection, const Job& job, const JobResult* result) {
  const std::string record = JobRecord(job);
  std::string sql = "UPDATE _landfall.jobs SET state = $3, record = $4";
  std::vector<Param> params = {job.ref.project, job.ref.job_id,
                               static_cast<std::int32_t>(job.state), record};
  if (result != nullptr) {
    sql += ", result_rows = $5, result_table = $6, expires = $7";
    params.insert(params.end(), {result->rows, result->table, ToMicros(result->expires)});
  }
  const QueryResult saved =
      TRY(connection.Write(sql + " WHERE project = $1 AND job_id = $2", params));
  return saved.rows_changed() == 1 ? Status() : JobNotFound(job.ref);
}

Result<std::optional<StoredJob>> FindJob(Connection& connection, const JobRef& ref) {
  QueryResult found = TRY(connection.RunKept(
      "SELECT record, result_rows, result_table, expires, deleted FROM _landfall.jobs "
      "WHERE project = $1 AND job_id = $2",
      {ref.project, ref.job_id}));
  if (!TRY(found.Next()) || found.Bool(4)) return std::optional<StoredJob>();
  StoredJob stored;
  stored.job = TRY(ParseJobRecord(ref.project, ref.job_id, found.Text(0)));
  stored.result_rows = found.Text(1);
  stored.result_table = found.Text(2);
  stored.has_result = !found.IsNull(3);
  return std::optional<StoredJob>(std::move(stored));
}

Result<Page<Job>> ListStoredJobs(Connection& connection, std::string_view project,
                                 const Warehouse::JobFilter& filter) {
  std::string sql =
      "SELECT job_id, record, created FROM _landfall.jobs WHERE project = $1 AND NOT deleted";
  std::vector<Param> params = {project};
  const auto add = [&](std::string_view condition, Param value) {
    params.push_back(value);
    sql += " AND " + std::string(condition) + " $" + std::to_string(params.size());
  };
  if (!filter.states.empty()) sql += " AND state IN (" + StateList(filter.states) + ")";
  if (filter.created_min) add("created >=", ToMicros(*filter.created_min));
  if (filter.created_max) add("created <=", ToMicros(*filter.created_max));
  Place place;
  if (!filter.page_token.empty()) {
    place = TRY(ParsePlace(filter.page_token));
    params.emplace_back(place.created);
    params.emplace_back(std::string_view(place.job_id));
    sql += " AND (-created, job_id) > (-$" + std::to_string(params.size() - 1) + ", $" +
           std::to_string(params.size()) + ")";
  }
  const std::size_t rows_max =
      filter.results_max == 0 ? 50 : std::min(filter.results_max, kPageMax);
  sql += " ORDER BY created DESC, job_id LIMIT " + std::to_string(rows_max + 1);
  QueryResult found = TRY(connection.Run(sql, params));
  Page<Job> page;
  while (TRY(found.Next())) {
    if (page.items.size() == rows_max) {
      const Job& last = page.items.back();
      page.next_page_token = std::to_string(ToMicros(last.created)) + "/" + last.ref.job_id;
      break;
    }
    page.items.push_back(TRY(ParseJobRecord(project, found.Text(0), found.Text(1))));
  }
  return page;
}

Status MarkJobDeleted(Connection& connection, const JobRef& ref) {
  const QueryResult marked =
      TRY(connection.Write("UPDATE _landfall.jobs SET deleted = true WHERE project = $1 AND job_id "
                           "= $2 AND deleted = $3",
                           {ref.project, ref.job_id, false}));
  return marked.rows_changed() == 1 ? Status() : JobNotFound(ref);
}

Result<std::vector<Job>> UnfinishedJobs(Connection& connection) {
  QueryResult found =
      TRY(connection.Run("SELECT project, job_id, record FROM _landfall.jobs WHERE state <> 2"));
  std::vector<Job> jobs;
  while (TRY(found.Next()))
    jobs.push_back(TRY(ParseJobRecord(found.Text(0), found.Text(1), found.Text(2))));
  return jobs;
}

Result<std::vector<std::string>> ExpireResults(Connection& connection, TimePoint now) {
  std::vector<std::string> tables;
  QueryResult old = TRY(
      connection.Run("SELECT coalesce(result_table, '') FROM _landfall.jobs WHERE expires <= $1",
                     {ToMicros(now)}));
  bool any = false;
  while (TRY(old.Next())) {
    any = true;
    if (std::string table = old.Text(0); !table.empty()) tables.push_back(std::move(table));
  }
  if (!any) return tables;
  (void)TRY(connection.Write(
      "UPDATE _landfall.jobs SET result_rows = NULL, result_table = NULL, expires = "
      "NULL WHERE expires <= $1",
      {ToMicros(now)}));
  return tables;
}

Result<std::vector<std::string>> ResultTablesInUse(Connection& connection) {
  QueryResult found =
      TRY(connection.Run("SELECT result_table FROM _landfall.jobs WHERE result_table IS NOT NULL "
                         "AND result_table <> ''"));
  std::vector<std::string> tables;
  while (TRY(found.Next())) tables.push_back(found.Text(0));
  return tables;
}

}  // namespace landfall::warehouse
