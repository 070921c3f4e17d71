// Function calls: special forms, aggregates and window functions, then the scalar catalogue.
#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

std::string UpperPath(const std::vector<std::string>& parts) {
  std::string name;
  for (const std::string& part : parts) name += (name.empty() ? "" : ".") + part;
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

}  // namespace

Result<Value> Resolver::ResolveCall(const Expr& expr, const Context& context) {
  if (expr.kind == ExprKind::kExtract)
    return FindSpecialForm("EXTRACT")(*this, expr, context, false);
  std::string name = UpperPath(expr.names);
  const bool safe = name.starts_with("SAFE.");
  if (safe) name.erase(0, 5);
  const CallModifiers& call = *expr.call;
  if (name == "GROUPING" || !FindAggregate(name).empty()) return AggregateCall(expr, name, context);
  if (call.over) return Error(expr.at, "Analytic function not found: " + name);
  if (call.distinct) return Error(expr.at, "DISTINCT is not allowed for function " + name);
  if (!call.order_by.empty() || call.limit || !call.nulls.empty() || call.having_expr) {
    return Error(expr.at, "Aggregate modifiers are not allowed for function " + name);
  }
  if (const SpecialForm form = FindSpecialForm(name)) return form(*this, expr, context, safe);
  if (!call.named.empty())
    return Refuse(expr.at, "Named argument " + call.named[0].first + " of " + name);
  if (FindScalar(name).empty()) {
    if (IsKnownFunction(name)) return Refuse(expr.at, "Function " + name);
    return Error(expr.at, "Function not found: " + UpperPath(expr.names));
  }
  return ScalarCall(expr, name, safe, TRY(ResolveAll(expr.args, context)));
}

Result<Value> Resolver::ScalarCall(const Expr& expr, const std::string& name, bool safe,
                                   std::vector<Value> arguments) {
  const auto overloads = FindScalar(name);
  const auto match = ChooseOverload(overloads, arguments);
  if (!match) {
    for (const Value& argument : arguments) {
      const TypeKind kind = argument.type.kind;
      if (kind == TypeKind::kBytes || kind == TypeKind::kInterval || kind == TypeKind::kRange) {
        return Refuse(expr.at, "Function " + name + " on " + TypeName(argument.type));
      }
    }
    return NoSignature(expr.at, "function " + name, arguments);
  }
  std::vector<std::string> sql;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    sql.push_back(
        TRY(CoerceAt(expr.args[i]->at, std::move(arguments[i]), match->arguments[i])).sql);
  }
  return Value{FillTemplate(match->overload->scalar->sql, sql, dialect_.time_zone, safe),
               match->result};
}

}  // namespace landfall::googlesql
