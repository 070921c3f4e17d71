// RunBatch: several jobs, one transaction.
#include <algorithm>

#include "base/json.h"
#include "warehouse/job_store.h"
#include "warehouse/load_job.h"
#include "warehouse/load_state.h"

namespace landfall::warehouse {
namespace {

constexpr int kConflictsMax = 5;
constexpr int kJobSuffixMax = 99;  // the suffix "_NN" must fit in the id
// A batch above one of these is announced: its jobs and the state "loading" are durable before the
// work, so that people can watch it. A smaller one is over before anybody could look, and the
// commit costs as much as its rows.
constexpr std::int64_t kQuietBytesMax = 8 << 20;
constexpr std::int64_t kQuietFilesMax = 1000;

std::string OutboxPayload(const LoadRecord& record) {
  JsonArray jobs;
  for (const JobRef& job : record.jobs)
    jobs.push_back(
        JsonObject{{"projectId", job.project}, {"jobId", job.job_id}, {"location", job.location}});
  return ToText(JsonObject{{"bucket", record.key.bucket},
                           {"object", record.key.object},
                           {"generation", record.key.generation},
                           {"project", record.project},
                           {"dataset", record.dataset},
                           {"table", record.table},
                           {"partition", record.partition},
                           {"batchId", record.batch_id},
                           {"attempt", record.attempt},
                           {"rows", record.rows},
                           {"rowsBad", record.rows_bad},
                           {"jobs", std::move(jobs)}});
}

Status CheckThresholds(const BatchLoad& batch, const RowCounts& total) {
  const auto say = [&](const std::string& rule) {
    return FailedPrecondition("batch " + batch.record.batch_id + " has " +
                                  std::to_string(total.bad) + " bad rows of " +
                                  std::to_string(total.in) + "; the limit is " + rule,
                              "badRowsThreshold");
  };
  if (batch.bad_max && total.bad > *batch.bad_max)
    return say(std::to_string(*batch.bad_max) + " rows");
  if (batch.bad_ratio_max &&
      static_cast<double>(total.bad) > *batch.bad_ratio_max * static_cast<double>(total.in)) {
    return say("a ratio of " + std::to_string(*batch.bad_ratio_max));
  }
  return {};
}

}  // namespace

struct LoadEngine::Batch {
  const BatchLoad& load;
  LoadRecord record;
  std::vector<Job> jobs;
  std::vector<SourceObject> sources;  // of all jobs, one after another
  LoadConfig config;
  std::optional<Schema> schema;
  std::int64_t load_id = 0;
  std::vector<BadRow> first_bad;
  bool announced = false;
};

// The configuration a batch's jobs share, with the URIs of one of them.
Result<std::string> WithSources(const std::string& configuration_json,
                                const std::vector<SourceObject>& sources) {
  Json configuration = TRY(ParseJson(configuration_json));
  JsonArray uris;
  for (const SourceObject& source : sources) uris.push_back(Json(Uri(source)));
  Json& load = configuration.as_object()["load"];
  if (!load.is_object()) load = JsonObject();
  load.get_object()["sourceUris"] = std::move(uris);
  return ToText(configuration);
}

// The jobs to be. An id that a failed attempt used up gets the next free suffix.
Result<std::vector<Job>> LoadEngine::MakeJobs(Connection& connection, const BatchLoad& batch) {
  std::vector<Job> jobs;
  for (const BatchJob& wanted : batch.jobs) {
    Job job;
    job.ref = wanted.ref;
    for (int n = 2;; ++n) {
      const std::optional<StoredJob> known = TRY(FindJob(connection, job.ref));
      if (!known) break;
      if (!known->job.error || n > kJobSuffixMax)
        return AlreadyExists("Already Exists: Job " + ToString(job.ref));
      job.ref.job_id = wanted.ref.job_id + "_" + std::to_string(n);
    }
    job.kind = JobKind::kLoad;
    job.labels = batch.labels;
    job.configuration_json = TRY(WithSources(batch.configuration_json, wanted.sources));
    job.destination = batch.config.destination;
    job.destination_partition = batch.config.partition;
    job.created = services_.clock.Now();
    job.input_files = static_cast<std::int64_t>(wanted.sources.size());
    for (const SourceObject& source : wanted.sources)
      job.input_bytes += static_cast<std::int64_t>(source.size_bytes);
    jobs.push_back(std::move(job));
  }
  return jobs;
}

Status LoadEngine::Announce(Connection& connection, Batch& batch) {
  Transaction transaction = TRY(Transaction::Begin(connection));
  TRY(CheckClaim(connection, batch.record));
  for (const Job& job : batch.jobs) TRY(AddJob(connection, job));
  batch.record.status = "SUBMITTED";
  batch.record.state = "loading";
  TRY(WriteLoad(connection, batch.record, services_.clock.Now()));
  TRY(transaction.Commit());
  batch.announced = true;
  return {};
}

Result<LoadRecord> LoadEngine::RunBatch(const CallContext& ctx, const BatchLoad& load) {
  const auto lease = TRY(services_.connections.Take());
  Connection& connection = *lease;
  Batch batch{.load = load,
              .record = load.record,
              .jobs = {},
              .sources = {},
              .config = load.config,
              .schema = {},
              .load_id = LoadIdOf(load.record.key),
              .first_bad = {}};
  for (const BatchJob& job : load.jobs)
    batch.sources.insert(batch.sources.end(), job.sources.begin(), job.sources.end());
  // The bad rows' table is written too; whoever changes it waits.
  const TableLocks::Held held = TRY(services_.locks.Acquire(
      {load.config.destination, BadTableRef(load.config.destination)}, ctx.stop));
  // Before anything is made under the name of a load that somebody else holds.
  TRY(CheckClaim(connection, batch.record));
  batch.jobs = TRY(MakeJobs(connection, load));
  batch.record.jobs.clear();
  std::int64_t bytes = 0;
  for (const Job& job : batch.jobs) {
    batch.record.jobs.push_back(job.ref);
    bytes += job.input_bytes;
  }
  if (bytes > kQuietBytesMax || std::ssize(batch.sources) > kQuietFilesMax)
    TRY(Announce(connection, batch));
  const auto run = [&]() -> Status {
    batch.schema =
        TRY(FileSchema(services_, batch.config, batch.sources, services_.objects, connection));
    for (int attempt = 1;; ++attempt) {
      if (ctx.stop.stop_requested()) return Unavailable("the server is stopping");
      Status status = TryBatch(connection, batch);
      if (status.reason() != "conflict" || attempt == kConflictsMax) return status;
    }
  };
  const Status status = run();
  if (status.ok()) return std::move(batch.record);
  EndJobs(connection, batch, status);
  return status;
}

namespace {

// What became of each object.
std::vector<LoadObjectRecord> Accounting(const LoadKey& key,
                                         const std::vector<SourceObject>& sources,
                                         const LoadOutput& output) {
  std::vector<LoadObjectRecord> objects;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const RowCounts& counts = output.objects[i];
    LoadObjectRecord object;
    object.load = key;
    object.object = sources[i];
    object.object_no = static_cast<std::int64_t>(i + 1);
    object.rows_in = counts.in;
    object.rows_good = counts.good;
    object.rows_bad = counts.bad;
    objects.push_back(std::move(object));
  }
  return objects;
}

void SetCommitted(LoadRecord& record, const std::vector<SourceObject>& sources,
                  const LoadOutput& output, TimePoint now) {
  record.status = "DONE";
  record.state = "committed";
  record.committed_at = now;
  record.not_before.reset();
  record.error_code.clear();
  record.error.clear();
  record.reason.clear();
  record.file_count = static_cast<std::int64_t>(sources.size());
  record.bytes = 0;
  for (const SourceObject& source : sources)
    record.bytes += static_cast<std::int64_t>(source.size_bytes);
  record.rows = record.rows_good = output.total.good;
  record.rows_in = output.total.in;
  record.rows_bad = output.total.bad;
  record.rows_duplicate = record.rows_filtered = 0;
}

}  // namespace

Status LoadEngine::TryBatch(Connection& connection, Batch& batch) {
  BadRows bad_rows({.spool_path = SpoolPath(batch.load_id),
                    .memory_bytes_max = BadRows::Options().memory_bytes_max},
                   services_.files);
  const UnorderedInserts unordered = TRY(UnorderedInserts::Begin(connection));
  Transaction transaction = TRY(Transaction::Begin(connection));
  CatalogChange change(services_.catalog, connection);
  LoadRecord record = batch.record;
  const LoadInput input{.config = batch.config,
                        .sources = batch.sources,
                        .objects = services_.objects,
                        .load_id = batch.load_id,
                        .bad_max = batch.config.max_bad_records};
  Result<LoadOutput> loaded = RunLoad(services_, function_, change, connection, input,
                                      batch.schema ? &*batch.schema : nullptr, bad_rows);
  batch.first_bad = bad_rows.First();
  const LoadOutput output = TRY(std::move(loaded));
  TRY(CheckThresholds(batch.load, output.total));
  const TimePoint now = services_.clock.Now();
  BadRowContext context;
  context.load_id = batch.load_id;
  context.config_hash = record.config_hash;
  context.t = now;
  context.objects = &batch.sources;
  TRY(StoreBadRows(change, connection, *output.target.table, bad_rows, context));

  TRY(WriteLoadObjects(connection, batch.load_id, Accounting(record.key, batch.sources, output)));

  std::vector<Job> jobs = batch.jobs;
  std::size_t next = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].state = JobState::kDone;
    jobs[i].started = jobs[i].created;
    jobs[i].ended = now;
    for (std::size_t k = 0; k < batch.load.jobs[i].sources.size(); ++k, ++next) {
      jobs[i].output_rows += output.objects[next].good;
      jobs[i].bad_records += output.objects[next].bad;
    }
    TRY(batch.announced ? SaveJob(connection, jobs[i]) : AddJob(connection, jobs[i]));
  }
  SetCommitted(record, batch.sources, output, now);
  TRY(WriteLoad(connection, record, now));
  const std::string key = "load/" + record.key.bucket + "/" + record.key.object + "#" +
                          std::to_string(record.key.generation);
  TRY(AppendOutbox(connection, {.id = 0,
                                .t = now,
                                .kind = "load_committed",
                                .key = key,
                                .payload_json = OutboxPayload(record)}));
  TRY(services_.faults.Hit("warehouse.commit", batch.config.destination.table));
  TRY(change.Commit(transaction));
  batch.record = std::move(record);
  return {};
}

// The jobs did nothing: their records say why. When even that fails, a restart ends those that were
// announced.
void LoadEngine::EndJobs(Connection& connection, Batch& batch, const Status& failure) {
  for (Job& job : batch.jobs) {
    job.state = JobState::kDone;
    job.started = job.created;
    job.ended = services_.clock.Now();
    job.error = JobErrorOf(failure);
    job.errors = {*job.error};
    for (const BadRow& row : batch.first_bad) {
      if (job.errors.size() == kFirstErrorsMax) break;
      const SourceObject& object = batch.sources[static_cast<std::size_t>(row.object_no - 1)];
      job.errors.push_back(
          {"invalid", Uri(object), BadRecordMessage(batch.config.source_format, row, object)});
    }
    (void)(batch.announced ? SaveJob(connection, job) : AddJob(connection, job));
  }
}

}  // namespace landfall::warehouse
