#include "googlesql/special_forms.h"

#include <algorithm>

#include "base/text.h"

namespace landfall::googlesql {
namespace {

using S = SpecialForms;

Status WrongCount(Resolver& r, const Expr& expr) {
  return S::Error(r, expr,
                  "No matching signature for function " + CallName(expr) + " with " +
                      std::to_string(expr.args.size()) + " arguments");
}

Result<Value> If(Resolver& r, const Expr& expr, const Context& c, bool) {
  if (expr.args.size() != 3) return WrongCount(r, expr);
  const Value condition = TRY(S::ResolveAs(r, *expr.args[0], c, TypeOf(TypeKind::kBool)));
  std::vector<Value> values;
  values.push_back(TRY(S::Resolve(r, *expr.args[1], c)));
  values.push_back(TRY(S::Resolve(r, *expr.args[2], c)));
  const Type type = TRY(S::Unify(r, expr, values, "function IF"));
  return Value{
      "CASE WHEN " + condition.sql + " THEN " + values[0].sql + " ELSE " + values[1].sql + " END",
      type};
}

Result<Value> Coalesce(Resolver& r, const Expr& expr, const Context& c, bool) {
  const std::string name = CallName(expr);
  if (expr.args.empty() || (name == "IFNULL" && expr.args.size() != 2)) return WrongCount(r, expr);
  std::vector<Value> values = TRY(S::ResolveAll(r, expr, c));
  const Type type = TRY(S::Unify(r, expr, values, "function " + name));
  std::string sql;
  for (const Value& value : values) sql += (sql.empty() ? "" : ", ") + value.sql;
  return Value{"coalesce(" + sql + ")", type};
}

Result<Value> NullIf(Resolver& r, const Expr& expr, const Context& c, bool) {
  if (expr.args.size() != 2) return WrongCount(r, expr);
  std::vector<Value> values = TRY(S::ResolveAll(r, expr, c));
  const Type type = TRY(S::Unify(r, expr, values, "function NULLIF"));
  const Value equal = TRY(S::Compare(r, expr, "=", values[0], values[1]));
  return Value{"CASE WHEN " + equal.sql + " THEN NULL ELSE " + values[0].sql + " END", type};
}

Result<Value> Concat(Resolver& r, const Expr& expr, const Context& c, bool) {
  std::vector<Value> values = TRY(S::ResolveAll(r, expr, c));
  const std::string name = CallName(expr);
  for (const Value& value : values) {
    if (value.is_null()) continue;
    const bool array = name == "ARRAY_CONCAT";
    if (array ? !value.type.is_array()
              : value.type.kind != TypeKind::kString && value.type.kind != TypeKind::kBytes) {
      return S::NoSignature(r, expr, name, values);
    }
  }
  return S::Concat(r, expr, std::move(values), "function " + name);
}

// NULL when any is NULL; NaN wins over numbers.
Result<Value> Extremes(Resolver& r, const Expr& expr, const Context& c, bool) {
  const std::string name = CallName(expr);
  if (expr.args.empty()) return WrongCount(r, expr);
  std::vector<Value> values = TRY(S::ResolveAll(r, expr, c));
  const Type type = TRY(S::Unify(r, expr, values, "function " + name));
  if (type.is_array() || type.is_struct() || type.kind == TypeKind::kJson)
    return S::NoSignature(r, expr, name, values);
  std::string list, nulls, nans;
  for (const Value& value : values) {
    list += (list.empty() ? "" : ", ") + value.sql;
    nulls += (nulls.empty() ? "" : " OR ") + value.sql + " IS NULL";
    nans += (nans.empty() ? "" : " OR ") + ("isnan(" + value.sql + ")");
  }
  std::string sql = "CASE WHEN " + nulls + " THEN NULL ";
  if (type.kind == TypeKind::kFloat64) sql += "WHEN " + nans + " THEN 'nan'::DOUBLE ";
  return Value{sql + "ELSE " + (name == "LEAST" ? "least(" : "greatest(") + list + ") END", type};
}

Result<Value> RaiseError(Resolver& r, const Expr& expr, const Context& c, bool) {
  if (expr.args.size() != 1) return WrongCount(r, expr);
  const Value text = TRY(S::ResolveAs(r, *expr.args[0], c, TypeOf(TypeKind::kString)));
  return Value{"CAST(error('LF: ' || " + text.sql + ") AS BIGINT)", TypeOf(TypeKind::kInt64),
               Value::Literal::kError, ""};
}

Result<Value> GenerateArray(Resolver& r, const Expr& expr, const Context& c, bool) {
  if (expr.args.size() != 2 && expr.args.size() != 3) return WrongCount(r, expr);
  std::vector<Value> values = TRY(S::ResolveAll(r, expr, c));
  const Type type = TRY(S::Unify(r, expr, values, "function GENERATE_ARRAY"));
  if (!IsNumber(type.kind)) return S::NoSignature(r, expr, "GENERATE_ARRAY", values);
  std::vector<std::string> sql;
  for (const Value& value : values) sql.push_back(value.sql);
  if (sql.size() == 2) sql.push_back("1");
  const std::string step_check = "{$3 = 0 ?? 'Sequence step cannot be 0.' !! ";
  if (type.kind == TypeKind::kInt64) {
    return Value{FillTemplate(step_check + "generate_series($1, $2, $3)}", sql, "", false),
                 ArrayOf(type)};
  }
  if (type.kind == TypeKind::kNumeric) return S::Refuse(r, expr, "GENERATE_ARRAY of NUMERIC");
  // Each element is start + n * step, so that errors do not add up.
  return Value{
      FillTemplate(step_check + "CASE WHEN $1 IS NULL OR $2 IS NULL OR $3 IS NULL THEN NULL ELSE "
                                "list_transform(range(CAST(greatest(floor(($2 - $1) / $3 + 1e-9) + "
                                "1, 0) AS BIGINT)), lambda n: $1 + n * $3) END}",
                   sql, "", false),
      ArrayOf(type)};
}

Result<Value> TypeOfCall(Resolver& r, const Expr& expr, const Context& c, bool) {
  if (expr.args.size() != 1) return WrongCount(r, expr);
  const Value value = TRY(S::Resolve(r, *expr.args[0], c));
  return Value{QuoteLiteral(TypeName(value.type)), TypeOf(TypeKind::kString)};
}

Result<Value> SessionUser(Resolver& r, const Expr& expr, const Context&, bool) {
  return S::Refuse(r, expr, "Function SESSION_USER");
}

constexpr NamedForm kForms[] = {
    {"IF", If},
    {"COALESCE", Coalesce},
    {"IFNULL", Coalesce},
    {"NULLIF", NullIf},
    {"CONCAT", Concat},
    {"ARRAY_CONCAT", Concat},
    {"GREATEST", Extremes},
    {"LEAST", Extremes},
    {"ERROR", RaiseError},
    {"GENERATE_ARRAY", GenerateArray},
    {"TYPEOF", TypeOfCall},
    {"SESSION_USER", SessionUser},
};

}  // namespace

std::string CallName(const Expr& expr) {
  if (expr.kind == ExprKind::kExtract) return "EXTRACT";
  std::string name;
  for (const std::string& part : expr.names) name += (name.empty() ? "" : ".") + part;
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name.starts_with("SAFE.") ? name.substr(5) : name;
}

std::span<const NamedForm> ConditionalForms() { return kForms; }

SpecialForm FindSpecialForm(std::string_view name) {
  for (const auto forms :
       {ConditionalForms(), DateForms(), FormatForms(), JsonForms(), TextForms()}) {
    const auto found = std::find_if(forms.begin(), forms.end(),
                                    [&](const NamedForm& form) { return form.name == name; });
    if (found != forms.end()) return found->form;
  }
  return nullptr;
}

}  // namespace landfall::googlesql
