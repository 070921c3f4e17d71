// Layout in meta:
//   ("ingest.plan", bucket, object, generation)               the summary: a JSON object, see
//   Encode
//   ("ingest.plan_files", bucket, object, generation, chunk)  [[name, generation, size, crc32c],
//   ..], in job order
// Files are cut into chunks because one value holds at most 1 MiB and a batch may have millions of
// them.
#include "ingest/plan_store.h"

#include <set>

#include "base/json.h"

namespace landfall::ingest {
namespace {

constexpr std::string_view kPlans = "ingest.plan";
constexpr std::string_view kFiles = "ingest.plan_files";
constexpr std::size_t kChunkFiles = 400;  // of at most 1 KiB each, escaped at worst sixfold, rarely
constexpr std::size_t kChunkBytesMax = 900u << 10;
constexpr std::size_t kChunksPerCommit = 50;  // stays below what one change may write

std::string PlanKey(const warehouse::LoadKey& key) {
  return meta::MakeKey({kPlans, key.bucket, key.object,
                        meta::OrderedInt(static_cast<std::uint64_t>(key.generation))});
}
std::string FilesPrefix(const warehouse::LoadKey& key) {
  return meta::MakeKey({kFiles, key.bucket, key.object,
                        meta::OrderedInt(static_cast<std::uint64_t>(key.generation))});
}
std::string ChunkKey(const warehouse::LoadKey& key, std::size_t chunk) {
  return meta::MakeKey({kFiles, key.bucket, key.object,
                        meta::OrderedInt(static_cast<std::uint64_t>(key.generation)),
                        meta::OrderedInt(chunk)});
}

Json Encode(const Plan& plan) {
  JsonArray keys;
  for (const ConfigKey& key : plan.keys) keys.push_back(JsonArray{key.key, key.value, key.origin});
  JsonArray jobs;
  for (const warehouse::BatchJob& job : plan.jobs) {
    jobs.push_back(
        JsonArray{job.ref.project, job.ref.job_id, job.ref.location, job.sources.size()});
  }
  JsonObject labels;
  for (const auto& [name, value] : plan.labels) labels[name] = value;
  JsonArray notes;
  for (const std::string& note : plan.notes) notes.emplace_back(note);
  return JsonObject{
      {"project", plan.project},
      {"rule", plan.rule},
      {"to", JsonArray{plan.destination.project, plan.destination.dataset, plan.destination.table}},
      {"partition", plan.partition},
      {"batch", plan.batch},
      {"keys", std::move(keys)},
      {"load", plan.load},
      {"configHash", plan.config_hash},
      {"manifestHash", plan.manifest_hash},
      {"labels", std::move(labels)},
      {"jobs", std::move(jobs)},
      {"fileCount", plan.file_count},
      {"bytes", plan.bytes},
      {"retriesMax", plan.retries_max},
      {"notes", std::move(notes)}};
}

std::string Text(const Json& value) { return std::string(value.as_string()); }

// What we wrote ourselves; anything else is damage, and Boost.JSON says so by throwing.
Plan DecodeOrThrow(const warehouse::LoadKey& key, const JsonObject& stored,
                   std::vector<std::size_t>& job_sizes) {
  Plan plan;
  plan.key = key;
  plan.project = Text(stored.at("project"));
  plan.rule = Text(stored.at("rule"));
  const JsonArray& to = stored.at("to").as_array();
  plan.destination = {Text(to.at(0)), Text(to.at(1)), Text(to.at(2))};
  plan.partition = Text(stored.at("partition"));
  plan.batch = Text(stored.at("batch"));
  for (const Json& entry : stored.at("keys").as_array()) {
    const JsonArray& parts = entry.as_array();
    plan.keys.push_back({Text(parts.at(0)), parts.at(1), Text(parts.at(2))});
  }
  plan.load = stored.at("load").as_object();
  plan.config_hash = Text(stored.at("configHash"));
  plan.manifest_hash = Text(stored.at("manifestHash"));
  for (const auto& [name, value] : stored.at("labels").as_object())
    plan.labels[std::string(name)] = Text(value);
  for (const Json& entry : stored.at("jobs").as_array()) {
    const JsonArray& parts = entry.as_array();
    warehouse::BatchJob job;
    job.ref = {Text(parts.at(0)), Text(parts.at(1)), Text(parts.at(2))};
    job_sizes.push_back(parts.at(3).to_number<std::size_t>());
    plan.jobs.push_back(std::move(job));
  }
  plan.file_count = stored.at("fileCount").to_number<std::size_t>();
  plan.bytes = stored.at("bytes").to_number<std::uint64_t>();
  plan.retries_max = stored.at("retriesMax").to_number<int>();
  for (const Json& note : stored.at("notes").as_array()) plan.notes.push_back(Text(note));
  return plan;
}

Status Damaged(const warehouse::LoadKey& key) {
  return DataLoss("the stored plan of gs://" + key.bucket + "/" + key.object + "#" +
                  std::to_string(key.generation) + " cannot be read");
}

Result<Plan> Decode(const warehouse::LoadKey& key, std::string_view text,
                    std::vector<std::size_t>& job_sizes) {
  const Json stored = TRY(ParseJson(text));
  try {
    return DecodeOrThrow(key, stored.as_object(), job_sizes);
  } catch (const std::exception&) {
    return Damaged(key);
  }
}

Status AppendFiles(std::string_view bucket, std::string_view text, SourceList& files) {
  const Json chunk = TRY(ParseJson(text));
  try {
    for (const Json& entry : chunk.as_array()) {
      const JsonArray& parts = entry.as_array();
      files.push_back(
          {std::string(bucket), Text(parts.at(0)), parts.at(1).to_number<std::int64_t>(),
           parts.at(2).to_number<std::uint64_t>(), parts.at(3).to_number<std::uint32_t>()});
    }
  } catch (const std::exception&) {
    return DataLoss("a stored list of files cannot be read");
  }
  return Ok();
}

std::vector<std::string> Chunks(const SourceList& files) {
  std::vector<std::string> chunks;
  std::string text;
  std::size_t count = 0;
  const auto close = [&] {
    if (count > 0) chunks.push_back("[" + text + "]");
    text.clear();
    count = 0;
  };
  for (const warehouse::SourceObject& file : files) {
    const std::string entry =
        ToText(JsonArray{file.name, file.generation, file.size_bytes, file.crc32c});
    if (count == kChunkFiles || text.size() + entry.size() > kChunkBytesMax) close();
    if (count++ > 0) text += ',';
    text += entry;
  }
  close();
  return chunks;
}

void DeleteRange(meta::Txn& txn, const meta::KeyRange& range, Status& outcome) {
  std::vector<std::string> keys;
  outcome = txn.Scan(range, [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  });
  for (const std::string& key : keys) txn.Delete(key);
}

}  // namespace

Status PlanStore::Save(const Plan& plan) {
  const std::vector<std::string> chunks = Chunks(AllSources(plan));
  // The summary goes last: a plan without it is no plan, so a crash in between leaves nothing
  // half-believed.
  std::size_t next = 0;
  bool first = true;
  do {
    TRY(meta_.Commit([&](meta::Txn& txn) {
      Status outcome;
      if (first) {
        txn.Delete(PlanKey(plan.key));
        DeleteRange(txn, meta::PrefixRange(FilesPrefix(plan.key)), outcome);
      }
      const std::size_t end = std::min(chunks.size(), next + kChunksPerCommit);
      for (std::size_t i = next; i < end; ++i) txn.Put(ChunkKey(plan.key, i), chunks[i]);
      if (end == chunks.size()) txn.Put(PlanKey(plan.key), ToText(Encode(plan)));
      return outcome;
    }));
    first = false;
    next += kChunksPerCommit;
  } while (next < chunks.size());
  return Ok();
}

Result<std::optional<Plan>> PlanStore::FindSummary(const warehouse::LoadKey& key) {
  const std::optional<std::string> stored = TRY(meta_.Get(PlanKey(key)));
  if (!stored) return std::optional<Plan>();
  std::vector<std::size_t> job_sizes;
  return std::optional<Plan>(TRY(Decode(key, *stored, job_sizes)));
}

Result<std::optional<Plan>> PlanStore::Find(const warehouse::LoadKey& key) {
  const auto reader = meta_.Snapshot();
  const std::optional<std::string> stored = TRY(reader->Get(PlanKey(key)));
  if (!stored) return std::optional<Plan>();
  std::vector<std::size_t> job_sizes;
  Plan plan = TRY(Decode(key, *stored, job_sizes));
  SourceList files;
  Status broken;
  TRY(reader->Scan(meta::PrefixRange(FilesPrefix(key)),
                   [&](std::string_view, std::string_view value) {
                     broken = AppendFiles(key.bucket, value, files);
                     return broken.ok();
                   }));
  TRY(broken);
  if (files.size() != plan.file_count) return std::optional<Plan>();
  std::size_t at = 0;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    if (job_sizes[i] > files.size() - at) return Damaged(key);
    const auto begin = files.begin() + static_cast<std::ptrdiff_t>(at);
    plan.jobs[i].sources.assign(begin, begin + static_cast<std::ptrdiff_t>(job_sizes[i]));
    at += job_sizes[i];
  }
  return std::optional<Plan>(std::move(plan));
}

Status PlanStore::ForgetFiles(const warehouse::LoadKey& key) {
  return meta_.Commit([&](meta::Txn& txn) {
    Status outcome;
    DeleteRange(txn, meta::PrefixRange(FilesPrefix(key)), outcome);
    return outcome;
  });
}

Status PlanStore::ForgetFilesUnless(const std::function<bool(const warehouse::LoadKey&)>& needed) {
  std::set<warehouse::LoadKey> over;
  const auto reader = meta_.Snapshot();
  TRY(reader->Scan(
      meta::PrefixRange(meta::MakeKey({kFiles})), [&](std::string_view key, std::string_view) {
        const auto parts = meta::SplitKey(key);
        if (!parts.ok() || parts->size() != 5) return true;
        const warehouse::LoadKey load{(*parts)[1], (*parts)[2],
                                      static_cast<std::int64_t>(meta::FromOrderedInt((*parts)[3]))};
        if (!needed(load)) over.insert(load);
        return true;
      }));
  for (const warehouse::LoadKey& key : over) TRY(ForgetFiles(key));
  return Ok();
}

}  // namespace landfall::ingest
