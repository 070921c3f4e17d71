// The catalog: datasets and tables in memory, backed by control tables in the same DuckDB file.
// Private to the module.
//
// A reader takes a shared_ptr<const Table>, an immutable snapshot. A change runs inside a
// transaction of its caller, together with whatever else must commit with it, and becomes visible
// to readers only after that commit:
//
//   Transaction transaction = TRY(Transaction::Begin(connection));
//   CatalogChange change(catalog, connection);
//   const auto table = TRY(change.CreateTable(wanted));
//   ... rows ...
//   TRY(change.Commit(transaction));
//
// Physical form. A dataset is the DuckDB schema "project:dataset"; a table is a DuckDB table in it.
// BigQuery's names are case-sensitive and DuckDB's are not, so in both an upper-case ASCII letter
// is written "^" + its lower case. Every TABLE starts with the hidden columns below; the user's
// columns follow, in the order of the schema, under their own names. REPEATED columns default to
// []. Views have no DuckDB object.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "warehouse/duck.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

// Where a row came from; NULL for rows written by SQL.
constexpr std::string_view kLoadIdColumn = "_landfall_load_id";      // UBIGINT
constexpr std::string_view kObjectNoColumn = "_landfall_object_no";  // INTEGER
constexpr std::string_view kRecordNoColumn = "_landfall_record_no";  // BIGINT
// Of ingestion-time partitioned tables: the start of the row's partition. Defaults to the current
// one.
constexpr std::string_view kPartitionTimeColumn = "_PARTITIONTIME";  // TIMESTAMP WITH TIME ZONE

// Schemas of our own in the DuckDB file.
constexpr std::string_view kControlSchema = "_landfall";
constexpr std::string_view kResultsSchema = "_landfall_results";

struct PhysicalTable {
  std::string schema, table;  // as DuckDB knows them, unquoted: for the appender
};
PhysicalTable PhysicalOf(const TableRef& ref);
std::string PhysicalName(const TableRef& ref);          // quoted: "\"p:d\".\"t\""
std::string PhysicalSchemaName(const DatasetRef& ref);  // quoted

bool IsIngestionPartitioned(const Table& table);
// Names of the hidden columns in physical order, then of the user's.
std::vector<std::string> PhysicalColumns(const Table& table);

Status DatasetNotFound(const DatasetRef& ref);
Status TableNotFound(const TableRef& ref, std::string_view location = "US");

class Catalog {
 public:
  // Makes the control tables when they are missing and reads the catalog.
  static Result<std::unique_ptr<Catalog>> Open(Connection& connection, Clock& clock);
  struct Key;  // only Open has one
  Catalog(const Key&, Clock& clock) : clock_(clock) {}

  // nullptr when there is none. A table past its expiration is not there. Both wait while a change
  // of theirs is being committed: whoever sees the commit, in the load state say, sees its table.
  std::shared_ptr<const Dataset> FindDataset(const DatasetRef& ref) const;
  std::shared_ptr<const Table> FindTable(const TableRef& ref) const;
  // The same with Google's errors; GetTable names the dataset when that is what is missing.
  Result<std::shared_ptr<const Dataset>> GetDataset(const DatasetRef& ref) const;
  Result<std::shared_ptr<const Table>> GetTable(const TableRef& ref) const;
  // Ordered by name.
  std::vector<std::shared_ptr<const Dataset>> Datasets(std::string_view project) const;
  std::vector<std::shared_ptr<const Table>> Tables(const DatasetRef& ref) const;
  std::vector<std::string> Projects() const;
  // Tables whose expiration has passed, for the sweep.
  std::vector<TableRef> ExpiredTables() const;
  // Grows with every published change: an analysis made at another version may be stale.
  std::uint64_t version() const;

 private:
  friend class CatalogChange;
  Status Load(Connection& connection);
  // The same as FindTable and Tables for tables that have expired and are not swept yet.
  std::shared_ptr<const Table> Stored(const TableRef& ref) const;
  std::vector<TableRef> StoredIn(const DatasetRef& ref) const;

  Clock& clock_;
  mutable Mutex mu_;
  std::map<DatasetRef, std::shared_ptr<const Dataset>> datasets_ GUARDED_BY(mu_);
  std::map<TableRef, std::shared_ptr<const Table>> tables_ GUARDED_BY(mu_);
  std::uint64_t version_ GUARDED_BY(mu_) = 0;
  // Being committed: durable any moment, and not shown yet.
  std::multiset<DatasetRef> committing_datasets_ GUARDED_BY(mu_);
  std::multiset<TableRef> committing_tables_ GUARDED_BY(mu_);
  mutable CondVar settled_;
};

// Changes inside one open transaction of `connection`. One thread. Callers hold the lock of each
// table they change (table_locks.h). A conflict with another transaction is kAborted/"conflict":
// roll back and start over.
class CatalogChange {
 public:
  CatalogChange(Catalog& catalog, Connection& connection)
      : catalog_(catalog), connection_(connection) {}

  // What this transaction sees: its own changes first.
  std::shared_ptr<const Dataset> FindDataset(const DatasetRef& ref) const;
  std::shared_ptr<const Table> FindTable(const TableRef& ref) const;

  // kAlreadyExists "Already Exists: Dataset p:d". Sets created, modified and etag, as all of these
  // do.
  Result<std::shared_ptr<const Dataset>> CreateDataset(Dataset dataset);
  Result<std::shared_ptr<const Dataset>> AlterDataset(Dataset to);
  // Not empty without `contents`: kInvalidArgument/"resourceInUse".
  Status DropDataset(const DatasetRef& ref, bool contents);

  // Takes what it leaves open (location, expiration, ...) from the dataset.
  Result<std::shared_ptr<const Table>> CreateTable(Table table);
  // Metadata and the schema: new NULLABLE or REPEATED fields at the end of a record, REQUIRED ->
  // NULLABLE. Anything else is kInvalidArgument "Provided Schema does not match Table p:d.t. ..."
  // naming the field.
  Result<std::shared_ptr<const Table>> AlterTable(Table to);
  Status DropTable(const TableRef& ref);  // an expired one too

  // Commits, then shows the changes to readers. After an error nothing changed.
  Status Commit(Transaction& transaction);

 private:
  class InFlight;
  Status WriteDataset(const Dataset& dataset, bool fresh);
  Status WriteTable(const Table& table, bool fresh);
  std::shared_ptr<const Table> Stored(const TableRef& ref) const;

  Catalog& catalog_;
  Connection& connection_;
  std::map<DatasetRef, std::shared_ptr<const Dataset>> datasets_;  // nullptr: dropped
  std::map<TableRef, std::shared_ptr<const Table>> tables_;
};

}  // namespace landfall::warehouse
