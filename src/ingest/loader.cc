#include "ingest/loader.h"

#include <algorithm>
#include <map>

#include "ingest/names.h"

namespace landfall::ingest {
namespace {

constexpr std::size_t kGenerationsListed =
    1000;  // load-state rows of one marker that are looked at

std::string UriOf(const warehouse::LoadKey& key) {
  return "gs://" + key.bucket + "/" + key.object + "#" + std::to_string(key.generation);
}

bool IsOver(const warehouse::LoadRecord& record) {
  return record.status == "DONE" || record.status == "FAILED" ||
         record.status == "SKIPPED_DUPLICATE" || record.state == "held";
}

// One line: error texts of parsers may hold line breaks.
std::string OneLine(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

void CopyPlan(const Plan& plan, warehouse::LoadRecord& record) {
  record.dataset = plan.destination.dataset;
  record.table = plan.destination.table;
  record.partition = plan.partition;
  record.batch_id = plan.batch;
  record.file_count = static_cast<std::int64_t>(plan.file_count);
  record.bytes = static_cast<std::int64_t>(plan.bytes);
  record.config_hash = plan.config_hash;
  record.manifest_hash = plan.manifest_hash;
  if (!plan.rule.empty()) record.rule = plan.rule;
  record.jobs.clear();
  for (const warehouse::BatchJob& job : plan.jobs) record.jobs.push_back(job.ref);
}

std::string PlanReason(const Plan& plan) {
  std::string reason =
      std::to_string(plan.file_count) + (plan.file_count == 1 ? " file, " : " files, ") +
      std::to_string(plan.bytes) + " bytes, to " + warehouse::ToString(plan.destination) +
      (plan.partition.empty() ? "" : "$" + plan.partition) + " by " +
      std::to_string(plan.jobs.size()) + (plan.jobs.size() == 1 ? " job" : " jobs");
  for (const std::string& note : plan.notes) reason += "; " + note;
  return reason;
}

}  // namespace

bool IsTransient(const Status& error) {
  switch (error.code()) {
    case Code::kUnavailable:
    case Code::kAborted:
    case Code::kResourceExhausted:
    case Code::kDeadlineExceeded:
    case Code::kInternal:
    case Code::kUnknown:
      return true;
    case Code::kOk:
    case Code::kCancelled:
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kPermissionDenied:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
    case Code::kUnimplemented:
    case Code::kDataLoss:
    case Code::kUnauthenticated:
      return false;
  }
  return false;
}

Loader::Loader(LoaderOptions options, const RuleStore& rules, meta::Store& meta,
               storage::Storage& storage, warehouse::Warehouse& warehouse, Clock& clock, Log& log,
               Metrics& metrics)
    : options_(std::move(options)),
      rules_(rules),
      plans_(meta),
      storage_(storage),
      warehouse_(warehouse),
      clock_(clock),
      log_(log),
      done_(metrics.AddCounter("landfall_ingest_batches_total", "Batches that came to an end",
                               "outcome=\"done\"")),
      failed_(metrics.AddCounter("landfall_ingest_batches_total", "Batches that came to an end",
                                 "outcome=\"failed\"")),
      dead_(metrics.AddCounter("landfall_ingest_batches_total", "Batches that came to an end",
                               "outcome=\"dead\"")),
      retried_(metrics.AddCounter("landfall_ingest_retries_total",
                                  "Attempts that failed and are tried again")),
      superseded_(metrics.AddCounter("landfall_ingest_batches_total", "Batches that came to an end",
                                     "outcome=\"superseded\"")) {}

std::chrono::milliseconds Loader::DelayAfter(std::int64_t attempt) const {
  std::chrono::milliseconds delay = options_.retry_delay;
  for (std::int64_t i = 1; i < attempt && delay < options_.retry_delay_max; ++i) delay *= 2;
  return std::min(delay, options_.retry_delay_max);
}

// Writes the record; when even that does not work the marker stays with us and is tried again from
// its stored state.
Verdict Loader::Write(warehouse::LoadRecord record, Verdict verdict) {
  const Status written = warehouse_.UpdateLoad(record);
  if (written.ok()) return verdict;
  if (written.reason() == "staleEpoch") {
    log_.Warn("load_taken_over", {{"load", UriOf(record.key)}});
    return {};
  }
  log_.Warn("load_state_not_written", {{"load", UriOf(record.key)}, {"error", written.ToString()}});
  return {.what = Verdict::What::kAgain,
          .not_before = clock_.Now() + options_.retry_delay,
          .prepared = nullptr};
}

Verdict Loader::Failed(warehouse::LoadRecord record, const Status& error, int retries_max) {
  if (error.reason() == "staleEpoch" || error.reason() == "committed") {
    log_.Warn("load_taken_over", {{"load", UriOf(record.key)}});
    return {};
  }
  // We are stopping. The stored state says where to go on at the next start.
  if (error.code() == Code::kCancelled) return {};
  const std::string text = OneLine(error.message());
  record.error_code = error.reason().empty() ? std::string(CodeName(error.code())) : error.reason();
  record.error = text;
  Verdict verdict;
  const std::int64_t attempts_max = retries_max < 0 ? options_.attempts_max : retries_max + 1;
  if (error.reason() == "diskFull") {
    verdict.what = Verdict::What::kAgain;
    verdict.not_before = clock_.Now() + options_.disk_full_delay;
    record.status = "CLAIMED";
    record.state = "waiting";
    record.reason = "the disk is full; loading goes on when there is room";
  } else if (IsTransient(error) && record.attempt < attempts_max) {
    verdict.what = Verdict::What::kAgain;
    verdict.not_before = clock_.Now() + DelayAfter(record.attempt);
    record.status = "CLAIMED";
    record.state = "failed";
    record.reason = "attempt " + std::to_string(record.attempt) + " of " +
                    std::to_string(attempts_max) + " failed and is tried again at " +
                    FormatRfc3339(*verdict.not_before) + ": " + text;
    retried_.Add();
  } else {
    const bool dead = IsTransient(error) || error.reason() == "sourceGone";
    record.status = "FAILED";
    record.state = dead ? "dead" : "failed";
    record.reason = IsTransient(error)
                        ? "gave up after " + std::to_string(record.attempt) + " attempts: " + text
                        : text;
    (dead ? dead_ : failed_).Add();
  }
  record.not_before = verdict.not_before;
  log_.Warn("batch_failed", {{"load", UriOf(record.key)},
                             {"table", record.dataset + "." + record.table},
                             {"attempt", record.attempt},
                             {"state", record.state},
                             {"again", verdict.what == Verdict::What::kAgain},
                             {"error_code", record.error_code},
                             {"message", text}});
  return Write(std::move(record), std::move(verdict));
}

Verdict Loader::Prepare(const CallContext& ctx, const warehouse::LoadKey& key) {
  Result<Verdict> verdict = TryPrepare(ctx, key);
  if (verdict.ok()) return *std::move(verdict);
  // The load state itself could not be read or claimed: nothing can be written about it either.
  if (verdict.status().reason() == "committed" || verdict.status().code() == Code::kCancelled)
    return {};
  if (verdict.status().code() == Code::kNotFound) {
    log_.Error("load_state_row_is_gone", {{"load", UriOf(key)}});
    return {};
  }
  log_.Warn("load_not_claimed", {{"load", UriOf(key)}, {"error", verdict.status().ToString()}});
  return {.what = Verdict::What::kAgain,
          .not_before = clock_.Now() + options_.retry_delay,
          .prepared = nullptr};
}

Result<std::optional<Plan>> Loader::FrozenPlan(const warehouse::LoadRecord& record) {
  if (record.manifest_hash.empty()) return std::optional<Plan>();
  std::optional<Plan> plan = TRY(plans_.Find(record.key));
  if (plan && plan->manifest_hash != record.manifest_hash) plan.reset();
  return plan;
}

// A hint that comes late, after a newer generation of the same marker has been planned, asks for
// what that plan has seen already. An older generation that is merely not planned yet runs in its
// turn: each upload is one run.
Result<bool> Loader::IsSuperseded(const CallContext& ctx, warehouse::LoadRecord& record) {
  const Result<storage::Object> live = storage_.Get(ctx, record.key.bucket, record.key.object);
  if (live.ok() && live->generation == record.key.generation) return false;
  if (!live.ok() && live.status().code() != Code::kNotFound) return live.status();
  warehouse::LoadFilter filter;
  filter.bucket = record.key.bucket;
  filter.object_prefix = record.key.object;
  filter.limit = kGenerationsListed;
  for (const warehouse::LoadRecord& other : TRY(warehouse_.ListLoads(filter))) {
    if (other.key.object != record.key.object || other.key.generation <= record.key.generation)
      continue;
    if (other.state == "seen" || other.state == "superseded") continue;
    record.reason = "superseded by generation " + std::to_string(other.key.generation) +
                    " of the same marker, which was planned before this one was heard of";
    return true;
  }
  return false;
}

Status Loader::PlanBatch(const CallContext& ctx, warehouse::LoadRecord& record, Plan& plan) {
  plan.key = record.key;
  plan.project = record.project;
  const RulePtr rule =
      rules_.Snapshot()->Governing(record.project, record.key.bucket, record.key.object);
  if (rule == nullptr) {
    return FailedPrecondition(
        "no ingest rule of project " + record.project + " covers the marker any more", "noRule");
  }
  TRY(MakePlan(ctx, storage_, *rule, plan));
  TRY(EnsureDestination(ctx, warehouse_, plan));
  return plans_.Save(plan);
}

Result<Verdict> Loader::TryPrepare(const CallContext& ctx, const warehouse::LoadKey& key) {
  std::optional<warehouse::LoadRecord> found = TRY(warehouse_.FindLoad(key));
  if (!found) return NotFound("no load-state row");
  if (IsOver(*found)) return Verdict{};
  const std::int64_t epoch = TRY(warehouse_.ClaimLoad(key, options_.worker));
  warehouse::LoadRecord record = *std::move(found);
  // The number of attempts grows only after a confirmed failure: an attempt cut off by a crash is
  // the same one again.
  if (record.attempt == 0 || record.state == "failed") ++record.attempt;
  record.epoch = epoch;
  record.worker = options_.worker;
  record.status = "CLAIMED";
  record.error_code.clear();
  record.error.clear();
  record.not_before.reset();

  auto prepared = std::make_shared<Prepared>();
  Result<std::optional<Plan>> frozen = FrozenPlan(record);
  if (!frozen.ok()) return Failed(std::move(record), frozen.status(), -1);
  if (*frozen) {
    prepared->plan = **std::move(frozen);
  } else {
    const Result<bool> superseded = IsSuperseded(ctx, record);
    if (!superseded.ok()) return Failed(std::move(record), superseded.status(), -1);
    if (*superseded) {
      record.status = "SKIPPED_DUPLICATE";
      record.state = "superseded";
      superseded_.Add();
      log_.Info("marker_superseded", {{"load", UriOf(key)}, {"message", record.reason}});
      return Write(std::move(record), {});
    }
    const Status planned = PlanBatch(ctx, record, prepared->plan);
    CopyPlan(prepared->plan, record);
    if (!planned.ok()) {
      // Not frozen: the next attempt plans anew.
      record.manifest_hash.clear();
      return Failed(std::move(record), planned, prepared->plan.retries_max);
    }
    record.planned_at = clock_.Now();
  }
  SetPlanned(*prepared, record);
  return Write(std::move(record),
               {.what = Verdict::What::kReady, .not_before = {}, .prepared = prepared});
}

void Loader::SetPlanned(Prepared& prepared, warehouse::LoadRecord& record) {
  record.state = "planned";
  record.reason = PlanReason(prepared.plan);
  prepared.record = record;
  log_.Info("batch_planned", {{"load", UriOf(record.key)},
                              {"table", warehouse::ToString(prepared.plan.destination)},
                              {"partition", record.partition},
                              {"files", record.file_count},
                              {"bytes", record.bytes},
                              {"jobs", record.jobs.size()},
                              {"attempt", record.attempt}});
}

std::shared_ptr<Prepared> Loader::PrepareFresh(const CallContext& ctx,
                                               const warehouse::LoadRecord& seen) {
  const Result<storage::Object> live = storage_.Get(ctx, seen.key.bucket, seen.key.object);
  if (!live.ok() || live->generation != seen.key.generation) return nullptr;
  // A known load may have a frozen plan, which a new one must not replace.
  const auto known = warehouse_.FindLoad(seen.key);
  if (!known.ok() || *known) return nullptr;
  auto prepared = std::make_shared<Prepared>();
  warehouse::LoadRecord record = seen;
  record.attempt = 1;
  record.epoch = 1;
  record.worker = options_.worker;
  record.status = "CLAIMED";
  if (!PlanBatch(ctx, record, prepared->plan).ok()) return nullptr;
  CopyPlan(prepared->plan, record);
  record.planned_at = clock_.Now();
  SetPlanned(*prepared, record);
  return prepared;
}

Result<bool> Loader::SourcesChanged(const CallContext& ctx, const Plan& plan, bool& gone,
                                    std::string& reason) {
  const SourceList now =
      TRY(ListPinned(ctx, storage_, plan.key.bucket, DirectoryOf(plan.key.object)));
  std::map<std::string_view, std::int64_t> live;
  for (const warehouse::SourceObject& file : now) live[file.name] = file.generation;
  bool changed = false;
  for (const warehouse::BatchJob& job : plan.jobs) {
    for (const warehouse::SourceObject& file : job.sources) {
      const auto found = live.find(file.name);
      if (found != live.end() && found->second == file.generation) continue;
      changed = true;
      gone = found == live.end();
      reason =
          warehouse::Uri(file) + " generation " + std::to_string(file.generation) +
          (gone ? " was deleted after the batch was planned; upload it again and then the marker"
                : " was overwritten by generation " + std::to_string(found->second) +
                      " after the batch was planned");
      if (gone) return true;
    }
  }
  return changed;
}

Verdict Loader::Run(const CallContext& ctx, Prepared& batch) {
  // RunBatch itself writes SUBMITTED/loading, in the change that makes the jobs.
  warehouse::LoadRecord record = batch.record;
  const auto load = ToBatchLoad(batch.plan, record);
  const Result<warehouse::LoadRecord> done =
      load.ok() ? warehouse_.RunBatch(ctx, *load) : Result<warehouse::LoadRecord>(load.status());
  if (done.ok()) {
    done_.Add();
    log_.Info("batch_loaded", {{"load", UriOf(record.key)},
                               {"table", warehouse::ToString(batch.plan.destination)},
                               {"rows", done->rows},
                               {"good", done->rows_good},
                               {"bad", done->rows_bad},
                               {"files", record.file_count}});
    const Status forgotten = plans_.ForgetFiles(record.key);
    if (!forgotten.ok())
      log_.Warn("plan_not_forgotten",
                {{"load", UriOf(record.key)}, {"error", forgotten.ToString()}});
    return {};
  }
  // A stop is no failure: the stored state says where the next start goes on.
  if (ctx.stop.stop_requested()) return {};
  if (done.status().code() == Code::kNotFound) {
    bool gone = false;
    std::string reason;
    const Result<bool> changed = SourcesChanged(ctx, batch.plan, gone, reason);
    if (!changed.ok()) return Failed(std::move(record), changed.status(), batch.plan.retries_max);
    if (*changed) {
      record.manifest_hash.clear();
      // An overwritten file is read in its new version; a deleted one is not silently left out.
      const Status why =
          gone ? NotFound(reason, "sourceGone") : Aborted(reason, "sourceOverwritten");
      return Failed(std::move(record), why, batch.plan.retries_max);
    }
  }
  return Failed(std::move(record), done.status(), batch.plan.retries_max);
}

}  // namespace landfall::ingest
