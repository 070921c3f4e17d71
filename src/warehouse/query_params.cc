#include "warehouse/query_params.h"

#include <memory>

#include "base/text.h"

namespace landfall::warehouse {
namespace {

using googlesql::Type;
using googlesql::TypeKind;

struct TypeDeleter {
  void operator()(duckdb_logical_type type) const { duckdb_destroy_logical_type(&type); }
};
using LogicalType = std::unique_ptr<std::remove_pointer_t<duckdb_logical_type>, TypeDeleter>;

// Owns values until they are handed over.
class Values {
 public:
  ~Values() {
    for (duckdb_value& value : all_) duckdb_destroy_value(&value);
  }
  void Add(duckdb_value value) { all_.push_back(value); }
  duckdb_value* data() { return all_.data(); }
  std::size_t size() const { return all_.size(); }

 private:
  std::vector<duckdb_value> all_;
};

// The type a value has on its way: text for scalars, bytes for BYTES.
LogicalType TravelType(const Type& type) {
  if (type.is_array()) return LogicalType(duckdb_create_list_type(TravelType(*type.element).get()));
  if (!type.is_struct()) {
    return LogicalType(duckdb_create_logical_type(
        type.kind == TypeKind::kBytes ? DUCKDB_TYPE_BLOB : DUCKDB_TYPE_VARCHAR));
  }
  std::vector<LogicalType> owned;
  std::vector<duckdb_logical_type> types;
  std::vector<std::string> names;
  std::vector<const char*> name_texts;
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    owned.push_back(TravelType(type.fields[i].type));
    types.push_back(owned.back().get());
    names.push_back(googlesql::PhysicalFieldName(type, i));
  }
  for (const std::string& name : names) name_texts.push_back(name.c_str());
  return LogicalType(duckdb_create_struct_type(types.data(), name_texts.data(), types.size()));
}

Status BadParameter(const std::string& name, std::string_view why) {
  const std::string who = name.empty() ? "Query parameter" : "Query parameter '" + name + "'";
  return InvalidArgument(who + " " + std::string(why), "invalid", "queryParameters");
}

Result<duckdb_value> ValueOf(const std::string& name, const Type& type, const Json& json);

Result<duckdb_value> ArrayValue(const std::string& name, const Type& type,
                                const JsonObject& object) {
  const JsonArray* const items = TRY(ArrayMember(object, "arrayValues"));
  Values values;
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    values.Add(TRY(ValueOf(name, *type.element, (*items)[i])));
  }
  return duckdb_create_list_value(TravelType(*type.element).get(), values.data(), values.size());
}

Result<duckdb_value> StructValue(const std::string& name, const Type& type,
                                 const JsonObject& object) {
  const JsonObject* const members = TRY(ObjectMember(object, "structValues"));
  if (members == nullptr) return duckdb_create_null_value();
  Values values;
  for (const googlesql::StructField& field : type.fields) {
    const Json* const member = Find(*members, field.name);
    values.Add(member == nullptr ? duckdb_create_null_value()
                                 : TRY(ValueOf(name, field.type, *member)));
  }
  return duckdb_create_struct_value(TravelType(type).get(), values.data());
}

Result<duckdb_value> ValueOf(const std::string& name, const Type& type, const Json& json) {
  if (json.is_null()) return duckdb_create_null_value();
  if (!json.is_object())
    return BadParameter(name, "must be an object with value, arrayValues or structValues");
  const JsonObject& object = json.get_object();
  if (type.is_array()) return ArrayValue(name, type, object);
  if (type.is_struct()) return StructValue(name, type, object);
  const Json* const value = Find(object, "value");
  if (value == nullptr) return duckdb_create_null_value();
  std::string text;
  if (value->is_string()) {
    text = value->get_string();
  } else if (value->is_bool() || value->is_number()) {
    text = ToText(*value);  // some clients send bare numbers and booleans
  } else {
    return BadParameter(name, "has a value that is not text");
  }
  if (type.kind != TypeKind::kBytes) return duckdb_create_varchar_length(text.data(), text.size());
  const Result<std::string> bytes = FromBase64(text);
  if (!bytes.ok()) return BadParameter(name, "of type BYTES is not base64");
  return duckdb_create_blob(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size());
}

}  // namespace

Status BindParameters(Prepared& prepared, const googlesql::Statement& statement,
                      const QueryConfig& config) {
  for (std::size_t k = 0; k < statement.parameter_order.size(); ++k) {
    const QueryParameter& parameter = config.parameters.at(statement.parameter_order[k]);
    TRY(prepared.BindValue(k + 1, TRY(ValueOf(parameter.name, parameter.type, parameter.value))));
  }
  return {};
}

}  // namespace landfall::warehouse
