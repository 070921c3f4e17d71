// api - one adapter per Google API: parse the request, call one method of a module, render the
// answer. Adapters own nothing and hold no logic of their own; routes stand as a table at the top
// of each adapter.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/faults.h"
#include "base/metrics.h"
#include "net/net.h"

namespace landfall::storage {
class Storage;
}
namespace landfall::pubsub {
class PubSub;
}
namespace landfall::warehouse {
class Warehouse;
}
namespace landfall::ingest {
class Ingest;
}

namespace landfall::api {

// Cloud Storage JSON v1 under /storage/v1, /upload/storage/v1, /resumable/upload/storage/v1,
// /download/storage/v1 and the bare /b/... alias.
struct StorageJsonOptions {
  // The testbench profile: topics of notifications need not exist, and the fault injection API of
  // storage_retry_tests.h is open.
  bool testbench = false;
};
net::Api MakeStorageJson(storage::Storage& storage, pubsub::PubSub& pubsub,
                         StorageJsonOptions options = {});

// BigQuery v2 under /bigquery/v2, /upload/bigquery/v2, /resumable/upload/bigquery/v2 and the bare
// /projects/... alias.
struct BigQueryJsonOptions {
  std::string default_project = "landfall";  // the one projects.list shows
  std::string spool_dir = "/tmp";            // bytes of unfinished resumable uploads
};
net::Api MakeBigQueryJson(warehouse::Warehouse& warehouse, Clock& clock,
                          BigQueryJsonOptions options = {});

// Our own extensions under /landfall/v1: ingestRules, ingest:notify, explain, loads, faults
// (testbench profile only).
struct LandfallJsonOptions {
  std::string default_project;
  bool faults_open = false;  // other profiles answer 404
};
net::Api MakeLandfallJson(LandfallJsonOptions options, ingest::Ingest& ingest, Faults& faults);

// /healthz, /readyz, /metrics and a plain index page at /.
net::Api MakeOperations(Metrics& metrics, std::function<bool()> ready);

}  // namespace landfall::api
