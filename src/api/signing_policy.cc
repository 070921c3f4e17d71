#include "api/signing_policy.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace landfall::api {
namespace {

Status BadPolicy(std::string_view why) {
  return InvalidArgument(
      "The content of the form does not meet the conditions specified in the policy document.\n" +
          std::string(why),
      "InvalidPolicyDocument");
}

Result<std::string> TextOf(const Json& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64()) return std::to_string(value.get_int64());
  return BadPolicy("a condition's value must be a text");
}

Result<std::uint64_t> BytesOf(const Json& value) {
  const auto number = value.is_int64()    ? std::optional<std::int64_t>(value.get_int64())
                      : value.is_string() ? ParseInt64(std::string_view(value.get_string()))
                                          : std::nullopt;
  if (!number || *number < 0)
    return BadPolicy("content-length-range takes two whole numbers, 0 or more");
  return static_cast<std::uint64_t>(*number);
}

// ["eq", "$field", "value"], ["starts-with", ...], ["content-length-range", min, max].
Status AddList(const JsonArray& list, PostPolicy& policy) {
  if (list.size() != 3 || !list[0].is_string())
    return BadPolicy("a condition in brackets has three members, the first its kind");
  const std::string kind = AsciiLower(std::string_view(list[0].get_string()));
  if (kind == "content-length-range") {
    policy.bytes_min = std::max(policy.bytes_min, TRY(BytesOf(list[1])));
    policy.bytes_max = std::min(policy.bytes_max, TRY(BytesOf(list[2])));
    return {};
  }
  if (kind != "eq" && kind != "starts-with")
    return BadPolicy("\"" + kind.substr(0, 100) +
                     "\" is not a condition; there are eq, starts-with and content-length-range");
  const std::string field = TRY(TextOf(list[1]));
  if (!field.starts_with('$') || field.size() < 2)
    return BadPolicy("a condition's field must begin with $");
  policy.conditions.push_back(
      {AsciiLower(std::string_view(field).substr(1)), TRY(TextOf(list[2])), kind == "starts-with"});
  return {};
}

Status AddCondition(const Json& condition, PostPolicy& policy) {
  if (condition.is_array()) return AddList(condition.get_array(), policy);
  if (!condition.is_object()) return BadPolicy("a condition must be an object or a list");
  for (const auto& member : condition.get_object()) {
    policy.conditions.push_back(
        {AsciiLower(std::string_view(member.key())), TRY(TextOf(member.value())), false});
  }
  return {};
}

bool NeedsNoCondition(std::string_view field) {
  constexpr std::string_view kFree[] = {
      "policy", "x-goog-signature", "signature", "googleaccessid", "file", "bucket"};
  return field.starts_with("x-ignore-") ||
         std::find(std::begin(kFree), std::end(kFree), field) != std::end(kFree);
}

}  // namespace

Result<PostPolicy> ParsePostPolicy(std::string_view text) {
  if (text.size() > kPolicyBytesMax) return BadPolicy("the policy is over 64 KiB");
  const auto json = ParseJson(text, 8);
  if (!json.ok() || !json->is_object()) return BadPolicy("the policy is not a JSON object");
  const JsonObject& object = json->get_object();
  PostPolicy policy;
  const auto expiration = StringMember(object, "expiration");
  const auto time = expiration.ok() && *expiration ? ParseRfc3339(**expiration)
                                                   : Result<TimePoint>(BadPolicy("no expiration"));
  if (!time.ok()) return BadPolicy("the policy needs an expiration like 2026-01-31T12:00:00Z");
  policy.expiration = *time;
  const Json* conditions = Find(object, "conditions");
  if (conditions == nullptr || !conditions->is_array())
    return BadPolicy("the policy needs a list of conditions");
  if (conditions->get_array().size() > kPolicyConditionsMax)
    return BadPolicy("the policy has over 1000 conditions");
  for (const Json& condition : conditions->get_array()) TRY(AddCondition(condition, policy));
  return policy;
}

Status CheckPostPolicy(const PostPolicy& policy, const FormFields& fields, std::string_view bucket,
                       TimePoint now) {
  if (now > policy.expiration) {
    return InvalidArgument("The provided token has expired.\nThe policy expired at " +
                               FormatRfc3339(policy.expiration),
                           "ExpiredToken");
  }
  for (const PolicyCondition& condition : policy.conditions) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const auto& one) { return one.first == condition.field; });
    std::string_view value = field == fields.end() ? std::string_view() : field->second;
    if (condition.field == "bucket") value = bucket;
    const bool holds =
        condition.prefix ? value.starts_with(condition.value) : value == condition.value;
    if (!holds) {
      return BadPolicy("field " + condition.field.substr(0, 100) + " must " +
                       (condition.prefix ? "start with" : "be") + " \"" +
                       condition.value.substr(0, 200) + "\"");
    }
  }
  for (const auto& [name, value] : fields) {
    const bool stated = std::any_of(policy.conditions.begin(), policy.conditions.end(),
                                    [&](const PolicyCondition& one) { return one.field == name; });
    if (!stated && !NeedsNoCondition(name))
      return BadPolicy("field " + name.substr(0, 100) + " has no condition in the policy");
  }
  return {};
}

}  // namespace landfall::api
