// Every module of one running server, in the order they depend on each other. Destruction is the
// reverse.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/faults.h"
#include "base/files.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "ingest/ingest.h"
#include "meta/meta.h"
#include "net/net.h"
#include "notify/notify.h"
#include "pubsub/pubsub.h"
#include "server/config.h"
#include "server/gcs_source.h"
#include "storage/storage.h"
#include "warehouse/warehouse.h"

namespace landfall::server {

struct Modules {
  explicit Modules(const Config& config) : log(config.log_level, clock) {}

  SystemClock clock;
  SystemRandom random;
  StderrLog log;
  Metrics metrics;
  Faults faults;
  std::atomic<bool> ready{false};
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<FileLock> lock;  // of the data directory
  std::unique_ptr<meta::Store> meta;
  std::unique_ptr<storage::Storage> storage;
  std::unique_ptr<pubsub::PubSub> pubsub;
  std::unique_ptr<GcsSource> objects;
  std::unique_ptr<GcsSink> sink;
  std::unique_ptr<warehouse::Warehouse> warehouse;
  std::unique_ptr<ingest::Ingest> ingest;
  std::unique_ptr<notify::Notifier> notifier;
  std::unique_ptr<net::Router> router;
  std::unique_ptr<net::Server> listener;
};

// Opens the stores, starts the pumps, then listens. kFailedPrecondition/"locked": another server
// has the directory.
Result<std::unique_ptr<Modules>> StartModules(const Config& config);

// Everything this binary speaks, in one screen.
void AddApis(Modules& modules, const Config& config);

}  // namespace landfall::server
