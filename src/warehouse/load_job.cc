#include "warehouse/load_job.h"

#include "warehouse/job_store.h"
#include "warehouse/load_state.h"

namespace landfall::warehouse {
namespace {

constexpr int kConflictsMax = 5;
constexpr std::chrono::milliseconds kConflictPause{20};

// The bytes of an upload job as the only source object.
class UploadedObject final : public ObjectSource {
 public:
  explicit UploadedObject(std::shared_ptr<ReadableFile> file) : file_(std::move(file)) {}
  Result<std::vector<SourceObject>> Expand(std::string_view) override {
    return std::vector<SourceObject>{{.bucket = "",
                                      .name = "upload",
                                      .generation = 0,
                                      .size_bytes = file_->size_bytes(),
                                      .crc32c = 0}};
  }
  Result<std::shared_ptr<ReadableFile>> Open(const SourceObject&) override { return file_; }

 private:
  const std::shared_ptr<ReadableFile> file_;
};

Result<std::vector<SourceObject>> ExpandAll(const LoadConfig& config, ObjectSource& objects,
                                            bool upload) {
  if (upload) return objects.Expand("");
  if (config.source_uris.empty())
    return InvalidArgument("Load configuration must specify at least one source URI");
  std::vector<SourceObject> sources;
  for (const std::string& uri : config.source_uris) {
    for (SourceObject& object : TRY(objects.Expand(uri))) sources.push_back(std::move(object));
  }
  return sources;
}

}  // namespace

Status LoadEngine::Start(Connection& connection) {
  TRY(CreateLoadTables(connection));
  return function_.Register(connection);
}

std::string LoadEngine::SpoolPath(std::int64_t load_id) {
  return services_.spool_dir + "/bad-" + std::to_string(load_id) + "-" + std::to_string(++spools_);
}

Status LoadEngine::RunLoadJob(JobRun& run, LoadConfig config,
                              std::shared_ptr<ReadableFile> upload) {
  const bool is_upload = upload != nullptr;
  UploadedObject uploaded(std::move(upload));
  ObjectSource& objects = is_upload ? uploaded : services_.objects;
  const std::vector<SourceObject> sources = TRY(ExpandAll(config, objects, is_upload));
  run.job.input_files = static_cast<std::int64_t>(sources.size());
  for (const SourceObject& source : sources)
    run.job.input_bytes += static_cast<std::int64_t>(source.size_bytes);
  const std::optional<Schema> schema =
      TRY(FileSchema(services_, config, sources, objects, run.connection));
  const std::int64_t load_id = LoadIdOf(run.job.ref);
  const LoadInput input{.config = config,
                        .sources = sources,
                        .objects = objects,
                        .load_id = load_id,
                        .bad_max = config.max_bad_records.value_or(0)};
  const TableLocks::Held held = TRY(services_.locks.Acquire({config.destination}, run.stop()));
  for (int attempt = 1;; ++attempt) {
    BadRows bad_rows(
        {.spool_path = SpoolPath(load_id), .memory_bytes_max = BadRows::Options().memory_bytes_max},
        services_.files);
    Status status = TryJob(run, config, input, schema ? &*schema : nullptr, bad_rows);
    run.job.bad_records = bad_rows.count();
    if (status.ok()) return status;
    const std::vector<BadRow> first = bad_rows.First();
    run.job.output_rows = 0;
    // The first one is the job's error already.
    for (std::size_t i = 1; i < first.size() && status.code() == Code::kInvalidArgument; ++i) {
      const SourceObject& object = sources[static_cast<std::size_t>(first[i].object_no - 1)];
      run.job.errors.push_back(
          {"invalid", Uri(object), BadRecordMessage(config.source_format, first[i], object)});
    }
    if (status.reason() != "conflict" || attempt == kConflictsMax ||
        !run.Pause(kConflictPause * attempt))
      return status;
    run.job.errors.clear();
  }
}

Status LoadEngine::TryJob(JobRun& run, const LoadConfig& config, const LoadInput& input,
                          const Schema* file_schema, BadRows& bad_rows) {
  const UnorderedInserts unordered = TRY(UnorderedInserts::Begin(run.connection));
  Transaction transaction = TRY(Transaction::Begin(run.connection));
  CatalogChange change(services_.catalog, run.connection);
  const LoadOutput output =
      TRY(RunLoad(services_, function_, change, run.connection, input, file_schema, bad_rows));
  TRY(run.CheckStop());
  run.job.output_rows = output.total.good;
  run.job.bad_records = output.total.bad;
  for (const BadRow& row : bad_rows.First()) {
    const SourceObject& object = input.sources[static_cast<std::size_t>(row.object_no - 1)];
    run.job.errors.push_back(
        {"invalid", Uri(object), BadRecordMessage(config.source_format, row, object)});
  }
  Status hit = services_.faults.Hit("warehouse.commit", config.destination.table);
  if (hit.ok()) hit = run.CommitDone(transaction, &change);
  if (!hit.ok()) run.job.errors.clear();
  return hit;
}

}  // namespace landfall::warehouse
