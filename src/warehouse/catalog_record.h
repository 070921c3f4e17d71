// The stored form of datasets and tables: one JSON text in their control row. Private to the
// module.
#pragma once

#include <string>

#include "base/status.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

std::string DatasetRecord(const Dataset& dataset);
Result<Dataset> ParseDatasetRecord(const DatasetRef& ref, std::string_view record);
std::string TableRecord(const Table& table);
Result<Table> ParseTableRecord(const TableRef& ref, std::string_view record);

// The etag of a stored form.
std::string EtagOf(std::string_view record);

// "labels" members of REST objects and of our records.
Result<Labels> ParseLabels(const JsonObject& labels);
JsonObject LabelsJson(const Labels& labels);

// The REST forms; also what the records hold.
JsonObject TimePartitioningJson(const TimePartitioning& partitioning);
JsonObject RangePartitioningJson(const RangePartitioning& partitioning);
Result<TimePartitioning> ParseTimePartitioning(const JsonObject& object, std::string_view where);
Result<RangePartitioning> ParseRangePartitioning(const JsonObject& object, std::string_view where);

}  // namespace landfall::warehouse
