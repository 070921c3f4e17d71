// What the special forms share: typed arguments, date parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "googlesql/resolver.h"

namespace landfall::googlesql {

// Gives special forms the resolver's helpers without opening the class to everybody.
class SpecialForms {
 public:
  static Result<Value> Resolve(Resolver& r, const Expr& expr, const Context& c) {
    return r.Resolve(expr, c);
  }
  static Result<Value> ResolveAs(Resolver& r, const Expr& expr, const Context& c,
                                 const Type& type) {
    return r.CoerceAt(expr.at, TRY(r.Resolve(expr, c)), type);
  }
  static Result<std::vector<Value>> ResolveAll(Resolver& r, const Expr& expr, const Context& c) {
    return r.ResolveAll(expr.args, c);
  }
  static Result<Type> Unify(Resolver& r, const Expr& expr, std::vector<Value>& values,
                            std::string_view what) {
    return r.Unify(expr.at, values, what);
  }
  static Status Error(Resolver& r, const Expr& expr, std::string_view text) {
    return r.Error(expr.at, text);
  }
  static Status Refuse(Resolver& r, const Expr& expr, std::string_view text) {
    return r.Refuse(expr.at, text);
  }
  static Status NoSignature(Resolver& r, const Expr& expr, std::string_view name,
                            const std::vector<Value>& args) {
    return r.NoSignature(expr.at, "function " + std::string(name), args);
  }
  static Result<Value> Concat(Resolver& r, const Expr& expr, std::vector<Value> values,
                              std::string_view name) {
    return r.ResolveConcat(expr, std::move(values), name);
  }
  static Result<Value> Compare(Resolver& r, const Expr& expr, const std::string& op, Value a,
                               Value b) {
    return r.Compare(expr.at, op, std::move(a), std::move(b));
  }
  static Result<Value> Scalar(Resolver& r, const Expr& expr, const std::string& name, bool safe,
                              std::vector<Value> v) {
    return r.ScalarCall(expr, name, safe, std::move(v));
  }
  static const Dialect& dialect(const Resolver& r) { return r.dialect_; }
};

struct NamedForm {
  std::string_view name;
  SpecialForm form;
};
std::span<const NamedForm> ConditionalForms();  // special_forms.cc
std::span<const NamedForm> DateForms();         // special_dates.cc
std::span<const NamedForm> FormatForms();       // special_format.cc
std::span<const NamedForm> JsonForms();         // special_json.cc
std::span<const NamedForm> TextForms();         // special_text.cc

// TO_JSON(value).
Result<Value> JsonOf(const Value& value, const Dialect& dialect);

// The upper-case name of a call.
std::string CallName(const Expr& expr);

}  // namespace landfall::googlesql
