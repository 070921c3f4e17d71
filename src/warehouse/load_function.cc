#include "warehouse/load_function.h"

#include <algorithm>
#include <string>
#include <thread>

#include "warehouse/catalog.h"

namespace landfall::warehouse {

struct LoadFunction::Callbacks {
  static DuckType Plain(duckdb_type type) { return DuckType(duckdb_create_logical_type(type)); }

  static void Bind(duckdb_bind_info info) {
    auto* const function = static_cast<LoadFunction*>(duckdb_bind_get_extra_info(info));
    duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
    LoadScan* const scan = function->Find(duckdb_get_int64(parameter));
    duckdb_destroy_value(&parameter);
    if (scan == nullptr) return duckdb_bind_set_error(info, "landfall_load: no such scan");
    const auto add = [info](std::string_view name, const DuckType& type) {
      duckdb_bind_add_result_column(info, std::string(name).c_str(), type.get());
    };
    add(kLoadIdColumn, Plain(DUCKDB_TYPE_UBIGINT));
    add(kObjectNoColumn, Plain(DUCKDB_TYPE_INTEGER));
    add(kRecordNoColumn, Plain(DUCKDB_TYPE_BIGINT));
    if (scan->options().partition_time) add(kPartitionTimeColumn, Plain(DUCKDB_TYPE_TIMESTAMP_TZ));
    for (const Field& field : scan->options().schema) add(field.name, DuckTypeOf(field));
    duckdb_bind_set_bind_data(info, scan, nullptr);
  }

  static void Init(duckdb_init_info info) {
    duckdb_init_set_max_threads(info, std::max(1u, std::thread::hardware_concurrency()));
  }

  static void LocalInit(duckdb_init_info info) {
    auto* const scan = static_cast<LoadScan*>(duckdb_init_get_bind_data(info));
    duckdb_init_set_init_data(
        info, std::make_unique<LoadWorker>(*scan).release(), [](void* worker) {
          std::unique_ptr<LoadWorker>(static_cast<LoadWorker*>(worker)).reset();
        });
  }

  static void Run(duckdb_function_info info, duckdb_data_chunk chunk) {
    auto* const worker = static_cast<LoadWorker*>(duckdb_function_get_local_init_data(info));
    duckdb_data_chunk_set_size(chunk, worker->Fill(chunk));
  }
};

Status LoadFunction::Register(Connection& connection) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "landfall_load");
  duckdb_table_function_add_parameter(function, Callbacks::Plain(DUCKDB_TYPE_BIGINT).get());
  duckdb_table_function_set_extra_info(function, this, nullptr);
  duckdb_table_function_set_bind(function, Callbacks::Bind);
  duckdb_table_function_set_init(function, Callbacks::Init);
  duckdb_table_function_set_local_init(function, Callbacks::LocalInit);
  duckdb_table_function_set_function(function, Callbacks::Run);
  const duckdb_state state = duckdb_register_table_function(connection.raw(), function);
  duckdb_destroy_table_function(&function);
  return state == DuckDBSuccess ? Status() : Internal("landfall_load could not be registered");
}

LoadScan* LoadFunction::Find(std::int64_t id) const {
  const MutexLock lock(mu_);
  const auto found = scans_.find(id);
  return found == scans_.end() ? nullptr : found->second;
}

LoadFunction::Use::Use(LoadFunction& function, LoadScan& scan) : function_(function) {
  const MutexLock lock(function_.mu_);
  id_ = ++function_.last_id_;
  function_.scans_[id_] = &scan;
}

LoadFunction::Use::~Use() {
  const MutexLock lock(function_.mu_);
  function_.scans_.erase(id_);
}

Result<std::uint64_t> InsertScan(Connection& connection, LoadFunction& function, LoadScan& scan,
                                 const std::string& target) {
  const LoadFunction::Use use(function, scan);
  Result<QueryResult> inserted = connection.Run(
      "INSERT INTO " + target + " SELECT * FROM landfall_load(" + std::to_string(use.id()) + ")");
  if (scan.failed()) TRY(scan.Outcome());
  if (!inserted.ok()) return std::move(inserted).status();
  return inserted->rows_changed();
}

}  // namespace landfall::warehouse
