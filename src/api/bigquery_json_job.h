// Jobs as JSON, both ways. Private to the BigQuery adapter.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "api/bigquery_json_params.h"
#include "base/json.h"
#include "base/status.h"
#include "warehouse/warehouse.h"

namespace landfall::api::bigquery_json {

// The body of jobs.insert. One of query, load, copy and extract is filled, as `kind` says.
struct JobBody {
  warehouse::JobRef ref = {};
  warehouse::JobKind kind = warehouse::JobKind::kQuery;
  warehouse::QueryConfig query = {};
  warehouse::LoadConfig load = {};
  warehouse::CopyConfig copy = {};
  warehouse::ExtractConfig extract = {};
  warehouse::Labels labels = {};
  std::string configuration_json = {};  // of the job, for the echo
};
// `upload`: the body comes with media, so it must be a load without sourceUris; else a load must
// have them.
Result<JobBody> ParseJobBody(const JsonObject& body, std::string_view project, bool upload);

// bigquery_json_job_move.cc
Result<warehouse::CopyConfig> ParseCopyConfiguration(const JsonObject& copy,
                                                     std::string_view project);
Result<warehouse::ExtractConfig> ParseExtractConfiguration(const JsonObject& extract,
                                                           std::string_view project);
// The index of the word that the member is; nullopt when absent.
Result<std::optional<std::size_t>> Word(const JsonObject& object, std::string_view name,
                                        std::string_view where,
                                        const std::vector<std::string_view>& words);

// The body of jobs.query.
struct QueryBody {
  warehouse::QueryConfig config = {};
  std::string location = {};
  warehouse::Labels labels = {};
  std::string request_id = {};
  std::chrono::milliseconds wait{0};
  RowsWish rows = {};
};
Result<QueryBody> ParseQueryBody(const JsonObject& body, std::string_view project);

// queryParameters with their parameterMode.
Result<std::vector<warehouse::QueryParameter>> ParseQueryParameters(const JsonObject& query,
                                                                    std::string_view where);

JsonObject JobJson(const warehouse::Job& job, std::string_view base_url);
JsonObject JobListItem(const warehouse::Job& job, std::string_view base_url);
JsonObject JobRefJson(const warehouse::JobRef& ref);

// What jobs.query and jobs.getQueryResults say about the job apart from its rows: jobReference,
// jobComplete, and when it is done the schema, counts and DML statistics.
JsonObject QueryAnswerHead(const warehouse::Job& job, std::string_view kind);

}  // namespace landfall::api::bigquery_json
