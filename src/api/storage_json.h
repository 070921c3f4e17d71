// The handlers of the Cloud Storage JSON adapter; the routes that name them are in storage_json.cc.
// Private to it.
#pragma once

#include "api/content_range.h"
#include "base/json.h"
#include "base/random.h"
#include "net/net.h"
#include "pubsub/pubsub.h"
#include "storage/storage.h"

namespace landfall::api::storage_json {

class Adapter {
 public:
  Adapter(storage::Storage& storage, pubsub::PubSub& pubsub) : storage_(storage), pubsub_(pubsub) {}

  // storage_json_buckets.cc
  Result<net::Response> InsertBucket(net::Request& request);
  Result<net::Response> ListBuckets(net::Request& request);
  Result<net::Response> GetBucket(net::Request& request);
  Result<net::Response> PatchBucket(net::Request& request);
  Result<net::Response> DeleteBucket(net::Request& request);
  Result<net::Response> GetStorageLayout(net::Request& request);
  Result<net::Response> TestBucketPermissions(net::Request& request);
  Result<net::Response> GetServiceAccount(net::Request& request);
  Result<net::Response> InsertNotification(net::Request& request);
  Result<net::Response> ListNotifications(net::Request& request);
  Result<net::Response> GetNotification(net::Request& request);
  Result<net::Response> DeleteNotification(net::Request& request);

  // storage_json_objects.cc
  Result<net::Response> GetObject(
      net::Request& request);  // the resource or, with alt=media, the content
  Result<net::Response> ListObjects(net::Request& request);
  Result<net::Response> PatchObject(net::Request& request);
  Result<net::Response> DeleteObject(net::Request& request);
  Result<net::Response> RefuseMetadataPathInsert(net::Request& request);

  // storage_json_uploads.cc
  Result<net::Response> PostUpload(net::Request& request);
  Result<net::Response> PutUpload(net::Request& request);
  Result<net::Response> DeleteUpload(net::Request& request);

  // Runs a handler between the checks and headers that all methods share.
  Result<net::Response> Serve(Result<net::Response> (Adapter::*handler)(net::Request&),
                              net::Request& request);
  net::Response RenderError(const net::Request& request, const Status& error);

 private:
  void AddCommonHeaders(const net::Request& request, net::Response& response);
  // 200 with what the `fields` parameter selects of `body`.
  static Result<net::Response> Answer(const net::Request& request, const Json& body);

  Result<net::Response> Download(net::Request& request);
  Result<net::Response> InsertMedia(net::Request& request);
  Result<net::Response> InsertMultipart(net::Request& request);
  Result<net::Response> StartUpload(net::Request& request);
  Result<net::Response> SendToUpload(net::Request& request);
  Result<net::Response> UploadAnswer(const net::Request& request,
                                     const storage::UploadStatus& status);

  storage::Storage& storage_;
  pubsub::PubSub& pubsub_;
  SystemRandom random_;
};

}  // namespace landfall::api::storage_json
