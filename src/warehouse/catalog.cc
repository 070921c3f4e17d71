#include "warehouse/catalog.h"

#include "base/text.h"
#include "googlesql/types.h"
#include "warehouse/catalog_record.h"

namespace landfall::warehouse {
namespace {

constexpr std::chrono::seconds kSettleLook{1};

// No keys: catalog.cc checks in memory, and the DuckDB object itself refuses a second one.
constexpr std::string_view kTables = R"(
CREATE SCHEMA IF NOT EXISTS _landfall;
CREATE SCHEMA IF NOT EXISTS _landfall_results;
CREATE TABLE IF NOT EXISTS _landfall.datasets (project VARCHAR, dataset VARCHAR, record VARCHAR);
CREATE TABLE IF NOT EXISTS _landfall.tables (
  project VARCHAR, dataset VARCHAR, name VARCHAR, record VARCHAR);
)";

// See catalog.h, "Physical form".
std::string Mangle(std::string_view name) {
  std::string mangled;
  for (const char c : name) {
    if (c == '^') mangled += '^';
    if (c >= 'A' && c <= 'Z') mangled += '^';
    mangled += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return mangled;
}

}  // namespace

PhysicalTable PhysicalOf(const TableRef& ref) {
  return {Mangle(ToString(DatasetRef{ref.project, ref.dataset})), Mangle(ref.table)};
}

std::string PhysicalName(const TableRef& ref) {
  const PhysicalTable physical = PhysicalOf(ref);
  return googlesql::QuoteIdentifier(physical.schema) + "." +
         googlesql::QuoteIdentifier(physical.table);
}

std::string PhysicalSchemaName(const DatasetRef& ref) {
  return googlesql::QuoteIdentifier(Mangle(ToString(ref)));
}

bool IsIngestionPartitioned(const Table& table) {
  return table.time_partitioning.has_value() && table.time_partitioning->field.empty();
}

std::vector<std::string> PhysicalColumns(const Table& table) {
  std::vector<std::string> names = {std::string(kLoadIdColumn), std::string(kObjectNoColumn),
                                    std::string(kRecordNoColumn)};
  if (IsIngestionPartitioned(table)) names.emplace_back(kPartitionTimeColumn);
  for (const Field& field : table.schema) names.push_back(field.name);
  return names;
}

Status DatasetNotFound(const DatasetRef& ref) {
  return NotFound("Not found: Dataset " + ToString(ref));
}

Status TableNotFound(const TableRef& ref, std::string_view location) {
  return NotFound("Not found: Table " + ToString(ref) + " was not found in location " +
                  std::string(location));
}

struct Catalog::Key {};

Result<std::unique_ptr<Catalog>> Catalog::Open(Connection& connection, Clock& clock) {
  TRY(connection.Execute(kTables));
  auto catalog = std::make_unique<Catalog>(Key{}, clock);
  TRY(catalog->Load(connection));
  return catalog;
}

Status Catalog::Load(Connection& connection) {
  const MutexLock lock(mu_);
  QueryResult datasets =
      TRY(connection.Run("SELECT project, dataset, record FROM _landfall.datasets"));
  while (TRY(datasets.Next())) {
    const DatasetRef ref{datasets.Text(0), datasets.Text(1)};
    datasets_[ref] =
        std::make_shared<const Dataset>(TRY(ParseDatasetRecord(ref, datasets.Text(2))));
  }
  QueryResult tables =
      TRY(connection.Run("SELECT project, dataset, name, record FROM _landfall.tables"));
  while (TRY(tables.Next())) {
    const TableRef ref{tables.Text(0), tables.Text(1), tables.Text(2)};
    tables_[ref] = std::make_shared<const Table>(TRY(ParseTableRecord(ref, tables.Text(3))));
  }
  return {};
}

std::shared_ptr<const Dataset> Catalog::FindDataset(const DatasetRef& ref) const {
  const MutexLock lock(mu_);
  while (committing_datasets_.contains(ref)) settled_.WaitFor(mu_, kSettleLook);
  const auto it = datasets_.find(ref);
  return it == datasets_.end() ? nullptr : it->second;
}

std::shared_ptr<const Table> Catalog::FindTable(const TableRef& ref) const {
  const TimePoint now = clock_.Now();
  const MutexLock lock(mu_);
  while (committing_tables_.contains(ref)) settled_.WaitFor(mu_, kSettleLook);
  const auto it = tables_.find(ref);
  if (it == tables_.end() || (it->second->expiration && *it->second->expiration <= now))
    return nullptr;
  return it->second;
}

std::shared_ptr<const Table> Catalog::Stored(const TableRef& ref) const {
  const MutexLock lock(mu_);
  const auto it = tables_.find(ref);
  return it == tables_.end() ? nullptr : it->second;
}

std::vector<TableRef> Catalog::StoredIn(const DatasetRef& ref) const {
  std::vector<TableRef> found;
  const MutexLock lock(mu_);
  for (auto it = tables_.lower_bound({ref.project, ref.dataset, ""}); it != tables_.end(); ++it) {
    if (it->first.project != ref.project || it->first.dataset != ref.dataset) break;
    found.push_back(it->first);
  }
  return found;
}

Result<std::shared_ptr<const Dataset>> Catalog::GetDataset(const DatasetRef& ref) const {
  auto dataset = FindDataset(ref);
  if (!dataset) return DatasetNotFound(ref);
  return dataset;
}

Result<std::shared_ptr<const Table>> Catalog::GetTable(const TableRef& ref) const {
  const auto dataset = TRY(GetDataset({ref.project, ref.dataset}));
  auto table = FindTable(ref);
  if (!table) return TableNotFound(ref, dataset->location);
  return table;
}

std::vector<std::shared_ptr<const Dataset>> Catalog::Datasets(std::string_view project) const {
  std::vector<std::shared_ptr<const Dataset>> found;
  const MutexLock lock(mu_);
  for (auto it = datasets_.lower_bound({std::string(project), ""}); it != datasets_.end(); ++it) {
    if (it->first.project != project) break;
    found.push_back(it->second);
  }
  return found;
}

std::vector<std::shared_ptr<const Table>> Catalog::Tables(const DatasetRef& ref) const {
  const TimePoint now = clock_.Now();
  std::vector<std::shared_ptr<const Table>> found;
  const MutexLock lock(mu_);
  for (auto it = tables_.lower_bound({ref.project, ref.dataset, ""}); it != tables_.end(); ++it) {
    if (it->first.project != ref.project || it->first.dataset != ref.dataset) break;
    if (!it->second->expiration || *it->second->expiration > now) found.push_back(it->second);
  }
  return found;
}

std::vector<std::string> Catalog::Projects() const {
  std::vector<std::string> projects;
  const MutexLock lock(mu_);
  for (const auto& [ref, dataset] : datasets_) {
    if (projects.empty() || projects.back() != ref.project) projects.push_back(ref.project);
  }
  return projects;
}

std::vector<TableRef> Catalog::ExpiredTables() const {
  const TimePoint now = clock_.Now();
  std::vector<TableRef> expired;
  const MutexLock lock(mu_);
  for (const auto& [ref, table] : tables_) {
    if (table->expiration && *table->expiration <= now) expired.push_back(ref);
  }
  return expired;
}

std::uint64_t Catalog::version() const {
  const MutexLock lock(mu_);
  return version_;
}

}  // namespace landfall::warehouse
