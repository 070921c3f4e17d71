// Load jobs and load state.
#include "warehouse/load_state.h"
#include "warehouse/warehouse_impl.h"

namespace landfall::warehouse {

Result<Job> WarehouseImpl::InsertLoad(const CallContext&, JobRef, LoadConfig, Labels, std::string, ByteSource*) {
  return Unimplemented("load jobs");
}

Result<std::vector<bool>> WarehouseImpl::MarkSeen(const std::vector<LoadRecord>& records) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::MarkSeen(*lease, records, services_.clock.Now());
}

Result<std::optional<LoadRecord>> WarehouseImpl::FindLoad(const LoadKey& key) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::FindLoad(*lease, key);
}

Result<std::vector<LoadRecord>> WarehouseImpl::ListLoads(const LoadFilter& filter) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::ListLoads(*lease, filter);
}

Result<std::vector<LoadObjectRecord>> WarehouseImpl::ListLoadObjects(const LoadKey& key) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::ListLoadObjects(*lease, key);
}

Result<std::int64_t> WarehouseImpl::ClaimLoad(const LoadKey& key, std::string_view worker) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::ClaimLoad(*lease, key, worker, services_.clock.Now());
}

Status WarehouseImpl::UpdateLoad(const LoadRecord& record) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  return warehouse::UpdateLoad(*lease, record, services_.clock.Now());
}

Result<LoadRecord> WarehouseImpl::RunBatch(const CallContext&, const BatchLoad&) { return Unimplemented("load state"); }

}  // namespace landfall::warehouse
