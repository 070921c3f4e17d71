// JSON: constant paths become DuckDB paths; encoding is written out by type.
#include <array>

#include "base/text.h"
#include "googlesql/lexer.h"
#include "googlesql/special_forms.h"

namespace landfall::googlesql {
namespace {

using S = SpecialForms;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

// $.a['b.c'][0] (legacy functions) or $.a."b.c"[0] as a DuckDB path; nullopt when malformed.
std::optional<std::string> DuckDbPath(std::string_view text, bool legacy) {
  if (!text.starts_with('$')) return std::nullopt;
  std::string path = "$";
  const auto add_member = [&](std::string_view name) {
    path += ".\"";
    for (const char c : name) path += c == '"' ? "\\\"" : std::string(1, c);
    path += "\"";
  };
  std::size_t i = 1;
  while (i < text.size()) {
    if (text[i] == '.') {
      ++i;
      if (i < text.size() && text[i] == '"') {
        const std::size_t end = text.find('"', i + 1);
        if (legacy || end == std::string_view::npos) return std::nullopt;
        add_member(text.substr(i + 1, end - i - 1));
        i = end + 1;
        continue;
      }
      const std::size_t begin = i;
      while (i < text.size() && IsNameByte(text[i])) ++i;
      if (i == begin) return std::nullopt;
      add_member(text.substr(begin, i - begin));
    } else if (text[i] == '[') {
      const std::size_t end = text.find(']', i);
      if (end == std::string_view::npos) return std::nullopt;
      std::string_view inside = Trim(text.substr(i + 1, end - i - 1));
      i = end + 1;
      if (!inside.empty() && (inside[0] == '\'' || inside[0] == '"')) {
        if (inside.size() < 2 || inside.back() != inside.front()) return std::nullopt;
        add_member(inside.substr(1, inside.size() - 2));
      } else {
        if (inside.empty() || inside.find_first_not_of("0123456789") != std::string_view::npos)
          return std::nullopt;
        path += "[" + std::string(inside) + "]";
      }
    } else {
      return std::nullopt;
    }
  }
  return path;
}

// The document and the path of JSON_QUERY and its kin. A STRING that is not JSON reads as NULL.
struct Access {
  bool text = false;  // the document is a STRING
  std::string document, path;
};
Result<Access> ResolveAccess(Resolver& r, const Expr& expr, const Context& c) {
  const std::string name = CallName(expr);
  if (expr.args.empty() || expr.args.size() > 2)
    return S::Error(r, expr, "No matching signature for function " + name);
  Value document = TRY(S::Resolve(r, *expr.args[0], c));
  Access access;
  access.text = document.type.kind == TypeKind::kString || document.is_null();
  if (!access.text && document.type.kind != TypeKind::kJson)
    return S::NoSignature(r, expr, name, {document});
  if (document.is_null()) document.sql = "CAST(NULL AS VARCHAR)";
  access.document = access.text ? "lf_json_or_null(" + document.sql + ")" : document.sql;
  std::string path = "$";
  if (expr.args.size() == 2) {
    if (expr.args[1]->kind != ExprKind::kString)
      return S::Refuse(r, *expr.args[1], "A JSON path that is not a literal");
    path = expr.args[1]->text;
  }
  if (path.starts_with("lax ") || path.starts_with("strict "))
    return S::Refuse(r, *expr.args[1], "JSON path mode");
  const auto translated = DuckDbPath(path, name.find("EXTRACT") != std::string::npos);
  if (!translated)
    return S::Error(r, expr.args.size() == 2 ? *expr.args[1] : expr,
                    "Invalid token in JSONPath at: " + path);
  access.path = QuoteLiteral(*translated);
  return access;
}

Result<Value> Query(Resolver& r, const Expr& expr, const Context& c, bool) {
  const Access access = TRY(ResolveAccess(r, expr, c));
  const std::string value = "json_extract(" + access.document + ", " + access.path + ")";
  if (!access.text) return Value{value, TypeOf(TypeKind::kJson)};
  return Value{"nullif(CAST(" + value + " AS VARCHAR), 'null')", TypeOf(TypeKind::kString)};
}

Result<Value> Scalar(Resolver& r, const Expr& expr, const Context& c, bool) {
  const Access access = TRY(ResolveAccess(r, expr, c));
  return Value{"lf_json_scalar(json_extract(" + access.document + ", " + access.path + "))",
               TypeOf(TypeKind::kString)};
}

Result<Value> QueryArray(Resolver& r, const Expr& expr, const Context& c, bool) {
  const Access access = TRY(ResolveAccess(r, expr, c));
  const std::string elements =
      "lf_json_elements(json_extract(" + access.document + ", " + access.path + "))";
  if (!access.text) return Value{elements, ArrayOf(TypeOf(TypeKind::kJson))};
  return Value{"list_transform(" + elements + ", lambda e: CAST(e AS VARCHAR))",
               ArrayOf(TypeOf(TypeKind::kString))};
}

Result<Value> ScalarArray(Resolver& r, const Expr& expr, const Context& c, bool) {
  const Access access = TRY(ResolveAccess(r, expr, c));
  return Value{"lf_json_scalars(lf_json_elements(json_extract(" + access.document + ", " +
                   access.path + ")))",
               ArrayOf(TypeOf(TypeKind::kString))};
}

// The JSON text of a value, 'null' for NULL. TO_JSON_STRING keeps what a double cannot hold as
// strings.
Result<std::string> Encode(const std::string& sql, const Type& type, bool wide_as_text,
                           const std::string& zone, int depth) {
  const auto quoted = [&](const std::string& text) {
    return "coalesce('\"' || " + text + " || '\"', 'null')";
  };
  switch (type.kind) {
    case TypeKind::kBool:
      return "coalesce(CAST(" + sql + " AS VARCHAR), 'null')";
    case TypeKind::kInt64:
      return wide_as_text ? "lf_json_int64(" + sql + ")"
                          : "coalesce(CAST(" + sql + " AS VARCHAR), 'null')";
    case TypeKind::kFloat64:
      return "lf_json_float64(" + sql + ")";
    case TypeKind::kNumeric:
      return wide_as_text ? "lf_json_numeric(" + sql + ")"
                          : "coalesce(lf_numeric_string(" + sql + "), 'null')";
    case TypeKind::kString:
      return "coalesce(CAST(to_json(" + sql + ") AS VARCHAR), 'null')";
    case TypeKind::kBytes:
      return quoted("to_base64(" + sql + ")");
    case TypeKind::kDate:
      return quoted("lf_date_string(" + sql + ")");
    case TypeKind::kTime:
      return quoted("lf_time_string(" + sql + ")");
    case TypeKind::kDatetime:
      return quoted("replace(lf_datetime_string(" + sql + "), ' ', 'T')");
    case TypeKind::kTimestamp:
      return quoted("replace(lf_datetime_string(timezone('UTC', " + sql + ")), ' ', 'T') || 'Z'");
    case TypeKind::kInterval:
      return quoted("lf_interval_string(" + sql + ")");
    case TypeKind::kJson:
      return "coalesce(CAST(json(" + sql + ") AS VARCHAR), 'null')";
    case TypeKind::kArray: {
      const std::string e = "j" + std::to_string(depth);
      const std::string element = TRY(Encode(e, *type.element, wide_as_text, zone, depth + 1));
      return "coalesce('[' || array_to_string(list_transform(" + sql + ", lambda " + e + ": " +
             element + "), ',') || ']', '[]')";
    }
    case TypeKind::kStruct: {
      std::string text;
      for (std::size_t i = 0; i < type.fields.size(); ++i) {
        const std::string field =
            "struct_extract(" + sql + ", " + QuoteLiteral(PhysicalFieldName(type, i)) + ")";
        std::string key = type.fields[i].name;
        text += (i > 0 ? " || ',' || " : "") + QuoteLiteral("\"" + key + "\":") + " || " +
                TRY(Encode(field, type.fields[i].type, wide_as_text, zone, depth + 1));
      }
      return "CASE WHEN " + sql + " IS NULL THEN 'null' ELSE '{' || " + text + " || '}' END";
    }
    default:
      return Unimplemented("JSON of " + TypeName(type) + " is not supported", "notImplemented",
                           "query");
  }
}

Result<Value> ToJson(Resolver& r, const Expr& expr, const Context& c, bool) {
  const bool text = CallName(expr) == "TO_JSON_STRING";
  if (expr.args.empty() || expr.args.size() > (text ? 2u : 1u))
    return S::Error(r, expr, "No matching signature for function " + CallName(expr));
  if (expr.args.size() == 2 &&
      !(expr.args[1]->kind == ExprKind::kBool && expr.args[1]->text == "FALSE")) {
    return S::Refuse(r, *expr.args[1], "pretty_print of TO_JSON_STRING");
  }
  bool wide_as_text = text;
  for (const auto& [name, value] : expr.call->named) {
    if (!EqualsIgnoreCase(name, "stringify_wide_numbers") || value->kind != ExprKind::kBool)
      return S::Refuse(r, *value, "Argument " + name);
    wide_as_text = value->text == "TRUE";
  }
  Value value = TRY(S::Resolve(r, *expr.args[0], c));
  if (value.is_null())
    value = TRY(Coerce(std::move(value), TypeOf(TypeKind::kInt64), S::dialect(r)));
  std::string sql = value.sql;
  const bool composite = value.type.is_struct() || value.type.is_array();
  if (composite && sql.size() > 60) {  // evaluated once, whatever it is
    sql = "list_transform([" + sql +
          "], lambda jv: " + TRY(Encode("jv", value.type, wide_as_text, "", 0)) + ")[1]";
  } else {
    sql = TRY(Encode(sql, value.type, wide_as_text, "", 0));
  }
  if (text) return Value{sql, TypeOf(TypeKind::kString)};
  if (!composite) sql = "CASE WHEN " + value.sql + " IS NOT NULL THEN " + sql + " END";
  return Value{"CAST(" + sql + " AS JSON)", TypeOf(TypeKind::kJson)};
}

Result<Value> ParseJsonCall(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  if (expr.args.size() != 1)
    return S::Error(r, expr, "No matching signature for function PARSE_JSON");
  for (const auto& [name, value] : expr.call->named) {
    const bool known = EqualsIgnoreCase(name, "wide_number_mode") &&
                       value->kind == ExprKind::kString && value->text == "exact";
    if (!known) return S::Refuse(r, *value, "Argument " + name);
  }
  const Value text = TRY(S::ResolveAs(r, *expr.args[0], c, TypeOf(TypeKind::kString)));
  const std::string invalid = "$1 IS NOT NULL AND NOT json_valid($1)";
  return Value{FillTemplate("{" + invalid +
                                " ?? 'Invalid input to PARSE_JSON: ' || $1 !! lf_json_or_null($1)}",
                            {text.sql}, "", safe),
               TypeOf(TypeKind::kJson)};
}

Result<Value> ArrayOfValues(Resolver& r, const Expr& expr, const Context& c, bool) {
  std::string text;
  for (const ExprPtr& arg : expr.args) {
    Value value = TRY(S::Resolve(r, *arg, c));
    if (value.is_null())
      value = TRY(Coerce(std::move(value), TypeOf(TypeKind::kInt64), S::dialect(r)));
    text += (text.empty() ? "" : " || ',' || ") + TRY(Encode(value.sql, value.type, false, "", 0));
  }
  return Value{"CAST('[' || " + (text.empty() ? "''" : text) + " || ']' AS JSON)",
               TypeOf(TypeKind::kJson)};
}

Result<Value> ObjectOfValues(Resolver& r, const Expr& expr, const Context& c, bool) {
  if (expr.args.size() % 2 != 0) return S::Refuse(r, expr, "JSON_OBJECT of arrays");
  std::string text;
  for (std::size_t i = 0; i < expr.args.size(); i += 2) {
    const Value key = TRY(S::Resolve(r, *expr.args[i], c));
    if (key.type.is_array()) return S::Refuse(r, expr, "JSON_OBJECT of arrays");
    if (key.is_null()) return S::Error(r, *expr.args[i], "A key in JSON_OBJECT cannot be NULL");
    if (key.type.kind != TypeKind::kString) return S::NoSignature(r, expr, "JSON_OBJECT", {key});
    Value value = TRY(S::Resolve(r, *expr.args[i + 1], c));
    if (value.is_null())
      value = TRY(Coerce(std::move(value), TypeOf(TypeKind::kInt64), S::dialect(r)));
    text += (text.empty() ? "" : " || ',' || ") +
            ("CAST(to_json(" + key.sql + ") AS VARCHAR) || ':' || ") +
            TRY(Encode(value.sql, value.type, false, "", 0));
  }
  return Value{"CAST('{' || " + (text.empty() ? "''" : text) + " || '}' AS JSON)",
               TypeOf(TypeKind::kJson)};
}

}  // namespace

Result<Value> JsonOf(const Value& value, const Dialect& dialect) {
  Value typed =
      value.is_null() ? TRY(Coerce(Value(value), TypeOf(TypeKind::kInt64), dialect)) : value;
  const std::string text = TRY(Encode(typed.sql, typed.type, false, "", 0));
  if (typed.type.kind == TypeKind::kFloat64) {
    typed.sql = FillTemplate(
        "{NOT isfinite($1) ?? lf_float64_string($1) || ' is not a valid JSON number' !! $1}",
        {typed.sql}, "", false);
  }
  return Value{"CAST(CASE WHEN (" + typed.sql + ") IS NOT NULL THEN " + text + " END AS JSON)",
               TypeOf(TypeKind::kJson)};
}

namespace {

constexpr NamedForm kForms[] = {
    {"JSON_QUERY", Query},
    {"JSON_EXTRACT", Query},
    {"JSON_VALUE", Scalar},
    {"JSON_EXTRACT_SCALAR", Scalar},
    {"JSON_QUERY_ARRAY", QueryArray},
    {"JSON_EXTRACT_ARRAY", QueryArray},
    {"JSON_VALUE_ARRAY", ScalarArray},
    {"JSON_EXTRACT_STRING_ARRAY", ScalarArray},
    {"TO_JSON_STRING", ToJson},
    {"TO_JSON", ToJson},
    {"PARSE_JSON", ParseJsonCall},
    {"JSON_ARRAY", ArrayOfValues},
    {"JSON_OBJECT", ObjectOfValues},
};

}  // namespace

std::span<const NamedForm> JsonForms() { return kForms; }

}  // namespace landfall::googlesql
