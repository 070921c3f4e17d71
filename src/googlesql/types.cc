#include "googlesql/types.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace landfall::googlesql {
namespace {

struct KindInfo {
  std::string_view name, wire, duckdb;
};
// Indexed by TypeKind.
constexpr std::array<KindInfo, 17> kKinds = {{
    {"BOOL", "BOOLEAN", "BOOLEAN"},
    {"INT64", "INTEGER", "BIGINT"},
    {"FLOAT64", "FLOAT", "DOUBLE"},
    {"NUMERIC", "NUMERIC", "DECIMAL(38,9)"},
    {"BIGNUMERIC", "BIGNUMERIC", ""},
    {"STRING", "STRING", "VARCHAR"},
    {"BYTES", "BYTES", "BLOB"},
    {"DATE", "DATE", "DATE"},
    {"TIME", "TIME", "TIME"},
    {"DATETIME", "DATETIME", "TIMESTAMP"},
    {"TIMESTAMP", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"},
    {"INTERVAL", "INTERVAL", "INTERVAL"},
    {"JSON", "JSON", "JSON"},
    {"GEOGRAPHY", "GEOGRAPHY", ""},
    {"RANGE", "RANGE", ""},
    {"STRUCT", "RECORD", ""},
    {"ARRAY", "ARRAY", ""},
}};
const KindInfo& Info(TypeKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

struct KindAlias {
  std::string_view name;
  TypeKind kind;
};
constexpr std::array<KindAlias, 12> kAliases = {{
    {"INTEGER", TypeKind::kInt64},
    {"INT", TypeKind::kInt64},
    {"SMALLINT", TypeKind::kInt64},
    {"BIGINT", TypeKind::kInt64},
    {"TINYINT", TypeKind::kInt64},
    {"BYTEINT", TypeKind::kInt64},
    {"BOOLEAN", TypeKind::kBool},
    {"FLOAT", TypeKind::kFloat64},
    {"DOUBLE", TypeKind::kFloat64},
    {"DECIMAL", TypeKind::kNumeric},
    {"BIGDECIMAL", TypeKind::kBigNumeric},
    {"RECORD", TypeKind::kStruct},
}};

}  // namespace

bool operator==(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.fields.size() != b.fields.size()) return false;
  if ((a.element == nullptr) != (b.element == nullptr)) return false;
  if (a.element && !(*a.element == *b.element)) return false;
  return std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(),
                    [](const StructField& x, const StructField& y) {
                      return EqualsIgnoreCase(x.name, y.name) && x.type == y.type;
                    });
}

Type ArrayOf(Type element) {
  Type type{.kind = TypeKind::kArray, .fields = {}, .element = nullptr};
  type.element = std::make_shared<const Type>(std::move(element));
  return type;
}

std::string TypeName(const Type& type) {
  std::string name(Info(type.kind).name);
  if (type.element) return name + "<" + TypeName(*type.element) + ">";
  if (!type.is_struct()) return name;
  name += "<";
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    if (i > 0) name += ", ";
    if (!type.fields[i].name.empty()) name += type.fields[i].name + " ";
    name += TypeName(type.fields[i].type);
  }
  return name + ">";
}

std::string_view WireTypeName(TypeKind kind) { return Info(kind).wire; }

Result<TypeKind> ParseTypeKind(std::string_view name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (EqualsIgnoreCase(name, kKinds[i].name)) return static_cast<TypeKind>(i);
  }
  for (const KindAlias& alias : kAliases) {
    if (EqualsIgnoreCase(name, alias.name)) return alias.kind;
  }
  return InvalidArgument("Type not found: " + std::string(name), "invalidQuery", "query");
}

std::string PhysicalFieldName(const Type& type, std::size_t index) {
  const std::string& name = type.fields[index].name;
  bool taken = name.empty();
  for (std::size_t i = 0; i < index && !taken; ++i)
    taken = EqualsIgnoreCase(type.fields[i].name, name);
  return taken ? "_field_" + std::to_string(index + 1) : name;
}

Result<std::string> DuckDbType(const Type& type) {
  if (type.is_array()) return TRY(DuckDbType(*type.element)) + "[]";
  if (type.is_struct()) {
    std::string text = "STRUCT(";
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      if (i > 0) text += ", ";
      text +=
          QuoteIdentifier(PhysicalFieldName(type, i)) + " " + TRY(DuckDbType(type.fields[i].type));
    }
    return text + ")";
  }
  if (Info(type.kind).duckdb.empty())
    return Unimplemented("Type " + TypeName(type) + " is not supported");
  return std::string(Info(type.kind).duckdb);
}

std::string QuoteIdentifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::string QuoteLiteral(std::string_view text) {
  std::string out = "'";
  bool spliced = false;
  for (const char c : text) {
    if (c == '\0') {
      out += "' || chr(0) || '";
      spliced = true;
    } else {
      out.append(c == '\'' ? 2 : 1, c);
    }
  }
  out += "'";
  return spliced ? "(" + out + ")" : out;
}

}  // namespace landfall::googlesql
