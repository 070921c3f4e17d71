// The handlers of the Cloud Storage XML API adapter; storage_xml.cc has the routes. Private to it.
#pragma once

#include "api/signing.h"
#include "api/storage_retry_tests.h"
#include "api/storage_xml_parts.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "net/net.h"
#include "storage/storage.h"

namespace landfall::api::storage_xml {

// What a request is about, from its path or its Host.
struct Address {
  std::string bucket, object;
  bool bucket_in_host = false;
};

// What headers or form fields say about an object to be.
struct NewObject {
  JsonObject resource = {};  // as the JSON API would have it
  std::string acl = {};      // a predefined one, in the XML API's words: "public-read"
};
Result<NewObject> NewObjectOf(const net::Request& request);

class Adapter {
 public:
  Adapter(storage::Storage& storage, std::shared_ptr<SigningKeys> keys, Clock& clock,
          PartStore parts, std::shared_ptr<storage_json::RetryTests> retry_tests)
      : storage_(storage),
        keys_(std::move(keys)),
        clock_(clock),
        parts_(std::move(parts)),
        retry_tests_(std::move(retry_tests)),
        sweeper_(parts_, storage, clock) {}

  using Handler = Result<net::Response> (Adapter::*)(net::Request&, const Address&);
  // Runs a handler behind what all methods share: address, signature, refusals.
  Result<net::Response> Serve(Handler handler, net::Request& request);
  net::Response RenderError(const net::Request& request, const Status& error);

  // The bucket that the Host header names: "BUCKET.storage.UNIVERSE", or "BUCKET.localhost" and a
  // bucket's own name as domain when there is such a bucket and the path is no API's. Empty
  // otherwise.
  std::string BucketOfHost(const net::Request& request);

  // storage_xml_objects.cc
  Result<net::Response> GetObject(net::Request& request, const Address& address);
  Result<net::Response> PutObject(net::Request& request, const Address& address);
  Result<net::Response> DeleteObject(net::Request& request, const Address& address);

  // storage_xml_buckets.cc
  Result<net::Response> ListBuckets(net::Request& request, const Address& address);
  Result<net::Response> ListObjects(net::Request& request, const Address& address);
  Result<net::Response> PutBucket(net::Request& request, const Address& address);
  Result<net::Response> DeleteBucket(net::Request& request, const Address& address);

  // storage_xml_uploads.cc
  Result<net::Response> PostObject(net::Request& request, const Address& address);

  // storage_xml_post.cc
  Result<net::Response> PostForm(net::Request& request, const Address& address);

 private:
  Result<net::Response> CopyObject(net::Request& request, const Address& address);

  Result<net::Response> StartResumable(net::Request& request, const Address& address);
  Result<net::Response> SendToResumable(net::Request& request);
  Result<net::Response> StartMultipart(net::Request& request, const Address& address);
  Result<net::Response> PutPart(net::Request& request, const Address& address);
  Result<net::Response> ListParts(net::Request& request, const Address& address);
  Result<net::Response> CompleteMultipart(net::Request& request, const Address& address);

  // Bucket, name, attributes, checksums and preconditions together.
  Result<storage::ObjectSpec> SpecOf(const net::Request& request, const Address& address,
                                     const NewObject& object);
  Result<net::Response> ServePlain(Handler handler, net::Request& request);
  void AddCommonHeaders(const net::Request& request, net::Response& response);

  storage::Storage& storage_;
  std::shared_ptr<SigningKeys> keys_;
  Clock& clock_;
  PartStore parts_;
  const std::shared_ptr<storage_json::RetryTests> retry_tests_;  // null outside the testbench
  SystemRandom random_;
  PartSweeper sweeper_;  // last: it uses parts_
};

// Shared by the handlers.

constexpr std::string_view kListNamespace = "http://doc.s3.amazonaws.com/2006-03-01";
constexpr std::string_view kUploadNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";

net::Response XmlResponse(std::string body, int status = 200);
// An error in the XML API's shape. `verdict`: of a signature that did not pass, to show what was
// computed.
net::Response XmlError(const Status& error, const Verdict* verdict = nullptr);

// kUnimplemented naming the first of these query parameters (sub-resources) that is there.
Status RefuseSubresources(const net::Request& request);
// x-goog-if-generation-match and x-goog-if-metageneration-match.
Result<storage::Precondition> PreconditionOf(const net::Request& request);
Result<std::optional<std::int64_t>> GenerationOf(const net::Request& request);

std::string XmlEtag(const storage::Object& object);  // quoted
// ETag, x-goog-generation, x-goog-hash and their kind: of downloads and uploads alike.
void AddObjectHeaders(const storage::Object& object, net::Headers& headers);
// The answer to whatever has made an object.
net::Response UploadedResponse(const storage::Object& object);

// Fails at its end, or on the way, when the bytes are not between the two.
class LengthChecked final : public ByteSource {
 public:
  LengthChecked(ByteSource& source, std::uint64_t min, std::uint64_t max)
      : source_(source), min_(min), max_(max) {}
  Result<std::size_t> Read(std::span<char> out) override;

 private:
  ByteSource& source_;
  const std::uint64_t min_, max_;
  std::uint64_t seen_ = 0;
};

}  // namespace landfall::api::storage_xml
