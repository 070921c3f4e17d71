// Bytes from a stranger through everything that reads them before a handler does. Beyond not
// crashing, it checks what smuggling would break: the result must not depend on how the bytes are
// cut into packets.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_parse.h"
#include "net/net.h"

namespace landfall::net {
namespace {

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool done = false, failed = false;
};

// Feeds `in` in steps of `step` bytes, keeping what the decoder did not consume.
Decoded Decode(std::string_view in, std::size_t step) {
  Decoded out;
  ChunkDecoder decoder;
  for (std::size_t seen = 0; seen < in.size() && !decoder.done();) {
    seen = std::min(in.size(), seen + step);
    for (;;) {
      const std::string_view window = in.substr(out.consumed, seen - out.consumed);
      const Result<ChunkDecoder::Piece> piece = decoder.Take(window);
      out.failed = !piece.ok();
      if (out.failed) return out;
      CHECK(piece->consumed <= window.size() && piece->data.size() <= piece->consumed);
      out.data.append(piece->data);
      out.consumed += piece->consumed;
      if (piece->consumed == 0 || decoder.done()) break;
    }
  }
  out.done = decoder.done();
  return out;
}

void CheckChunks(std::string_view in, std::size_t step) {
  const Decoded whole = Decode(in, in.size() + 1);
  const Decoded cut = Decode(in, step);
  CHECK(whole.failed == cut.failed && whole.done == cut.done && whole.data == cut.data);
  CHECK(whole.consumed == cut.consumed);
}

HeadScan ScanInSteps(std::string_view in, std::size_t step) {
  HeadScan scan;
  for (std::size_t seen = 0, from = 0; seen < in.size(); from = seen) {
    seen = std::min(in.size(), seen + step);
    scan = ScanHead(in.substr(0, seen), from);
    if (scan.state != HeadState::kIncomplete) return scan;
  }
  return scan;
}

void CheckHeaders(const Headers& headers) {
  for (const auto& [name, value] : headers.all()) CHECK(IsHeaderName(name) && IsHeaderValue(value));
}

const Router& FuzzRouter() {
  static const std::unique_ptr<Router> router = [] {
    const Handler handler = [](Request&) -> Result<Response> { return Response{}; };
    auto made = std::make_unique<Router>();
    made->Add({"fuzz",
               {{Method::kGet, "/b/{bucket}/o/{object}", "get", handler},
                {Method::kPost, "/v1/{topic}:publish", "publish", handler},
                {Method::kPut, "/d/{object=**}", "put", handler},
                {Method::kPost, "/v1/{resource=**}:setIamPolicy", "policy", handler}},
               {}});
    return made;
  }();
  return *router;
}

void CheckRequest(std::string_view in, std::size_t step) {
  const HeadScan scan = ScanHead(in);
  const HeadScan cut = ScanInSteps(in, step);
  CHECK(scan.state == cut.state && scan.bytes == cut.bytes);
  Sniff(in);
  if (scan.state != HeadState::kComplete) return;
  const std::string_view head = in.substr(0, scan.bytes);
  if (const Result<ResponseHead> response = ParseResponseHead(head, Method::kGet); response.ok()) {
    CheckHeaders(response->headers);
  }
  const Result<RequestHead> parsed = ParseRequestHead(head);
  if (!parsed.ok()) {
    CHECK(HttpStatusOfHeadError(parsed.status()) >= 400);
    return;
  }
  CheckHeaders(parsed->headers);
  CHECK(!(parsed->headers.Get("Content-Length") && parsed->headers.Get("Transfer-Encoding")));
  Request request;
  request.method = parsed->method;
  request.target = parsed->target;
  request.headers = parsed->headers;
  const Response response = FuzzRouter().Dispatch(request);
  CHECK(response.status >= 200 && response.status < 600);
  CHECK(request.BaseUrl().find_first_of("\r\n \"<>@") == std::string::npos);
}

}  // namespace
}  // namespace landfall::net

// The first byte chooses how the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view in(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = 1 + data[0] % 64;
  landfall::net::CheckRequest(in, step);
  landfall::net::CheckChunks(in, step);
  return 0;
}
