#include <algorithm>
#include <utility>

#include "base/text.h"
#include "warehouse/catalog.h"
#include "warehouse/catalog_record.h"
#include "warehouse/schema_ddl.h"

namespace landfall::warehouse {
namespace {

Status AlreadyThere(std::string_view kind, const std::string& name) {
  return AlreadyExists("Already Exists: " + std::string(kind) + " " + name);
}

// Under the table's lock only an unpublished change of another caller can make DuckDB refuse an
// object of ours.
Status AsConflict(Status status) {
  if (status.code() != Code::kInternal) return status;
  const std::string& text = status.message();
  const bool raced = text.find("already exists") != std::string::npos ||
                     text.find("does not exist") != std::string::npos;
  return raced ? Aborted("the catalog changed meanwhile: " + text, "conflict") : status;
}

// When a fresh resource replaces the etag of an older one within the same microsecond, the content
// differs anyway.
TimePoint Later(TimePoint now, TimePoint than) { return std::max(now, than + Duration(1)); }

}  // namespace

std::shared_ptr<const Dataset> CatalogChange::FindDataset(const DatasetRef& ref) const {
  const auto it = datasets_.find(ref);
  return it != datasets_.end() ? it->second : catalog_.FindDataset(ref);
}

std::shared_ptr<const Table> CatalogChange::FindTable(const TableRef& ref) const {
  const auto it = tables_.find(ref);
  return it != tables_.end() ? it->second : catalog_.FindTable(ref);
}

std::shared_ptr<const Table> CatalogChange::Stored(const TableRef& ref) const {
  const auto it = tables_.find(ref);
  return it != tables_.end() ? it->second : catalog_.Stored(ref);
}

Status CatalogChange::WriteDataset(const Dataset& dataset, bool fresh) {
  const std::string record = DatasetRecord(dataset);
  const std::string_view sql =
      fresh ? "INSERT INTO _landfall.datasets VALUES ($1, $2, $3)"
            : "UPDATE _landfall.datasets SET record = $3 WHERE project = $1 AND dataset = $2";
  (void)TRY(connection_.Write(sql, {dataset.ref.project, dataset.ref.dataset, record}));
  auto stored = std::make_shared<Dataset>(dataset);
  stored->etag = EtagOf(record);
  datasets_[dataset.ref] = std::move(stored);
  return {};
}

Status CatalogChange::WriteTable(const Table& table, bool fresh) {
  const std::string record = TableRecord(table);
  const std::string_view sql = fresh ? "INSERT INTO _landfall.tables VALUES ($1, $2, $3, $4)"
                                     : "UPDATE _landfall.tables SET record = $4 WHERE project = $1 "
                                       "AND dataset = $2 AND name = $3";
  (void)TRY(
      connection_.Write(sql, {table.ref.project, table.ref.dataset, table.ref.table, record}));
  auto stored = std::make_shared<Table>(table);
  stored->etag = EtagOf(record);
  tables_[table.ref] = std::move(stored);
  return {};
}

Result<std::shared_ptr<const Dataset>> CatalogChange::CreateDataset(Dataset dataset) {
  if (FindDataset(dataset.ref)) return AlreadyThere("Dataset", ToString(dataset.ref));
  dataset.created = dataset.modified = catalog_.clock_.Now();
  TRY(AsConflict(connection_.Execute("CREATE SCHEMA " + PhysicalSchemaName(dataset.ref))));
  TRY(WriteDataset(dataset, true));
  return datasets_[dataset.ref];
}

Result<std::shared_ptr<const Dataset>> CatalogChange::AlterDataset(Dataset to) {
  const auto from = FindDataset(to.ref);
  if (!from) return DatasetNotFound(to.ref);
  to.created = from->created;
  to.modified = Later(catalog_.clock_.Now(), from->modified);
  TRY(WriteDataset(to, false));
  return datasets_[to.ref];
}

Status CatalogChange::DropDataset(const DatasetRef& ref, bool contents) {
  if (!FindDataset(ref)) return DatasetNotFound(ref);
  const auto tables = catalog_.Tables(ref);
  if (!tables.empty() && !contents) {
    return InvalidArgument("Dataset " + ToString(ref) + " is still in use", "resourceInUse");
  }
  for (const TableRef& table : catalog_.StoredIn(ref)) tables_[table] = nullptr;
  (void)TRY(connection_.Write("DELETE FROM _landfall.tables WHERE project = $1 AND dataset = $2",
                              {ref.project, ref.dataset}));
  (void)TRY(connection_.Write("DELETE FROM _landfall.datasets WHERE project = $1 AND dataset = $2",
                              {ref.project, ref.dataset}));
  TRY(AsConflict(connection_.Execute("DROP SCHEMA " + PhysicalSchemaName(ref) + " CASCADE")));
  datasets_[ref] = nullptr;
  return {};
}

Result<std::shared_ptr<const Table>> CatalogChange::CreateTable(Table table) {
  const auto dataset = FindDataset({table.ref.project, table.ref.dataset});
  if (!dataset) return DatasetNotFound({table.ref.project, table.ref.dataset});
  if (FindTable(table.ref)) return AlreadyThere("Table", ToString(table.ref));
  TRY(CheckTable(table));
  if (Stored(table.ref)) TRY(DropTable(table.ref));  // expired and not swept yet
  table.location = dataset->location;
  table.created = table.modified = catalog_.clock_.Now();
  if (!table.expiration && dataset->default_table_expiration_ms && !table.time_partitioning) {
    table.expiration =
        table.created + std::chrono::milliseconds(*dataset->default_table_expiration_ms);
  }
  if (table.time_partitioning && !table.time_partitioning->expiration_ms) {
    table.time_partitioning->expiration_ms = dataset->default_partition_expiration_ms;
  }
  if (table.type != "VIEW") TRY(AsConflict(connection_.Execute(TRY(CreateTableSql(table)))));
  TRY(WriteTable(table, true));
  return tables_[table.ref];
}

Result<std::shared_ptr<const Table>> CatalogChange::AlterTable(Table to) {
  const auto from = FindTable(to.ref);
  if (!from) return TableNotFound(to.ref);
  TRY(CheckTable(to));
  to.created = from->created;
  to.modified = Later(catalog_.clock_.Now(), from->modified);
  if (to.type != "VIEW") {
    for (const std::string& sql : TRY(AlterTableSql(*from, to))) TRY(connection_.Execute(sql));
  }
  TRY(WriteTable(to, false));
  return tables_[to.ref];
}

Status CatalogChange::DropTable(const TableRef& ref) {
  const auto table = Stored(ref);
  if (!table) return TableNotFound(ref);
  if (table->type != "VIEW")
    TRY(AsConflict(connection_.Execute("DROP TABLE " + PhysicalName(ref))));
  (void)TRY(connection_.Write(
      "DELETE FROM _landfall.tables WHERE project = $1 AND dataset = $2 AND name = $3",
      {ref.project, ref.dataset, ref.table}));
  tables_[ref] = nullptr;
  return {};
}

// Keeps readers of what this change touches waiting until it is shown, or has failed.
class CatalogChange::InFlight {
 public:
  explicit InFlight(const CatalogChange& change) : catalog_(change.catalog_) {
    const MutexLock lock(catalog_.mu_);
    for (const auto& [ref, dataset] : change.datasets_)
      datasets_.push_back(catalog_.committing_datasets_.insert(ref));
    for (const auto& [ref, table] : change.tables_)
      tables_.push_back(catalog_.committing_tables_.insert(ref));
  }
  ~InFlight() {
    const MutexLock lock(catalog_.mu_);
    for (const auto& at : datasets_) catalog_.committing_datasets_.erase(at);
    for (const auto& at : tables_) catalog_.committing_tables_.erase(at);
    catalog_.settled_.NotifyAll();
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Catalog& catalog_;
  std::vector<std::multiset<DatasetRef>::const_iterator> datasets_;
  std::vector<std::multiset<TableRef>::const_iterator> tables_;
};

Status CatalogChange::Commit(Transaction& transaction) {
  const InFlight in_flight(*this);
  TRY(transaction.Commit());
  const MutexLock lock(catalog_.mu_);
  for (auto& [ref, dataset] : datasets_) {
    if (dataset) {
      catalog_.datasets_[ref] = std::move(dataset);
    } else {
      catalog_.datasets_.erase(ref);
    }
  }
  for (auto& [ref, table] : tables_) {
    if (table) {
      catalog_.tables_[ref] = std::move(table);
    } else {
      catalog_.tables_.erase(ref);
    }
  }
  if (!datasets_.empty() || !tables_.empty()) ++catalog_.version_;
  datasets_.clear();
  tables_.clear();
  return {};
}

}  // namespace landfall::warehouse
