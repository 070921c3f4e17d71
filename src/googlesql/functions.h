// The function catalogue: one row per overload, read like a table.
//
// A signature is "INT64, STRING -> FLOAT64"; T and U stand for any type (all T of one row agree
// after coercion), ARRAY<T> binds T to the element. In the SQL, $1 is the first argument and $Z the
// default time zone as a text; {condition ?? message !! value} raises BigQuery's error, or is NULL
// under SAFE.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "googlesql/value.h"

namespace landfall::googlesql {

struct ScalarRow {
  const char* name;
  const char* signature;
  const char* sql;
};
// In `sql`, the last ")" closes the aggregate call: DISTINCT, ORDER BY, FILTER and OVER are placed
// around it. More calls may follow after ";". `wrap` is applied to the whole: $0 is the first call,
// $~ the second, $^ the third.
struct AggregateRow {
  const char* name;
  const char* signature;
  const char* sql;
  const char* wrap = "$0";
  bool skips_nulls_by_option = false;  // IGNORE NULLS is meaningful
  bool window_only = false;
};

std::span<const ScalarRow> MathRows();
std::span<const ScalarRow> StringRows();
std::span<const ScalarRow> TimeRows();
std::span<const ScalarRow> OtherRows();
std::span<const AggregateRow> AggregateRows();

// One parsed row.
struct Overload {
  struct Slot {
    Type type;             // meaningful when `variable` is empty
    char variable = '\0';  // 'T', 'U'
    bool array = false;    // ARRAY<variable>
  };
  std::vector<Slot> arguments;
  Slot result;
  const ScalarRow* scalar = nullptr;
  const AggregateRow* aggregate = nullptr;
};

// Names are upper case, "NET.HOST" included.
std::span<const Overload> FindScalar(std::string_view name);
std::span<const Overload> FindAggregate(std::string_view name);
// A BigQuery function that is not built yet.
bool IsKnownFunction(std::string_view name);

struct Match {
  const Overload* overload = nullptr;
  std::vector<Type> arguments;  // what each is coerced to
  Type result;
};
// The cheapest overload the arguments fit.
std::optional<Match> ChooseOverload(std::span<const Overload> overloads,
                                    const std::vector<Value>& arguments);

// Replaces $1.., $Z and the {..} form. Arguments that are used twice and not plain are bound once.
std::string FillTemplate(std::string_view sql, const std::vector<std::string>& arguments,
                         std::string_view zone, bool safe);

}  // namespace landfall::googlesql
