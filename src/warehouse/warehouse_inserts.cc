// tabledata.insertAll.
#include <algorithm>

#include "warehouse/resource_patch.h"
#include "warehouse/system_tables.h"
#include "warehouse/warehouse_impl.h"

namespace landfall::warehouse {
namespace {

constexpr std::size_t kRowsMax = 50'000;  // BigQuery's limits
constexpr std::size_t kInsertIdBytesMax = 128;

Status CheckInsert(const InsertRequest& request) {
  if (request.rows.empty()) return InvalidArgument("No rows present in the request.", "invalid");
  if (request.rows.size() > kRowsMax) {
    return InvalidArgument(
        "Too many rows present in the request, limit: " + std::to_string(kRowsMax) +
            " row count: " + std::to_string(request.rows.size()) + ".",
        "invalid", "rows");
  }
  for (std::size_t i = 0; i < request.rows.size(); ++i) {
    if (request.rows[i].insert_id.size() <= kInsertIdBytesMax) continue;
    return InvalidArgument("rows[" + std::to_string(i) + "].insertId is longer than 128 bytes",
                           "invalid", "rows[" + std::to_string(i) + "].insertId");
  }
  if (!request.template_suffix.empty() && !request.partition.empty()) {
    return InvalidArgument("templateSuffix and a partition decorator exclude each other", "invalid",
                           "templateSuffix");
  }
  return {};
}

}  // namespace

Result<std::vector<InsertError>> WarehouseImpl::InsertAll(const CallContext& ctx,
                                                          const InsertRequest& request) {
  TRY(CheckInsert(request));
  if (IsSystemDataset(request.table.dataset)) {
    return PermissionDenied("Access Denied: " + ToString(request.table) +
                            ": the dataset is the system's and cannot be changed");
  }
  if (request.template_suffix.empty()) return inserts_.Insert(request);
  InsertRequest instance = request;
  instance.table.table += request.template_suffix;
  instance.template_suffix.clear();
  TRY(CheckTableId(instance.table));
  if (!catalog_->FindTable(instance.table)) {
    Table like = *TRY(catalog_->GetTable(request.table));
    if (like.type != "TABLE") {
      return InvalidArgument("Cannot add rows to a table of type " + like.type + ".", "invalid",
                             "templateSuffix");
    }
    like.ref = instance.table;
    like.expiration.reset();
    // Another request may be as quick as this one.
    const Status made = CreateTable(ctx, std::move(like)).status();
    if (!made.ok() && made.code() != Code::kAlreadyExists) return made;
  }
  return inserts_.Insert(instance);
}

}  // namespace landfall::warehouse
