#include "warehouse/load_state.h"

namespace landfall::warehouse {

Status WriteLoadObjects(Connection& connection, std::int64_t load_id,
                        const std::vector<LoadObjectRecord>& objects) {
  Appender appender = TRY(Appender::Open(connection, "_landfall", "load_objects"));
  bool ok = true;
  const auto number = [&](std::int64_t value) {
    ok = ok && duckdb_append_int64(appender.raw(), value) == DuckDBSuccess;
  };
  const auto text = [&](std::string_view value) {
    ok = ok &&
         duckdb_append_varchar_length(appender.raw(), value.data(), value.size()) == DuckDBSuccess;
  };
  for (const LoadObjectRecord& o : objects) {
    text(o.load.bucket);
    text(o.load.object);
    number(o.load.generation);
    number(o.object_no);
    text(o.object.bucket);
    text(o.object.name);
    number(o.object.generation);
    number(static_cast<std::int64_t>(o.object.size_bytes));
    number(o.object.crc32c);
    for (const std::int64_t rows :
         {o.rows_in, o.rows_good, o.rows_bad, o.rows_duplicate, o.rows_filtered})
      number(rows);
    text(o.error);
    number(load_id);
    ok = ok && duckdb_appender_end_row(appender.raw()) == DuckDBSuccess;
    if (!ok) return DuckError(duckdb_appender_error(appender.raw()));
  }
  return appender.Close();
}

}  // namespace landfall::warehouse
