#include "warehouse/catalog_record.h"

#include "base/hash.h"
#include "base/text.h"
#include "warehouse/rest_keys.h"

namespace landfall::warehouse {
namespace {

void PutText(JsonObject& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

void PutInt(JsonObject& object, std::string_view name, const std::optional<std::int64_t>& value) {
  if (value) object[name] = *value;
}

Result<std::string> Text(const JsonObject& object, std::string_view name) {
  return TRY(StringMember(object, name)).value_or("");
}

Result<TimePoint> Time(const JsonObject& object, std::string_view name) {
  return FromMicros(TRY(Int64Member(object, name)).value_or(0));
}

Result<Labels> RecordLabels(const JsonObject& object) {
  const JsonObject* const labels = TRY(ObjectMember(object, "labels"));
  return labels == nullptr ? Labels() : TRY(ParseLabels(*labels));
}

bool IsLabelText(std::string_view text) {
  if (text.size() > 63 * 4 || !IsValidUtf8(text)) return false;
  std::size_t characters = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++characters;
    const bool ascii_ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (static_cast<unsigned char>(c) < 0x80 && !ascii_ok) return false;
  }
  return characters <= 63;
}

}  // namespace

Result<Labels> ParseLabels(const JsonObject& labels) {
  Labels parsed;
  if (labels.size() > 64) return InvalidArgument("a resource has at most 64 labels");
  for (const auto& member : labels) {
    const std::string_view key = member.key();
    const bool starts_well =
        !key.empty() && key[0] != '-' && key[0] != '_' && !(key[0] >= '0' && key[0] <= '9');
    if (!starts_well || !IsLabelText(key)) {
      return InvalidArgument(
          "Label key \"" + std::string(key) +
          "\" must be 1-63 lower-case letters, digits, _ and -, starting with a letter");
    }
    if (!member.value().is_string() ||
        !IsLabelText(std::string_view(member.value().get_string()))) {
      return InvalidArgument("Label value of \"" + std::string(key) +
                             "\" must be at most 63 lower-case letters, digits, _ and -");
    }
    parsed.emplace(key, std::string(member.value().get_string()));
  }
  return parsed;
}

JsonObject LabelsJson(const Labels& labels) {
  JsonObject object;
  for (const auto& [key, value] : labels) object[key] = value;
  return object;
}

JsonObject TimePartitioningJson(const TimePartitioning& partitioning) {
  JsonObject object{{"type", partitioning.type}};
  PutText(object, "field", partitioning.field);
  if (partitioning.expiration_ms)
    object["expirationMs"] = std::to_string(*partitioning.expiration_ms);
  return object;
}

JsonObject RangePartitioningJson(const RangePartitioning& partitioning) {
  return {{"field", partitioning.field},
          {"range",
           {{"start", std::to_string(partitioning.start)},
            {"end", std::to_string(partitioning.end)},
            {"interval", std::to_string(partitioning.interval)}}}};
}

Result<TimePartitioning> ParseTimePartitioning(const JsonObject& object, std::string_view where) {
  TRY(CheckKeys(object, {.where = where,
                         .built = {"type", "field", "expirationMs"},
                         .output_only = {},
                         .unbuilt = {"requirePartitionFilter"}}));
  static const std::vector<std::string_view> kTypes = {"HOUR", "DAY", "MONTH", "YEAR"};
  TimePartitioning parsed;
  const auto type = TRY(EnumMember(object, "type", where, kTypes));
  if (!type)
    return InvalidArgument("Required parameter is missing: " + std::string(where) + ".type",
                           "required");
  parsed.type = kTypes[*type];
  parsed.field = TRY(Text(object, "field"));
  const std::optional<std::int64_t> expiration = TRY(Int64Member(object, "expirationMs"));
  if (expiration && *expiration < 0)
    return InvalidArgument(std::string(where) + ".expirationMs must not be negative");
  if (expiration.value_or(0) > 0) parsed.expiration_ms = expiration;
  return parsed;
}

Result<RangePartitioning> ParseRangePartitioning(const JsonObject& object, std::string_view where) {
  TRY(CheckKeys(object,
                {.where = where, .built = {"field", "range"}, .output_only = {}, .unbuilt = {}}));
  RangePartitioning parsed;
  parsed.field = TRY(RequiredString(object, "field", where));
  const JsonObject* const range = TRY(ObjectMember(object, "range"));
  if (range == nullptr)
    return InvalidArgument("Required parameter is missing: " + std::string(where) + ".range",
                           "required");
  parsed.start = TRY(Int64Member(*range, "start")).value_or(0);
  parsed.end = TRY(Int64Member(*range, "end")).value_or(0);
  parsed.interval = TRY(Int64Member(*range, "interval")).value_or(0);
  if (parsed.interval <= 0 || parsed.end <= parsed.start) {
    return InvalidArgument(std::string(where) + ".range needs start < end and interval > 0");
  }
  return parsed;
}

std::string DatasetRecord(const Dataset& dataset) {
  JsonObject object{{"location", dataset.location},
                    {"created", ToMicros(dataset.created)},
                    {"modified", ToMicros(dataset.modified)}};
  PutText(object, "description", dataset.description);
  PutText(object, "friendlyName", dataset.friendly_name);
  PutInt(object, "tableExpirationMs", dataset.default_table_expiration_ms);
  PutInt(object, "partitionExpirationMs", dataset.default_partition_expiration_ms);
  if (!dataset.labels.empty()) object["labels"] = LabelsJson(dataset.labels);
  return ToText(object);
}

Result<Dataset> ParseDatasetRecord(const DatasetRef& ref, std::string_view record) {
  const Json json = TRY(ParseJson(record));
  if (!json.is_object())
    return DataLoss("the stored record of dataset " + ToString(ref) + " is damaged");
  const JsonObject& object = json.get_object();
  Dataset dataset;
  dataset.ref = ref;
  dataset.location = TRY(Text(object, "location"));
  dataset.description = TRY(Text(object, "description"));
  dataset.friendly_name = TRY(Text(object, "friendlyName"));
  dataset.default_table_expiration_ms = TRY(Int64Member(object, "tableExpirationMs"));
  dataset.default_partition_expiration_ms = TRY(Int64Member(object, "partitionExpirationMs"));
  dataset.labels = TRY(RecordLabels(object));
  dataset.created = TRY(Time(object, "created"));
  dataset.modified = TRY(Time(object, "modified"));
  dataset.etag = EtagOf(record);
  return dataset;
}

std::string TableRecord(const Table& table) {
  JsonObject object{{"type", table.type},
                    {"location", table.location},
                    {"schema", SchemaJson(table.schema)},
                    {"created", ToMicros(table.created)},
                    {"modified", ToMicros(table.modified)}};
  if (table.time_partitioning)
    object["timePartitioning"] = TimePartitioningJson(*table.time_partitioning);
  if (table.range_partitioning)
    object["rangePartitioning"] = RangePartitioningJson(*table.range_partitioning);
  if (!table.clustering.empty())
    object["clustering"] = JsonArray(table.clustering.begin(), table.clustering.end());
  if (table.require_partition_filter) object["requirePartitionFilter"] = true;
  PutText(object, "viewQuery", table.view_query);
  PutText(object, "description", table.description);
  PutText(object, "friendlyName", table.friendly_name);
  if (!table.labels.empty()) object["labels"] = LabelsJson(table.labels);
  if (table.expiration) object["expiration"] = ToMicros(*table.expiration);
  return ToText(object);
}

Result<Table> ParseTableRecord(const TableRef& ref, std::string_view record) {
  const Json json = TRY(ParseJson(record));
  if (!json.is_object())
    return DataLoss("the stored record of table " + ToString(ref) + " is damaged");
  const JsonObject& object = json.get_object();
  Table table;
  table.ref = ref;
  table.type = TRY(Text(object, "type"));
  table.location = TRY(Text(object, "location"));
  if (const JsonArray* schema = TRY(ArrayMember(object, "schema")))
    table.schema = TRY(ParseSchema(*schema));
  if (const JsonObject* by = TRY(ObjectMember(object, "timePartitioning"))) {
    table.time_partitioning = TRY(ParseTimePartitioning(*by, "timePartitioning"));
  }
  if (const JsonObject* by = TRY(ObjectMember(object, "rangePartitioning"))) {
    table.range_partitioning = TRY(ParseRangePartitioning(*by, "rangePartitioning"));
  }
  table.clustering = TRY(StringArray(object, "clustering", "table"));
  table.require_partition_filter =
      TRY(BoolMember(object, "requirePartitionFilter")).value_or(false);
  table.view_query = TRY(Text(object, "viewQuery"));
  table.description = TRY(Text(object, "description"));
  table.friendly_name = TRY(Text(object, "friendlyName"));
  table.labels = TRY(RecordLabels(object));
  if (const auto expiration = TRY(Int64Member(object, "expiration")))
    table.expiration = FromMicros(*expiration);
  table.created = TRY(Time(object, "created"));
  table.modified = TRY(Time(object, "modified"));
  table.etag = EtagOf(record);
  return table;
}

std::string EtagOf(std::string_view record) {
  Md5 md5;
  md5.Update(record);
  return Base64(md5.Finish());
}

}  // namespace landfall::warehouse
