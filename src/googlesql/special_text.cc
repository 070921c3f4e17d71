// Regular expressions (the number of groups decides what is extracted) and FORMAT.
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "googlesql/special_forms.h"

namespace landfall::googlesql {
namespace {

using S = SpecialForms;

// The pattern of a REGEXP function, which must be a literal that compiles; the number of its
// groups.
Result<int> GroupsOf(Resolver& r, const Expr& expr) {
  const Expr& pattern = *expr.args[1];
  if (pattern.kind != ExprKind::kString)
    return S::Refuse(r, pattern, "A regular expression that is not a literal in " + CallName(expr));
  const re2::RE2 compiled(pattern.text, re2::RE2::Quiet);
  if (!compiled.ok())
    return S::Error(r, pattern, "Cannot parse regular expression: " + compiled.error());
  return compiled.NumberOfCapturingGroups();
}

Result<Value> RegexpExtract(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  const std::string name = CallName(expr);
  if (expr.args.size() < 2 || expr.args.size() > 4)
    return S::Error(r, expr, "No matching signature for function " + name);
  const Value text = TRY(S::Resolve(r, *expr.args[0], c));
  if (text.type.kind == TypeKind::kBytes) return S::Refuse(r, expr, name + " on BYTES");
  if (expr.args.size() > 2) return S::Refuse(r, expr, name + " with a position");
  const Type string = TypeOf(TypeKind::kString);
  const bool all = name == "REGEXP_EXTRACT_ALL";
  const Value subject = TRY(S::ResolveAs(r, *expr.args[0], c, string));
  const Value pattern = TRY(S::ResolveAs(r, *expr.args[1], c, string));
  if (pattern.sql.starts_with("CAST(NULL"))
    return Value{all ? "CAST(NULL AS VARCHAR[])" : "CAST(NULL AS VARCHAR)",
                 all ? ArrayOf(string) : string};
  const int groups = TRY(GroupsOf(r, expr));
  if (groups > 1)
    return S::Error(
        r, *expr.args[1],
        "Regular expression passed to " + name + " must not have more than 1 capturing group");
  const std::string group = groups == 1 ? "1" : "0";
  if (all)
    return Value{FillTemplate("regexp_extract_all($1, $2, " + group + ")",
                              {subject.sql, pattern.sql}, "", safe),
                 ArrayOf(string)};
  // A group that took no part is NULL in BigQuery and '' in DuckDB: where that can happen, '' is
  // not an answer.
  const std::string& source = expr.args[1]->text;
  const bool optional =
      groups == 1 &&
      (source.find(")?") != std::string::npos || source.find(")*") != std::string::npos ||
       source.find('|') != std::string::npos || source.find("){0") != std::string::npos);
  if (optional) {
    return Value{FillTemplate("CASE WHEN regexp_matches($1, $2) THEN {regexp_extract($1, $2, 1) = "
                              "'' ?? 'REGEXP_EXTRACT with an empty optional group is not "
                              "supported' !! regexp_extract($1, $2, 1)} END",
                              {subject.sql, pattern.sql}, "", safe),
                 string};
  }
  return Value{FillTemplate("CASE WHEN regexp_matches($1, $2) THEN regexp_extract($1, $2, " +
                                group + ") END",
                            {subject.sql, pattern.sql}, "", safe),
               string};
}

Result<Value> RegexpTest(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  std::vector<Value> arguments = TRY(S::ResolveAll(r, expr, c));
  if (expr.args.size() >= 2 && expr.args[1]->kind == ExprKind::kString) TRY(GroupsOf(r, expr));
  return S::Scalar(r, expr, CallName(expr), safe, std::move(arguments));
}

// %t of a value: its text, quoted only inside %T.
Result<std::string> TextOf(Resolver& r, const Expr& expr, const Value& value) {
  if (value.type.kind == TypeKind::kString) return value.sql;
  if (value.type.is_array() || value.type.is_struct() || value.type.kind == TypeKind::kBytes ||
      value.type.kind == TypeKind::kJson) {
    return S::Refuse(r, expr, "FORMAT of " + TypeName(value.type));
  }
  const Value text = TRY(ExplicitCast(value, TypeOf(TypeKind::kString), false, S::dialect(r)));
  if (value.type.kind != TypeKind::kFloat64) return text.sql;
  return "CASE WHEN isfinite(" + value.sql + ") AND NOT contains(" + text.sql +
         ", '.') AND NOT contains(" + text.sql + ", 'e') THEN " + text.sql + " || '.0' ELSE " +
         text.sql + " END";
}

struct Specifier {
  std::string flags, width, precision;
  char conversion = '\0';
  std::size_t length = 0;  // characters after '%'
};
Specifier ReadSpecifier(std::string_view text) {
  Specifier s;
  std::size_t i = 0;
  const auto take = [&](std::string_view set, std::string& out) {
    while (i < text.size() && set.find(text[i]) != std::string_view::npos) out += text[i++];
  };
  take("-+ #0'", s.flags);
  take("0123456789", s.width);
  if (i < text.size() && text[i] == '.') take(".0123456789", s.precision);
  if (i < text.size()) s.conversion = text[i++];
  s.length = i;
  return s;
}

Result<std::string> FormatOne(Resolver& r, const Expr& expr, const Specifier& s,
                              const Value& value) {
  const std::string spec = "%" + s.flags + s.width + s.precision;
  const bool grouped = s.flags.find('\'') != std::string::npos;
  const TypeKind kind = value.type.kind;
  if (s.conversion == 't' || s.conversion == 's') {
    if (s.conversion == 's' && kind != TypeKind::kString)
      return S::Error(
          r, expr,
          "Invalid type for argument in FORMAT; Expected STRING; Got " + TypeName(value.type));
    if (!s.precision.empty()) return S::Refuse(r, expr, "FORMAT specifier " + spec + s.conversion);
    const std::string text = TRY(TextOf(r, expr, value));
    if (s.width.empty()) return text;
    const bool left = s.flags == "-";
    if (!s.flags.empty() && !left)
      return S::Refuse(r, expr, "FORMAT specifier " + spec + s.conversion);
    return "lf_pad(" + text + ", " + s.width + ", " + (left ? "TRUE" : "FALSE") + ")";
  }
  if (s.conversion == 'd' || s.conversion == 'i') {
    if (kind != TypeKind::kInt64)
      return S::Error(
          r, expr,
          "Invalid type for argument in FORMAT; Expected INT64; Got " + TypeName(value.type));
    if (grouped) {
      if (s.flags != "'" || !s.width.empty() || !s.precision.empty())
        return S::Refuse(r, expr, "FORMAT specifier " + spec + s.conversion);
      return "format('{:,}', " + value.sql + ")";
    }
    return "printf(" + QuoteLiteral(spec + "d") + ", " + value.sql + ")";
  }
  if (s.conversion == 'x' || s.conversion == 'X' || s.conversion == 'o') {
    if (kind != TypeKind::kInt64)
      return S::Error(
          r, expr,
          "Invalid type for argument in FORMAT; Expected INT64; Got " + TypeName(value.type));
    if (grouped) return S::Refuse(r, expr, "FORMAT specifier " + spec + s.conversion);
    return "printf(" + QuoteLiteral(spec + s.conversion) + ", " + value.sql + ")";
  }
  if (std::string_view("fFeEgG").find(s.conversion) != std::string_view::npos) {
    if (kind != TypeKind::kFloat64) {
      return kind == TypeKind::kNumeric || kind == TypeKind::kInt64
                 ? Status(S::Refuse(r, expr, "FORMAT %f of " + TypeName(value.type)))
                 : Status(S::Error(r, expr,
                                   "Invalid type for argument in FORMAT; Expected FLOAT64; Got " +
                                       TypeName(value.type)));
    }
    if (grouped) {
      if (s.flags != "'" || !s.width.empty() || s.conversion != 'f')
        return S::Refuse(r, expr, "FORMAT specifier " + spec + s.conversion);
      const std::string digits = s.precision.empty() ? ".6" : s.precision;
      return "format('{:," + digits + "f}', " + value.sql + ")";
    }
    return "printf(" + QuoteLiteral(spec + s.conversion) + ", " + value.sql + ")";
  }
  return S::Refuse(r, expr, "FORMAT specifier " + spec + s.conversion);
}

Result<Value> Format(Resolver& r, const Expr& expr, const Context& c, bool) {
  const Type string = TypeOf(TypeKind::kString);
  if (expr.args.empty())
    return S::Error(r, expr, "No matching signature for function FORMAT with no arguments");
  if (expr.args[0]->kind == ExprKind::kNull) return Value{"CAST(NULL AS VARCHAR)", string};
  if (expr.args[0]->kind != ExprKind::kString)
    return S::Refuse(r, *expr.args[0], "A format that is not a literal in FORMAT");
  const std::string& format = expr.args[0]->text;
  std::vector<std::string> pieces;
  std::string run;
  std::size_t next = 1;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      run += format[i];
      continue;
    }
    const Specifier s = ReadSpecifier(std::string_view(format).substr(i + 1));
    i += s.length;
    if (s.conversion == '%') {
      run += '%';
      continue;
    }
    if (s.conversion == '*' || s.precision == ".") return S::Refuse(r, expr, "FORMAT with *");
    if (next >= expr.args.size())
      return S::Error(r, expr, "Too few arguments to FORMAT for pattern \"" + format + "\"");
    const Expr& argument = *expr.args[next++];
    const Value value = TRY(S::Resolve(r, argument, c));
    if (value.is_null()) return S::Refuse(r, argument, "FORMAT of a NULL literal");
    if (!run.empty()) pieces.push_back(QuoteLiteral(run));
    run.clear();
    pieces.push_back(TRY(FormatOne(r, argument, s, value)));
  }
  if (next != expr.args.size())
    return S::Error(r, expr, "Too many arguments to FORMAT for pattern \"" + format + "\"");
  if (!run.empty() || pieces.empty()) pieces.push_back(QuoteLiteral(run));
  std::string sql;
  for (const std::string& piece : pieces) sql += (sql.empty() ? "(" : " || ") + piece;
  return Value{sql + ")", string};
}

constexpr NamedForm kForms[] = {
    {"REGEXP_EXTRACT", RegexpExtract},     {"REGEXP_SUBSTR", RegexpExtract},
    {"REGEXP_EXTRACT_ALL", RegexpExtract}, {"REGEXP_CONTAINS", RegexpTest},
    {"REGEXP_REPLACE", RegexpTest},        {"FORMAT", Format},
};

}  // namespace

std::span<const NamedForm> TextForms() { return kForms; }

}  // namespace landfall::googlesql
