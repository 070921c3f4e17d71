#include "warehouse/hive_partitions.h"

#include <algorithm>

#include "base/text.h"
#include "warehouse/cell.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

constexpr std::string_view kNullValue = "__HIVE_DEFAULT_PARTITION__";
constexpr std::size_t kKeysMax = 10;  // BigQuery's limit
constexpr std::string_view kWhere = "configuration.load.hivePartitioningOptions.sourceUriPrefix";

Status Wrong(const std::string& why) {
  return InvalidArgument(why, "invalid", std::string(kWhere));
}

// The prefix up to its first "{", without a slash at the end; the fields behind it with kCustom.
struct Prefix {
  std::string uri;
  Schema fields;
};

Result<TypeKind> TypeNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, TypeKind> kTypes[] = {
      {"STRING", TypeKind::kString},
      {"INTEGER", TypeKind::kInt64},
      {"INT64", TypeKind::kInt64},
      {"DATE", TypeKind::kDate},
      {"TIMESTAMP", TypeKind::kTimestamp}};
  for (const auto& [known, kind] : kTypes) {
    if (EqualsIgnoreCase(name, known)) return kind;
  }
  return Wrong("Partition key type " + std::string(name) +
               " is not one of STRING, INTEGER, DATE, TIMESTAMP");
}

Result<Prefix> ParsePrefix(const HivePartitioning& hive) {
  Prefix prefix;
  const std::size_t brace = hive.prefix.find('{');
  prefix.uri = hive.prefix.substr(0, brace);
  while (prefix.uri.ends_with('/')) prefix.uri.pop_back();
  if (!prefix.uri.starts_with("gs://"))
    return Wrong("sourceUriPrefix must be a Cloud Storage location: " + hive.prefix);
  if (hive.mode != HiveMode::kCustom) {
    if (brace == std::string::npos) return prefix;
    return Wrong("sourceUriPrefix may name keys, {key:TYPE}, with mode CUSTOM alone");
  }
  if (brace == std::string::npos)
    return Wrong("sourceUriPrefix must name the keys, {key:TYPE}, with mode CUSTOM");
  for (const std::string_view part : Split(std::string_view(hive.prefix).substr(brace), '/')) {
    if (part.empty()) continue;
    const std::size_t colon = part.find(':');
    if (!part.starts_with('{') || !part.ends_with('}') || colon == std::string_view::npos)
      return Wrong("Partition keys must look like {key:TYPE}: " + std::string(part));
    Field field;
    field.name = std::string(part.substr(1, colon - 1));
    field.type = TRY(TypeNamed(part.substr(colon + 1, part.size() - colon - 2)));
    prefix.fields.push_back(std::move(field));
  }
  return prefix;
}

using KeyValues = std::vector<std::pair<std::string, std::string>>;

Result<KeyValues> KeysOf(const std::string& uri, const std::string& prefix) {
  if (!uri.starts_with(prefix + "/"))
    return Wrong("Object " + uri + " is not under sourceUriPrefix " + prefix);
  KeyValues keys;
  const auto parts = Split(std::string_view(uri).substr(prefix.size() + 1), '/');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {  // the last one is the file's name
    const std::size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos || equals == 0) break;
    const Result<std::string> value = PercentDecode(parts[i].substr(equals + 1));
    keys.emplace_back(std::string(parts[i].substr(0, equals)),
                      value.ok() ? *value : std::string(parts[i].substr(equals + 1)));
  }
  return keys;
}

TypeKind Detect(std::string_view text) {
  std::int64_t number = 0;
  std::int32_t days = 0;
  if (ParseInt64Cell(text, number) == CellError::kNone) return TypeKind::kInt64;
  if (ParseDateCell(text, days) == CellError::kNone) return TypeKind::kDate;
  if (ParseTimestampCell(text, number) == CellError::kNone) return TypeKind::kTimestamp;
  return TypeKind::kString;
}

std::string Names(const Schema& fields) {
  std::string names;
  for (const Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return "[" + names + "]";
}

}  // namespace

Result<HiveLayout> ReadHiveLayout(const LoadConfig& config,
                                  const std::vector<SourceObject>& sources) {
  HiveLayout layout;
  if (!config.hive) return layout;
  const Prefix prefix = TRY(ParsePrefix(*config.hive));
  layout.fields = prefix.fields;
  std::vector<std::optional<TypeKind>> types;
  for (const SourceObject& source : sources) {
    const std::string uri = Uri(source);
    const KeyValues keys = TRY(KeysOf(uri, prefix.uri));
    if (layout.values.empty() && prefix.fields.empty()) {
      for (const auto& [name, value] : keys) {
        Field field;
        field.name = name;
        layout.fields.push_back(std::move(field));
      }
      types.resize(layout.fields.size());
    }
    bool same = keys.size() == layout.fields.size();
    for (std::size_t i = 0; same && i < keys.size(); ++i)
      same = EqualsIgnoreCase(keys[i].first, layout.fields[i].name);
    if (!same) {
      return Wrong("Incompatible partition schemas. Expected keys " + Names(layout.fields) +
                   "; object " + uri + " has others");
    }
    auto& values = layout.values.emplace_back();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const bool null = keys[i].second == kNullValue;
      values.push_back(null ? std::nullopt : std::optional(keys[i].second));
      if (null || config.hive->mode != HiveMode::kAuto) continue;
      const TypeKind type = Detect(keys[i].second);
      types[i] = types[i].value_or(type) == type ? type : TypeKind::kString;
    }
  }
  if (layout.fields.empty())
    return Wrong("Failed to detect partition keys under " + prefix.uri + ": no key=value in names");
  if (layout.fields.size() > kKeysMax)
    return Wrong("At most 10 partition keys are allowed; got " + Names(layout.fields));
  for (std::size_t i = 0; i < types.size(); ++i)
    layout.fields[i].type = types[i].value_or(TypeKind::kString);
  return layout;
}

Schema WithHiveFields(const Schema& schema, const HiveLayout& layout) {
  Schema merged;
  Schema last = layout.fields;
  for (const Field& field : schema) {
    const auto same = std::find_if(last.begin(), last.end(), [&](const Field& key) {
      return EqualsIgnoreCase(key.name, field.name);
    });
    if (same == last.end()) {
      merged.push_back(field);
    } else {
      *same = field;
    }
  }
  merged.insert(merged.end(), last.begin(), last.end());
  return merged;
}

}  // namespace landfall::warehouse
