#include "ingest/config.h"

#include <algorithm>
#include <map>

#include "base/hash.h"

namespace landfall::ingest {
namespace {

constexpr std::string_view kDestinationRegex = "destinationRegex";
constexpr std::string_view kDestinationTable = "destinationTable";
constexpr std::string_view kDataSourceName = "dataSourceName";

std::string UriOf(std::string_view bucket, std::string_view name) {
  return "gs://" + std::string(bucket) + "/" + std::string(name);
}

Status Invalid(std::string_view uri, std::string_view why) {
  return InvalidArgument(std::string(uri) + ": " + std::string(why), "invalidConfig");
}

using Origins = std::map<std::string, std::string>;

void NoteOrigins(const JsonObject& object, const std::string& prefix, const std::string& origin,
                 Origins& origins) {
  for (const auto& [key, value] : object) {
    const std::string path = prefix + std::string(key);
    // What was below the key before has lost its say, whether replaced by an object or by a scalar.
    if (!value.is_object()) {
      std::erase_if(origins,
                    [&](const auto& known) { return known.first.starts_with(path + "."); });
      origins[path] = origin;
      continue;
    }
    origins.erase(path);
    NoteOrigins(value.as_object(), path + ".", origin, origins);
  }
}

void Flatten(const JsonObject& object, const std::string& prefix, const Origins& origins,
             std::vector<ConfigKey>& keys) {
  for (const auto& [key, value] : object) {
    const std::string path = prefix + std::string(key);
    if (value.is_object() && !value.as_object().empty()) {
      Flatten(value.as_object(), path + ".", origins, keys);
      continue;
    }
    const auto origin = origins.find(path);
    keys.push_back({path, value, origin == origins.end() ? "" : origin->second});
  }
}

// The file nearest to the data that has the top-level `key`.
std::string OriginOf(std::string_view bucket, const std::vector<ConfigFile>& files,
                     std::string_view key) {
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    if (file->content.contains(key)) return UriOf(bucket, file->name);
  }
  return "default";
}

Result<DestinationTable> ReadDestination(const JsonObject& table, const std::string& origin) {
  DestinationTable read;
  for (const auto& [key, value] : table) {
    if (key != "projectId" && key != "datasetId" && key != "tableId") {
      return Invalid(origin, "unknown key \"destinationTable." + std::string(key) +
                                 "\"; it has projectId, datasetId and tableId");
    }
    if (!value.is_string()) {
      return Invalid(origin, "destinationTable." + std::string(key) + " must be a string");
    }
    const std::string text(value.as_string());
    (key == "projectId" ? read.project : key == "datasetId" ? read.dataset : read.table) = text;
  }
  if (read.table.find('$') != std::string::npos) {
    return Invalid(origin,
                   "destinationTable.tableId \"" + read.table +
                       "\" has a partition decorator; the partition comes from the object's path");
  }
  return read;
}

Result<std::optional<std::string>> TakeText(JsonObject& merged, std::string_view key,
                                            const std::string& origin) {
  const auto found = merged.find(key);
  if (found == merged.end()) return std::optional<std::string>();
  if (!found->value().is_string()) return Invalid(origin, std::string(key) + " must be a string");
  std::optional<std::string> text(std::string(found->value().as_string()));
  merged.erase(found);
  return text;
}

// Boost.JSON keeps the order of insertion; the hash must not depend on it.
Json Sorted(const Json& value) {
  if (value.is_array()) {
    JsonArray out;
    for (const Json& element : value.as_array()) out.push_back(Sorted(element));
    return out;
  }
  if (!value.is_object()) return value;
  std::vector<std::string> names;
  for (const auto& member : value.as_object()) names.emplace_back(member.key());
  std::ranges::sort(names);
  JsonObject out;
  for (const std::string& name : names) out[name] = Sorted(value.as_object().at(name));
  return out;
}

}  // namespace

void MergeInto(JsonObject& base, const JsonObject& update) {
  for (const auto& [key, value] : update) {
    Json& mine = base[key];
    if (mine.is_object() && value.is_object()) {
      MergeInto(mine.as_object(), value.as_object());
    } else {
      mine = value;
    }
  }
}

Result<ConfigFile> ParseConfigFile(std::string_view bucket, std::string_view name,
                                   std::int64_t generation, std::string_view text) {
  const std::string uri = UriOf(bucket, name);
  // Editors on some systems put a byte order mark first.
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Result<Json> parsed = ParseJson(text);
  if (!parsed.ok()) return Invalid(uri, parsed.status().message());
  if (!parsed->is_object()) return Invalid(uri, "must be a JSON object");
  return ConfigFile{std::string(name), generation, std::move(parsed->as_object())};
}

Result<BatchConfig> ResolveConfig(std::string_view bucket, const std::vector<ConfigFile>& files) {
  BatchConfig config;
  JsonObject merged = {{"writeDisposition", "WRITE_APPEND"}};
  Origins origins;
  NoteOrigins(merged, "", "default", origins);
  for (const ConfigFile& file : files) {
    MergeInto(merged, file.content);
    NoteOrigins(file.content, "", UriOf(bucket, file.name), origins);
  }
  Flatten(merged, "", origins, config.keys);
  std::ranges::sort(config.keys, {}, &ConfigKey::key);
  config.hash = Sha256Hex(ToText(Sorted(merged))).substr(0, 16);

  const auto origin = [&](std::string_view key) { return OriginOf(bucket, files, key); };
  config.destination_regex = TRY(TakeText(merged, kDestinationRegex, origin(kDestinationRegex)));
  config.destination_regex_origin = config.destination_regex ? origin(kDestinationRegex) : "";
  config.data_source = TRY(TakeText(merged, kDataSourceName, origin(kDataSourceName))).value_or("");
  if (const auto found = merged.find(kDestinationTable); found != merged.end()) {
    if (!found->value().is_object())
      return Invalid(origin(kDestinationTable), "destinationTable must be an object");
    config.destination_table =
        TRY(ReadDestination(found->value().as_object(), origin(kDestinationTable)));
    merged.erase(found);
  }
  if (merged.contains("sourceUris")) {
    return Invalid(origin("sourceUris"), "sourceUris is decided by the batch directory; remove it");
  }
  config.load = std::move(merged);
  return config;
}

}  // namespace landfall::ingest
