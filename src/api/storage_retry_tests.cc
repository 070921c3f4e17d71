#include "api/storage_retry_tests.h"

#include <algorithm>

#include "api/api.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

constexpr std::string_view kVerbs =
    "buckets:list,insert,get,update,patch,delete,getIamPolicy,setIamPolicy,testIamPermissions,"
    "lockRetentionPolicy bucket_acl:list,insert,get,update,patch,delete "
    "default_object_acl:list,insert,get,update,patch,delete "
    "object_acl:list,insert,get,update,patch,delete notifications:list,insert,get,delete "
    "objects:list,insert,get,update,patch,delete,compose,copy,rewrite,restore "
    "hmacKey:create,list,get,update,delete serviceaccount:get";

bool IsMethod(std::string_view name) {
  if (!name.starts_with("storage.")) return false;
  name.remove_prefix(8);
  for (const std::string_view family : Split(kVerbs, ' ')) {
    const std::size_t colon = family.find(':');
    for (const std::string_view verb : Split(family.substr(colon + 1), ',')) {
      if (name == std::string(family.substr(0, colon)).append(".").append(verb)) return true;
    }
  }
  return false;
}

Status Unknown(std::string_view instruction) {
  return InvalidArgument(
      "Unknown retry test instruction '" + std::string(instruction.substr(0, 100)) + "'", "invalid",
      "instructions");
}

// "256K" or "12B" as bytes.
std::optional<std::uint64_t> BytesOf(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const char unit = text.back();
  text.remove_suffix(1);
  const auto number = ParseInt64(text);
  if (!number || *number < 0 || *number > (1 << 30) || (unit != 'K' && unit != 'B'))
    return std::nullopt;
  return static_cast<std::uint64_t>(*number) * (unit == 'K' ? 1024 : 1);
}

bool Take(std::string_view& text, std::string_view front) {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

Result<Fault> ParseStall(std::string_view whole, std::string_view rest) {
  const std::size_t split = rest.find("s-after-");
  if (split == std::string_view::npos) return Unknown(whole);
  const auto seconds = ParseInt64(rest.substr(0, split));
  const auto bytes = BytesOf(rest.substr(split + 8));
  if (!seconds || *seconds < 0 || *seconds > 600 || !bytes) return Unknown(whole);
  return Fault{.kind = Fault::Kind::kStall,
               .after_bytes = bytes,
               .stall_seconds = static_cast<int>(*seconds)};
}

Result<Fault> ParseStatus(std::string_view whole, std::string_view rest) {
  Fault fault;
  const std::size_t split = rest.find("-after-");
  const auto status = ParseInt64(rest.substr(0, split));
  if (!status || *status < 200 || *status > 599) return Unknown(whole);
  fault.status = static_cast<int>(*status);
  if (split == std::string_view::npos) return fault;
  fault.after_bytes = BytesOf(rest.substr(split + 7));
  return fault.after_bytes ? Result<Fault>(fault) : Unknown(whole);
}

}  // namespace

Result<Fault> ParseFault(std::string_view instruction) {
  std::string_view rest = instruction;
  if (rest == "return-reset-connection") return Fault{.kind = Fault::Kind::kReset};
  if (rest == "return-broken-stream")
    return Fault{.kind = Fault::Kind::kBrokenStream, .after_bytes = 4};
  if (Take(rest, "stall-for-")) return ParseStall(instruction, rest);
  if (Take(rest, "return-unreachable-buckets-")) {
    Fault fault{.kind = Fault::Kind::kUnreachable};
    for (const std::string_view bucket : Split(rest, ',')) fault.buckets.emplace_back(bucket);
    return fault;
  }
  const bool answer = Take(rest, "return-broken-stream-final-chunk-after-");
  if (answer || Take(rest, "return-broken-stream-after-")) {
    const auto bytes = BytesOf(rest);
    if (!bytes) return Unknown(instruction);
    return Fault{.kind = answer ? Fault::Kind::kBrokenAnswer : Fault::Kind::kBrokenStream,
                 .after_bytes = bytes};
  }
  if (Take(rest, "return-")) return ParseStatus(instruction, rest);
  return Unknown(instruction);
}

Result<std::optional<Fault>> ParseHeaderFault(std::string_view instruction) {
  constexpr std::uint64_t kMebibyte = 1 << 20, kQuarter = 256 * 1024;
  constexpr int kAlwaysSeconds = 10;
  std::string_view rest = instruction;
  if (Take(rest, "return-503-after-256K")) {
    const auto tries = Take(rest, "/retry-") ? ParseInt64(rest) : std::optional<std::int64_t>(0);
    if (!tries) return Unknown(instruction);
    if (*tries > 2) return std::optional<Fault>();
    return std::optional(Fault{.status = 503, .after_bytes = kQuarter});
  }
  if (rest == "return-broken-stream")
    return std::optional(Fault{.kind = Fault::Kind::kBrokenStream, .after_bytes = kMebibyte});
  if (rest == "return-corrupted-data")
    return std::optional(Fault{.kind = Fault::Kind::kCorruptDownload});
  if (rest == "inject-upload-data-error")
    return std::optional(Fault{.kind = Fault::Kind::kCorruptUpload});
  if (rest == "stall-always" || rest == "stall-at-256KiB") {
    return std::optional(Fault{.kind = Fault::Kind::kStall,
                               .after_bytes = rest == "stall-always" ? 0 : kQuarter,
                               .stall_seconds = kAlwaysSeconds});
  }
  return Unknown(instruction);
}

std::string RetryMethodOf(std::string_view route_name, bool is_delete) {
  constexpr std::pair<std::string_view, std::string_view> kFamilies[] = {
      {"storage.bucketAccessControls.", "storage.bucket_acl."},
      {"storage.defaultObjectAccessControls.", "storage.default_object_acl."},
      {"storage.objectAccessControls.", "storage.object_acl."},
      {"storage.projects.hmacKeys.", "storage.hmacKey."},
      {"storage.projects.serviceAccount.", "storage.serviceaccount."}};
  if (route_name == "storage.objects.insert" && is_delete) return "storage.objects.delete";
  for (const auto& [route, method] : kFamilies) {
    if (route_name.starts_with(route))
      return std::string(method).append(route_name.substr(route.size()));
  }
  return std::string(route_name);
}

Result<Json> RetryTests::Create(const JsonObject& body) {
  const JsonObject* instructions = TRY(ObjectMember(body, "instructions"));
  if (instructions == nullptr)
    return InvalidArgument("Required field: instructions", "required", "instructions");
  Test test;
  test.transport = TRY(StringMember(body, "transport")).value_or("HTTP");
  if (test.transport != "HTTP" && test.transport != "GRPC")
    return InvalidArgument("transport must be HTTP or GRPC", "invalid", "transport");
  for (const auto& member : *instructions) {
    const std::string method(member.key());
    if (!IsMethod(method))
      return InvalidArgument("Unknown retry test method '" + method.substr(0, 100) + "'", "invalid",
                             "instructions");
    if (!member.value().is_array()) return Unknown(method);
    for (const Json& item : member.value().get_array()) {
      if (!item.is_string()) return Unknown(ToText(item));
      const std::string text(item.get_string());
      if (test.transport == "HTTP") TRY(ParseFault(text));
      test.left[method].push_back(text);
    }
  }
  const std::string id = RandomHex(random_, 16);
  Json shown = Show(id, test);
  const MutexLock lock(mu_);
  tests_.emplace(id, std::move(test));
  order_.push_back(id);
  while (order_.size() > kTestsMax) {
    tests_.erase(order_.front());
    order_.pop_front();
  }
  return shown;
}

Json RetryTests::Show(const std::string& id, const Test& test) {
  JsonObject instructions;
  bool completed = true;
  for (const auto& [method, left] : test.left) {
    instructions[method] = JsonArray(left.begin(), left.end());
    completed = completed && left.empty();
  }
  return JsonObject{{"id", id},
                    {"instructions", std::move(instructions)},
                    {"completed", completed},
                    {"transport", test.transport}};
}

Result<Json> RetryTests::Get(std::string_view id) {
  const MutexLock lock(mu_);
  const auto it = tests_.find(id);
  if (it == tests_.end())
    return NotFound("Retry test " + std::string(id.substr(0, 100)) + " does not exist");
  return Show(it->first, it->second);
}

Json RetryTests::List() {
  const MutexLock lock(mu_);
  JsonArray all;
  for (const auto& [id, test] : tests_) all.push_back(Show(id, test));
  return JsonObject{{"retry_test", std::move(all)}};
}

Status RetryTests::Delete(std::string_view id) {
  const MutexLock lock(mu_);
  const auto it = tests_.find(id);
  if (it == tests_.end())
    return NotFound("Retry test " + std::string(id.substr(0, 100)) + " does not exist");
  std::erase(order_, it->first);
  tests_.erase(it);
  return {};
}

Result<std::optional<Fault>> RetryTests::Next(std::string_view id, std::string_view method) {
  const MutexLock lock(mu_);
  const auto it = tests_.find(id);
  if (it == tests_.end())
    return NotFound("Retry test " + std::string(id.substr(0, 100)) + " does not exist");
  const auto left = it->second.left.find(method);
  if (it->second.transport != "HTTP" || left == it->second.left.end() || left->second.empty())
    return std::optional<Fault>();
  return std::optional(TRY(ParseFault(left->second.front())));
}

void RetryTests::Consume(std::string_view id, std::string_view method) {
  const MutexLock lock(mu_);
  const auto it = tests_.find(id);
  if (it == tests_.end()) return;
  const auto left = it->second.left.find(method);
  if (left != it->second.left.end() && !left->second.empty()) left->second.pop_front();
}

}  // namespace landfall::api::storage_json

namespace landfall::api {

std::shared_ptr<storage_json::RetryTests> MakeRetryTests() {
  return std::make_shared<storage_json::RetryTests>();
}

}  // namespace landfall::api
