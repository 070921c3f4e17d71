// A plan: what one marker loads, where to, and through which jobs, frozen before the first byte is
// read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "ingest/config.h"
#include "ingest/files.h"
#include "ingest/rules.h"
#include "storage/storage.h"
#include "warehouse/types.h"
#include "warehouse/warehouse.h"

namespace landfall::ingest {

constexpr std::size_t kBatchFilesMax = 10'000'000;  // files per load job: the real service's limit

struct Plan {
  warehouse::LoadKey key;           // the marker
  std::string project;              // that owns the bucket
  std::string rule;                 // id of the governing rule
  warehouse::TableRef destination;  // parts may be empty while planning has not got that far
  std::string partition, batch;
  std::vector<ConfigKey> keys;  // for explain
  JsonObject load;              // configuration.load without destination and sources
  std::string config_hash, manifest_hash;
  warehouse::Labels labels;
  std::vector<warehouse::BatchJob> jobs;
  std::size_t file_count = 0;
  std::uint64_t bytes = 0;
  int retries_max = -1;            // of the rule; -1: the server's
  std::vector<std::string> notes;  // what somebody who asks "why" should know
};

SourceList AllSources(const Plan& plan);

// Fills `plan`, whose key and project are set. On an error it keeps what was found out until then.
// Errors beside those of storage: kNotFound/"emptyBatch", kUnimplemented naming ordering or the
// external-query path, and what config.h and path_pattern.h return.
Status MakePlan(const CallContext& ctx, storage::Storage& storage, const CompiledRule& rule,
                Plan& plan);

// All objects whose names start with `prefix`, pinned, in listing order.
Result<SourceList> ListPinned(const CallContext& ctx, storage::Storage& storage,
                              std::string_view bucket, std::string_view prefix);

// The data files at and below `directory`, pinned, in listing order, and how many other objects
// were left out.
struct Selection {
  SourceList files;
  std::size_t excluded = 0;
};
Result<Selection> SelectFiles(const CallContext& ctx, storage::Storage& storage,
                              std::string_view bucket, std::string_view directory,
                              const ReservedNames& names);

// Makes a missing dataset, and decides how a missing table comes to be: with the schema of the
// configuration, else by looking at the data; partitioned when the path names a partition. Sets the
// location of the jobs.
Status EnsureDestination(const CallContext& ctx, warehouse::Warehouse& warehouse, Plan& plan);

// What RunBatch needs.
Result<warehouse::BatchLoad> ToBatchLoad(const Plan& plan, const warehouse::LoadRecord& record);

}  // namespace landfall::ingest
