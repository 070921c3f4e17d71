#include "warehouse/partition.h"

#include <charconv>

#include "base/text.h"
#include "googlesql/types.h"
#include "warehouse/catalog.h"

namespace landfall::warehouse {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_days;
using std::chrono::year_month_day;

struct Granularity {
  std::string_view type;
  std::size_t digits;
};
constexpr Granularity kGranularities[] = {{"YEAR", 4}, {"MONTH", 6}, {"DAY", 8}, {"HOUR", 10}};

std::size_t DigitsOf(std::string_view type) {
  for (const Granularity& g : kGranularities) {
    if (g.type == type) return g.digits;
  }
  return 8;
}

unsigned Number(std::string_view digits) {
  unsigned number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

Status BadId(std::string_view id, std::string_view why) {
  return InvalidArgument("Invalid time partitioning decorator $" + std::string(id) + ": " +
                         std::string(why));
}

// 4, 6, 8 or 10 digits of a real date and hour.
Result<TimePoint> ParseId(std::string_view id) {
  if (id.find_first_not_of("0123456789") != std::string_view::npos)
    return BadId(id, "it must be digits only");
  if (id.size() != 4 && id.size() != 6 && id.size() != 8 && id.size() != 10) {
    return BadId(id, "it must have 4, 6, 8 or 10 digits (YYYY[MM[DD[HH]]])");
  }
  const unsigned month = id.size() >= 6 ? Number(id.substr(4, 2)) : 1;
  const unsigned day = id.size() >= 8 ? Number(id.substr(6, 2)) : 1;
  const unsigned hour = id.size() >= 10 ? Number(id.substr(8, 2)) : 0;
  const year_month_day date{std::chrono::year(static_cast<int>(Number(id.substr(0, 4)))),
                            std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || hour > 23) return BadId(id, "there is no such date or hour");
  return TimePoint(sys_days(date)) + hours(hour);
}

TimePoint NextPartition(std::string_view type, TimePoint start) {
  if (type == "HOUR") return start + hours(1);
  if (type == "DAY") return start + days(1);
  const year_month_day date(std::chrono::floor<days>(start));
  if (type == "MONTH") return sys_days(date.year() / date.month() / 1 + std::chrono::months(1));
  return sys_days(date.year() / 1 / 1 + std::chrono::years(1));
}

// A bound as a literal of the partition column's type.
std::string Bound(googlesql::TypeKind kind, TimePoint at) {
  const std::string text = FormatRfc3339(at);
  switch (kind) {
    case googlesql::TypeKind::kDate:
      return "DATE '" + text.substr(0, 10) + "'";
    case googlesql::TypeKind::kDatetime:
      return "TIMESTAMP '" + text.substr(0, 10) + " " + text.substr(11, 8) + "'";
    default:
      return "TIMESTAMPTZ '" + text.substr(0, 10) + " " + text.substr(11, 8) + "+00'";
  }
}

}  // namespace

Result<std::pair<std::string, std::string>> SplitDecorator(std::string_view table_id) {
  const std::size_t dollar = table_id.find('$');
  if (dollar == std::string_view::npos) return std::pair(std::string(table_id), std::string());
  const std::string_view id = table_id.substr(dollar + 1);
  TRY(ParseId(id));
  return std::pair(std::string(table_id.substr(0, dollar)), std::string(id));
}

TimePoint PartitionStart(std::string_view type, TimePoint at) {
  if (type == "HOUR") return std::chrono::floor<hours>(at);
  const sys_days day = std::chrono::floor<days>(at);
  const year_month_day date(day);
  if (type == "MONTH") return sys_days(date.year() / date.month() / 1);
  if (type == "YEAR") return sys_days(date.year() / 1 / 1);
  return day;
}

std::string PartitionId(std::string_view type, TimePoint at) {
  std::string digits;
  for (const char c : FormatRfc3339(at)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits.substr(0, DigitsOf(type));
}

Result<Partition> ResolvePartition(const Table& table, std::string_view id) {
  if (!table.time_partitioning) {
    return InvalidArgument("Cannot use partition decorator $" + std::string(id) + ": table " +
                           ToString(table.ref) + " is not partitioned by time");
  }
  const TimePartitioning& by = *table.time_partitioning;
  Partition partition;
  partition.start = TRY(ParseId(id));
  if (id.size() != DigitsOf(by.type)) {
    return BadId(id, "table " + ToString(table.ref) + " is partitioned by " + by.type +
                         ", whose ids have " + std::to_string(DigitsOf(by.type)) + " digits");
  }
  partition.end = NextPartition(by.type, partition.start);
  partition.column = by.field.empty() ? std::string(kPartitionTimeColumn) : by.field;
  googlesql::TypeKind kind = googlesql::TypeKind::kTimestamp;
  for (const Field& field : table.schema) {
    if (EqualsIgnoreCase(field.name, by.field)) kind = field.type;
  }
  const std::string column = googlesql::QuoteIdentifier(partition.column);
  partition.up_to = column + " < " + Bound(kind, partition.end);
  partition.predicate =
      "(" + column + " >= " + Bound(kind, partition.start) + " AND " + partition.up_to + ")";
  return partition;
}

}  // namespace landfall::warehouse
