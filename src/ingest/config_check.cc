// The part of config.h that asks the warehouse what a load configuration may hold.
#include "ingest/config.h"

namespace landfall::ingest {
namespace {

JsonObject WithoutSpecialKeys(JsonObject content) {
  for (const char* key : {"destinationRegex", "destinationTable", "dataSourceName"})
    content.erase(key);
  return content;
}

Status Blame(std::string_view bucket, std::string_view name, const Status& why) {
  const std::string message =
      "gs://" + std::string(bucket) + "/" + std::string(name) + ": " + why.message();
  if (why.code() == Code::kUnimplemented) return Unimplemented(message);
  return InvalidArgument(message, "invalidConfig");
}

}  // namespace

Result<warehouse::LoadConfig> CheckLoadConfig(std::string_view bucket,
                                              const std::vector<ConfigFile>& files,
                                              const BatchConfig& config) {
  for (const ConfigFile& file : files) {
    const Result<warehouse::LoadConfig> alone =
        warehouse::ParseLoadConfig(WithoutSpecialKeys(file.content));
    if (!alone.ok()) return Blame(bucket, file.name, alone.status());
  }
  // Each file is fine; together they may still contradict each other.
  Result<warehouse::LoadConfig> merged = warehouse::ParseLoadConfig(config.load);
  if (!merged.ok()) {
    const std::string nearest = files.empty() ? "(no load.json)" : files.back().name;
    return Blame(bucket, nearest,
                 merged.status().Annotate("merged with the load.json files above it"));
  }
  return merged;
}

}  // namespace landfall::ingest
