#include <algorithm>
#include <set>

#include "base/text.h"
#include "warehouse/rest_keys.h"
#include "warehouse/types.h"

namespace landfall::warehouse {
namespace {

constexpr std::size_t kNameBytesMax = 300 * 4;  // 300 characters
constexpr int kDepthMax = 15;
constexpr std::size_t kFieldsMax = 10'000;

const RestKeys& FieldKeys() {
  static const RestKeys keys{
      .where = "schema.fields",
      .built = {"name", "type", "mode", "fields", "description"},
      .output_only = {},
      .unbuilt = {"policyTags", "maxLength", "precision", "scale", "collation",
                  "defaultValueExpression", "rangeElementType", "roundingMode",
                  "foreignTypeDefinition", "dataPolicies", "categories", "generatedColumn",
                  "timestampPrecision"},
  };
  return keys;
}

Status CheckName(std::string_view name) {
  const auto refuse = [&](std::string_view rule) {
    return InvalidArgument("Invalid field name \"" + std::string(name) + "\". " +
                           std::string(rule));
  };
  if (name.empty()) return refuse("A field name must not be empty.");
  if (name.size() > kNameBytesMax) return refuse("Fields must be at most 300 characters long.");
  if (!IsValidUtf8(name)) return refuse("A field name must be UTF-8.");
  for (const char c : name) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control || std::string_view("!\"$()*,./;?@[\\]^`{}~").find(c) != std::string_view::npos) {
      return refuse(
          "Fields must contain the allowed characters only: letters, digits, _ and & % = + : ' < > "
          "# | -.");
    }
  }
  for (const std::string_view prefix : {"_table_", "_file_", "_partition", "_row_timestamp",
                                        "__root__", "_colidentifier", "_landfall_"}) {
    if (AsciiLower(name).starts_with(prefix))
      return refuse("The prefix " + std::string(prefix) + " is reserved.");
  }
  return {};
}

struct Parse {
  bool free_names = false;
  std::size_t count = 0;
};
Result<Schema> ParseFields(const JsonArray& fields, int depth, Parse& parse);

Result<Field> ParseField(const JsonObject& object, int depth, Parse& parse) {
  TRY(CheckKeys(object, FieldKeys()));
  Field field;
  field.name = TRY(StringMember(object, "name")).value_or("");
  if (!parse.free_names) TRY(CheckName(field.name));
  const std::string type = TRY(RequiredString(object, "type", "schema.fields"));
  const Result<googlesql::TypeKind> kind = googlesql::ParseTypeKind(type);
  if (!kind.ok() || *kind == googlesql::TypeKind::kArray) {
    return InvalidArgument("Invalid value for type: " + type + " is not a valid value (field " +
                           field.name + ")");
  }
  field.type = *kind;
  std::string mode_text = TRY(StringMember(object, "mode")).value_or("");
  std::transform(mode_text.begin(), mode_text.end(), mode_text.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  const JsonObject mode_object{{"mode", mode_text}};
  const auto mode =
      TRY(EnumMember(mode_object, "mode", "schema.fields", {"NULLABLE", "REQUIRED", "REPEATED"}));
  field.mode = static_cast<Mode>(mode.value_or(0));
  field.description = TRY(StringMember(object, "description")).value_or("");
  const JsonArray* const children = TRY(ArrayMember(object, "fields"));
  const bool record = field.type == googlesql::TypeKind::kStruct;
  if (record && (children == nullptr || children->empty())) {
    return InvalidArgument("Field " + field.name + " is type RECORD but has no schema");
  }
  if (!record && children != nullptr && !children->empty()) {
    return InvalidArgument("Field " + field.name + " has fields but is not a RECORD");
  }
  if (record) field.fields = TRY(ParseFields(*children, depth + 1, parse));
  return field;
}

Result<Schema> ParseFields(const JsonArray& fields, int depth, Parse& parse) {
  if (depth > kDepthMax) return InvalidArgument("the schema nests more than 15 levels deep");
  Schema schema;
  std::set<std::string> names;
  for (const Json& item : fields) {
    if (!item.is_object()) return InvalidArgument("schema.fields must hold objects only");
    if (++parse.count > kFieldsMax) return InvalidArgument("the schema has more than 10000 fields");
    schema.push_back(TRY(ParseField(item.get_object(), depth, parse)));
    if (!names.insert(AsciiLower(schema.back().name)).second && !parse.free_names) {
      return InvalidArgument("Duplicate field name \"" + schema.back().name +
                             "\" in the schema (case does not count)");
    }
  }
  return schema;
}

std::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kNullable:
      break;
    case Mode::kRequired:
      return "REQUIRED";
    case Mode::kRepeated:
      return "REPEATED";
  }
  return "NULLABLE";
}

}  // namespace

Result<Schema> ParseSchema(const JsonArray& fields) {
  Parse parse;
  return ParseFields(fields, 1, parse);
}

Result<Schema> ParseResultSchema(const JsonArray& fields) {
  Parse parse;
  parse.free_names = true;
  return ParseFields(fields, 1, parse);
}

JsonArray SchemaJson(const Schema& schema) {
  JsonArray fields;
  for (const Field& field : schema) {
    JsonObject object{{"name", field.name},
                      {"type", googlesql::WireTypeName(field.type)},
                      {"mode", ModeName(field.mode)}};
    if (!field.description.empty()) object["description"] = field.description;
    if (!field.fields.empty()) object["fields"] = SchemaJson(field.fields);
    fields.push_back(std::move(object));
  }
  return fields;
}

}  // namespace landfall::warehouse
