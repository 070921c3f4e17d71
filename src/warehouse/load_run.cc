#include "warehouse/load_run.h"

#include "base/text.h"
#include "warehouse/autodetect.h"
#include "warehouse/hive_partitions.h"
#include "warehouse/parquet.h"

namespace landfall::warehouse {
namespace {

ScanOptions ScanOptionsOf(const LoadServices& services, const LoadInput& input,
                          const LoadTarget& target) {
  ScanOptions options;
  options.schema = target.columns;
  options.format = input.config.source_format;
  options.ndjson.ignore_unknown_values = input.config.ignore_unknown_values;
  options.skip_leading_rows =
      input.config.source_format == SourceFormat::kCsv ? input.config.skip_leading_rows : 0;
  options.record_bytes_max = services.record_bytes_max;
  options.load_id = static_cast<std::uint64_t>(input.load_id);
  options.partition_time = target.partition_time;
  options.partition = target.partition;
  options.bad_max = input.bad_max;
  return options;
}

Status RunScan(LoadServices& services, LoadFunction& function, Connection& connection,
               const LoadInput& input, BadRows& bad_rows, LoadOutput& output) {
  ScanOptions options = ScanOptionsOf(services, input, output.target);
  options.hive = TRY(ReadHiveLayout(input.config, input.sources));
  if (options.format == SourceFormat::kCsv) {
    options.csv = TRY(CsvOptionsOf(input.config));
    options.csv.constant_columns = options.hive.fields.size();
  }
  LoadScan scan(std::move(options), input.sources, input.objects, bad_rows);
  const std::string into =
      PhysicalName(output.target.table->ref) + " (" + InsertColumns(output.target) + ")";
  const std::uint64_t inserted = TRY(InsertScan(connection, function, scan, into));
  for (std::size_t i = 0; i < input.sources.size(); ++i) {
    const ObjectCounts& counts = scan.counts(i);
    output.objects.push_back({.in = counts.in, .good = counts.good, .bad = counts.bad});
  }
  std::int64_t good = 0;
  for (const RowCounts& counts : output.objects) good += counts.good;
  if (inserted == static_cast<std::uint64_t>(good)) return {};
  return Internal("the load inserted " + std::to_string(inserted) + " rows but counted " +
                  std::to_string(good));
}

Result<std::optional<Schema>> SchemaInFiles(LoadServices& services, LoadConfig& config,
                                            const Table* table,
                                            const std::vector<SourceObject>& sources,
                                            ObjectSource& objects, Connection& connection) {
  if (config.schema) return config.schema;
  Schema found;
  if (config.source_format == SourceFormat::kParquet) {
    found = TRY(ParquetSchema(services, connection, sources, objects, config.decimal_targets));
  } else if (config.autodetect) {
    Detected detected = TRY(DetectSchema(config, sources, objects));
    if (detected.has_header && config.skip_leading_rows == 0) config.skip_leading_rows = 1;
    found = std::move(detected.schema);
  } else {
    return std::optional<Schema>();
  }
  if (table == nullptr) return std::optional<Schema>(std::move(found));
  // An existing table keeps its types; what the files say only finds columns to add.
  if (!config.allow_field_addition) return std::optional<Schema>();
  for (Field& field : found) {
    for (const Field& known : table->schema) {
      if (EqualsIgnoreCase(known.name, field.name)) field = known;
    }
  }
  return std::optional<Schema>(std::move(found));
}

}  // namespace

Result<UnorderedInserts> UnorderedInserts::Begin(Connection& connection) {
  TRY(connection.Execute("SET SESSION preserve_insertion_order = false"));
  return UnorderedInserts(connection);
}

UnorderedInserts::~UnorderedInserts() {
  if (connection_ == nullptr) return;
  // Fails only on a connection that is beyond use.
  (void)connection_->Execute("RESET SESSION preserve_insertion_order");
}

Result<std::optional<Schema>> FileSchema(LoadServices& services, LoadConfig& config,
                                         const std::vector<SourceObject>& sources,
                                         ObjectSource& objects, Connection& connection) {
  const std::shared_ptr<const Table> table = services.catalog.FindTable(config.destination);
  std::optional<Schema> schema =
      TRY(SchemaInFiles(services, config, table.get(), sources, objects, connection));
  if (!config.hive) return schema;
  const HiveLayout hive = TRY(ReadHiveLayout(config, sources));
  if (!schema && table != nullptr) schema = table->schema;
  if (!schema) return schema;
  Schema merged = WithHiveFields(*schema, hive);
  if (table == nullptr) return std::optional<Schema>(std::move(merged));
  // A table keeps the types its partition keys have.
  for (std::size_t i = merged.size() - hive.fields.size(); i < merged.size(); ++i) {
    for (const Field& known : table->schema) {
      if (EqualsIgnoreCase(known.name, merged[i].name)) merged[i] = known;
    }
  }
  return std::optional<Schema>(std::move(merged));
}

Result<LoadOutput> RunLoad(LoadServices& services, LoadFunction& function, CatalogChange& change,
                           Connection& connection, const LoadInput& input,
                           const Schema* file_schema, BadRows& bad_rows) {
  LoadOutput output;
  const bool parquet = input.config.source_format == SourceFormat::kParquet;
  output.target =
      TRY(PrepareTarget(change, connection, input.config, file_schema, services.clock.Now()));
  TRY(parquet ? LoadParquet(services, connection, input, bad_rows, output)
              : RunScan(services, function, connection, input, bad_rows, output));
  for (const RowCounts& counts : output.objects) {
    output.total.in += counts.in;
    output.total.good += counts.good;
    output.total.bad += counts.bad;
  }
  return output;
}

Status StoreBadRows(CatalogChange& change, Connection& connection, const Table& table,
                    const BadRows& rows, const BadRowContext& context) {
  if (rows.count() == 0) return {};
  const TableRef ref = BadTableRef(table.ref);
  if (!change.FindTable(ref)) TRY(change.CreateTable(BadTable(table)));
  return AppendBadRows(connection, ref, rows, context);
}

}  // namespace landfall::warehouse
