// FORMAT_* and PARSE_* of dates and times. A format is a literal nearly always, so it is taken
// apart here: what DuckDB's strftime and strptime do alike goes through them, the other elements
// are written out.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "googlesql/special_forms.h"

namespace landfall::googlesql {
namespace {

using S = SpecialForms;

// Elements that stand for others.
struct Alias {
  std::string_view element, meaning;
};
constexpr std::array<Alias, 10> kAliases = {{{"F", "%Y-%m-%d"},
                                             {"T", "%H:%M:%S"},
                                             {"R", "%H:%M"},
                                             {"D", "%m/%d/%y"},
                                             {"x", "%m/%d/%y"},
                                             {"X", "%H:%M:%S"},
                                             {"h", "%b"},
                                             {"r", "%I:%M:%S %p"},
                                             {"c", "%a %b %e %H:%M:%S %Y"},
                                             {"E4Y", "%Y"}}};

// The next element at text[i], which is '%': "Y", "E*S", "Ez", "E3S".
std::string_view ElementAt(std::string_view text, std::size_t i) {
  std::size_t length = 1;
  if (i + 1 < text.size() && (text[i + 1] == 'E' || text[i + 1] == 'O')) length = 2;
  if (length == 2 && i + 2 < text.size() &&
      (text[i + 2] == '*' || (text[i + 2] >= '0' && text[i + 2] <= '9')))
    length = 3;
  return text.substr(i + 1, length);
}

std::string Expand(std::string_view format) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const std::string_view element = ElementAt(format, i);
    const auto alias = std::find_if(kAliases.begin(), kAliases.end(),
                                    [&](const Alias& a) { return a.element == element; });
    if (alias != kAliases.end()) {
      out += alias->meaning;
    } else {
      out += "%" + std::string(element);
    }
    i += element.size();
  }
  return out;
}

// An element that strftime does not have; $1 is a TIMESTAMP without zone, $2 the offset of its zone
// in seconds.
std::optional<std::string_view> ElementSql(std::string_view element) {
  constexpr std::array<Alias, 19> kElements = {{
      {"e", "lpad(CAST(day($1) AS VARCHAR), 2, ' ')"},
      {"k", "lpad(CAST(hour($1) AS VARCHAR), 2, ' ')"},
      {"l", "lpad(CAST((hour($1) + 11) % 12 + 1 AS VARCHAR), 2, ' ')"},
      {"C", "printf('%02d', year($1) // 100)"},
      {"s", "CAST(lf_floor_divide(epoch_us($1), 1000000) - $2 AS VARCHAR)"},
      {"Q", "CAST(quarter($1) AS VARCHAR)"},
      {"n", "chr(10)"},
      {"t", "chr(9)"},
      {"Y", "CAST(year($1) AS VARCHAR)"},
      {"G", "CAST(isoyear($1) AS VARCHAR)"},
      {"g", "printf('%02d', isoyear($1) % 100)"},
      {"V", "printf('%02d', week($1))"},
      {"u", "CAST(isodow($1) AS VARCHAR)"},
      {"P", "CASE WHEN hour($1) < 12 THEN 'am' ELSE 'pm' END"},
      {"E*S",
       "(printf('%02d', second($1)) || rtrim(rtrim(printf('.%06d', microsecond($1) % 1000000), "
       "'0'), '.'))"},
      {"E#S",
       "(printf('%02d', second($1)) || rtrim(rtrim(printf('.%06d', microsecond($1) % 1000000), "
       "'0'), '.'))"},
      {"Ez", "lf_zone_text($2, ':')"},
      {"z", "lf_zone_text($2, '')"},
      {"Z", "CASE WHEN $2 = 0 THEN 'UTC' ELSE 'UTC' || lf_zone_offset($2) END"},
  }};
  const auto found = std::find_if(kElements.begin(), kElements.end(),
                                  [&](const Alias& e) { return e.element == element; });
  if (found == kElements.end()) return std::nullopt;
  return found->meaning;
}

constexpr std::string_view kNative = "aAbBdHIjmMpSUWwy%";

Result<Value> FormatCall(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  const std::string name = CallName(expr);
  const TypeKind kind = name == "FORMAT_DATE"       ? TypeKind::kDate
                        : name == "FORMAT_DATETIME" ? TypeKind::kDatetime
                        : name == "FORMAT_TIME"     ? TypeKind::kTime
                                                    : TypeKind::kTimestamp;
  if (expr.args.size() < 2 || expr.args.size() > (kind == TypeKind::kTimestamp ? 3u : 2u)) {
    return S::Error(r, expr, "No matching signature for function " + name);
  }
  Value subject = TRY(S::Resolve(r, *expr.args[1], c));
  if (kind == TypeKind::kDate &&
      (subject.type.kind == TypeKind::kDatetime || subject.type.kind == TypeKind::kTimestamp)) {
    if (subject.type.kind == TypeKind::kTimestamp)
      return S::Refuse(r, expr, name + " of TIMESTAMP");
  } else if (!CoercionCost(subject, TypeOf(kind))) {
    return S::NoSignature(r, expr, name, {subject});
  } else {
    subject = TRY(Coerce(std::move(subject), TypeOf(kind), S::dialect(r)));
  }
  if (expr.args[0]->kind == ExprKind::kNull)
    return Value{"CAST(NULL AS VARCHAR)", TypeOf(TypeKind::kString)};
  if (expr.args[0]->kind != ExprKind::kString)
    return S::Refuse(r, *expr.args[0], "A format that is not a literal in " + name);
  std::string local = subject.sql, offset = "0";
  if (kind == TypeKind::kTimestamp) {
    std::string zone = QuoteLiteral(S::dialect(r).time_zone);
    if (expr.args.size() == 3)
      zone = TRY(S::ResolveAs(r, *expr.args[2], c, TypeOf(TypeKind::kString))).sql;
    local = "lf_local(" + zone + ", " + subject.sql + ")";
    offset = "lf_zone_seconds(" + subject.sql + ", " + zone + ")";
  } else if (kind == TypeKind::kTime) {
    local = "(DATE '1970-01-01' + " + subject.sql + ")";
  } else {
    local = "CAST(" + subject.sql + " AS TIMESTAMP)";
  }
  std::string run, pattern;
  const auto append = [&](const std::string& piece) {
    pattern += (pattern.empty() ? "" : " || ") + piece;
  };
  const auto flush = [&] {
    if (!run.empty()) append("strftime($1, " + QuoteLiteral(run) + ")");
    run.clear();
  };
  const std::string format = Expand(expr.args[0]->text);
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      run += format[i];
      continue;
    }
    const std::string_view element = ElementAt(format, i);
    i += element.size();
    if (element.size() == 1 && kNative.find(element) != std::string_view::npos) {
      run += "%" + std::string(element);
    } else if (const auto sql = ElementSql(element)) {
      flush();
      append(std::string(*sql));
    } else {
      return S::Refuse(r, *expr.args[0], "Format element %" + std::string(element));
    }
  }
  flush();
  if (pattern.empty()) pattern = "CASE WHEN $1 IS NOT NULL THEN '' END";
  return Value{"(" + FillTemplate(pattern, {local, offset}, "", safe) + ")",
               TypeOf(TypeKind::kString)};
}

// A format for strptime; \x01 stands where a fraction of the second may follow.
struct ParseFormat {
  std::string format;
  bool year = false, has_zone = false, fraction = false;
};
Result<ParseFormat> TranslateParseFormat(Resolver& r, const Expr& literal,
                                         const std::string& name) {
  ParseFormat f;
  const std::string expanded = Expand(literal.text);
  for (std::size_t i = 0; i < expanded.size(); ++i) {
    if (expanded[i] != '%') {
      f.format += expanded[i];
      continue;
    }
    const std::string element(ElementAt(expanded, i));
    i += element.size();
    if (element == "e") {
      f.format += "%-d";
    } else if (element == "k") {
      f.format += "%-H";
    } else if (element == "l") {
      f.format += "%-I";
    } else if (element == "P") {
      f.format += "%p";
    } else if (element == "E*S" || (element.size() == 3 && element[2] == 'S')) {
      f.format += "%S\x01";
      f.fraction = true;
    } else if (element == "Ez" || element == "z") {
      f.format += "%z";
      f.has_zone = true;
    } else if (element == "Z") {
      f.format += "%Z";
      f.has_zone = true;
    } else if (element.size() == 1 &&
               std::string_view("aAbBdHIjmMpSyY%").find(element) != std::string_view::npos) {
      f.format += "%" + element;
      f.year = f.year || element == "y" || element == "Y";
    } else {
      return S::Refuse(r, literal, "Format element %" + element + " in " + name);
    }
  }
  return f;
}

Result<Value> ParseCall(Resolver& r, const Expr& expr, const Context& c, bool safe) {
  const std::string name = CallName(expr);
  const TypeKind kind = name == "PARSE_DATE"       ? TypeKind::kDate
                        : name == "PARSE_DATETIME" ? TypeKind::kDatetime
                        : name == "PARSE_TIME"     ? TypeKind::kTime
                                                   : TypeKind::kTimestamp;
  const bool zoned = kind == TypeKind::kTimestamp;
  if (expr.args.size() < 2 || expr.args.size() > (zoned ? 3u : 2u) || !expr.call->named.empty()) {
    if (!expr.call->named.empty()) return S::Refuse(r, expr, "Named argument of " + name);
    return S::Error(r, expr, "No matching signature for function " + name);
  }
  const Value text = TRY(S::ResolveAs(r, *expr.args[1], c, TypeOf(TypeKind::kString)));
  const Type type = TypeOf(kind);
  const std::string physical = TRY(DuckDbType(type));
  if (expr.args[0]->kind == ExprKind::kNull || expr.args[1]->kind == ExprKind::kNull)
    return Value{"CAST(NULL AS " + physical + ")", type};
  if (expr.args[0]->kind != ExprKind::kString)
    return S::Refuse(r, *expr.args[0], "A format that is not a literal in " + name);
  ParseFormat f = TRY(TranslateParseFormat(r, *expr.args[0], name));
  // DuckDB fills in 1900; BigQuery 1970.
  std::string source = "$1";
  if (!f.year) {
    source = "('1970 ' || $1)";
    f.format.insert(0, "%Y ");
  }
  std::string formats;
  if (f.fraction) {
    std::string with = f.format, without = f.format;
    for (std::size_t at = with.find('\x01'); at != std::string::npos; at = with.find('\x01'))
      with.replace(at, 1, ".%f");
    std::erase(without, '\x01');
    formats = "[" + QuoteLiteral(with) + ", " + QuoteLiteral(without) + "]";
  } else {
    formats = QuoteLiteral(f.format);
  }
  std::string parsed = "try_strptime(" + source + ", " + formats + ")";
  if (zoned) {
    std::string zone = QuoteLiteral(S::dialect(r).time_zone);
    if (expr.args.size() == 3)
      zone = TRY(S::ResolveAs(r, *expr.args[2], c, TypeOf(TypeKind::kString))).sql;
    parsed = f.has_zone ? "CAST(" + parsed + " AS TIMESTAMPTZ)"
                        : "lf_instant(" + zone + ", " + parsed + ")";
  } else {
    if (f.has_zone) return S::Error(r, *expr.args[0], "Invalid format element in " + name);
    parsed = "CAST(" + parsed + " AS " + physical + ")";
  }
  const std::string failed =
      "$1 IS NOT NULL AND try_strptime(" + source + ", " + formats + ") IS NULL";
  return Value{
      FillTemplate(
          "{" + failed + " ?? 'Failed to parse input string \"' || $1 || '\"' !! " + parsed + "}",
          {text.sql}, "", safe),
      type};
}

constexpr NamedForm kForms[] = {
    {"FORMAT_DATE", FormatCall}, {"FORMAT_DATETIME", FormatCall},
    {"FORMAT_TIME", FormatCall}, {"FORMAT_TIMESTAMP", FormatCall},
    {"PARSE_DATE", ParseCall},   {"PARSE_DATETIME", ParseCall},
    {"PARSE_TIME", ParseCall},   {"PARSE_TIMESTAMP", ParseCall},
};

}  // namespace

std::span<const NamedForm> FormatForms() { return kForms; }

}  // namespace landfall::googlesql
