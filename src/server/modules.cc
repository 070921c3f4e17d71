#include "server/modules.h"

#include "api/api.h"
#include "server/info.h"

namespace landfall::server {

void AddApis(Modules& m, const Config& config) {
  const bool testbench = config.profile == "testbench";
  const auto retry_tests = testbench ? api::MakeRetryTests() : nullptr;
  m.router->Add(api::MakeStorageJson(
      *m.storage, *m.pubsub, {.topics_need_not_exist = testbench, .retry_tests = retry_tests}));
  const api::Signing signing =
      api::MakeSigning(config.data_dir + "/signing-keys", *m.files, m.clock, m.random, *m.storage);
  for (net::Api& api : api::MakeStorageXml(
           *m.storage, signing.keys, m.clock, *m.files,
           {.parts_dir = config.data_dir + "/spool/parts", .retry_tests = retry_tests})) {
    m.router->Add(std::move(api));
  }
  m.router->Add(api::MakeSigningIam(signing.ring));
  m.router->Add(api::MakeBatch(*m.router));
  m.router->Add(api::MakeDiscovery(*m.router));
  m.router->Add(api::MakeBigQueryJson(
      *m.warehouse, m.clock,
      {.default_project = config.project, .spool_dir = config.data_dir + "/spool"}));
  m.router->Add(api::MakeLandfallJson({.default_project = config.project, .faults_open = testbench},
                                      *m.ingest, m.faults));
  m.router->Add(api::MakeOperations(m.metrics, [&m] { return m.ready.load(); }));
  m.router->Add(MakeServerInfo(config));
}

Result<std::unique_ptr<Modules>> StartModules(const Config& config) {
  auto m = std::make_unique<Modules>(config);
  const std::string& dir = config.data_dir;
  m->files = MakePosixFiles();
  TRY(m->files->MakeDirs(dir + "/spool"));
  m->lock = TRY(m->files->Lock(dir + "/LOCK"));

  m->meta = TRY(meta::Open({.dir = dir + "/meta"}, m->log, m->metrics));
  storage::Options storage_options;
  storage_options.dir = dir + "/objects";
  const bool testbench = config.profile == "testbench";
  storage_options.enforce_retention = !testbench;
  storage_options.notifications_raise_metageneration = !testbench;
  m->storage = TRY(storage::Open(std::move(storage_options), *m->meta, *m->files, m->clock,
                                 m->random, m->faults, m->log, m->metrics));
  m->pubsub = TRY(pubsub::Open({}, *m->meta, m->clock, m->random, m->log, m->metrics));
  m->objects = std::make_unique<GcsSource>(*m->storage);
  m->sink = std::make_unique<GcsSink>(*m->storage);
  warehouse::Options warehouse_options;
  warehouse_options.dir = dir + "/warehouse";
  warehouse_options.sink = m->sink.get();
  m->warehouse = TRY(warehouse::Open(std::move(warehouse_options), *m->objects, *m->files, m->clock,
                                     m->random, m->faults, m->log, m->metrics));
  ingest::Options ingest_options;
  ingest_options.default_project = config.project;
  ingest_options.default_variables = config.ingest_variables;
  ingest_options.configured_rules = config.ingest_rules;
  m->ingest = TRY(ingest::Start(std::move(ingest_options), *m->meta, *m->storage, *m->pubsub,
                                *m->warehouse, m->clock, m->log, m->metrics));
  ingest::Ingest& ingest = *m->ingest;
  m->notifier = TRY(notify::Start(
      *m->meta, *m->storage, *m->pubsub,
      {{std::string(ingest::kTopic),
        [&ingest](const storage::ObjectChange& change) { return ingest.Wants(change); }}},
      m->log, m->metrics));

  m->router = std::make_unique<net::Router>();
  AddApis(*m, config);
  m->listener = TRY(net::Listen({.host = config.host, .port = config.port}, *m->router, m->clock,
                                m->log, m->metrics));
  m->ready = true;
  return m;
}

}  // namespace landfall::server
