// Job records: control table _landfall.jobs. Functions run on any connection, inside its open
// transaction when there is one, so that a job's end commits together with its effect. Private to
// the module.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "warehouse/duck.h"
#include "warehouse/types.h"
#include "warehouse/warehouse.h"

namespace landfall::warehouse {

Status CreateJobTables(Connection& connection);

// "p:US.job"
std::string ToString(const JobRef& ref);
Status JobNotFound(const JobRef& ref);
// 1-1024 letters, digits, _ and -.
Status CheckJobId(std::string_view job_id);
// A reason, message and location of a job's error from a Status, and back.
JobError JobErrorOf(const Status& status);
Status StatusOf(const JobError& error);

// A new record. A known id (project and job id; the location does not count; deleted jobs too) is
// kAlreadyExists/"duplicate" naming the job and the location of the first one.
Status InsertJob(Connection& connection, const Job& job, std::string_view request_id = {});
// Rows of a result that is small enough, see result_rows.h; or the name of the result table of a
// larger one.
struct JobResult {
  std::string_view rows, table;
  TimePoint expires;
};
// InsertJob without looking first: the caller knows that the id is free.
Status AddJob(Connection& connection, const Job& job, std::string_view request_id = {},
              const JobResult* result = nullptr);
// State and everything else of a record that is there; its result only when there is a new one.
Status SaveJob(Connection& connection, const Job& job, const JobResult* result = nullptr);

struct StoredJob {
  Job job;
  std::string result_rows, result_table;
  bool has_result = false;  // false: none, or gone with its time
};
// By project and job id; nullopt also for a deleted one. `ref.location` is not compared.
Result<std::optional<StoredJob>> FindJob(Connection& connection, const JobRef& ref);
Result<Page<Job>> ListStoredJobs(Connection& connection, std::string_view project,
                                 const Warehouse::JobFilter& filter);
// The record is gone for readers; its id stays taken.
Status MarkJobDeleted(Connection& connection, const JobRef& ref);

// Records that are not DONE: what a restart has to end.
Result<std::vector<Job>> UnfinishedJobs(Connection& connection);
// Forgets results whose time is over; the names of their tables, which may now be dropped.
Result<std::vector<std::string>> ExpireResults(Connection& connection, TimePoint now);
// Result tables that a job still names.
Result<std::vector<std::string>> ResultTablesInUse(Connection& connection);

}  // namespace landfall::warehouse
