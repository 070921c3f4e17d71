// Lifecycle rules as JSON, both ways.
#include "api/storage_json_resource.h"

namespace landfall::api::storage_json {
namespace {

using storage::LifecycleAction;
using storage::LifecycleCondition;
using storage::LifecycleRule;

constexpr std::pair<std::string_view, std::optional<std::int64_t> LifecycleCondition::*>
    kNumbers[] = {{"age", &LifecycleCondition::age},
                  {"daysSinceCustomTime", &LifecycleCondition::days_since_custom_time},
                  {"daysSinceNoncurrentTime", &LifecycleCondition::days_since_noncurrent_time},
                  {"numNewerVersions", &LifecycleCondition::num_newer_versions}};
constexpr std::pair<std::string_view, std::string LifecycleCondition::*> kDates[] = {
    {"createdBefore", &LifecycleCondition::created_before},
    {"customTimeBefore", &LifecycleCondition::custom_time_before},
    {"noncurrentTimeBefore", &LifecycleCondition::noncurrent_time_before}};
constexpr std::pair<std::string_view, std::vector<std::string> LifecycleCondition::*> kLists[] = {
    {"matchesStorageClass", &LifecycleCondition::matches_storage_class},
    {"matchesPrefix", &LifecycleCondition::matches_prefix},
    {"matchesSuffix", &LifecycleCondition::matches_suffix}};
constexpr std::pair<std::string_view, LifecycleAction> kActions[] = {
    {"Delete", LifecycleAction::kDelete},
    {"SetStorageClass", LifecycleAction::kSetStorageClass},
    {"AbortIncompleteMultipartUpload", LifecycleAction::kAbortMultipartUpload}};

Status Bad(std::string message) {
  return InvalidArgument("lifecycle: " + std::move(message), "invalidArgument", "lifecycle");
}

Result<std::vector<std::string>> Texts(const JsonObject& body, std::string_view name) {
  std::vector<std::string> texts;
  const JsonArray* array = TRY(ArrayMember(body, name));
  if (array == nullptr) return texts;
  for (const Json& item : *array) {
    if (!item.is_string()) return Bad(std::string(name) + " must hold strings");
    texts.emplace_back(item.get_string());
  }
  return texts;
}

Result<LifecycleCondition> ParseCondition(const JsonObject& body) {
  constexpr std::string_view kFields[] = {
      "age",           "daysSinceCustomTime", "daysSinceNoncurrentTime", "numNewerVersions",
      "createdBefore", "customTimeBefore",    "noncurrentTimeBefore",    "isLive",
      "matchesPrefix", "matchesSuffix",       "matchesStorageClass"};
  constexpr std::string_view kUnsupported[] = {"matchesPattern"};
  TRY(CheckFields(body, "lifecycle condition", kFields, {}, kUnsupported));
  LifecycleCondition condition;
  for (const auto& [name, member] : kNumbers) condition.*member = TRY(Int64Member(body, name));
  for (const auto& [name, member] : kDates) condition.*member = TRY(TextOr(body, name));
  for (const auto& [name, member] : kLists) condition.*member = TRY(Texts(body, name));
  condition.is_live = TRY(BoolMember(body, "isLive"));
  return condition;
}

// Unfinished uploads have an age and a name, and nothing else to judge them by.
Status CheckAboutUploads(const JsonObject& condition) {
  for (const auto& [name, value] : condition) {
    if (name != "age" && name != "matchesPrefix" && name != "matchesSuffix" && !value.is_null()) {
      return Bad(
          "AbortIncompleteMultipartUpload goes with the conditions age, matchesPrefix and "
          "matchesSuffix only, not with " +
          std::string(name));
    }
  }
  return {};
}

Result<LifecycleRule> ParseRule(const Json& json) {
  if (!json.is_object()) return Bad("a rule must be an object");
  const JsonObject& body = json.get_object();
  constexpr std::string_view kFields[] = {"action", "condition"};
  constexpr std::string_view kActionFields[] = {"type", "storageClass"};
  TRY(CheckFields(body, "lifecycle rule", kFields, {}, {}));
  const JsonObject* action = TRY(ObjectMember(body, "action"));
  const JsonObject* condition = TRY(ObjectMember(body, "condition"));
  if (action == nullptr || condition == nullptr) return Bad("a rule needs action and condition");
  TRY(CheckFields(*action, "lifecycle action", kActionFields, {}, {}));
  const std::string type = TRY(TextOr(*action, "type"));
  LifecycleRule rule;
  bool known = false;
  for (const auto& [name, value] : kActions) {
    if (name == type) rule.action = value;
    known = known || name == type;
  }
  if (!known) return Bad("unknown action type '" + type.substr(0, 100) + "'");
  rule.storage_class = TRY(TextOr(*action, "storageClass"));
  if (rule.storage_class.empty() == (rule.action == LifecycleAction::kSetStorageClass))
    return Bad("storageClass goes with the action SetStorageClass, and only with it");
  rule.condition = TRY(ParseCondition(*condition));
  if (rule.action == LifecycleAction::kAbortMultipartUpload) TRY(CheckAboutUploads(*condition));
  return rule;
}

}  // namespace

Result<std::vector<LifecycleRule>> ParseLifecycle(const JsonObject& body) {
  constexpr std::string_view kFields[] = {"rule"};
  TRY(CheckFields(body, "bucket lifecycle", kFields, {}, {}));
  std::vector<LifecycleRule> rules;
  const JsonArray* array = TRY(ArrayMember(body, "rule"));
  if (array == nullptr) return rules;
  for (const Json& rule : *array) rules.push_back(TRY(ParseRule(rule)));
  return rules;
}

Json LifecycleJson(const std::vector<LifecycleRule>& rules) {
  JsonArray list;
  for (const LifecycleRule& rule : rules) {
    JsonObject action, condition;
    for (const auto& [name, value] : kActions) {
      if (value == rule.action) action["type"] = name;
    }
    if (!rule.storage_class.empty()) action["storageClass"] = rule.storage_class;
    const LifecycleCondition& c = rule.condition;
    for (const auto& [name, member] : kNumbers) {
      if (c.*member) condition[name] = *(c.*member);
    }
    for (const auto& [name, member] : kDates) {
      if (!(c.*member).empty()) condition[name] = c.*member;
    }
    for (const auto& [name, member] : kLists) {
      const std::vector<std::string>& texts = c.*member;
      if (!texts.empty()) condition[name] = JsonArray(texts.begin(), texts.end());
    }
    if (c.is_live) condition["isLive"] = *c.is_live;
    list.push_back(JsonObject{{"action", std::move(action)}, {"condition", std::move(condition)}});
  }
  return JsonObject{{"rule", std::move(list)}};
}

}  // namespace landfall::api::storage_json
