// storage - buckets, objects, uploads and notification configurations: Cloud Storage's model.
//
// Owns object bytes and their metadata. Objects up to `inline_bytes_max` live in meta, larger ones
// are files named by an id of ours (never by a client's string), written and synced before the
// commit that makes them visible. Every change of an object appends to the object feed in the same
// meta change: no event without its change and no change without its event. Storage knows nobody
// who reads the feed.
//
// Threads: thread-safe; calls block. Writers to different names proceed in parallel up to the
// commit. Names are data: an object name is 1-1024 bytes of UTF-8 without CR, LF or NUL, and not
// exactly "." or "..".
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/faults.h"
#include "base/files.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/status.h"
#include "meta/meta.h"
#include "storage/types.h"

namespace landfall::storage {

class Storage {
 public:
  virtual ~Storage() = default;

  // Buckets. kAlreadyExists/"conflict" with Google's two texts; delete of a non-empty one
  // kAlreadyExists/"conflict".
  virtual Result<Bucket> CreateBucket(const CallContext& ctx, Bucket bucket) = 0;
  virtual Result<Bucket> GetBucket(const CallContext& ctx, std::string_view name,
                                   const Precondition& when = {}) = 0;
  // Of one project; of all when `project` is empty.
  virtual Result<BucketPage> ListBuckets(const CallContext& ctx, std::string_view project,
                                         const ListOptions& options) = 0;
  virtual Result<Bucket> PatchBucket(const CallContext& ctx, std::string_view name,
                                     const BucketEdit& edit, const Precondition& when) = 0;
  virtual Status DeleteBucket(const CallContext& ctx, std::string_view name,
                              const Precondition& when) = 0;
  // A deleted bucket whose soft-delete time is not over; kNotFound otherwise.
  virtual Result<Bucket> GetSoftDeletedBucket(const CallContext& ctx, std::string_view name,
                                              std::int64_t generation) = 0;
  virtual Result<Bucket> RestoreBucket(const CallContext& ctx, std::string_view name,
                                       std::int64_t generation) = 0;
  virtual Result<IamPolicy> GetIamPolicy(const CallContext& ctx, std::string_view bucket) = 0;
  // A stale `etag` is kFailedPrecondition/"conditionNotMet"; an empty one is no condition.
  virtual Result<IamPolicy> SetIamPolicy(const CallContext& ctx, std::string_view bucket,
                                         IamPolicy policy, std::string_view etag) = 0;

  // Replaces the object atomically: readers see the old body or the new one, never a mix. Durable
  // on return.
  virtual Result<Object> Insert(const CallContext& ctx, const ObjectSpec& spec,
                                ByteSource& body) = 0;
  // kNotFound "No such object: b/o". generation: that version, live or noncurrent.
  virtual Result<Object> Get(const CallContext& ctx, std::string_view bucket, std::string_view name,
                             std::optional<std::int64_t> generation = {},
                             const Precondition& when = {}) = 0;
  virtual Result<OpenObject> Open(const CallContext& ctx, std::string_view bucket,
                                  std::string_view name,
                                  std::optional<std::int64_t> generation = {},
                                  const Precondition& when = {}) = 0;
  virtual Result<ObjectPage> List(const CallContext& ctx, std::string_view bucket,
                                  const ListOptions& options) = 0;
  virtual Result<Object> Patch(const CallContext& ctx, std::string_view bucket,
                               std::string_view name, std::optional<std::int64_t> generation,
                               const ObjectPatch& patch, const Precondition& when) = 0;
  virtual Status Delete(const CallContext& ctx, std::string_view bucket, std::string_view name,
                        std::optional<std::int64_t> generation, const Precondition& when) = 0;

  // The change keeps to holds and retention: kPermissionDenied/"objectUnderActiveHold" or
  // "retentionPolicyNotMet". So do all that replace an object.
  virtual Result<Object> GetSoftDeleted(const CallContext& ctx, std::string_view bucket,
                                        std::string_view name, std::int64_t generation) = 0;
  // A new live generation with a soft-deleted version's content.
  // kFailedPrecondition/"objectNotSoftDeleted" when that version is not soft-deleted.
  virtual Result<Object> Restore(const CallContext& ctx, const ObjectSpec& spec,
                                 std::int64_t generation, bool copy_acl) = 0;
  virtual Result<Object> Copy(const CallContext& ctx, const CopySpec& spec) = 0;
  // A copy within one bucket that takes its source away in the same change.
  virtual Result<Object> Move(const CallContext& ctx, const CopySpec& spec) = 0;
  virtual Result<RewriteStatus> Rewrite(const CallContext& ctx, const RewriteSpec& spec) = 0;
  virtual Result<Object> Compose(const CallContext& ctx, const ComposeSpec& spec) = 0;

  // Resumable uploads; they and every acknowledged byte survive a restart. Unknown id kNotFound;
  // cancelled, failed for good or expired kNotFound/"gone". One request at a time sends data to an
  // upload; a second one is kUnavailable.
  virtual Result<std::string> StartUpload(const CallContext& ctx, const ObjectSpec& spec,
                                          std::optional<std::uint64_t> total_bytes) = 0;
  virtual Result<UploadStatus> Upload(const CallContext& ctx, std::string_view upload_id,
                                      const UploadChunk& chunk) = 0;
  virtual Result<UploadStatus> QueryUpload(const CallContext& ctx, std::string_view upload_id) = 0;
  virtual Status CancelUpload(const CallContext& ctx, std::string_view upload_id) = 0;

  virtual Result<NotificationConfig> CreateNotification(const CallContext& ctx,
                                                        NotificationConfig config) = 0;
  virtual Result<NotificationConfig> GetNotification(const CallContext& ctx,
                                                     std::string_view bucket,
                                                     std::string_view id) = 0;
  virtual Result<std::vector<NotificationConfig>> ListNotifications(const CallContext& ctx,
                                                                    std::string_view bucket) = 0;
  virtual Status DeleteNotification(const CallContext& ctx, std::string_view bucket,
                                    std::string_view id) = 0;

  // HMAC keys. Only CreateHmacKey's answer should leave the server with its secret.
  virtual Result<HmacKey> CreateHmacKey(const CallContext& ctx, std::string_view project,
                                        std::string_view service_account) = 0;
  virtual Result<HmacKey> GetHmacKey(const CallContext& ctx, std::string_view access_id) = 0;
  virtual Result<std::vector<HmacKey>> ListHmacKeys(const CallContext& ctx,
                                                    std::string_view project) = 0;
  virtual Result<HmacKey> UpdateHmacKey(const CallContext& ctx, std::string_view access_id,
                                        std::string_view state, std::string_view etag) = 0;
  // Only an INACTIVE key can be deleted.
  virtual Status DeleteHmacKey(const CallContext& ctx, std::string_view access_id) = 0;

  // Runs what time brings, as of the clock: lifecycle rules, the end of soft-deleted versions and
  // of forgotten uploads and rewrites. A thread of the store does the same every
  // Options::sweep_every.
  virtual Status Sweep(const CallContext& ctx) = 0;

  // Changes after `after`, oldest first; empty when caught up. Never skips; a reader keeps its
  // place with meta::SetCursor.
  virtual Result<std::vector<ObjectChange>> Changes(meta::Seq after, std::size_t changes_max) = 0;
};

struct Options {
  std::string dir = {};  // object files; made when missing
  std::size_t inline_bytes_max = 64 * 1024;
  std::uint64_t object_bytes_max = 5ull << 40;  // 5 TiB, Cloud Storage's limit
  std::uint64_t free_bytes_min =
      64ull << 20;  // below it writes are refused: kResourceExhausted/"diskFull"
  std::chrono::hours upload_life{24 * 7};
  std::size_t uploads_busy_max =
      1024;  // uploads that receive data at one time; more are kResourceExhausted
  std::chrono::seconds sweep_every{600};        // 0: no thread; Sweep() is the caller's business
  std::chrono::seconds soft_delete_default{0};  // of new buckets that do not say
  bool enforce_retention = true;  // of buckets; the testbench profile only stores the policy
  // Cloud Storage raises a bucket's metageneration with its notifications; the testbench does not.
  bool notifications_raise_metageneration = true;
};
// All references must outlive the Storage. Finishes interrupted clean-up of files before it
// returns.
Result<std::unique_ptr<Storage>> Open(Options options, meta::Store& meta, FileSystem& files,
                                      Clock& clock, Random& random, Faults& faults, Log& log,
                                      Metrics& metrics);

}  // namespace landfall::storage
