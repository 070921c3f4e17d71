// The rows of one load, inside one open transaction. What a load job and a batch have in common.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "warehouse/bad_rows.h"
#include "warehouse/catalog.h"
#include "warehouse/connection_pool.h"
#include "warehouse/load_function.h"
#include "warehouse/load_target.h"
#include "warehouse/table_locks.h"
#include "warehouse/types.h"
#include "warehouse/warehouse.h"

namespace landfall::warehouse {

struct LoadServices {
  Catalog& catalog;
  TableLocks& locks;
  ConnectionPool& connections;  // for batches; load jobs bring their own
  ObjectSource& objects;
  FileSystem& files;
  Clock& clock;
  Faults& faults;
  std::string spool_dir;  // must be one of the database's readable_dirs
  std::size_t record_bytes_max = 100u << 20;
};

struct LoadInput {
  const LoadConfig& config;
  const std::vector<SourceObject>& sources;  // object_no i + 1
  ObjectSource& objects;
  std::int64_t load_id = 0;
  std::optional<std::int64_t> bad_max;  // more fail the load
};

struct RowCounts {
  std::int64_t in = 0, good = 0, bad = 0;
};
struct LoadOutput {
  LoadTarget target;
  std::vector<RowCounts> objects;  // by source
  RowCounts total;
};

// The schema files are read by: given, detected, or nullopt for the table's own. `config` learns
// what detection found (a CSV header). Reads objects; call it before the transaction.
Result<std::optional<Schema>> FileSchema(LoadServices& services, LoadConfig& config,
                                         const std::vector<SourceObject>& sources,
                                         ObjectSource& objects, Connection& connection);

// Prepares the target and inserts the rows; bad ones go to `bad_rows`. Fails with the first bad
// record's message when there are more than allowed.
Result<LoadOutput> RunLoad(LoadServices& services, LoadFunction& function, CatalogChange& change,
                           Connection& connection, const LoadInput& input,
                           const Schema* file_schema, BadRows& bad_rows);

// Makes <table>__bad when it is missing and appends the rows.
Status StoreBadRows(CatalogChange& change, Connection& connection, const Table& table,
                    const BadRows& rows, const BadRowContext& context);

// While it lives, the connection plans inserts that run on every core. Make it before BEGIN, drop
// it after the end.
class UnorderedInserts {
 public:
  static Result<UnorderedInserts> Begin(Connection& connection);
  UnorderedInserts(UnorderedInserts&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  UnorderedInserts& operator=(UnorderedInserts&&) = delete;
  ~UnorderedInserts();

 private:
  explicit UnorderedInserts(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace landfall::warehouse
