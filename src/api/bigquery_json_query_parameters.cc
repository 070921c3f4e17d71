// queryParameters: their types, and which of the two modes they are in.
#include "api/bigquery_json_job.h"
#include "base/text.h"

namespace landfall::api::bigquery_json {
namespace {

using googlesql::Type;
using googlesql::TypeKind;

Result<Type> ParseType(const JsonObject& object, const std::string& where);

Result<Type> ParseArrayType(const JsonObject& object, const std::string& where) {
  const JsonObject* const element = TRY(ObjectMember(object, "arrayType"));
  if (element == nullptr) {
    return InvalidArgument("Required parameter is missing: " + where + ".arrayType", "required",
                           where);
  }
  Type type = TRY(ParseType(*element, where + ".arrayType"));
  if (type.is_array()) return InvalidArgument(where + ": an array of arrays is not a type");
  return googlesql::ArrayOf(std::move(type));
}

Result<Type> ParseStructType(const JsonObject& object, const std::string& where) {
  const JsonArray* const fields = TRY(ArrayMember(object, "structTypes"));
  if (fields == nullptr || fields->empty()) {
    return InvalidArgument("Required parameter is missing: " + where + ".structTypes", "required",
                           where);
  }
  Type type;
  type.kind = TypeKind::kStruct;
  for (const Json& item : *fields) {
    if (!item.is_object()) return InvalidArgument(where + ".structTypes must hold objects");
    const JsonObject& field = item.get_object();
    const std::string name = TRY(TextOr(field, "name"));
    const JsonObject* const of = TRY(ObjectMember(field, "type"));
    if (of == nullptr) {
      return InvalidArgument("Required parameter is missing: " + where + ".structTypes.type",
                             "required", where);
    }
    type.fields.push_back({name, TRY(ParseType(*of, where + "." + name))});
  }
  return type;
}

// {"type": "INT64"}, {"type": "ARRAY", "arrayType": {..}} or {"type": "STRUCT", "structTypes":
// [{"name", "type": {..}}]}. The parser's depth limit bounds the recursion.
Result<Type> ParseType(const JsonObject& object, const std::string& where) {
  TRY(CheckMembers(object, {.where = where,
                            .built = {"type", "arrayType", "structTypes"},
                            .unbuilt = {"rangeElementType", "timestampPrecision"}}));
  const std::string name = TRY(RequiredText(object, "type", where));
  if (name == "ARRAY") return ParseArrayType(object, where);
  if (name == "STRUCT" || name == "RECORD") return ParseStructType(object, where);
  const Result<TypeKind> kind = googlesql::ParseTypeKind(name);
  if (!kind.ok()) {
    return InvalidArgument("Invalid value for " + where + ".type: \"" + name.substr(0, 100) + "\"",
                           "invalid", where);
  }
  if (*kind == TypeKind::kRange) {
    return Unimplemented("query parameters of type RANGE are not implemented", "notImplemented",
                         where);
  }
  Type type;
  type.kind = *kind;
  return type;
}

Result<warehouse::QueryParameter> ParseParameter(const JsonObject& object, std::size_t number) {
  const std::string where = "queryParameters[" + std::to_string(number) + "]";
  TRY(CheckMembers(object, {.where = where, .built = {"name", "parameterType", "parameterValue"}}));
  warehouse::QueryParameter parameter;
  parameter.name = TRY(TextOr(object, "name"));
  const JsonObject* const type = TRY(ObjectMember(object, "parameterType"));
  if (type == nullptr) {
    return InvalidArgument("Required parameter is missing: " + where + ".parameterType", "required",
                           where);
  }
  parameter.type = TRY(ParseType(*type, where));
  const JsonObject* const value = TRY(ObjectMember(object, "parameterValue"));
  if (value != nullptr) {
    TRY(CheckMembers(*value, {.where = where + ".parameterValue",
                              .built = {"value", "arrayValues", "structValues"},
                              .unbuilt = {"rangeValue"}}));
    parameter.value = *value;
  }
  return parameter;
}

}  // namespace

Result<std::vector<warehouse::QueryParameter>> ParseQueryParameters(const JsonObject& query,
                                                                    std::string_view where) {
  const std::string mode = TRY(TextOr(query, "parameterMode"));
  // Node's client writes it in lower case.
  const bool must_be_named = EqualsIgnoreCase(mode, "NAMED");
  if (!mode.empty() && !must_be_named && !EqualsIgnoreCase(mode, "POSITIONAL")) {
    return InvalidArgument("Invalid value for " + std::string(where) + ".parameterMode: \"" +
                               mode.substr(0, 100) + "\" is not NAMED or POSITIONAL",
                           "invalid", "parameterMode");
  }
  std::vector<warehouse::QueryParameter> parameters;
  const JsonArray* const items = TRY(ArrayMember(query, "queryParameters"));
  if (items == nullptr) return parameters;
  for (const Json& item : *items) {
    if (!item.is_object()) return InvalidArgument("queryParameters must hold objects");
    parameters.push_back(TRY(ParseParameter(item.get_object(), parameters.size())));
    const bool named = !parameters.back().name.empty();
    const bool named_before = !parameters.front().name.empty();
    if (named != named_before || (!mode.empty() && named != must_be_named)) {
      return InvalidArgument(
          "queryParameters are either all named (parameterMode NAMED) or all without a name "
          "(parameterMode POSITIONAL)",
          "invalid", "queryParameters");
    }
  }
  return parameters;
}

}  // namespace landfall::api::bigquery_json
