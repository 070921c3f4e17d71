// api - one adapter per Google API: parse the request, call one method of a module, render the
// answer. Adapters own nothing and hold no logic of their own; routes stand as a table at the top
// of each adapter.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/faults.h"
#include "base/files.h"
#include "base/metrics.h"
#include "base/random.h"
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

class KeyRing;
class SigningKeys;

// The fault injection API of storage_retry_tests.h, one for both of Cloud Storage's APIs.
namespace storage_json {
class RetryTests;
}
std::shared_ptr<storage_json::RetryTests> MakeRetryTests();

// Cloud Storage JSON v1 under /storage/v1, /upload/storage/v1, /resumable/upload/storage/v1,
// /download/storage/v1 and the bare /b/... alias.
struct StorageJsonOptions {
  bool topics_need_not_exist = false;  // of notifications; the testbench profile
  std::shared_ptr<storage_json::RetryTests> retry_tests = {};  // null: shut
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

// Cloud Storage's XML API, signed URLs and POST policies: one API for "/BUCKET/OBJECT", which gets
// what no other path comes near, and one for hosts that name a bucket. Unsigned requests are
// treated as the JSON API treats them; a signature that is there must be right.
struct StorageXmlOptions {
  std::string parts_dir = "/tmp";  // parts of unfinished multipart uploads
  std::shared_ptr<storage_json::RetryTests> retry_tests = {};  // null: shut
};
std::vector<net::Api> MakeStorageXml(storage::Storage& storage, std::shared_ptr<SigningKeys> keys,
                                     Clock& clock, FileSystem& files, StorageXmlOptions options);

// Who may sign: RSA keys of service accounts in `dir`, HMAC keys of the storage API.
struct Signing {
  std::shared_ptr<KeyRing> ring;
  std::shared_ptr<SigningKeys> keys;
};
Signing MakeSigning(std::string dir, FileSystem& files, Clock& clock, Random& random,
                    storage::Storage& storage);

// Keys of service accounts (IAM v1 projects.serviceAccounts.keys) and IAM Credentials' signBlob, as
// far as signed URLs need them. See signing_keys.h.
net::Api MakeSigningIam(std::shared_ptr<KeyRing> ring);

// Our own extensions under /landfall/v1: ingestRules, ingest:notify, explain, loads, faults
// (testbench profile only).
struct LandfallJsonOptions {
  std::string default_project;
  bool faults_open = false;  // other profiles answer 404
};
net::Api MakeLandfallJson(LandfallJsonOptions options, ingest::Ingest& ingest, Faults& faults);

// /batch and /batch/API/VERSION: several calls in one request, dispatched through `router`, which
// must outlive the answer.
net::Api MakeBatch(const net::Router& router);

// Discovery documents of storage v1 and bigquery v2, made from the routes of `router` as they are
// when a document is asked for.
net::Api MakeDiscovery(const net::Router& router);

// /healthz, /readyz, /metrics and a plain index page at /.
net::Api MakeOperations(Metrics& metrics, std::function<bool()> ready);

}  // namespace landfall::api
