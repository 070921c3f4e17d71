#include "googlesql/functions.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/status.h"
#include "base/text.h"

namespace landfall::googlesql {
namespace {

Overload::Slot ParseSlot(std::string_view text) {
  Overload::Slot slot;
  text = Trim(text);
  if (text.starts_with("ARRAY<")) {
    text = text.substr(6, text.size() - 7);
    slot.array = true;
  }
  if (text.size() == 1) {
    slot.variable = text[0];
    return slot;
  }
  slot.type = TypeOf(ParseTypeKind(text).value());
  if (slot.array) slot.type = ArrayOf(slot.type);
  slot.array = false;
  return slot;
}

Overload ParseSignature(std::string_view signature) {
  Overload overload;
  const std::size_t arrow = signature.find("->");
  CHECK(arrow != std::string_view::npos);
  overload.result = ParseSlot(signature.substr(arrow + 2));
  const std::string_view arguments = Trim(signature.substr(0, arrow));
  if (arguments.empty()) return overload;
  for (const std::string_view one : Split(arguments, ','))
    overload.arguments.push_back(ParseSlot(one));
  return overload;
}

using Index = std::unordered_map<std::string_view, std::vector<Overload>>;

Index IndexScalars() {
  Index index;
  for (const auto rows : {MathRows(), StringRows(), TimeRows(), OtherRows()}) {
    for (const ScalarRow& row : rows) {
      Overload overload = ParseSignature(row.signature);
      overload.scalar = &row;
      index[row.name].push_back(std::move(overload));
    }
  }
  return index;
}

Index IndexAggregates() {
  Index index;
  for (const AggregateRow& row : AggregateRows()) {
    Overload overload = ParseSignature(row.signature);
    overload.aggregate = &row;
    index[row.name].push_back(std::move(overload));
  }
  return index;
}

std::span<const Overload> Lookup(const Index& index, std::string_view name) {
  const auto found = index.find(name);
  if (found == index.end()) return {};
  return found->second;
}

// What T or U stands for: the supertype of every argument in its slots.
std::optional<Type> Bind(char variable, const Overload& overload,
                         const std::vector<Value>& arguments) {
  std::vector<Value> holders;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Overload::Slot& slot = overload.arguments[i];
    if (slot.variable != variable) continue;
    if (!slot.array) {
      holders.push_back(arguments[i]);
    } else if (arguments[i].type.is_array() && !arguments[i].is_null() &&
               arguments[i].literal != Value::Literal::kEmptyArray) {
      holders.push_back(Value{"", *arguments[i].type.element});
    }
  }
  std::vector<const Value*> pointers;
  for (const Value& holder : holders) pointers.push_back(&holder);
  return Supertype(pointers);
}

}  // namespace

std::span<const Overload> FindScalar(std::string_view name) {
  static const Index kIndex = IndexScalars();
  return Lookup(kIndex, name);
}

std::span<const Overload> FindAggregate(std::string_view name) {
  static const Index kIndex = IndexAggregates();
  return Lookup(kIndex, name);
}

std::optional<Match> ChooseOverload(std::span<const Overload> overloads,
                                    const std::vector<Value>& arguments) {
  std::optional<Match> best;
  int best_cost = 0;
  for (const Overload& overload : overloads) {
    if (overload.arguments.size() != arguments.size()) continue;
    Match match;
    match.overload = &overload;
    int cost = 0;
    bool fits = true;
    const auto target = [&](const Overload::Slot& slot) -> std::optional<Type> {
      if (slot.variable == '\0') return slot.type;
      auto bound = Bind(slot.variable, overload, arguments);
      if (!bound || !slot.array) return bound;
      if (bound->is_array()) return std::nullopt;
      return ArrayOf(*bound);
    };
    for (std::size_t i = 0; i < arguments.size() && fits; ++i) {
      const auto type = target(overload.arguments[i]);
      const auto one = type ? CoercionCost(arguments[i], *type) : std::nullopt;
      fits = one.has_value();
      if (!fits) break;
      cost += *one + (overload.arguments[i].variable != '\0' ? 1 : 0);
      match.arguments.push_back(*type);
    }
    const auto result = fits ? target(overload.result) : std::nullopt;
    if (!result || (best && cost >= best_cost)) continue;
    match.result = *result;
    best = std::move(match);
    best_cost = cost;
  }
  return best;
}

namespace {

// A column, a literal or a parameter: cheap and pure, so that repeating it is free.
bool IsPlain(std::string_view sql) {
  return sql.size() < 48 && std::none_of(sql.begin(), sql.end(), [](char c) { return c == '('; });
}

std::size_t Uses(std::string_view sql, std::size_t argument) {
  std::size_t uses = 0;
  const std::string mark = "$" + std::to_string(argument + 1);
  for (std::size_t at = sql.find(mark); at != std::string_view::npos; at = sql.find(mark, at + 1))
    ++uses;
  return uses;
}

std::string Expand(std::string_view sql, const std::vector<std::string>& arguments,
                   std::string_view zone, bool safe) {
  std::string out;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char next = i + 1 < sql.size() ? sql[i + 1] : '\0';
    if (safe && sql.substr(i).starts_with("lf_to_")) {  // the twin that is NULL instead of raising
      out += "lf_try_";
      i += 5;
    } else if (sql[i] == '$' && next == 'Z') {
      out += QuoteLiteral(zone);
      ++i;
    } else if (sql[i] == '$' && next >= '1' && next <= '9') {
      out += arguments[static_cast<std::size_t>(next - '1')];
      ++i;
    } else if (sql[i] == '{') {
      int depth = 0;
      std::size_t end = i;
      for (; end < sql.size(); ++end) {
        depth += (sql[end] == '{') - (sql[end] == '}');
        if (depth == 0) break;
      }
      const std::string_view inside = sql.substr(i + 1, end - i - 1);
      const std::size_t message = inside.find("??"), value = inside.find("!!");
      CHECK(message != std::string_view::npos && value != std::string_view::npos);
      out += RaiseIf(Expand(inside.substr(0, message), arguments, zone, safe),
                     Expand(inside.substr(message + 2, value - message - 2), arguments, zone, safe),
                     Expand(inside.substr(value + 2), arguments, zone, safe), safe);
      i = end;
    } else {
      out += sql[i];
    }
  }
  return out;
}

}  // namespace

std::string FillTemplate(std::string_view sql, const std::vector<std::string>& arguments,
                         std::string_view zone, bool safe) {
  // Under SAFE the arguments are evaluated outside of TRY, whose errors would be swallowed and
  // whose SQL cannot hold subqueries or error().
  std::vector<bool> bound(arguments.size());
  bool any = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    bound[i] = !IsPlain(arguments[i]) && (safe || (Uses(sql, i) > 1 && arguments[i].size() > 200));
    any = any || bound[i];
  }
  std::vector<std::string> inner = arguments;
  std::string pack;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!bound[i]) continue;
    const std::string name = "a" + std::to_string(i + 1);
    pack += (pack.empty() ? "" : ", ") + name + " := " + arguments[i];
    inner[i] = "lf." + name;
  }
  std::string body = Expand(sql, inner, zone, safe);
  if (safe) body = "TRY(" + body + ")";
  if (!any) return body;
  return "list_transform([struct_pack(" + pack + ")], lambda lf: " + body + ")[1]";
}

}  // namespace landfall::googlesql
