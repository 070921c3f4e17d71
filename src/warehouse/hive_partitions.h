// Columns in the names of objects: gs://b/path/key=value/key=value/file. Private to the module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

struct HiveLayout {
  Schema fields;  // in the order of the path
  // By source, then by field; nullopt: NULL.
  std::vector<std::vector<std::optional<std::string>>> values;
};

// Empty when the configuration has no hivePartitioningOptions. kInvalidArgument when an object is
// not under the prefix or its keys are not those of the first one.
Result<HiveLayout> ReadHiveLayout(const LoadConfig& config,
                                  const std::vector<SourceObject>& sources);

// `schema` with the layout's fields at the end, with the types they have in it already.
Schema WithHiveFields(const Schema& schema, const HiveLayout& layout);

}  // namespace landfall::warehouse
