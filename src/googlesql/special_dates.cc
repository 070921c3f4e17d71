// Functions whose arguments are date parts and INTERVALs: EXTRACT, *_ADD, *_SUB, *_DIFF, *_TRUNC,
// LAST_DAY, CURRENT_*.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "googlesql/special_forms.h"

namespace landfall::googlesql {
namespace {

using S = SpecialForms;

// A date part as written: MONTH, WEEK, WEEK(MONDAY). Weekday counts from Monday = 0.
struct Part {
  std::string name;
  int weekday = 6;
};

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::optional<int> Weekday(std::string_view name) {
  constexpr std::array<std::string_view, 7> kDays = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                                     "FRIDAY", "SATURDAY", "SUNDAY"};
  for (std::size_t i = 0; i < kDays.size(); ++i) {
    if (EqualsIgnoreCase(kDays[i], name)) return static_cast<int>(i);
  }
  return std::nullopt;
}

Result<Part> ParsePart(Resolver& r, const Expr& expr) {
  if (expr.kind == ExprKind::kName) return Part{Upper(expr.text), 6};
  if (expr.kind == ExprKind::kCall && expr.names.size() == 1 &&
      EqualsIgnoreCase(expr.names[0], "WEEK") && expr.args.size() == 1 &&
      expr.args[0]->kind == ExprKind::kName) {
    if (const auto day = Weekday(expr.args[0]->text)) return Part{"WEEK", *day};
  }
  return S::Error(r, expr, "A valid date part name is required");
}

Result<Part> ExtractPart(Resolver& r, const Expr& expr) {
  const std::string& text = expr.names[0];
  const std::size_t open = text.find('(');
  if (open == std::string::npos) return Part{Upper(text), 6};
  const auto day = Weekday(text.substr(open + 1, text.size() - open - 2));
  if (!day) return S::Error(r, expr, "A valid date part name is required but found " + text);
  return Part{Upper(text.substr(0, open)), *day};
}

bool OneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsDayPart(std::string_view part) {
  return OneOf(part, {"DAY", "WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR"});
}

// The length of a sub-day part in microseconds, 0 for others.
std::int64_t MicrosOf(std::string_view part) {
  if (part == "MICROSECOND") return 1;
  if (part == "MILLISECOND") return 1000;
  if (part == "SECOND") return 1000000;
  if (part == "MINUTE") return 60000000;
  if (part == "HOUR") return 3600000000;
  if (part == "DAY") return 86400000000;
  return 0;
}

// `sql`, a DuckDB DATE or TIMESTAMP, cut to `part`; a TIMESTAMP or DATE comes back, as DuckDB sees
// fit.
std::optional<std::string> Truncate(const std::string& sql, const Part& part) {
  const std::string& name = part.name;
  if (name == "WEEK") {
    const std::string shift = "to_days(" + std::to_string(part.weekday) + ")";
    return "(date_trunc('week', " + sql + " - " + shift + ") + " + shift + ")";
  }
  if (name == "ISOWEEK") return "date_trunc('week', " + sql + ")";
  if (name == "ISOYEAR") return "date_trunc('isoyear', " + sql + ")";
  if (OneOf(name, {"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "MONTH",
                   "QUARTER", "YEAR"})) {
    return "date_trunc('" + AsciiLower(name) + "', " + sql + ")";
  }
  return std::nullopt;
}

std::string CastTo(const std::string& sql, TypeKind kind) {
  return "CAST(" + sql + " AS " + DuckDbType(TypeOf(kind)).value() + ")";
}

// Which of the four families a function name belongs to.
TypeKind FamilyOf(const std::string& name) {
  if (name.starts_with("DATETIME")) return TypeKind::kDatetime;
  if (name.starts_with("DATE")) return TypeKind::kDate;
  if (name.starts_with("TIMESTAMP")) return TypeKind::kTimestamp;
  return TypeKind::kTime;
}

// The argument in its family. DATE_* functions also take DATETIME and TIMESTAMP where BigQuery
// does.
Result<Value> Subject(Resolver& r, const Expr& call, const Expr& arg, const Context& c,
                      TypeKind family) {
  Value value = TRY(S::Resolve(r, arg, c));
  const TypeKind kind = value.type.kind;
  const bool stamp =
      kind == TypeKind::kDate || kind == TypeKind::kDatetime || kind == TypeKind::kTimestamp;
  if (!value.is_null() && stamp && family != TypeKind::kTime && kind != family) {
    if (family == TypeKind::kDatetime && kind == TypeKind::kDate)
      return Coerce(std::move(value), TypeOf(family), S::dialect(r));
    return value;
  }
  if (!CoercionCost(value, TypeOf(family))) return S::NoSignature(r, call, CallName(call), {value});
  return Coerce(std::move(value), TypeOf(family), S::dialect(r));
}

Result<Value> Add(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  const std::string name = CallName(expr);
  if (expr.args.size() != 2 || expr.args[1]->kind != ExprKind::kInterval ||
      expr.args[1]->names.size() != 1) {
    return S::Error(r, expr,
                    "No matching signature for function " + name +
                        "; the second argument must be INTERVAL <int64> <part>");
  }
  const Value subject = TRY(Subject(r, expr, *expr.args[0], c, FamilyOf(name)));
  const Expr& interval = *expr.args[1];
  const Value amount = TRY(S::ResolveAs(r, *interval.args[0], c, TypeOf(TypeKind::kInt64)));
  const std::string part = Upper(interval.names[0]);
  const std::string sign = name.ends_with("_SUB") ? " - " : " + ";
  const TypeKind kind = subject.type.kind;
  const std::int64_t micros = MicrosOf(part);
  std::string step;
  if (kind == TypeKind::kTime || kind == TypeKind::kTimestamp) {
    if (micros == 0 || (kind == TypeKind::kTime && part == "DAY")) {
      return S::Error(r, interval, name + " does not support the " + part + " date part");
    }
    step = "to_microseconds($2 * " + std::to_string(micros) + ")";
    if (kind == TypeKind::kTime)
      return Value{FillTemplate("($1" + sign + step + ")", {subject.sql, amount.sql}, "", safe),
                   subject.type};
  } else if (kind == TypeKind::kDate && !IsDayPart(part)) {
    return S::Error(r, interval, name + " does not support the " + part + " date part");
  } else if (part == "WEEK" || part == "DAY") {
    step = "to_days(CAST($2 * " + std::to_string(part == "WEEK" ? 7 : 1) + " AS INTEGER))";
  } else if (OneOf(part, {"MONTH", "QUARTER", "YEAR"})) {
    step = "to_months(CAST($2 * " +
           std::to_string(part == "MONTH"     ? 1
                          : part == "QUARTER" ? 3
                                              : 12) +
           " AS INTEGER))";
  } else if (micros > 0) {
    step = "to_microseconds($2 * " + std::to_string(micros) + ")";
  } else {
    return S::Error(r, interval, name + " does not support the " + part + " date part");
  }
  const std::string check = kind == TypeKind::kDate       ? "lf_to_date_in_range"
                            : kind == TypeKind::kDatetime ? "lf_to_datetime_in_range"
                                                          : "lf_to_timestamp_in_range";
  std::string moved = "($1" + sign + step + ")";
  if (kind == TypeKind::kDate) moved = CastTo(moved, kind);
  return Value{FillTemplate(check + "(" + moved + ")", {subject.sql, amount.sql}, "", safe),
               subject.type};
}

Result<Value> Diff(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  const std::string name = CallName(expr);
  if (expr.args.size() != 3) return S::Error(r, expr, "No matching signature for function " + name);
  const TypeKind family = FamilyOf(name);
  std::vector<Value> both;
  for (std::size_t i = 0; i < 2; ++i)
    both.push_back(TRY(Subject(r, expr, *expr.args[i], c, family)));
  const Type type = TRY(S::Unify(r, expr, both, "function " + name));
  const Part part = TRY(ParsePart(r, *expr.args[2]));
  const std::int64_t micros = MicrosOf(part.name);
  const auto result = [&](const std::string& pattern) -> Result<Value> {
    return Value{FillTemplate(pattern, {both[0].sql, both[1].sql}, "", safe),
                 TypeOf(TypeKind::kInt64)};
  };
  const auto unsupported = [&] {
    return S::Error(r, *expr.args[2], name + " does not support the " + part.name + " date part");
  };
  if (type.kind == TypeKind::kTimestamp) {
    if (micros == 0) return unsupported();
    return result("lf_div_toward_zero(epoch_us($1) - epoch_us($2), " + std::to_string(micros) +
                  ")");
  }
  if (type.kind == TypeKind::kTime) {
    if (micros == 0 || part.name == "DAY") return unsupported();
    const auto cut = [&](const std::string& arg) {
      return "(lf_time_micros(" + arg + ") // " + std::to_string(micros) + ")";
    };
    return result("(" + cut("$1") + " - " + cut("$2") + ")");
  }
  if (IsDayPart(part.name)) {
    if (part.name == "DAY") return result("(CAST($1 AS DATE) - CAST($2 AS DATE))");
    const Part cut_part = part.name == "ISOWEEK" ? Part{"WEEK", 0} : part;
    if (cut_part.name == "WEEK") {
      return result("((CAST(" + *Truncate("CAST($1 AS DATE)", cut_part) + " AS DATE) - CAST(" +
                    *Truncate("CAST($2 AS DATE)", cut_part) + " AS DATE)) // 7)");
    }
    if (part.name == "ISOYEAR") return result("(isoyear($1) - isoyear($2))");
    return result("date_diff('" + AsciiLower(part.name) + "', $2, $1)");
  }
  if (type.kind == TypeKind::kDate || micros == 0) return unsupported();
  const auto cut = [&](const std::string& arg) {
    return "lf_floor_divide(epoch_us(" + arg + "), " + std::to_string(micros) + ")";
  };
  return result("(" + cut("$1") + " - " + cut("$2") + ")");
}

Result<Value> Trunc(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  const std::string name = CallName(expr);
  if (expr.args.size() < 2 || expr.args.size() > 3)
    return S::Error(r, expr, "No matching signature for function " + name);
  const Value subject = TRY(Subject(r, expr, *expr.args[0], c, FamilyOf(name)));
  const Part part = TRY(ParsePart(r, *expr.args[1]));
  const TypeKind kind = subject.type.kind;
  if (expr.args.size() == 3 && kind != TypeKind::kTimestamp)
    return S::Error(r, expr, "No matching signature for function " + name);
  const auto unsupported = [&] {
    return S::Error(r, *expr.args[1], name + " does not support the " + part.name + " date part");
  };
  if (kind == TypeKind::kTime) {
    if (MicrosOf(part.name) == 0 || part.name == "DAY") return unsupported();
    return Value{
        "CAST(" + *Truncate("(DATE '1970-01-01' + " + subject.sql + ")", part) + " AS TIME)",
        subject.type};
  }
  if (kind == TypeKind::kDate && !IsDayPart(part.name)) return unsupported();
  std::string zone = QuoteLiteral(S::dialect(r).time_zone);
  if (expr.args.size() == 3)
    zone = TRY(S::ResolveAs(r, *expr.args[2], c, TypeOf(TypeKind::kString))).sql;
  const bool zoned = kind == TypeKind::kTimestamp;
  const std::string local = expr.args.size() == 3 ? "lf_local" : "timezone";
  const std::string instant = expr.args.size() == 3 ? "lf_instant" : "timezone";
  const auto cut = Truncate(zoned ? local + "($2, $1)" : "$1", part);
  if (!cut) return unsupported();
  std::string pattern = kind == TypeKind::kDate ? CastTo(*cut, kind)
                        : zoned ? instant + "($2, " + CastTo(*cut, TypeKind::kDatetime) + ")"
                                : CastTo(*cut, kind);
  return Value{FillTemplate(pattern, {subject.sql, zone}, "", safe), subject.type};
}

// EXTRACT(part FROM x). $1 is a DuckDB DATE, TIME or TIMESTAMP without zone.
std::optional<std::string> ExtractSql(const Part& part) {
  const std::string& name = part.name;
  if (name == "DAYOFWEEK") return "(dayofweek($1) + 1)";
  if (name == "WEEK") {
    // Weeks begin at the first such weekday of the year; the days before are week 0.
    const std::string day = "((dayofweek($1) + 6 - " + std::to_string(part.weekday) + ") % 7)";
    return "((dayofyear($1) + 6 - " + day + ") // 7)";
  }
  if (name == "ISOWEEK") return "week($1)";
  if (name == "ISOYEAR") return "isoyear($1)";
  if (name == "MICROSECOND") return "(microsecond($1) % 1000000)";
  if (name == "MILLISECOND") return "(millisecond($1) % 1000)";
  if (OneOf(name, {"DAY", "DAYOFYEAR", "MONTH", "QUARTER", "YEAR", "HOUR", "MINUTE", "SECOND"}))
    return AsciiLower(name) + "($1)";
  return std::nullopt;
}

Result<Value> Extract(Resolver& r, const Expr& expr, const Context& c, bool) {
  const Value subject = TRY(S::Resolve(r, *expr.args[0], c));
  const Part part = TRY(ExtractPart(r, expr));
  TypeKind kind = subject.type.kind;
  std::string zone = QuoteLiteral(S::dialect(r).time_zone);
  if (expr.args.size() == 2) {
    if (kind != TypeKind::kTimestamp)
      return S::Error(r, expr,
                      "EXTRACT from " + TypeName(subject.type) + " does not support AT TIME ZONE");
    zone = TRY(S::ResolveAs(r, *expr.args[1], c, TypeOf(TypeKind::kString))).sql;
  }
  std::string sql = subject.sql;
  if (kind == TypeKind::kTimestamp) {
    sql = (expr.args.size() == 2 ? "lf_local(" : "timezone(") + zone + ", " + sql + ")";
    kind = TypeKind::kDatetime;
  }
  const Type integer = TypeOf(TypeKind::kInt64);
  const auto unsupported = [&] {
    return S::Error(r, expr,
                    "EXTRACT from " + TypeName(subject.type) + " does not support the " +
                        part.name + " date part");
  };
  if (kind == TypeKind::kInterval) {
    if (!OneOf(part.name,
               {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"}))
      return unsupported();
    return Value{"CAST(lf_interval_" + AsciiLower(part.name) + "(" + sql + ") AS BIGINT)", integer};
  }
  if (kind != TypeKind::kDate && kind != TypeKind::kDatetime && kind != TypeKind::kTime)
    return S::NoSignature(r, expr, "EXTRACT", {subject});
  if (part.name == "DATE" && kind == TypeKind::kDatetime)
    return Value{CastTo(sql, TypeKind::kDate), TypeOf(TypeKind::kDate)};
  if (part.name == "TIME" && kind == TypeKind::kDatetime)
    return Value{CastTo(sql, TypeKind::kTime), TypeOf(TypeKind::kTime)};
  if (part.name == "DATETIME" && subject.type.kind == TypeKind::kTimestamp)
    return Value{sql, TypeOf(TypeKind::kDatetime)};
  const bool clock = MicrosOf(part.name) > 0 && part.name != "DAY";
  if ((kind == TypeKind::kDate && clock) || (kind == TypeKind::kTime && !clock))
    return unsupported();
  const auto pattern = ExtractSql(part);
  if (!pattern) return unsupported();
  return Value{"CAST(" + FillTemplate(*pattern, {sql}, "", false) + " AS BIGINT)", integer};
}

Result<Value> LastDay(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  if (expr.args.empty() || expr.args.size() > 2)
    return S::Error(r, expr, "No matching signature for function LAST_DAY");
  const Value subject = TRY(Subject(r, expr, *expr.args[0], c, TypeKind::kDate));
  if (subject.type.kind == TypeKind::kTimestamp)
    return S::NoSignature(r, expr, "LAST_DAY", {subject});
  const Part part = expr.args.size() == 2 ? TRY(ParsePart(r, *expr.args[1])) : Part{"MONTH", 6};
  const Type date = TypeOf(TypeKind::kDate);
  const std::string start = "CAST($1 AS DATE)";
  std::string pattern;
  if (part.name == "MONTH") pattern = "last_day(" + start + ")";
  if (part.name == "QUARTER")
    pattern = "CAST(date_trunc('quarter', " + start + ") + to_months(3) - to_days(1) AS DATE)";
  if (part.name == "YEAR")
    pattern = "CAST(date_trunc('year', " + start + ") + to_months(12) - to_days(1) AS DATE)";
  if (part.name == "WEEK" || part.name == "ISOWEEK") {
    pattern = "CAST(" + *Truncate(start, part.name == "ISOWEEK" ? Part{"WEEK", 0} : part) +
              " + to_days(6) AS DATE)";
  }
  if (part.name == "ISOYEAR")
    pattern = "CAST(date_trunc('isoyear', date_trunc('isoyear', " + start +
              ") + to_days(375)) - to_days(1) AS DATE)";
  if (pattern.empty())
    return S::Error(r, *expr.args[1], "LAST_DAY does not support the " + part.name + " date part");
  return Value{FillTemplate(pattern, {subject.sql}, "", safe), date};
}

// now() is fixed for a transaction, as BigQuery's is for a statement.
Result<Value> Current(Resolver& r, const Expr& expr, const Context& c, bool) {
  const std::string name = CallName(expr);
  if (name == "CURRENT_TIMESTAMP") {
    if (!expr.args.empty())
      return S::Error(r, expr, "No matching signature for function CURRENT_TIMESTAMP");
    return Value{"now()", TypeOf(TypeKind::kTimestamp)};
  }
  std::string zone = QuoteLiteral(S::dialect(r).time_zone);
  if (expr.args.size() > 1) return S::Error(r, expr, "No matching signature for function " + name);
  if (expr.args.size() == 1)
    zone = TRY(S::ResolveAs(r, *expr.args[0], c, TypeOf(TypeKind::kString))).sql;
  const std::string local = (expr.args.size() == 1 ? "lf_local(" : "timezone(") + zone + ", now())";
  if (name == "CURRENT_DATETIME") return Value{local, TypeOf(TypeKind::kDatetime)};
  const TypeKind kind = name == "CURRENT_DATE" ? TypeKind::kDate : TypeKind::kTime;
  return Value{CastTo(local, kind), TypeOf(kind)};
}

Result<Value> GenerateDates(Resolver& r, const Expr& expr, const Context& c, bool) {
  const std::string name = CallName(expr);
  const bool stamps = name == "GENERATE_TIMESTAMP_ARRAY";
  const TypeKind kind = stamps ? TypeKind::kTimestamp : TypeKind::kDate;
  if (expr.args.size() < 2 || expr.args.size() > 3 ||
      (expr.args.size() == 3 && expr.args[2]->kind != ExprKind::kInterval)) {
    return S::Error(r, expr, "No matching signature for function " + name);
  }
  const Value from = TRY(S::ResolveAs(r, *expr.args[0], c, TypeOf(kind)));
  const Value to = TRY(S::ResolveAs(r, *expr.args[1], c, TypeOf(kind)));
  std::string amount = "1", part = "DAY";
  if (expr.args.size() == 3) {
    amount = TRY(S::ResolveAs(r, *expr.args[2]->args[0], c, TypeOf(TypeKind::kInt64))).sql;
    part = Upper(expr.args[2]->names[0]);
  } else if (stamps) {
    return S::Error(r, expr, "No matching signature for function " + name);
  }
  const std::string check = "{$3 = 0 ?? 'Sequence step cannot be 0.' !! ";
  const std::string nulls = "CASE WHEN $1 IS NULL OR $2 IS NULL OR $3 IS NULL THEN NULL ELSE ";
  std::string pattern;
  if (stamps) {
    const std::int64_t micros = MicrosOf(part);
    if (micros == 0)
      return S::Error(r, *expr.args[2], name + " does not support the " + part + " date part");
    pattern = "list_transform(generate_series(epoch_us($1), epoch_us($2), $3 * " +
              std::to_string(micros) + "), lambda n: make_timestamptz(n))";
  } else if (part == "DAY" || part == "WEEK") {
    const std::string days = std::string("$3 * ") + (part == "WEEK" ? "7" : "1");
    pattern = "list_transform(generate_series(0, $2 - $1, " + days +
              "), lambda n: CAST($1 + to_days(CAST(n AS INTEGER)) AS DATE))";
  } else if (OneOf(part, {"MONTH", "QUARTER", "YEAR"})) {
    // Every element is counted from the start, so that the end of a month does not creep.
    const std::string months = std::string("$3 * ") + (part == "MONTH"     ? "1"
                                                       : part == "QUARTER" ? "3"
                                                                           : "12");
    const std::string date = "CAST($1 + to_months(CAST(n AS INTEGER)) AS DATE)";
    pattern = "list_filter(list_transform(generate_series(0, date_diff('month', $1, $2), " +
              months + "), lambda n: " + date +
              "), lambda d: CASE WHEN $3 > 0 THEN d <= $2 ELSE d >= $2 END)";
  } else {
    return S::Error(r, *expr.args[2], name + " does not support the " + part + " date part");
  }
  return Value{
      FillTemplate(check + nulls + pattern + " END}", {from.sql, to.sql, amount}, "", false),
      ArrayOf(TypeOf(kind))};
}

constexpr NamedForm kForms[] = {
    {"EXTRACT", Extract},
    {"DATE_ADD", Add},
    {"DATE_SUB", Add},
    {"DATETIME_ADD", Add},
    {"DATETIME_SUB", Add},
    {"TIMESTAMP_ADD", Add},
    {"TIMESTAMP_SUB", Add},
    {"TIME_ADD", Add},
    {"TIME_SUB", Add},
    {"DATE_DIFF", Diff},
    {"DATETIME_DIFF", Diff},
    {"TIMESTAMP_DIFF", Diff},
    {"TIME_DIFF", Diff},
    {"DATE_TRUNC", Trunc},
    {"DATETIME_TRUNC", Trunc},
    {"TIMESTAMP_TRUNC", Trunc},
    {"TIME_TRUNC", Trunc},
    {"LAST_DAY", LastDay},
    {"CURRENT_TIMESTAMP", Current},
    {"CURRENT_DATE", Current},
    {"CURRENT_DATETIME", Current},
    {"CURRENT_TIME", Current},
    {"GENERATE_DATE_ARRAY", GenerateDates},
    {"GENERATE_TIMESTAMP_ARRAY", GenerateDates},
};

}  // namespace

std::span<const NamedForm> DateForms() { return kForms; }

}  // namespace landfall::googlesql
