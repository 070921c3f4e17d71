// Extract jobs: a table's rows, or a partition's, as objects. Private to the module.
#pragma once

#include <string>

#include "base/files.h"
#include "warehouse/catalog.h"
#include "warehouse/job_run.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

struct ExtractServices {
  Catalog& catalog;
  ObjectSink* sink;
  FileSystem& files;
  std::string spool_dir;  // one of the database's readable_dirs
  std::uint64_t shard_bytes, object_bytes_max;
};

// What a configuration may not ask for, before the job is made.
Status CheckExtract(const ExtractConfig& config);
Status RunExtract(const ExtractServices& services, const ExtractConfig& config, JobRun& run);

// "gs://b/o-*.csv" and 7: "gs://b/o-000000000007.csv".
std::string ShardUri(std::string_view pattern, std::int64_t shard);

}  // namespace landfall::warehouse
