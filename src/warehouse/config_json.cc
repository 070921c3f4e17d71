// configuration.load in its REST form.
#include <tuple>

#include "base/text.h"
#include "warehouse/catalog_record.h"
#include "warehouse/rest_keys.h"
#include "warehouse/types.h"

namespace landfall::warehouse {
namespace {

constexpr std::string_view kWhere = "configuration.load";

const RestKeys& LoadKeys() {
  static const RestKeys keys{
      .where = kWhere,
      .built = {"destinationTable",
                "sourceUris",
                "schema",
                "autodetect",
                "sourceFormat",
                "writeDisposition",
                "createDisposition",
                "maxBadRecords",
                "ignoreUnknownValues",
                "schemaUpdateOptions",
                "timePartitioning",
                "rangePartitioning",
                "clustering",
                "skipLeadingRows",
                "fieldDelimiter",
                "quote",
                "nullMarker",
                "encoding",
                "allowQuotedNewlines",
                "allowJaggedRows",
                "parquetOptions",
                "hivePartitioningOptions",
                "decimalTargetTypes",
                "preserveAsciiControlCharacters",
                "nullMarkers"},
      .output_only = {},
      .unbuilt = {"schemaInline",
                  "schemaInlineFormat",
                  "projectionFields",
                  "destinationTableProperties",
                  "destinationEncryptionConfiguration",
                  "useAvroLogicalTypes",
                  "referenceFileSchemaUri",
                  "jsonExtension",
                  "connectionProperties",
                  "createSession",
                  "columnNameCharacterMap",
                  "copyFilesOnly",
                  "fileSetSpecType",
                  "timeZone",
                  "dateFormat",
                  "datetimeFormat",
                  "timeFormat",
                  "timestampFormat",
                  "sourceColumnMatch",
                  "timestampTargetPrecision",
                  "reservation"},
  };
  return keys;
}

Status ParseDestination(const JsonObject& load, LoadConfig& config) {
  const JsonObject* const table = TRY(ObjectMember(load, "destinationTable"));
  if (table == nullptr) return {};
  const std::string where = std::string(kWhere) + ".destinationTable";
  TRY(CheckKeys(*table, {.where = where,
                         .built = {"projectId", "datasetId", "tableId"},
                         .output_only = {},
                         .unbuilt = {}}));
  config.destination.project = TRY(StringMember(*table, "projectId")).value_or("");
  config.destination.dataset = TRY(RequiredString(*table, "datasetId", where));
  std::tie(config.destination.table, config.partition) =
      TRY(SplitDecorator(TRY(RequiredString(*table, "tableId", where))));
  return {};
}

Status ParseTableShape(const JsonObject& load, LoadConfig& config) {
  if (const JsonObject* schema = TRY(ObjectMember(load, "schema"))) {
    TRY(CheckKeys(*schema, {.where = "configuration.load.schema",
                            .built = {"fields"},
                            .output_only = {},
                            .unbuilt = {"foreignTypeInfo"}}));
    const JsonArray* const fields = TRY(ArrayMember(*schema, "fields"));
    if (fields != nullptr && !fields->empty()) config.schema = TRY(ParseSchema(*fields));
  }
  if (const JsonObject* by = TRY(ObjectMember(load, "timePartitioning"))) {
    config.time_partitioning =
        TRY(ParseTimePartitioning(*by, "configuration.load.timePartitioning"));
  }
  if (const JsonObject* by = TRY(ObjectMember(load, "rangePartitioning"))) {
    config.range_partitioning =
        TRY(ParseRangePartitioning(*by, "configuration.load.rangePartitioning"));
  }
  if (const JsonObject* clustering = TRY(ObjectMember(load, "clustering"))) {
    config.clustering = TRY(StringArray(*clustering, "fields", "configuration.load.clustering"));
  }
  return {};
}

Status ParseDispositions(const JsonObject& load, LoadConfig& config) {
  const auto write =
      TRY(EnumMember(load, "writeDisposition", kWhere,
                     {"WRITE_APPEND", "WRITE_TRUNCATE", "WRITE_EMPTY"}, {"WRITE_TRUNCATE_DATA"}));
  if (write) config.write_disposition = static_cast<WriteDisposition>(*write);
  const auto create =
      TRY(EnumMember(load, "createDisposition", kWhere, {"CREATE_IF_NEEDED", "CREATE_NEVER"}));
  config.create_disposition = static_cast<CreateDisposition>(create.value_or(0));
  for (const std::string& option : TRY(StringArray(load, "schemaUpdateOptions", kWhere))) {
    const JsonObject one{{"schemaUpdateOptions", option}};
    const auto index = TRY(EnumMember(one, "schemaUpdateOptions", kWhere,
                                      {"ALLOW_FIELD_ADDITION", "ALLOW_FIELD_RELAXATION"}));
    (index == 0u ? config.allow_field_addition : config.allow_field_relaxation) = true;
  }
  const bool updates = config.allow_field_addition || config.allow_field_relaxation;
  const bool appends =
      config.write_disposition.value_or(WriteDisposition::kAppend) == WriteDisposition::kAppend;
  const bool partition =
      config.write_disposition == WriteDisposition::kTruncate && !config.partition.empty();
  if (!updates || appends || partition) return {};
  return InvalidArgument(
      "Schema update options should only be specified with WRITE_APPEND disposition, or with "
      "WRITE_TRUNCATE disposition on a table partition.",
      "invalid", std::string(kWhere) + ".schemaUpdateOptions");
}

Status ParseCsv(const JsonObject& load, LoadConfig& config) {
  config.skip_leading_rows = TRY(Int64Member(load, "skipLeadingRows")).value_or(0);
  if (config.skip_leading_rows < 0)
    return InvalidArgument("configuration.load.skipLeadingRows must not be negative");
  std::string delimiter = TRY(StringMember(load, "fieldDelimiter")).value_or("");
  if (delimiter == "\\t" || delimiter == "tab") delimiter = "\t";
  if (!delimiter.empty()) config.field_delimiter = delimiter;
  if (config.field_delimiter.size() != 1) {
    return Unimplemented("configuration.load.fieldDelimiter must be one ASCII character",
                         "notImplemented", "configuration.load.fieldDelimiter");
  }
  // An empty quote means that nothing is quoted, so absent and "" differ.
  config.quote = TRY(StringMember(load, "quote")).value_or("\"");
  if (config.quote.size() > 1)
    return InvalidArgument("configuration.load.quote must be one ASCII character or empty");
  if (config.quote == config.field_delimiter)
    return InvalidArgument("quote and fieldDelimiter must differ");
  config.null_marker = TRY(StringMember(load, "nullMarker")).value_or("");
  config.null_markers = TRY(StringArray(load, "nullMarkers", kWhere));
  if (!config.null_marker.empty() && !config.null_markers.empty()) {
    return InvalidArgument("nullMarker and nullMarkers exclude each other", "invalid",
                           std::string(kWhere) + ".nullMarkers");
  }
  const auto encoding = TRY(EnumMember(load, "encoding", kWhere, {"UTF-8", "ISO-8859-1"},
                                       {"UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE"}));
  if (encoding == 1u) config.encoding = "ISO-8859-1";
  config.preserve_control_characters =
      TRY(BoolMember(load, "preserveAsciiControlCharacters")).value_or(false);
  config.allow_quoted_newlines = TRY(BoolMember(load, "allowQuotedNewlines")).value_or(false);
  config.allow_jagged_rows = TRY(BoolMember(load, "allowJaggedRows")).value_or(false);
  return {};
}

Status ParseParquetOptions(const JsonObject& load, LoadConfig& config) {
  const JsonObject* const options = TRY(ObjectMember(load, "parquetOptions"));
  if (options == nullptr) return {};
  TRY(CheckKeys(*options, {.where = "configuration.load.parquetOptions",
                           .built = {"enableListInference"},
                           .output_only = {},
                           .unbuilt = {"enumAsString", "mapTargetType"}}));
  config.enable_list_inference = TRY(BoolMember(*options, "enableListInference")).value_or(false);
  return {};
}

Status ParseDecimalTargets(const JsonObject& load, LoadConfig& config) {
  for (const std::string& name : TRY(StringArray(load, "decimalTargetTypes", kWhere))) {
    const JsonObject one{{"decimalTargetTypes", name}};
    const auto index =
        TRY(EnumMember(one, "decimalTargetTypes", kWhere, {"NUMERIC", "BIGNUMERIC", "STRING"}));
    config.decimal_targets.push_back(static_cast<DecimalTarget>(index.value_or(0)));
  }
  return {};
}

Status ParseHive(const JsonObject& load, LoadConfig& config) {
  constexpr std::string_view kHive = "configuration.load.hivePartitioningOptions";
  const JsonObject* const hive = TRY(ObjectMember(load, "hivePartitioningOptions"));
  if (hive == nullptr || hive->empty()) return {};
  TRY(CheckKeys(*hive, {.where = kHive,
                        .built = {"mode", "sourceUriPrefix"},
                        .output_only = {"fields"},
                        .unbuilt = {"requirePartitionFilter"}}));  // of external tables
  HivePartitioning parsed;
  const auto mode = TRY(EnumMember(*hive, "mode", kHive, {"AUTO", "STRINGS", "CUSTOM"}));
  parsed.mode = static_cast<HiveMode>(mode.value_or(0));
  parsed.prefix = TRY(RequiredString(*hive, "sourceUriPrefix", kHive));
  config.hive = std::move(parsed);
  return {};
}

}  // namespace

Result<LoadConfig> ParseLoadConfig(const JsonObject& load) {
  TRY(CheckKeys(load, LoadKeys()));
  LoadConfig config;
  TRY(ParseDestination(load, config));
  config.source_uris = TRY(StringArray(load, "sourceUris", kWhere));
  if (config.source_uris.size() > 10'000)
    return InvalidArgument("configuration.load.sourceUris has more than 10000 entries");
  TRY(ParseTableShape(load, config));
  config.autodetect = TRY(BoolMember(load, "autodetect")).value_or(false);
  const auto format =
      TRY(EnumMember(load, "sourceFormat", kWhere, {"CSV", "NEWLINE_DELIMITED_JSON", "PARQUET"},
                     {"AVRO", "ORC", "DATASTORE_BACKUP", "ICEBERG", "DELTA_LAKE"}));
  config.source_format = static_cast<SourceFormat>(format.value_or(0));
  TRY(ParseDispositions(load, config));
  config.max_bad_records = TRY(Int64Member(load, "maxBadRecords"));
  if (config.max_bad_records.value_or(0) < 0)
    return InvalidArgument("configuration.load.maxBadRecords must not be negative");
  config.ignore_unknown_values = TRY(BoolMember(load, "ignoreUnknownValues")).value_or(false);
  TRY(ParseCsv(load, config));
  TRY(ParseParquetOptions(load, config));
  TRY(ParseDecimalTargets(load, config));
  TRY(ParseHive(load, config));
  return config;
}

}  // namespace landfall::warehouse
