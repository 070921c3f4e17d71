// Serving an object's bytes, the same for Cloud Storage's JSON and XML APIs: headers, ranges and
// the unpacking of stored gzip for clients that do not take it. Private to the storage adapters.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "net/net.h"
#include "storage/storage.h"

namespace landfall::api {

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(TimePoint time);
// "crc32c=...,md5=...": the value of x-goog-hash.
std::string HashHeader(const storage::Object& object);
// x-goog-hash, x-goog-generation and their kind: of downloads and of XML uploads.
void AddGoogHeaders(const storage::Object& object, net::Headers& headers);

// In what the two APIs differ.
struct DownloadStyle {
  std::string etag = {};
  net::Headers own_headers = {};  // set after, and so instead of, the common ones
  std::function<net::Response(const Status&)> render_error = {};
};
// 200, 206 for a range, or 416 as `render_error` has it.
Result<net::Response> DownloadObject(const net::Request& request, storage::OpenObject open,
                                     const DownloadStyle& style);

}  // namespace landfall::api
