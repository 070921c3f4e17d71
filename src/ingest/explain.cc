#include "ingest/explain.h"

#include <algorithm>

#include "ingest/dispatch.h"
#include "ingest/names.h"

namespace landfall::ingest {
namespace {

std::string UriOf(std::string_view bucket, std::string_view object) {
  return "gs://" + std::string(bucket) + "/" + std::string(object);
}

JsonArray KeysJson(const std::vector<ConfigKey>& keys) {
  JsonArray all;
  for (const ConfigKey& key : keys) {
    all.push_back(JsonObject{{"key", key.key}, {"value", key.value}, {"origin", key.origin}});
  }
  return all;
}

JsonArray JobsJson(const Plan& plan) {
  JsonArray all;
  for (const warehouse::BatchJob& job : plan.jobs) {
    JsonObject shown{
        {"project", job.ref.project}, {"id", job.ref.job_id}, {"location", job.ref.location}};
    if (!job.sources.empty()) shown["files"] = job.sources.size();
    all.push_back(std::move(shown));
  }
  return all;
}

JsonObject FileJson(const warehouse::SourceObject& file) {
  return {
      {"uri", warehouse::Uri(file)}, {"generation", file.generation}, {"size", file.size_bytes}};
}

JsonArray FilesJson(const SourceList& files) {
  JsonArray all;
  for (std::size_t i = 0; i < files.size() && i < kExplainFilesMax; ++i)
    all.push_back(FileJson(files[i]));
  return all;
}

JsonObject CountsJson(std::int64_t in, std::int64_t good, std::int64_t bad, std::int64_t duplicate,
                      std::int64_t filtered) {
  return {
      {"in", in}, {"good", good}, {"bad", bad}, {"duplicate", duplicate}, {"filtered", filtered}};
}

std::string NextOf(const warehouse::LoadRecord& record, std::string_view marker_uri) {
  if (record.state == "seen") return "it is planned as soon as the marks before it are";
  if (record.state == "planned") return "it is loaded when its table is free";
  if (record.state == "loading") return "it is being loaded";
  if (record.status == "DONE")
    return "nothing; upload " + std::string(marker_uri) + " again to load the batch again";
  if (record.state == "superseded") return "nothing; the newer marker stands for it";
  if (record.not_before && record.status != "FAILED")
    return "it is tried again at " + FormatRfc3339(*record.not_before);
  if (record.status == "FAILED")
    return "mend what the reason says, then upload " + std::string(marker_uri) + " again";
  return "it goes on when the reason is gone";
}

void ShowPlan(const Plan& plan, JsonObject& json) {
  json["dataset"] = plan.destination.dataset;
  json["table"] = plan.destination.table;
  json["destinationProject"] = plan.destination.project;
  json["partition"] = plan.partition;
  json["batch"] = plan.batch;
  json["config"] = KeysJson(plan.keys);
  json["jobs"] = JobsJson(plan);
  JsonArray notes;
  for (const std::string& note : plan.notes) notes.emplace_back(note);
  json["notes"] = std::move(notes);
}

}  // namespace

struct Explainer::Answer {
  std::string project, bucket, object;
  RulePtr rule;  // null: no rule governs
  std::optional<storage::Object> live;
  JsonObject json;

  void Say(std::string_view state, std::string_view reason, std::string_view next) {
    json["state"] = state;
    json["reason"] = reason;
    json["next"] = next;
  }
};

Result<std::optional<storage::Object>> Explainer::Live(const CallContext& ctx,
                                                       std::string_view bucket,
                                                       std::string_view object) {
  Result<storage::Object> found = storage_.Get(ctx, bucket, object);
  if (found.ok()) return std::optional<storage::Object>(*std::move(found));
  if (found.status().code() == Code::kNotFound) return std::optional<storage::Object>();
  return found.status();
}

Result<std::optional<warehouse::LoadRecord>> Explainer::LoadOf(
    std::string_view bucket, std::string_view marker, std::optional<std::int64_t> generation) {
  if (generation)
    return warehouse_.FindLoad({std::string(bucket), std::string(marker), *generation});
  warehouse::LoadFilter filter;
  filter.bucket = std::string(bucket);
  filter.object_prefix = std::string(marker);
  std::optional<warehouse::LoadRecord> newest;
  for (warehouse::LoadRecord& record : TRY(warehouse_.ListLoads(filter))) {
    if (record.key.object != marker) continue;
    if (!newest || record.key.generation > newest->key.generation) newest = std::move(record);
  }
  return newest;
}

Result<Json> Explainer::Explain(const CallContext& ctx, std::string_view project,
                                std::string_view bucket, std::string_view object) {
  Answer answer;
  answer.bucket = std::string(bucket);
  answer.object = std::string(object);
  answer.project = std::string(project);
  const Result<storage::Bucket> owner = storage_.GetBucket(ctx, bucket);
  if (!owner.ok() && owner.status().code() != Code::kNotFound) return owner.status();
  if (owner.ok()) {
    answer.project = owner->project;
    answer.live = TRY(Live(ctx, bucket, object));
  }

  JsonArray rules;
  const auto matching = rules_.Snapshot()->Matching(answer.project, bucket, object);
  for (const RulePtr& rule : matching) {
    rules.push_back(JsonObject{{"id", rule->rule.id},
                               {"bucket", rule->rule.bucket},
                               {"prefix", rule->rule.prefix},
                               {"successFilename", rule->variables.names.success},
                               {"governs", rule == matching.front()}});
  }
  answer.rule = matching.empty() ? nullptr : matching.front();
  answer.json = {{"uri", UriOf(bucket, object)},
                 {"project", answer.project},
                 {"dataset", ""},
                 {"table", ""},
                 {"partition", ""},
                 {"batch", ""},
                 {"state", ""},
                 {"reason", ""},
                 {"exists", answer.live.has_value()},
                 {"rules", std::move(rules)},
                 {"config", JsonArray()},
                 {"files", JsonArray()},
                 {"filesTotal", 0},
                 {"jobs", JsonArray()},
                 {"counts", CountsJson(0, 0, 0, 0, 0)},
                 {"next", ""}};
  if (answer.live) answer.json["generation"] = answer.live->generation;

  if (answer.rule == nullptr) {
    answer.Say("ignored",
               "no ingest rule of project " + answer.project + " covers " + UriOf(bucket, object),
               "nothing; create an ingest rule to watch this bucket and prefix");
  } else if (HasDirectory(object, kConfigDir)) {
    TRY(ExplainConfig(ctx, answer));
  } else if (IsMarker(object, answer.rule->variables.names)) {
    TRY(ExplainMarker(ctx, answer));
  } else {
    TRY(ExplainData(ctx, answer));
  }
  if (!owner.ok()) {
    answer.json["reason"] = "bucket " + answer.bucket + " does not exist; " +
                            std::string(answer.json["reason"].as_string());
  }
  return Json(std::move(answer.json));
}

Status Explainer::ExplainMarker(const CallContext& ctx, Answer& answer) {
  const std::optional<std::int64_t> generation =
      answer.live ? std::optional(answer.live->generation) : std::nullopt;
  const auto record = TRY(LoadOf(answer.bucket, answer.object, generation));
  if (record) return ExplainLoad(ctx, *record, answer);
  TRY(ExplainUnplanned(ctx, generation.value_or(0), answer));
  return Ok();
}

// From what was stored when it was decided.
Status Explainer::ExplainLoad(const CallContext& ctx, const warehouse::LoadRecord& record,
                              Answer& answer) {
  if (record.state == "seen") {
    TRY(ExplainUnplanned(ctx, record.key.generation, answer));
  } else if (auto plan = TRY(plans_.Find(record.key))) {
    ShowPlan(*plan, answer.json);
    answer.json["files"] = FilesJson(AllSources(*plan));
  } else if (auto summary = TRY(plans_.FindSummary(record.key))) {
    ShowPlan(*summary, answer.json);
  } else {
    // Refused while it was planned: what was found out then is in the row, what the keys are now
    // comes from the bucket.
    TRY(ExplainUnplanned(ctx, record.key.generation, answer));
  }
  JsonObject& json = answer.json;
  json["generation"] = record.key.generation;
  if (!record.dataset.empty()) json["dataset"] = record.dataset;
  if (!record.table.empty()) json["table"] = record.table;
  if (!record.partition.empty()) json["partition"] = record.partition;
  if (!record.batch_id.empty()) json["batch"] = record.batch_id;
  json["status"] = record.status;
  json["attempt"] = record.attempt;
  json["rule"] = record.rule;
  if (!record.error.empty()) {
    json["errorCode"] = record.error_code;
    json["error"] = record.error;
  }
  const std::vector<warehouse::LoadObjectRecord> objects =
      TRY(warehouse_.ListLoadObjects(record.key));
  if (!objects.empty()) {
    JsonArray files;
    for (std::size_t i = 0; i < objects.size() && i < kExplainFilesMax; ++i) {
      const warehouse::LoadObjectRecord& row = objects[i];
      JsonObject file = FileJson(row.object);
      file["counts"] = CountsJson(row.rows_in, row.rows_good, row.rows_bad, row.rows_duplicate,
                                  row.rows_filtered);
      files.push_back(std::move(file));
    }
    json["files"] = std::move(files);
  }
  json["filesTotal"] = record.file_count;
  json["counts"] = CountsJson(record.rows_in, record.rows_good, record.rows_bad,
                              record.rows_duplicate, record.rows_filtered);
  std::string reason = record.reason;
  if (record.status == "DONE" && reason.empty()) {
    reason = "loaded " + std::to_string(record.rows_good) + " rows of " +
             std::to_string(record.file_count) + (record.file_count == 1 ? " file" : " files") +
             (record.rows_bad == 0 ? ""
                                   : "; " + std::to_string(record.rows_bad) +
                                         " bad rows are in the table's __bad table");
  }
  answer.Say(record.state, reason.empty() ? "status " + record.status : reason,
             NextOf(record, UriOf(answer.bucket, record.key.object)));
  return Ok();
}

// The planner itself, with nothing written.
Status Explainer::ExplainUnplanned(const CallContext& ctx, std::int64_t generation,
                                   Answer& answer) {
  Plan plan;
  plan.key = {answer.bucket, std::string(answer.object), generation};
  plan.project = answer.project;
  const Status planned = MakePlan(ctx, storage_, *answer.rule, plan);
  ShowPlan(plan, answer.json);
  answer.json["files"] = FilesJson(AllSources(plan));
  answer.json["filesTotal"] = plan.file_count;
  const std::string uri = UriOf(answer.bucket, answer.object);
  if (!planned.ok()) {
    const bool later = !answer.live && planned.code() == Code::kNotFound;
    answer.Say(
        "waiting",
        (answer.live ? "" : "the marker does not exist; if it landed now: ") + planned.message(),
        later ? "upload data files and then " + uri
              : "mend what the reason says, then upload " + uri);
  } else if (answer.live) {
    answer.Say("waiting",
               "the marker exists, and its notification has not been heard of; it may have landed "
               "before a rule "
               "covered it",
               "upload " + uri + " again to load " + std::to_string(plan.file_count) + " files");
  } else {
    answer.Say("waiting", "the marker has not landed",
               "upload " + uri + " to load " + std::to_string(plan.file_count) + " files into " +
                   warehouse::ToString(plan.destination) +
                   (plan.partition.empty() ? "" : "$" + plan.partition));
  }
  return Ok();
}

// A data file belongs to the nearest directory at or above it whose marker has a load or exists.
Status Explainer::ExplainData(const CallContext& ctx, Answer& answer) {
  const ReservedNames& names = answer.rule->variables.names;
  const std::uint64_t size = answer.live ? answer.live->size_bytes : 1;
  const Exclusion excluded = ExclusionOf(answer.object, size, names);
  std::vector<std::string> directories = DirectoriesDownTo(DirectoryOf(answer.object));
  std::ranges::reverse(directories);
  if (excluded != Exclusion::kNone) {
    answer.Say("ignored", "the object is never loaded: " + std::string(ExclusionText(excluded)),
               "nothing");
    return Ok();
  }
  std::optional<warehouse::LoadRecord> first;
  for (const std::string& directory : directories) {
    const std::string marker = directory + names.success;
    const auto load = TRY(LoadOf(answer.bucket, marker, std::nullopt));
    if (!load) continue;
    if (!first) first = load;
    for (const warehouse::LoadObjectRecord& row : TRY(warehouse_.ListLoadObjects(load->key))) {
      if (row.object.name == answer.object && answer.live &&
          row.object.generation == answer.live->generation) {
        return ExplainCovered(ctx, *load, answer);
      }
    }
  }
  if (first) return ExplainCovered(ctx, *first, answer);
  // No marker above it was ever heard of: its own directory is where one would go.
  const std::string marker = directories.front() + names.success;
  Answer would = answer;
  would.object = marker;
  would.live = TRY(Live(ctx, answer.bucket, marker));
  TRY(ExplainUnplanned(ctx, 0, would));
  for (const char* member :
       {"dataset", "table", "destinationProject", "partition", "batch", "config", "notes"}) {
    answer.json[member] = would.json[member];
  }
  const std::string reason =
      answer.live ? "no marker has landed at or above the file's directory"
                  : "the object does not exist, and no marker has landed at or above its directory";
  answer.json["marker"] = UriOf(answer.bucket, marker);
  answer.Say("waiting", reason, std::string(would.json["next"].as_string()));
  return Ok();
}

Status Explainer::ExplainCovered(const CallContext& ctx, const warehouse::LoadRecord& load,
                                 Answer& answer) {
  Answer marker = answer;
  marker.object = load.key.object;
  TRY(ExplainLoad(ctx, load, marker));
  const std::string marker_uri = UriOf(load.key.bucket, load.key.object);
  for (const char* member : {"dataset", "table", "destinationProject", "partition", "batch",
                             "config", "jobs", "status"}) {
    if (marker.json.contains(member)) answer.json[member] = marker.json[member];
  }
  answer.json["marker"] = marker_uri;
  answer.json["markerGeneration"] = load.key.generation;
  // The batch took it when the load says so, or, before that, when the frozen plan does.
  bool taken = false;
  std::int64_t taken_generation = 0;
  for (const warehouse::LoadObjectRecord& row : TRY(warehouse_.ListLoadObjects(load.key))) {
    if (row.object.name != answer.object) continue;
    taken = true;
    taken_generation = row.object.generation;
    answer.json["counts"] =
        CountsJson(row.rows_in, row.rows_good, row.rows_bad, row.rows_duplicate, row.rows_filtered);
    answer.json["files"] = JsonArray{FileJson(row.object)};
    answer.json["filesTotal"] = 1;
  }
  if (!taken) {
    if (const auto plan = TRY(plans_.Find(load.key))) {
      for (const warehouse::SourceObject& file : AllSources(*plan)) {
        if (file.name != answer.object) continue;
        taken = true;
        taken_generation = file.generation;
      }
    }
  }
  const std::string again = "upload " + marker_uri + " again to load it";
  if (taken && answer.live && answer.live->generation != taken_generation) {
    answer.Say("waiting",
               "generation " + std::to_string(taken_generation) +
                   " of the file belongs to the batch of " + marker_uri +
                   "; it was overwritten after the marker",
               again);
  } else if (taken || load.state == "seen") {
    answer.Say(load.state,
               "it belongs to the batch of " + marker_uri + ": " +
                   std::string(marker.json["reason"].as_string()),
               std::string(marker.json["next"].as_string()));
  } else if (load.status == "FAILED") {
    answer.Say("waiting", "the batch of " + marker_uri + " failed: " + load.reason,
               std::string(marker.json["next"].as_string()));
  } else if (answer.live) {
    answer.Say("waiting", "landed after the marker; re-upload the marker to load it", again);
  } else {
    answer.Say("waiting",
               "the object does not exist; the batch of " + marker_uri + " did not hold it",
               "upload it, then upload " + marker_uri + " again");
  }
  return Ok();
}

Status Explainer::ExplainConfig(const CallContext& ctx, Answer& answer) {
  std::string directory;
  for (const std::string& level : DirectoriesDownTo(DirectoryOf(answer.object))) {
    if (level.ends_with(std::string(kConfigDir) + "/")) break;
    directory = level;
  }
  const std::string below = UriOf(answer.bucket, directory);
  const bool direct = answer.object == directory + std::string(kConfigDir) + "/" +
                                           std::string(BaseName(answer.object));
  const std::string_view base = BaseName(answer.object);
  if (!direct || (base != "load.json" && base != "external.json" && base != "ORDERME" &&
                  !base.ends_with(".sql"))) {
    answer.Say(
        "ignored",
        "objects below _config are never loaded, and this one is no configuration file either",
        "nothing");
    return Ok();
  }
  std::string reason = "configuration of the batches at and below " + below +
                       "; it is read when a batch is planned, never loaded";
  const auto found = ReadConfig(ctx, storage_, answer.bucket, directory);
  if (found.ok()) {
    const auto config = ResolveConfig(answer.bucket, found->load_files);
    Status fine = config.status();
    if (config.ok()) {
      answer.json["config"] = KeysJson(config->keys);
      fine = CheckLoadConfig(answer.bucket, found->load_files, *config).status();
    }
    if (!fine.ok()) reason += "; batches below it fail: " + fine.message();
  } else if (found.status().code() != Code::kNotFound) {
    reason += "; batches below it fail: " + found.status().message();
  }
  if (!answer.live) reason = "the object does not exist; it would be " + reason;
  answer.Say("ignored", reason, "nothing");
  return Ok();
}

}  // namespace landfall::ingest
