// Datasets, tables and their rows.
#include <algorithm>

#include "base/text.h"
#include "warehouse/resource_patch.h"
#include "warehouse/size_estimate.h"
#include "warehouse/sql_catalog.h"
#include "warehouse/system_tables.h"
#include "warehouse/table_reader.h"
#include "warehouse/warehouse_impl.h"

namespace landfall::warehouse {
namespace {

constexpr int kAttemptsMax = 8;
constexpr std::size_t kPageDefault = 50, kPageMax = 1000;

Status CheckEtag(std::string_view if_match, const std::string& etag) {
  if (if_match.empty() || if_match == "*" || if_match == etag) return {};
  return FailedPrecondition(
      "Precondition check failed: the etag is " + etag + ", not " + std::string(if_match),
      "conditionNotMet", "If-Match");
}

Status ReadOnly(const std::string& name) {
  return PermissionDenied("Access Denied: " + name +
                          ": the dataset is the system's and cannot be changed");
}

bool HasLabel(const Labels& labels, std::string_view filter) {
  if (!filter.starts_with("labels.")) return false;
  filter.remove_prefix(7);
  const std::size_t colon = filter.find(':');
  const auto it = labels.find(std::string(filter.substr(0, colon)));
  return it != labels.end() &&
         (colon == std::string_view::npos || it->second == filter.substr(colon + 1));
}

// The items behind `page_token`, which is the name of the last one given.
template <typename T, typename NameOf>
Page<T> Cut(const std::vector<T>& items, const PageOptions& options, NameOf name_of) {
  const std::size_t items_max =
      options.results_max == 0 ? kPageDefault : std::min(options.results_max, kPageMax);
  Page<T> page;
  for (const T& item : items) {
    if (!options.page_token.empty() && name_of(item) <= options.page_token) continue;
    if (page.items.size() == items_max) {
      page.next_page_token = name_of(page.items.back());
      break;
    }
    page.items.push_back(item);
  }
  return page;
}

TableRef DatasetLock(const DatasetRef& ref) { return {ref.project, ref.dataset, ""}; }

}  // namespace

template <typename Body>
auto WarehouseImpl::ChangeCatalog(const CallContext& ctx, std::vector<TableRef> tables, Body body) {
  using Outcome = decltype(body(std::declval<CatalogChange&>()));
  const auto once = [&]() -> Outcome {
    const ConnectionPool::Lease lease = TRY(connections_.Take());
    Transaction transaction = TRY(Transaction::Begin(*lease));
    CatalogChange change(*catalog_, *lease);
    auto outcome = body(change);
    if (!outcome.ok()) return outcome;
    TRY(change.Commit(transaction));
    return outcome;
  };
  const auto locked = [&]() -> Outcome {
    const TableLocks::Held held = TRY(locks_.Acquire(std::move(tables), ctx.stop));
    for (int attempt = 1;; ++attempt) {
      Outcome outcome = once();
      const Status status = outcome.status();
      if (status.code() != Code::kAborted || status.reason() != "conflict" ||
          attempt == kAttemptsMax)
        return outcome;
    }
  };
  return locked();
}

Result<Dataset> WarehouseImpl::CreateDataset(const CallContext& ctx, Dataset dataset) {
  TRY(CheckDatasetId(dataset.ref));
  if (IsSystemDataset(dataset.ref.dataset))
    return AlreadyExists("Already Exists: Dataset " + ToString(dataset.ref));
  return *TRY(ChangeCatalog(ctx, {DatasetLock(dataset.ref)},
                            [&](CatalogChange& change) { return change.CreateDataset(dataset); }));
}

Result<Dataset> WarehouseImpl::GetDataset(const CallContext&, const DatasetRef& ref) {
  if (IsSystemDataset(ref.dataset)) {
    for (const Dataset& system : SystemDatasets(ref.project)) {
      if (system.ref == ref) return system;
    }
  }
  return *TRY(catalog_->GetDataset(ref));
}

Result<Page<Dataset>> WarehouseImpl::ListDatasets(const CallContext&, std::string_view project,
                                                  const PageOptions& options) {
  std::vector<Dataset> all = SystemDatasets(project);
  for (const auto& dataset : catalog_->Datasets(project)) all.push_back(*dataset);
  std::sort(all.begin(), all.end(),
            [](const Dataset& a, const Dataset& b) { return a.ref < b.ref; });
  if (!options.label_filter.empty()) {
    std::erase_if(all, [&](const Dataset& dataset) {
      for (const std::string_view part : Split(options.label_filter, ' ')) {
        if (!part.empty() && !HasLabel(dataset.labels, part)) return true;
      }
      return false;
    });
  }
  return Cut(all, options, [](const Dataset& dataset) { return dataset.ref.dataset; });
}

Result<Dataset> WarehouseImpl::PatchDataset(const CallContext& ctx, const DatasetRef& ref,
                                            const ResourcePatch& patch, std::string_view if_match) {
  if (IsSystemDataset(ref.dataset)) return ReadOnly(ToString(ref));
  return *TRY(ChangeCatalog(ctx, {DatasetLock(ref)},
                            [&](CatalogChange& change) -> Result<std::shared_ptr<const Dataset>> {
                              const auto from = change.FindDataset(ref);
                              if (!from) return DatasetNotFound(ref);
                              TRY(CheckEtag(if_match, from->etag));
                              return change.AlterDataset(TRY(PatchedDataset(*from, patch)));
                            }));
}

Status WarehouseImpl::DeleteDataset(const CallContext& ctx, const DatasetRef& ref, bool contents) {
  if (IsSystemDataset(ref.dataset)) return ReadOnly(ToString(ref));
  std::vector<TableRef> locked = {DatasetLock(ref)};
  for (const auto& table : catalog_->Tables(ref)) locked.push_back(table->ref);
  return ChangeCatalog(ctx, std::move(locked),
                       [&](CatalogChange& change) { return change.DropDataset(ref, contents); });
}

// The columns of a view come from its query.
Status WarehouseImpl::FillView(const CallContext&, Table& view) {
  QueryConfig config;
  config.sql = view.view_query;
  Job job;
  job.ref.project = view.ref.project;
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  const googlesql::Statement query = TRY(AnalyzeQuery(query_services_, *lease, config, job));
  if (query.kind != googlesql::StatementKind::kSelect)
    return InvalidArgument("the query of a view must be a SELECT", "invalidQuery");
  view.schema = job.result_schema;
  return {};
}

Result<Table> WarehouseImpl::CreateTable(const CallContext& ctx, Table table) {
  TRY(CheckTableId(table.ref));
  if (IsSystemDataset(table.ref.dataset)) return ReadOnly(ToString(table.ref));
  if (table.type == "VIEW") TRY(FillView(ctx, table));
  return *TRY(ChangeCatalog(ctx, {table.ref},
                            [&](CatalogChange& change) { return change.CreateTable(table); }));
}

Status WarehouseImpl::FillCounts(Table& table) {
  if (table.type == "VIEW") return {};
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  QueryResult count = TRY(lease->Run("SELECT count(*) FROM " + PhysicalName(table.ref)));
  if (TRY(count.Next())) table.num_rows = count.Int64(0);
  table.num_bytes = table.num_rows * LikelyRowBytes(table.schema);
  return {};
}

Result<Table> WarehouseImpl::AnonymousTableResource(const CallContext& ctx, const TableRef& ref,
                                                    const JobRef& job_ref) {
  const Result<Job> job = GetJob(ctx, job_ref);
  if (!job.ok() || job->destination != ref) return TableNotFound(ref);
  Table table;
  table.ref = ref;
  table.location = job->ref.location;
  table.schema = job->result_schema;
  table.created = table.modified = job->ended.value_or(job->created);
  table.expiration = table.created + options_.result_life;
  table.num_rows = job->total_rows;
  table.num_bytes = table.num_rows * LikelyRowBytes(table.schema);
  return table;
}

Result<Table> WarehouseImpl::GetTable(const CallContext& ctx, const TableRef& ref) {
  if (const auto job = JobOfAnonymousTable(ref)) return AnonymousTableResource(ctx, ref, *job);
  if (IsSystemDataset(ref.dataset)) {
    const auto system = FindSystemTable(ref);
    if (!system) return TableNotFound(ref);
    return system->table;
  }
  Table table = *TRY(catalog_->GetTable(ref));
  const Status counted = FillCounts(table);
  // Dropped between the two looks.
  if (counted.code() == Code::kInternal && !catalog_->FindTable(ref)) return TableNotFound(ref);
  TRY(counted);
  return table;
}

Result<Page<Table>> WarehouseImpl::ListTables(const CallContext&, const DatasetRef& ref,
                                              const PageOptions& options) {
  std::vector<Table> all;
  if (IsSystemDataset(ref.dataset)) {
    all = SystemTables(ref);
  } else {
    (void)TRY(catalog_->GetDataset(ref));
    for (const auto& table : catalog_->Tables(ref)) all.push_back(*table);
  }
  return Cut(all, options, [](const Table& table) { return table.ref.table; });
}

Result<Table> WarehouseImpl::PatchTable(const CallContext& ctx, const TableRef& ref,
                                        const ResourcePatch& patch, std::string_view if_match) {
  if (IsSystemDataset(ref.dataset)) return ReadOnly(ToString(ref));
  Table altered = *TRY(
      ChangeCatalog(ctx, {ref}, [&](CatalogChange& change) -> Result<std::shared_ptr<const Table>> {
        const auto from = TRY(catalog_->GetTable(ref));
        TRY(CheckEtag(if_match, from->etag));
        Table to = TRY(PatchedTable(*from, patch));
        if (to.type == "VIEW" && to.view_query != from->view_query) TRY(FillView(ctx, to));
        return change.AlterTable(std::move(to));
      }));
  TRY(FillCounts(altered));
  return altered;
}

Status WarehouseImpl::DeleteTable(const CallContext& ctx, const TableRef& ref) {
  if (IsSystemDataset(ref.dataset)) return ReadOnly(ToString(ref));
  return ChangeCatalog(ctx, {ref}, [&](CatalogChange& change) -> Status {
    (void)TRY(catalog_->GetTable(ref));
    return change.DropTable(ref);
  });
}

Result<Rows> WarehouseImpl::ReadTable(const CallContext& ctx, const TableRef& ref,
                                      const RowsRequest& request) {
  if (const auto job = JobOfAnonymousTable(ref)) {
    const Result<Job> found = GetJob(ctx, *job);
    if (!found.ok() || found->destination != ref) return TableNotFound(ref);
    return SelectRowFields(TRY(JobRows(ctx, *job, request)), request.selected_fields);
  }
  if (IsSystemDataset(ref.dataset)) {
    const auto system = FindSystemTable(ref);
    if (!system) return TableNotFound(ref);
    if (system->table.type == "VIEW") return InvalidArgument("Cannot list a table of type VIEW.");
    return ReadRows(connections_, system->physical, system->table.schema, request);
  }
  const auto table = TRY(catalog_->GetTable(ref));
  if (table->type == "VIEW") return InvalidArgument("Cannot list a table of type VIEW.");
  return ReadRows(connections_, PhysicalName(ref), table->schema, request);
}

}  // namespace landfall::warehouse
