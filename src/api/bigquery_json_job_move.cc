// The parsing half of bigquery_json_job.h: copy and extract configurations.
#include "api/bigquery_json_job.h"
#include "api/bigquery_json_resource.h"

namespace landfall::api::bigquery_json {
namespace {

constexpr std::string_view kCopy = "configuration.copy", kExtract = "configuration.extract";
constexpr std::size_t kSourcesMax = 1200;  // BigQuery's limit of a copy job

Result<warehouse::SourceTable> ParseSource(const JsonObject& table, const std::string& where,
                                           std::string_view project) {
  TableTarget target = TRY(ParseTableRef(table, where, project));
  return warehouse::SourceTable{.ref = std::move(target.ref),
                                .partition = std::move(target.partition)};
}

Status Missing(const std::string& path) {
  return InvalidArgument("Required parameter is missing: " + path, "required", path);
}

Status RefuseOperation(const JsonObject& copy) {
  const auto operation =
      TRY(Word(copy, "operationType", kCopy,
               {"COPY", "OPERATION_TYPE_UNSPECIFIED", "SNAPSHOT", "RESTORE", "CLONE"}));
  if (operation.value_or(0) < 2) return {};
  return Unimplemented("configuration.copy.operationType " + TRY(TextOr(copy, "operationType")) +
                           " is not implemented",
                       "notImplemented", "configuration.copy.operationType");
}

}  // namespace

Result<warehouse::CopyConfig> ParseCopyConfiguration(const JsonObject& copy,
                                                     std::string_view project) {
  TRY(CheckMembers(
      copy, {.where = kCopy,
             .built = {"sourceTable", "sourceTables", "destinationTable", "writeDisposition",
                       "createDisposition", "operationType"},
             .unbuilt = {"destinationEncryptionConfiguration", "destinationExpirationTime"}}));
  TRY(RefuseOperation(copy));
  warehouse::CopyConfig config;
  const std::string where(kCopy);
  if (const JsonObject* one = TRY(ObjectMember(copy, "sourceTable")))
    config.sources.push_back(TRY(ParseSource(*one, where + ".sourceTable", project)));
  if (const JsonArray* several = TRY(ArrayMember(copy, "sourceTables"))) {
    if (!config.sources.empty()) {
      return InvalidArgument("sourceTable and sourceTables exclude each other", "invalid",
                             where + ".sourceTables");
    }
    for (const Json& each : *several) {
      if (!each.is_object())
        return InvalidArgument(where + ".sourceTables must hold objects", "invalid",
                               where + ".sourceTables");
      config.sources.push_back(
          TRY(ParseSource(each.get_object(), where + ".sourceTables", project)));
    }
  }
  if (config.sources.empty()) return Missing(where + ".sourceTables");
  if (config.sources.size() > kSourcesMax) {
    return InvalidArgument("Number of source tables in copy job exceeded limit of 1200", "invalid",
                           where + ".sourceTables");
  }
  const JsonObject* const table = TRY(ObjectMember(copy, "destinationTable"));
  if (table == nullptr) return Missing(where + ".destinationTable");
  TableTarget target = TRY(ParseTableRef(*table, where + ".destinationTable", project));
  config.destination = std::move(target.ref);
  config.destination_partition = std::move(target.partition);
  const auto write =
      TRY(Word(copy, "writeDisposition", kCopy, {"WRITE_APPEND", "WRITE_TRUNCATE", "WRITE_EMPTY"}));
  if (write) config.write_disposition = static_cast<warehouse::WriteDisposition>(*write);
  const auto create =
      TRY(Word(copy, "createDisposition", kCopy, {"CREATE_IF_NEEDED", "CREATE_NEVER"}));
  if (create) config.create_disposition = static_cast<warehouse::CreateDisposition>(*create);
  return config;
}

Result<warehouse::ExtractConfig> ParseExtractConfiguration(const JsonObject& extract,
                                                           std::string_view project) {
  TRY(CheckMembers(extract,
                   {.where = kExtract,
                    .built = {"sourceTable", "destinationUri", "destinationUris", "printHeader",
                              "fieldDelimiter", "destinationFormat", "compression"},
                    .unbuilt = {"sourceModel", "useAvroLogicalTypes", "modelExtractOptions"}}));
  warehouse::ExtractConfig config;
  const std::string where(kExtract);
  const JsonObject* const table = TRY(ObjectMember(extract, "sourceTable"));
  if (table == nullptr) return Missing(where + ".sourceTable");
  config.source = TRY(ParseSource(*table, where + ".sourceTable", project));
  config.uris = TRY(TextArray(extract, "destinationUris", kExtract));
  if (const std::string one = TRY(TextOr(extract, "destinationUri")); !one.empty()) {
    if (!config.uris.empty() && config.uris != std::vector<std::string>{one}) {
      return InvalidArgument("destinationUri and destinationUris exclude each other", "invalid",
                             where + ".destinationUris");
    }
    config.uris = {one};
  }
  const auto format = TRY(Word(extract, "destinationFormat", kExtract,
                               {"CSV", "NEWLINE_DELIMITED_JSON", "PARQUET", "AVRO"}));
  if (format == 3u) {
    return Unimplemented("configuration.extract.destinationFormat AVRO is not implemented",
                         "notImplemented", where + ".destinationFormat");
  }
  config.format = static_cast<warehouse::SourceFormat>(format.value_or(0));
  const auto compression =
      TRY(Word(extract, "compression", kExtract, {"NONE", "GZIP", "SNAPPY", "ZSTD", "DEFLATE"}));
  if (compression == 4u) {
    return InvalidArgument("Compression DEFLATE is for AVRO alone", "invalid",
                           where + ".compression");
  }
  config.compression = static_cast<warehouse::Compression>(compression.value_or(0));
  const std::string delimiter = TRY(TextOr(extract, "fieldDelimiter"));
  if (delimiter == "\\t" || delimiter == "tab") {
    config.field_delimiter = '\t';
  } else if (delimiter.size() == 1) {
    config.field_delimiter = delimiter[0];
  } else if (!delimiter.empty()) {
    return InvalidArgument(
        "Field delimiter must be one character; got \"" + delimiter.substr(0, 100) + "\"",
        "invalid", where + ".fieldDelimiter");
  }
  config.print_header = TRY(BoolMember(extract, "printHeader")).value_or(true);
  return config;
}

}  // namespace landfall::api::bigquery_json
