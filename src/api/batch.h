// The batch format of Google's JSON APIs: multipart/mixed whose parts are HTTP requests
// (application/http), and the same of responses. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "net/net.h"

namespace landfall::api {

constexpr std::size_t kBatchCallsMax = 1000;       // Cloud Storage documents 100; Python sends 1000
constexpr std::size_t kBatchBytesMax = 10u << 20;  // Cloud Storage's limit
constexpr std::size_t kBatchAnswerBytesMax = 64u << 20;

struct BatchCall {
  std::string content_id = {};  // as sent, with its angle brackets; may be empty
  net::Method method = net::Method::kOther;
  std::string target = {};  // path and query; scheme and host of an absolute URL are gone
  net::Headers headers = {};
  std::string body = {};
};

// `content_type` is the outer request's, with the boundary. kInvalidArgument/"parseError" or
// "badRequest" naming what is wrong; nothing of such a batch runs.
Result<std::vector<BatchCall>> ParseBatch(std::string_view content_type, std::string_view body);

// One part of the answer, without its boundary.
std::string BatchPart(const BatchCall& call, const net::Response& response, std::string_view body);

}  // namespace landfall::api
