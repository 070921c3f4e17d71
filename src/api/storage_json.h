// The handlers of the Cloud Storage JSON adapter; the routes that name them are in storage_json.cc.
// Private to it.
#pragma once

#include <functional>

#include "api/api.h"
#include "api/content_range.h"
#include "api/storage_json_resource.h"
#include "api/storage_retry_tests.h"
#include "base/json.h"
#include "base/random.h"
#include "net/net.h"
#include "pubsub/pubsub.h"
#include "storage/storage.h"

namespace landfall::api::storage_json {

class Adapter {
 public:
  Adapter(storage::Storage& storage, pubsub::PubSub& pubsub, StorageJsonOptions options)
      : storage_(storage), pubsub_(pubsub), options_(std::move(options)) {}

  using Answered = Result<net::Response>;
  using Handler = Answered (Adapter::*)(net::Request&);

  // storage_json_buckets.cc
  Answered InsertBucket(net::Request& request);
  Answered ListBuckets(net::Request& request);
  Answered GetBucket(net::Request& request);
  Answered PatchBucket(net::Request& request);
  Answered UpdateBucket(net::Request& request);
  Answered DeleteBucket(net::Request& request);
  Answered RestoreBucket(net::Request& request);
  Answered LockRetentionPolicy(net::Request& request);
  Answered GetStorageLayout(net::Request& request);
  Answered InsertNotification(net::Request& request);
  Answered ListNotifications(net::Request& request);
  Answered GetNotification(net::Request& request);
  Answered DeleteNotification(net::Request& request);

  // storage_json_iam.cc
  Answered GetIamPolicy(net::Request& request);
  Answered SetIamPolicy(net::Request& request);
  Answered TestBucketPermissions(net::Request& request);
  Answered GetServiceAccount(net::Request& request);
  Answered CreateHmacKey(net::Request& request);
  Answered ListHmacKeys(net::Request& request);
  Answered GetHmacKey(net::Request& request);
  Answered UpdateHmacKey(net::Request& request);
  Answered DeleteHmacKey(net::Request& request);

  // storage_json_acl.cc: the six methods of each of the three collections
  Answered ListAcl(net::Request& request);
  Answered InsertAcl(net::Request& request);
  Answered GetAcl(net::Request& request);
  Answered UpdateAcl(net::Request& request);  // also patch
  Answered DeleteAcl(net::Request& request);

  // storage_json_objects.cc
  Answered GetObject(net::Request& request);  // the resource or, with alt=media, the content
  Answered ListObjects(net::Request& request);
  Answered PatchObject(net::Request& request);
  Answered UpdateObject(net::Request& request);
  Answered DeleteObject(net::Request& request);
  Answered RefuseMetadataPathInsert(net::Request& request);

  // storage_json_copy.cc
  Answered CopyObject(net::Request& request);
  Answered RewriteObject(net::Request& request);
  Answered MoveObject(net::Request& request);
  Answered ComposeObject(net::Request& request);
  Answered RestoreObject(net::Request& request);

  // storage_json_uploads.cc
  Answered PostUpload(net::Request& request);
  Answered PutUpload(net::Request& request);
  Answered DeleteUpload(net::Request& request);

  // storage_json_cors.cc
  Answered Preflight(net::Request& request);

  // Runs a handler between the checks and headers that all methods share. `query`: the parameters
  // the method takes besides those all methods take, separated by blanks.
  Answered Serve(Handler handler, std::string_view query, net::Request& request);
  // The fault injection API of the testbench profile.
  Answered CreateRetryTest(net::Request& request);
  Answered GetRetryTest(net::Request& request);
  Answered ListRetryTests(net::Request& request);
  Answered DeleteRetryTest(net::Request& request);

  net::Response RenderError(const net::Request& request, const Status& error);

 private:
  void AddCommonHeaders(const net::Request& request, net::Response& response);
  void AddCorsHeaders(const net::Request& request, net::Response& response);
  // 200 with what the `fields` parameter selects of `body`.
  static Answered Answer(const net::Request& request, Json body);
  // Resources with what `projection` asks for.
  Answered AnswerObject(const net::Request& request, const storage::Object& object);
  Answered AnswerUploaded(const net::Request& request, const storage::Object& object);
  Answered AnswerBucket(const net::Request& request, const storage::Bucket& bucket);

  Answered ServePlain(Handler handler, std::string_view query, net::Request& request);
  Answered ChangeBucket(net::Request& request, BodyMode mode);
  Answered ChangeObject(net::Request& request, bool replace);
  Answered Download(net::Request& request);
  Answered InsertMedia(net::Request& request);
  Answered InsertMultipart(net::Request& request);
  Answered StartUpload(net::Request& request);
  Answered SendToUpload(net::Request& request);
  Answered UploadAnswer(const net::Request& request, const storage::UploadStatus& status);
  // Resolves predefinedAcl against the destination bucket.
  Status AddPredefinedAcl(const net::Request& request, std::string_view parameter,
                          storage::ObjectSpec& spec);

  Answered EditAcl(net::Request& request, const std::function<Status(storage::Acl&)>& edit,
                   std::string_view entity);
  Result<storage::Acl> ReadAcl(net::Request& request, storage::Bucket& bucket);

  storage::Storage& storage_;
  pubsub::PubSub& pubsub_;
  const StorageJsonOptions options_;
  SystemRandom random_;
};

}  // namespace landfall::api::storage_json
