// POST policy documents: what a signed HTML form may upload. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace landfall::api {

constexpr std::size_t kPolicyBytesMax = 64 * 1024;
constexpr std::size_t kPolicyConditionsMax = 1000;

struct PolicyCondition {
  std::string field = {};  // lower case, without "$"
  std::string value = {};
  bool prefix = false;  // starts-with; otherwise equal
};
struct PostPolicy {
  TimePoint expiration = {};
  std::vector<PolicyCondition> conditions = {};
  std::uint64_t bytes_min = 0, bytes_max = ~0ull;  // content-length-range
};

// kInvalidArgument/"InvalidPolicyDocument" naming what is wrong. `text` is the decoded JSON.
Result<PostPolicy> ParsePostPolicy(std::string_view text);

// Names in lower case.
using FormFields = std::vector<std::pair<std::string, std::string>>;
// Every condition holds, every field has a condition (but for the policy, its signature and
// x-ignore- fields), and the policy has not expired. `bucket` counts as a field.
// kInvalidArgument/"InvalidPolicyDocument" or "ExpiredToken".
Status CheckPostPolicy(const PostPolicy& policy, const FormFields& fields, std::string_view bucket,
                       TimePoint now);

}  // namespace landfall::api
