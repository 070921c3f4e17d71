// The part of config.h that reads the bucket.
#include <array>

#include "ingest/config.h"
#include "ingest/names.h"

namespace landfall::ingest {
namespace {

// Reads the object as storage has it now, through ReadAt because an inline object has no file.
Result<std::string> ReadObject(const CallContext& ctx, storage::Storage& storage,
                               std::string_view bucket, const storage::Object& object) {
  if (object.size_bytes > kConfigBytesMax) {
    return InvalidArgument("gs://" + std::string(bucket) + "/" + object.name + " has " +
                               std::to_string(object.size_bytes) +
                               " bytes; the limit for a configuration file is " +
                               std::to_string(kConfigBytesMax),
                           "invalidConfig");
  }
  const storage::OpenObject open = TRY(storage.Open(ctx, bucket, object.name, object.generation));
  std::string text(object.size_bytes, '\0');
  if (!text.empty()) {
    const std::size_t got = TRY(open.file->ReadAt(0, std::span<char>(text.data(), text.size())));
    text.resize(got);
  }
  return text;
}

// The objects directly in `directory`, not below it: SQL in a nested or sibling directory is none
// of ours.
Result<std::vector<storage::Object>> ObjectsIn(const CallContext& ctx, storage::Storage& storage,
                                               std::string_view bucket,
                                               const std::string& directory) {
  storage::ListOptions options;
  options.prefix = directory;
  options.delimiter = "/";
  options.results_max = kConfigObjectsMax;
  return TRY(storage.List(ctx, bucket, options)).items;
}

}  // namespace

Result<FoundConfig> ReadConfig(const CallContext& ctx, storage::Storage& storage,
                               std::string_view bucket, std::string_view directory) {
  FoundConfig found;
  for (const std::string& level : DirectoriesDownTo(directory)) {
    const std::string config_directory = level + std::string(kConfigDir) + "/";
    std::string sql;
    for (const storage::Object& object : TRY(ObjectsIn(ctx, storage, bucket, config_directory))) {
      const std::string_view base = BaseName(object.name);
      if (base == "load.json") {
        const std::string text = TRY(ReadObject(ctx, storage, bucket, object));
        found.load_files.push_back(
            TRY(ParseConfigFile(bucket, object.name, object.generation, text)));
      } else if (base == "ORDERME") {
        found.order_marker = object.name;
      } else if (base == "external.json") {
        found.transform = object.name;
      } else if (base.ends_with(".sql")) {
        if (!sql.empty()) {
          return InvalidArgument("gs://" + std::string(bucket) + "/" + config_directory +
                                     " has more than one .sql file: " + std::string(BaseName(sql)) +
                                     " and " + std::string(base),
                                 "invalidConfig");
        }
        sql = object.name;
      }
    }
    if (!sql.empty()) found.transform = sql;
  }
  return found;
}

}  // namespace landfall::ingest
