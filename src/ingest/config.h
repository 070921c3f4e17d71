// Configuration files in the bucket: which of them apply to a batch, what they merge to, and where
// each key came from. The merge is pure; reading goes through storage. What a resolved
// configuration holds is never changed again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/json.h"
#include "base/status.h"
#include "storage/storage.h"
#include "warehouse/types.h"

namespace landfall::ingest {

constexpr std::size_t kConfigBytesMax = 1u << 20;  // of one load.json
constexpr std::size_t kConfigObjectsMax = 1000;    // in one _config directory

// Objects merge recursively; lists and scalars of `update` replace. The prior art's
// recursive_update.
void MergeInto(JsonObject& base, const JsonObject& update);

struct ConfigFile {
  std::string name;  // "ds/t/_config/load.json"
  std::int64_t generation = 0;
  JsonObject content;
};

struct ConfigKey {
  std::string key;  // dotted: "csvOptions.quote"
  Json value;
  std::string origin;  // "gs://b/_config/load.json", or "default"
};

// What names the destination instead of the path.
struct DestinationTable {
  std::string project, dataset, table;  // empty: not given
};

struct BatchConfig {
  JsonObject load;              // merged, without the special keys
  std::vector<ConfigKey> keys;  // of everything, special keys included, sorted by key
  std::optional<std::string> destination_regex;
  std::string destination_regex_origin;
  std::optional<DestinationTable> destination_table;
  std::string data_source;
  std::string hash;  // of `load` and the special keys
};

// Merges `files`, root first, over the built-in base (writeDisposition WRITE_APPEND). Special keys
// are taken out and checked. kInvalidArgument/"invalidConfig" naming file and key.
Result<BatchConfig> ResolveConfig(std::string_view bucket, const std::vector<ConfigFile>& files);

// The merged keys as the warehouse understands them. kInvalidArgument/"invalidConfig" or
// kUnimplemented naming file and key. `files` are checked one by one first, so that a bad key is
// blamed on the file that has it.
Result<warehouse::LoadConfig> CheckLoadConfig(std::string_view bucket,
                                              const std::vector<ConfigFile>& files,
                                              const BatchConfig& config);

// Everything the _config directories from the bucket root down to `directory` (with its "/") hold
// for a batch.
struct FoundConfig {
  std::vector<ConfigFile> load_files;  // root first
  std::string order_marker;            // name of the nearest ORDERME object; empty: none
  std::string transform;  // name of the nearest *.sql or external.json; empty: load jobs
};
// kInvalidArgument/"invalidConfig" naming a load.json that is not a JSON object, or two *.sql in
// one directory.
Result<FoundConfig> ReadConfig(const CallContext& ctx, storage::Storage& storage,
                               std::string_view bucket, std::string_view directory);

// The text of one load.json. Split out for fuzzing.
Result<ConfigFile> ParseConfigFile(std::string_view bucket, std::string_view name,
                                   std::int64_t generation, std::string_view text);

}  // namespace landfall::ingest
