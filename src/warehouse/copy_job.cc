#include "warehouse/copy_job.h"

#include <algorithm>

#include "base/text.h"
#include "warehouse/partition.h"
#include "warehouse/size_estimate.h"

namespace landfall::warehouse {
namespace {

using TablePtr = std::shared_ptr<const Table>;

Status Mismatch(const TableRef& table, const std::string& why) {
  return InvalidArgument("Provided Schema does not match Table " + ToString(table) + ". " + why);
}

// Whether rows of `from` fit `to` as they are: the same fields by name and type, in any order.
Status CheckFields(const TableRef& table, const std::string& path, const Schema& from,
                   const Schema& to) {
  for (const Field& field : from) {
    const auto found = std::find_if(
        to.begin(), to.end(), [&](const Field& f) { return EqualsIgnoreCase(f.name, field.name); });
    const std::string name = path + field.name;
    if (found == to.end()) return Mismatch(table, "Cannot add fields (field: " + name + ")");
    if (found->type != field.type) {
      return Mismatch(table, "Field " + name + " has changed type from " +
                                 std::string(googlesql::WireTypeName(found->type)) + " to " +
                                 std::string(googlesql::WireTypeName(field.type)));
    }
    if ((found->mode == Mode::kRepeated) != (field.mode == Mode::kRepeated))
      return Mismatch(table, "Field " + name + " has changed mode from or to REPEATED");
    if (found->mode == Mode::kRequired && field.mode != Mode::kRequired)
      return Mismatch(table, "Field " + name + " has changed mode from REQUIRED to NULLABLE");
    // DuckDB casts records by position here, so the order inside of them must be the same.
    if (field.type == googlesql::TypeKind::kStruct) {
      if (field.fields.size() != found->fields.size())
        return Mismatch(table, "Field " + name + " has other fields");
      TRY(CheckFields(table, name + ".", field.fields, found->fields));
    }
  }
  for (const Field& field : to) {
    const bool given = std::any_of(from.begin(), from.end(), [&](const Field& f) {
      return EqualsIgnoreCase(f.name, field.name);
    });
    if (!given && field.mode == Mode::kRequired)
      return Mismatch(table, "Field " + path + field.name + " is missing in new schema");
  }
  return {};
}

bool SamePartitioning(const Table& a, const Table& b) {
  const auto& x = a.time_partitioning;
  const auto& y = b.time_partitioning;
  if (x.has_value() != y.has_value()) return false;
  if (x && (x->type != y->type || !EqualsIgnoreCase(x->field, y->field))) return false;
  const auto& r = a.range_partitioning;
  const auto& s = b.range_partitioning;
  if (r.has_value() != s.has_value()) return false;
  return !r || (EqualsIgnoreCase(r->field, s->field) && r->start == s->start && r->end == s->end &&
                r->interval == s->interval);
}

class Copy {
 public:
  Copy(Catalog& catalog, const CopyConfig& config, JobRun& run)
      : config_(config), run_(run), change_(catalog, run.connection) {}

  Status Run() {
    Transaction transaction = TRY(Transaction::Begin(run_.connection));
    for (const SourceTable& source : config_.sources) sources_.push_back(TRY(FindSource(source)));
    TRY(PrepareDestination());
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const std::string sql = TRY(InsertSql(*sources_[i], config_.sources[i].partition));
      const QueryResult inserted = TRY(run_.connection.Run(sql));
      run_.job.output_rows += static_cast<std::int64_t>(inserted.rows_changed());
    }
    run_.job.output_bytes = run_.job.output_rows * LikelyRowBytes(to_->schema);
    return run_.CommitDone(transaction, &change_);
  }

 private:
  Result<TablePtr> FindSource(const SourceTable& source) {
    if (!change_.FindDataset({source.ref.project, source.ref.dataset}))
      return DatasetNotFound({source.ref.project, source.ref.dataset});
    TablePtr table = change_.FindTable(source.ref);
    if (!table) return TableNotFound(source.ref);
    if (table->type != "TABLE") {
      return InvalidArgument("Using table " + ToString(source.ref) +
                             " is not allowed for this operation because of its type. Try using a "
                             "different table that is of type TABLE.");
    }
    if (!sources_.empty()) {
      const Table& first = *sources_.front();
      TRY(CheckFields(first.ref, "", table->schema, first.schema));
      if (!SamePartitioning(first, *table)) return Partitioning(table->ref);
    }
    return table;
  }
  static Status Partitioning(const TableRef& ref) {
    return InvalidArgument("Incompatible table partitioning specification for table " +
                           ToString(ref));
  }

  Status Create(Table like) {
    like.ref = config_.destination;
    like.expiration.reset();
    if (!config_.destination_partition.empty() && !like.time_partitioning)
      like.time_partitioning = TimePartitioning{};
    to_ = TRY(change_.CreateTable(std::move(like)));
    return {};
  }

  Status PrepareDestination() {
    const TableRef& ref = config_.destination;
    if (!change_.FindDataset({ref.project, ref.dataset}))
      return DatasetNotFound({ref.project, ref.dataset});
    const Table& first = *sources_.front();
    to_ = change_.FindTable(ref);
    if (!to_) {
      if (config_.create_disposition == CreateDisposition::kNever) return TableNotFound(ref);
      return Create(first);
    }
    if (to_->type != "TABLE")
      return InvalidArgument("Cannot copy to " + ToString(ref) + ": it is a " + to_->type);
    const bool fits = CheckFields(ref, "", first.schema, to_->schema).ok() &&
                      first.schema.size() == to_->schema.size() && SamePartitioning(first, *to_);
    const bool whole = config_.destination_partition.empty();
    if (config_.write_disposition == WriteDisposition::kTruncate && whole && !fits) {
      // The new table is like its source, whatever the old one was.
      TRY(change_.DropTable(ref));
      return Create(first);
    }
    TRY(CheckFields(ref, "", first.schema, to_->schema));
    const bool partitioned = first.time_partitioning || first.range_partitioning;
    if (partitioned && !SamePartitioning(first, *to_)) return Partitioning(ref);
    const std::string where =
        whole ? "true" : TRY(ResolvePartition(*to_, config_.destination_partition)).predicate;
    const std::string rows = " FROM " + PhysicalName(ref) + " WHERE " + where;
    if (config_.write_disposition == WriteDisposition::kTruncate)
      return run_.connection.Execute("DELETE" + rows);
    if (config_.write_disposition == WriteDisposition::kAppend) return {};
    QueryResult any = TRY(run_.connection.Run("SELECT 1" + rows + " LIMIT 1"));
    if (!TRY(any.Next())) return {};
    return AlreadyExists("Already Exists: Table " + ToString(ref) +
                         (whole ? "" : "$" + config_.destination_partition));
  }

  Result<std::string> InsertSql(const Table& from, const std::string& partition) const {
    std::string names, values;
    const auto add = [&](const std::string& name, const std::string& value) {
      names += (names.empty() ? "" : ", ") + name;
      values += (values.empty() ? "" : ", ") + value;
    };
    for (const std::string_view hidden : {kLoadIdColumn, kObjectNoColumn, kRecordNoColumn}) {
      const std::string name = googlesql::QuoteIdentifier(hidden);
      add(name, name);
    }
    std::string where = "true";
    if (!partition.empty()) where = TRY(ResolvePartition(from, partition)).predicate;
    if (!config_.destination_partition.empty()) {
      const Partition into = TRY(ResolvePartition(*to_, config_.destination_partition));
      if (IsIngestionPartitioned(*to_)) {
        add(googlesql::QuoteIdentifier(kPartitionTimeColumn),
            "make_timestamptz(" + std::to_string(ToMicros(into.start)) + ")");
      } else {
        where = "(" + where + ") AND CASE WHEN " + into.predicate +
                " THEN true ELSE error('LF: Some rows belong to different partitions rather than "
                "destination partition " +
                to_->ref.table + "$" + config_.destination_partition + "') END";
      }
    } else if (IsIngestionPartitioned(*to_) && IsIngestionPartitioned(from)) {
      const std::string name = googlesql::QuoteIdentifier(kPartitionTimeColumn);
      add(name, name);
    }
    for (const Field& field : from.schema) {
      const std::string name = googlesql::QuoteIdentifier(field.name);
      add(name, name);
    }
    return "INSERT INTO " + PhysicalName(to_->ref) + " (" + names + ") SELECT " + values +
           " FROM " + PhysicalName(from.ref) + " WHERE " + where;
  }

  const CopyConfig& config_;
  JobRun& run_;
  CatalogChange change_;
  std::vector<TablePtr> sources_;
  TablePtr to_;
};

}  // namespace

Status RunCopy(Catalog& catalog, TableLocks& locks, const CopyConfig& config, JobRun& run) {
  if (config.write_disposition == WriteDisposition::kTruncate) {
    for (const SourceTable& source : config.sources) {
      if (source.ref == config.destination) {
        return InvalidArgument("The destination " + ToString(config.destination) +
                               " of a copy with WRITE_TRUNCATE cannot be one of its sources");
      }
    }
  }
  const TableLocks::Held held = TRY(locks.Acquire({config.destination}, run.stop()));
  return Copy(catalog, config, run).Run();
}

}  // namespace landfall::warehouse
