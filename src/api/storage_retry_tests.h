// The fault injection API that the storage clients' own retry suites drive (spec: storage section
// 16): tests are lists of instructions per method; a request that names its test takes the next
// instruction of its method. Open under the testbench profile only. Thread-safe.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/status.h"

namespace landfall::api::storage_json {

struct Fault {
  enum class Kind : std::uint8_t {
    kStatus,        // answer `status`, after `after_bytes` of an upload when set
    kReset,         // close with RST
    kBrokenStream,  // cut a download after `after_bytes`
    kBrokenAnswer,  // finish the upload, then cut its JSON answer after `after_bytes`
    kStall,         // pause `stall_seconds` after `after_bytes` of a body
    kUnreachable,   // buckets.list names `buckets` as unreachable
    kCorruptDownload,
    kCorruptUpload,
  };
  Kind kind = Kind::kStatus;
  int status = 0;
  std::optional<std::uint64_t> after_bytes = {};
  int stall_seconds = 0;
  std::vector<std::string> buckets = {};
};

// kInvalidArgument naming the instruction when it is unknown.
Result<Fault> ParseFault(std::string_view instruction);
// Of header x-goog-emulator-instructions; nullopt where a "/retry-N" says that it is over.
Result<std::optional<Fault>> ParseHeaderFault(std::string_view instruction);

// The method of the retry API that a route stands for: "storage.bucket_acl.get".
std::string RetryMethodOf(std::string_view route_name, bool is_delete);

class RetryTests {
 public:
  static constexpr std::size_t kTestsMax = 10'000;  // the oldest goes

  // `body`: {"instructions": {method: [instruction...]}, "transport": "HTTP"}.
  Result<Json> Create(const JsonObject& body);
  Result<Json> Get(std::string_view id);
  Json List();
  Status Delete(std::string_view id);

  // The first instruction left for `method`. kNotFound for an unknown test.
  Result<std::optional<Fault>> Next(std::string_view id, std::string_view method);
  // The instruction has fired.
  void Consume(std::string_view id, std::string_view method);

 private:
  struct Test {
    std::string transport;
    std::map<std::string, std::deque<std::string>, std::less<>> left;
  };
  static Json Show(const std::string& id, const Test& test);

  Mutex mu_;
  SystemRandom random_;
  std::map<std::string, Test, std::less<>> tests_ GUARDED_BY(mu_);
  std::deque<std::string> order_ GUARDED_BY(mu_);
};

}  // namespace landfall::api::storage_json
