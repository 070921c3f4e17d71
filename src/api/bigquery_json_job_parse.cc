// The parsing half of bigquery_json_job.h: configurations of jobs.
#include <algorithm>

#include "api/bigquery_json_job.h"
#include "api/bigquery_json_resource.h"
#include "base/text.h"

namespace landfall::api::bigquery_json {
namespace {

using warehouse::JobKind;

constexpr std::string_view kQuery = "configuration.query";

const Members& QueryMembers() {
  // allowLargeResults and flattenResults say something about legacy SQL only; useQueryCache and
  // priority are hints about how soon an answer comes, and ours is always computed at once.
  static const Members members{
      .where = kQuery,
      .built = {"query", "useLegacySql", "defaultDataset", "destinationTable", "writeDisposition",
                "createDisposition", "parameterMode", "queryParameters", "connectionProperties",
                "useQueryCache", "priority", "allowLargeResults", "flattenResults"},
      .unbuilt = {"tableDefinitions", "externalTableDefinitions", "userDefinedFunctionResources",
                  "schemaUpdateOptions", "timePartitioning", "rangePartitioning", "clustering",
                  "destinationEncryptionConfiguration", "maximumBillingTier", "maximumBytesBilled",
                  "scriptOptions", "createSession", "continuous", "preserveNulls",
                  "writeIncrementalResults", "systemVariables", "queryLabel"}};
  return members;
}

// jobs.query: its members are those of configuration.query and of the request.
const Members& QueryRequestMembers() {
  static const Members members{
      .where = "queryRequest",
      .built = {"query", "useLegacySql", "defaultDataset", "parameterMode", "queryParameters",
                "connectionProperties", "useQueryCache", "maxResults", "timeoutMs", "dryRun",
                "location", "formatOptions", "requestId", "labels", "jobCreationMode"},
      .output_only = {"kind"},
      .unbuilt = {"preserveNulls", "maximumBytesBilled", "createSession", "continuous",
                  "destinationEncryptionConfiguration", "writeIncrementalResults", "jobTimeoutMs",
                  "maxSlots", "reservation", "queryApiMethod"}};
  return members;
}

Status ParseConnectionProperties(const JsonObject& query, warehouse::QueryConfig& config) {
  const JsonArray* const properties = TRY(ArrayMember(query, "connectionProperties"));
  if (properties == nullptr) return {};
  for (const Json& property : *properties) {
    if (!property.is_object()) return InvalidArgument("connectionProperties must hold objects");
    const std::string key = TRY(RequiredText(property.get_object(), "key", "connectionProperties"));
    if (key != "time_zone") {
      return Unimplemented(
          "connectionProperties key \"" + key.substr(0, 100) + "\" is not implemented",
          "notImplemented", "connectionProperties");
    }
    config.time_zone = TRY(RequiredText(property.get_object(), "value", "connectionProperties"));
  }
  return {};
}

// What jobs.insert and jobs.query say alike.
Result<warehouse::QueryConfig> ParseCommonQuery(const JsonObject& query, std::string_view where,
                                                std::string_view project) {
  warehouse::QueryConfig config;
  config.sql = TRY(RequiredText(query, "query", where));
  if (TRY(BoolMember(query, "useLegacySql")).value_or(true)) {
    return InvalidArgument("Legacy SQL is not supported; set useLegacySql to false", "invalid",
                           "useLegacySql");
  }
  (void)TRY(BoolMember(query, "useQueryCache"));
  if (const JsonObject* dataset = TRY(ObjectMember(query, "defaultDataset"))) {
    TRY(CheckMembers(*dataset, {.where = "defaultDataset", .built = {"projectId", "datasetId"}}));
    config.default_dataset = TRY(RequiredText(*dataset, "datasetId", "defaultDataset"));
    config.default_project = TRY(TextOr(*dataset, "projectId"));
  }
  if (config.default_project.empty()) config.default_project = project;
  TRY(ParseConnectionProperties(query, config));
  config.parameters = TRY(ParseQueryParameters(query, where));
  return config;
}

Result<warehouse::QueryConfig> ParseQueryConfiguration(const JsonObject& query,
                                                       std::string_view project) {
  TRY(CheckMembers(query, QueryMembers()));
  warehouse::QueryConfig config = TRY(ParseCommonQuery(query, kQuery, project));
  if (const JsonObject* table = TRY(ObjectMember(query, "destinationTable"))) {
    TableTarget target =
        TRY(ParseTableRef(*table, "configuration.query.destinationTable", project));
    config.destination = std::move(target.ref);
    config.destination_partition = std::move(target.partition);
  }
  const auto write = TRY(
      Word(query, "writeDisposition", kQuery, {"WRITE_APPEND", "WRITE_TRUNCATE", "WRITE_EMPTY"}));
  if (write) config.write_disposition = static_cast<warehouse::WriteDisposition>(*write);
  const auto create =
      TRY(Word(query, "createDisposition", kQuery, {"CREATE_IF_NEEDED", "CREATE_NEVER"}));
  if (create) config.create_disposition = static_cast<warehouse::CreateDisposition>(*create);
  (void)TRY(Word(query, "priority", kQuery, {"INTERACTIVE", "BATCH"}));
  return config;
}

Result<warehouse::LoadConfig> ParseLoadConfiguration(JsonObject load, const warehouse::JobRef& job,
                                                     bool upload) {
  // Node's client repeats the job's location here.
  TRY(CheckAgrees(load, "location", job.location, "the job"));
  load.erase("location");
  warehouse::LoadConfig config = TRY(warehouse::ParseLoadConfig(load));
  if (config.destination.table.empty()) {
    return InvalidArgument("Required parameter is missing: configuration.load.destinationTable",
                           "required", "configuration.load.destinationTable");
  }
  if (config.destination.project.empty()) config.destination.project = job.project;
  if (upload && !config.source_uris.empty()) {
    return InvalidArgument("an upload and configuration.load.sourceUris exclude each other",
                           "invalid", "configuration.load.sourceUris");
  }
  if (!upload && config.source_uris.empty()) {
    return InvalidArgument("Required parameter is missing: configuration.load.sourceUris",
                           "required", "configuration.load.sourceUris");
  }
  return config;
}

Status ParseJobRef(const JsonObject& body, JobBody& parsed) {
  const JsonObject* const ref = TRY(ObjectMember(body, "jobReference"));
  if (ref == nullptr) return {};
  TRY(CheckMembers(*ref, {.where = "jobReference", .built = {"projectId", "jobId", "location"}}));
  TRY(CheckAgrees(*ref, "projectId", parsed.ref.project));
  parsed.ref.job_id = TRY(TextOr(*ref, "jobId"));
  const std::string location = TRY(TextOr(*ref, "location"));
  if (!location.empty()) parsed.ref.location = location;
  return {};
}

// Which one of query, load, copy and extract the configuration is.
Result<JobKind> KindOf(const JsonObject& configuration) {
  std::optional<JobKind> kind;
  for (const auto& [name, value] :
       {std::pair{"query", JobKind::kQuery}, std::pair{"load", JobKind::kLoad},
        std::pair{"copy", JobKind::kCopy}, std::pair{"extract", JobKind::kExtract}}) {
    if (TRY(ObjectMember(configuration, name)) == nullptr) continue;
    if (kind) {
      return InvalidArgument("a job's configuration has exactly one of query, load, copy, extract",
                             "invalid", "configuration");
    }
    kind = value;
  }
  if (kind) return *kind;
  return InvalidArgument(
      "Required parameter is missing: configuration.query, configuration.load, "
      "configuration.copy or configuration.extract",
      "required", "configuration");
}

}  // namespace

Result<std::optional<std::size_t>> Word(const JsonObject& object, std::string_view name,
                                        std::string_view where,
                                        const std::vector<std::string_view>& words) {
  const std::string text = TRY(TextOr(object, name));
  if (text.empty()) return std::optional<std::size_t>();
  const auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) {
    return std::optional<std::size_t>(static_cast<std::size_t>(found - words.begin()));
  }
  std::string path = std::string(where) + "." + std::string(name);
  return InvalidArgument("Invalid value for " + path + ": \"" + text.substr(0, 100) + "\"",
                         "invalid", path);
}

Result<JobBody> ParseJobBody(const JsonObject& body, std::string_view project, bool upload) {
  TRY(CheckMembers(
      body, {.where = "job",
             .built = {"jobReference", "configuration"},
             .output_only = {"kind", "etag", "id", "selfLink", "user_email", "status", "statistics",
                             "principal_subject", "jobCreationReason"}}));
  const JsonObject* const configuration = TRY(ObjectMember(body, "configuration"));
  if (configuration == nullptr) {
    return InvalidArgument("Required parameter is missing: configuration", "required",
                           "configuration");
  }
  TRY(CheckMembers(*configuration,
                   {.where = "configuration",
                    .built = {"query", "load", "copy", "extract", "labels", "dryRun"},
                    .output_only = {"jobType"},
                    .unbuilt = {"jobTimeoutMs", "reservation", "maxSlots"}}));
  JobBody parsed;
  parsed.ref.project = project;
  parsed.kind = TRY(KindOf(*configuration));
  TRY(ParseJobRef(body, parsed));
  parsed.labels = TRY(ParseLabels(*configuration));
  const bool dry_run = TRY(BoolMember(*configuration, "dryRun")).value_or(false);
  if (dry_run && parsed.kind != JobKind::kQuery) {
    return Unimplemented("configuration.dryRun is for query jobs alone", "notImplemented",
                         "configuration.dryRun");
  }
  if (upload && parsed.kind != JobKind::kLoad)
    return InvalidArgument("only a load job takes an upload", "invalid", "configuration.load");
  switch (parsed.kind) {
    case JobKind::kLoad:
      parsed.load =
          TRY(ParseLoadConfiguration(configuration->at("load").get_object(), parsed.ref, upload));
      break;
    case JobKind::kQuery:
      parsed.query = TRY(ParseQueryConfiguration(configuration->at("query").get_object(), project));
      parsed.query.dry_run = dry_run;
      break;
    case JobKind::kCopy:
      parsed.copy = TRY(ParseCopyConfiguration(configuration->at("copy").get_object(), project));
      break;
    case JobKind::kExtract:
      parsed.extract =
          TRY(ParseExtractConfiguration(configuration->at("extract").get_object(), project));
      break;
  }
  JsonObject echo = *configuration;
  parsed.configuration_json = ToText(echo);
  return parsed;
}

Result<QueryBody> ParseQueryBody(const JsonObject& body, std::string_view project) {
  constexpr std::string_view kWhere = "queryRequest";
  TRY(CheckMembers(body, QueryRequestMembers()));
  QueryBody parsed;
  parsed.config = TRY(ParseCommonQuery(body, kWhere, project));
  parsed.config.dry_run = TRY(BoolMember(body, "dryRun")).value_or(false);
  parsed.location = TRY(TextOr(body, "location"));
  if (parsed.location.empty()) parsed.location = "US";
  parsed.labels = TRY(ParseLabels(body));
  parsed.request_id = TRY(TextOr(body, "requestId"));
  // Without a job an answer would come no sooner, so there always is one, as Google allows.
  (void)TRY(
      Word(body, "jobCreationMode", kWhere,
           {"JOB_CREATION_MODE_UNSPECIFIED", "JOB_CREATION_REQUIRED", "JOB_CREATION_OPTIONAL"}));
  parsed.wait = TRY(WaitOf(TRY(Int64Member(body, "timeoutMs"))));
  const std::optional<std::int64_t> results = TRY(Int64Member(body, "maxResults"));
  if (results.value_or(0) < 0) {
    return InvalidArgument("maxResults must not be negative", "invalid", "maxResults");
  }
  parsed.rows.none = results == 0;
  parsed.rows.request.rows_max = static_cast<std::size_t>(results.value_or(0));
  TRY(SetFormat(TRY(ObjectMember(body, "formatOptions")), parsed.rows));
  return parsed;
}

}  // namespace landfall::api::bigquery_json
