// The documented configuration variables of batch ingest, parsed and checked once. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"
#include "ingest/names.h"
#include "ingest/path_pattern.h"

namespace landfall::ingest {

struct Variables {
  ReservedNames names;                                 // SUCCESS_FILENAME, START_BACKFILL_FILENAME
  PathPattern pattern;                                 // DESTINATION_REGEX
  std::uint64_t batch_bytes_max = 15'000'000'000'000;  // MAX_BATCH_BYTES
  std::string job_prefix = "gcf-ingest-";              // JOB_PREFIX
  std::string job_project;           // BQ_PROJECT, else GCP_PROJECT; empty: the bucket's
  std::string storage_project;       // BQ_STORAGE_PROJECT; empty: the job's
  std::string service = "landfall";  // K_SERVICE, else FUNCTION_NAME: a label
  bool order_per_table = false;      // ORDER_PER_TABLE: batches are refused until ordering is built
  int retries_max = -1;              // MAX_RETRIES_ON_BIGQUERY_ERROR; -1: the server's
};

// kInvalidArgument/"invalidVariable" for an unknown name (with the nearest one) or a value that
// breaks its rule; kUnimplemented naming the variable for a value only a later feature can honour.
Result<Variables> ParseVariables(const std::map<std::string, std::string>& given);

// True for the names of the contract: which of the environment's variables are ours.
bool IsVariable(std::string_view name);

}  // namespace landfall::ingest
