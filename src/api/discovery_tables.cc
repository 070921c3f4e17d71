#include "api/discovery_tables.h"

#include <algorithm>
#include <array>

namespace landfall::api {
namespace {

#define LANDFALL_M "ifMetagenerationMatch ifMetagenerationNotMatch "
#define LANDFALL_G "generation ifGenerationMatch ifGenerationNotMatch " LANDFALL_M
#define LANDFALL_S                                      \
  "ifSourceGenerationMatch ifSourceGenerationNotMatch " \
  "ifSourceMetagenerationMatch ifSourceMetagenerationNotMatch "
#define LANDFALL_P "projection userProject"

constexpr MethodDetail kMethods[] = {
    {"storage.buckets.insert", "Bucket", "Bucket",
     "project! predefinedAcl predefinedDefaultObjectAcl enableObjectRetention " LANDFALL_P},
    {"storage.buckets.list", "", "Buckets",
     "project! prefix maxResults pageToken softDeleted returnPartialSuccess " LANDFALL_P},
    {"storage.buckets.get", "", "Bucket", "generation softDeleted " LANDFALL_M LANDFALL_P},
    {"storage.buckets.patch", "Bucket", "Bucket",
     "predefinedAcl predefinedDefaultObjectAcl " LANDFALL_M LANDFALL_P},
    {"storage.buckets.update", "Bucket", "Bucket",
     "predefinedAcl predefinedDefaultObjectAcl " LANDFALL_M LANDFALL_P},
    {"storage.buckets.delete", "", "", LANDFALL_M "userProject"},
    {"storage.buckets.restore", "", "Bucket", "generation! " LANDFALL_P},
    {"storage.buckets.lockRetentionPolicy", "", "Bucket", "ifMetagenerationMatch! userProject"},
    {"storage.buckets.getStorageLayout", "", "BucketStorageLayout", "prefix"},
    {"storage.buckets.getIamPolicy", "", "Policy", "optionsRequestedPolicyVersion userProject"},
    {"storage.buckets.setIamPolicy", "Policy", "Policy", "userProject"},
    {"storage.buckets.testIamPermissions", "", "TestIamPermissionsResponse",
     "permissions! userProject"},
    {"storage.objects.insert", "Object", "Object",
     "name contentEncoding kmsKeyName predefinedAcl " LANDFALL_G LANDFALL_P},
    {"storage.objects.get", "", "Object", "softDeleted restoreToken " LANDFALL_G LANDFALL_P},
    {"storage.objects.list", "", "Objects",
     "prefix delimiter includeTrailingDelimiter startOffset endOffset matchGlob versions "
     "softDeleted filter includeFoldersAsPrefixes maxResults pageToken " LANDFALL_P},
    {"storage.objects.patch", "Object", "Object",
     "predefinedAcl overrideUnlockedRetention " LANDFALL_G LANDFALL_P},
    {"storage.objects.update", "Object", "Object",
     "predefinedAcl overrideUnlockedRetention " LANDFALL_G LANDFALL_P},
    {"storage.objects.delete", "", "", LANDFALL_G "userProject"},
    {"storage.objects.copy", "Object", "Object",
     "sourceGeneration destinationPredefinedAcl destinationKmsKeyName ifGenerationMatch "
     "ifGenerationNotMatch " LANDFALL_M LANDFALL_S LANDFALL_P},
    {"storage.objects.rewrite", "Object", "RewriteResponse",
     "sourceGeneration rewriteToken maxBytesRewrittenPerCall destinationPredefinedAcl "
     "destinationKmsKeyName ifGenerationMatch ifGenerationNotMatch " LANDFALL_M LANDFALL_S
         LANDFALL_P},
    {"storage.objects.move", "", "Object",
     "ifGenerationMatch ifGenerationNotMatch " LANDFALL_M LANDFALL_S LANDFALL_P},
    {"storage.objects.compose", "ComposeRequest", "Object",
     "destinationPredefinedAcl ifGenerationMatch ifMetagenerationMatch kmsKeyName userProject"},
    {"storage.objects.restore", "", "Object",
     "generation! copySourceAcl restoreToken ifGenerationMatch ifGenerationNotMatch " LANDFALL_M
         LANDFALL_P},
    {"storage.objects.getIamPolicy", "", "Policy", "generation userProject"},
    {"storage.objects.setIamPolicy", "Policy", "Policy", "generation userProject"},
    {"storage.objects.testIamPermissions", "", "TestIamPermissionsResponse",
     "permissions! generation userProject"},
    {"storage.notifications.insert", "Notification", "Notification", "userProject"},
    {"storage.notifications.list", "", "Notifications", "userProject"},
    {"storage.notifications.get", "", "Notification", "userProject"},
    {"storage.notifications.delete", "", "", "userProject"},
    {"storage.projects.serviceAccount.get", "", "ServiceAccount", "userProject"},
    {"storage.projects.hmacKeys.create", "", "HmacKey", "serviceAccountEmail! userProject"},
    {"storage.projects.hmacKeys.list", "", "HmacKeysMetadata",
     "serviceAccountEmail showDeletedKeys maxResults pageToken userProject"},
    {"storage.projects.hmacKeys.get", "", "HmacKeyMetadata", "userProject"},
    {"storage.projects.hmacKeys.update", "HmacKeyMetadata", "HmacKeyMetadata", "userProject"},
    {"storage.projects.hmacKeys.delete", "", "", "userProject"},

    {"bigquery.projects.list", "", "ProjectList", "maxResults pageToken"},
    {"bigquery.projects.getServiceAccount", "", "GetServiceAccountResponse", ""},
    {"bigquery.datasets.insert", "Dataset", "Dataset", "accessPolicyVersion"},
    {"bigquery.datasets.list", "", "DatasetList", "all filter maxResults pageToken"},
    {"bigquery.datasets.get", "", "Dataset", "accessPolicyVersion datasetView"},
    {"bigquery.datasets.patch", "Dataset", "Dataset", "accessPolicyVersion updateMode"},
    {"bigquery.datasets.update", "Dataset", "Dataset", "accessPolicyVersion updateMode"},
    {"bigquery.datasets.delete", "", "", "deleteContents"},
    {"bigquery.datasets.undelete", "UndeleteDatasetRequest", "Dataset", ""},
    {"bigquery.tables.insert", "Table", "Table", ""},
    {"bigquery.tables.list", "", "TableList", "maxResults pageToken"},
    {"bigquery.tables.get", "", "Table", "selectedFields view"},
    {"bigquery.tables.patch", "Table", "Table", "autodetect_schema"},
    {"bigquery.tables.update", "Table", "Table", "autodetect_schema"},
    {"bigquery.tabledata.list", "", "TableDataList",
     "maxResults pageToken selectedFields startIndex formatOptions.useInt64Timestamp "
     "formatOptions.timestampOutputFormat"},
    {"bigquery.tabledata.insertAll", "TableDataInsertAllRequest", "TableDataInsertAllResponse", ""},
    {"bigquery.jobs.insert", "Job", "Job", ""},
    {"bigquery.jobs.list", "", "JobList",
     "allUsers maxCreationTime maxResults minCreationTime pageToken parentJobId projection "
     "stateFilter"},
    {"bigquery.jobs.get", "", "Job", "location"},
    {"bigquery.jobs.cancel", "", "JobCancelResponse", "location"},
    {"bigquery.jobs.delete", "", "", "location"},
    {"bigquery.jobs.query", "QueryRequest", "QueryResponse", ""},
    {"bigquery.jobs.getQueryResults", "", "GetQueryResultsResponse",
     "location maxResults pageToken startIndex timeoutMs formatOptions.useInt64Timestamp "
     "formatOptions.timestampOutputFormat"},
    {"bigquery.models.list", "", "ListModelsResponse", "maxResults pageToken"},
    {"bigquery.routines.list", "", "ListRoutinesResponse", "filter maxResults pageToken readMask"},
    {"bigquery.routines.insert", "Routine", "Routine", ""},
    {"bigquery.routines.update", "Routine", "Routine", ""},
};

#undef LANDFALL_M
#undef LANDFALL_G
#undef LANDFALL_S
#undef LANDFALL_P

struct Renamed {
  std::string_view prefix;  // of the method id
  std::string_view ours, google;
};
constexpr Renamed kRenamed[] = {{"storage.objects.copy", "bucket", "sourceBucket"},
                                {"storage.objects.copy", "object", "sourceObject"},
                                {"storage.objects.copy", "to", "destinationBucket"},
                                {"storage.objects.copy", "destination", "destinationObject"},
                                {"storage.objects.rewrite", "bucket", "sourceBucket"},
                                {"storage.objects.rewrite", "object", "sourceObject"},
                                {"storage.objects.rewrite", "to", "destinationBucket"},
                                {"storage.objects.rewrite", "destination", "destinationObject"},
                                {"storage.objects.move", "object", "sourceObject"},
                                {"storage.objects.move", "destination", "destinationObject"},
                                {"storage.objects.compose", "bucket", "destinationBucket"},
                                {"storage.objects.compose", "object", "destinationObject"},
                                {"storage.notifications.", "id", "notification"},
                                {"storage.projects.hmacKeys.", "id", "accessId"},
                                {"storage.projects.", "project", "projectId"},
                                {"storage.buckets.operations.", "operation", "operationId"},
                                {"storage.anywhereCaches.", "id", "anywhereCacheId"},
                                {"storage.managedFolders.", "folder", "managedFolder"},
                                {"storage.folders.rename", "folder", "sourceFolder"},
                                {"storage.folders.rename", "destination", "destinationFolder"},
                                {"bigquery.", "project", "projectId"},
                                {"bigquery.", "dataset", "datasetId"},
                                {"bigquery.", "table", "tableId"},
                                {"bigquery.", "job", "jobId"},
                                {"bigquery.", "model", "modelId"},
                                {"bigquery.", "routine", "routineId"},
                                {"bigquery.", "policy", "policyId"}};

constexpr std::array kIntegers = {std::string_view("maxResults"), std::string_view("timeoutMs"),
                                  std::string_view("accessPolicyVersion"),
                                  std::string_view("optionsRequestedPolicyVersion")};
constexpr std::array kBooleans = {std::string_view("versions"),
                                  std::string_view("softDeleted"),
                                  std::string_view("includeTrailingDelimiter"),
                                  std::string_view("includeFoldersAsPrefixes"),
                                  std::string_view("returnPartialSuccess"),
                                  std::string_view("enableObjectRetention"),
                                  std::string_view("overrideUnlockedRetention"),
                                  std::string_view("copySourceAcl"),
                                  std::string_view("showDeletedKeys"),
                                  std::string_view("deleteContents"),
                                  std::string_view("all"),
                                  std::string_view("allUsers"),
                                  std::string_view("autodetect_schema"),
                                  std::string_view("formatOptions.useInt64Timestamp"),
                                  std::string_view("prettyPrint")};

}  // namespace

const MethodDetail* DetailOf(std::string_view method_id) {
  for (const MethodDetail& method : kMethods) {
    if (method.id == method_id) return &method;
  }
  return nullptr;
}

std::string GoogleParameter(std::string_view method_id, std::string_view ours) {
  for (const Renamed& row : kRenamed) {
    if (row.ours == ours && method_id.starts_with(row.prefix)) return std::string(row.google);
  }
  return std::string(ours);
}

std::string_view ParameterType(std::string_view name) {
  if (std::find(kIntegers.begin(), kIntegers.end(), name) != kIntegers.end()) return "integer";
  if (std::find(kBooleans.begin(), kBooleans.end(), name) != kBooleans.end()) return "boolean";
  return "string";
}

bool IsRepeated(std::string_view name) { return name == "permissions" || name == "stateFilter"; }

}  // namespace landfall::api
