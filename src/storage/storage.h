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

#include <cstdint>
#include <map>
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

namespace landfall::storage {

using Labels = std::map<std::string, std::string>;

struct Bucket {
  std::string name = {};
  std::string project = {};     // id of the project that owns it
  std::string location = "US";  // upper case
  std::string storage_class = "STANDARD";
  std::int64_t metageneration = 1;
  TimePoint time_created = {}, updated = {};
  Labels labels = {};
  bool uniform_access = false;  // iamConfiguration.uniformBucketLevelAccess.enabled
};

// What a client may set on an object. Absent strings are empty.
struct ObjectAttributes {
  std::string content_type = {}, content_encoding = {}, content_disposition = {},
              content_language = {};
  std::string cache_control = {};
  std::string storage_class = {};  // empty: the bucket's
  std::optional<TimePoint> custom_time = {};
  Labels metadata = {};  // names <= 1 KiB, values <= 4 KiB, together <= 8 KiB
};

struct Object {
  std::string bucket = {}, name = {};
  std::int64_t generation = 0;  // microseconds since 1970, strictly increasing per bucket
  std::int64_t metageneration = 1;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32c = 0;
  std::string md5 = {};  // 16 bytes
  TimePoint time_created = {}, updated = {};
  ObjectAttributes attributes = {};
};

// The JSON `etag`: base64 of the protobuf varint fields 1 = generation and 2 = metageneration (a
// bucket: 1 = metageneration). Cloud Storage's form; opaque to clients.
std::string EtagOf(const Object& object);
std::string EtagOf(const Bucket& bucket);

// All that are set must hold, checked atomically with the change. generation_match 0: "must not
// exist". Broken: kFailedPrecondition/"conditionNotMet", location "If-Match". A broken *_not_match
// on a read: reason "notModified".
struct Precondition {
  std::optional<std::int64_t> generation_match = {}, generation_not_match = {};
  std::optional<std::int64_t> metageneration_match = {}, metageneration_not_match = {};
  // If-Match and If-None-Match: one of these etags, none of these; "*" is any resource that exists.
  // Empty: not stated.
  std::vector<std::string> etag_match = {}, etag_not_match = {};
};

struct Checksums {  // as stated by the client; empty: not stated
  std::optional<std::uint32_t> crc32c = {};
  std::string md5 = {};  // 16 bytes
};

struct ObjectSpec {
  std::string bucket = {}, name = {};
  ObjectAttributes attributes = {};
  Checksums expected =
      {};  // a mismatch is kInvalidArgument/"invalid" quoting both; nothing is stored
  Precondition when = {};
};

// An attribute patch: absent leaves, null removes.
struct ObjectPatch {
  std::map<std::string, std::optional<std::string>> attributes =
      {};  // by JSON name: contentType, cacheControl, ...
  std::map<std::string, std::optional<std::string>> metadata = {};
  bool clear_metadata = false;  // "metadata": null
};
struct BucketPatch {
  std::map<std::string, std::optional<std::string>> labels = {};
  bool clear_labels = false;
  std::optional<std::string> storage_class = {};
  std::optional<bool> uniform_access = {};
};

// The bytes of exactly one generation, whatever happens to the name meanwhile.
struct OpenObject {
  Object object = {};
  std::shared_ptr<ReadableFile> file =
      {};  // for sendfile when on disk; otherwise reads the inline bytes (fd() is -1)
};

struct ListOptions {
  std::string prefix = {}, delimiter = {}, start_offset = {}, end_offset = {}, page_token = {};
  bool include_trailing_delimiter = false;
  std::size_t results_max = 1000;  // items plus prefixes; 1..1000
};
struct ObjectPage {
  std::vector<Object> items = {};
  std::vector<std::string> prefixes = {};
  std::string next_page_token = {};
};
struct BucketPage {
  std::vector<Bucket> items = {};
  std::string next_page_token = {};
};

struct UploadStatus {
  std::uint64_t persisted_bytes = 0;  // durable
  std::optional<Object> object = {};  // set once complete
};
// One request of a resumable upload. A chunk that does not end the object must bring 256 KiB or
// more (else kInvalidArgument, nothing is stored) and is persisted down to a multiple of 256 KiB.
// Only bytes that arrived count, whatever the chunk declares.
struct UploadChunk {
  std::optional<std::uint64_t> offset = {};  // absent: where the persisted bytes end. Bytes already
                                             // persisted are skipped; a gap is kInvalidArgument
  std::optional<std::uint64_t> length =
      {};  // declared; bytes beyond it are not read. Absent: to the end of the body
  std::optional<std::uint64_t> total = {};  // known total: complete when reached
  bool last = false;           // total unknown, but the end of this body is the end of the object
  Checksums expected = {};     // checked on completion, in addition to the spec's
  ByteSource* body = nullptr;  // null: only finalise when persisted == total
};
constexpr std::uint64_t kUploadGranuleBytes = 256 * 1024;

enum class ChangeKind : std::uint8_t { kFinalize, kMetadataUpdate, kDelete };
struct ObjectChange {
  meta::Seq seq = 0;
  ChangeKind kind = ChangeKind::kFinalize;
  TimePoint time = {};
  std::string project = {};                                    // of the bucket
  Object object = {};                                          // as of the event
  std::optional<std::int64_t> overwrote_generation = {};       // on kFinalize
  std::optional<std::int64_t> overwritten_by_generation = {};  // on kDelete
};
constexpr std::string_view kObjectFeed = "storage.objects";

struct NotificationConfig {
  std::string id = {}, bucket = {}, topic = {};  // topic: "projects/P/topics/T"
  std::string payload_format = "JSON_API_V1";    // or NONE
  std::vector<std::string> event_types = {};     // empty: all
  std::string object_name_prefix = {};
  Labels custom_attributes = {};
};

class Storage {
 public:
  virtual ~Storage() = default;

  // Buckets. kAlreadyExists/"conflict" with Google's two texts; delete of a non-empty one
  // kAlreadyExists/"conflict".
  virtual Result<Bucket> CreateBucket(const CallContext& ctx, Bucket bucket) = 0;
  virtual Result<Bucket> GetBucket(const CallContext& ctx, std::string_view name,
                                   const Precondition& when = {}) = 0;
  virtual Result<BucketPage> ListBuckets(const CallContext& ctx, std::string_view project,
                                         const ListOptions& options) = 0;
  virtual Result<Bucket> PatchBucket(const CallContext& ctx, std::string_view name,
                                     const BucketPatch& patch, const Precondition& when) = 0;
  virtual Status DeleteBucket(const CallContext& ctx, std::string_view name,
                              const Precondition& when) = 0;

  // Replaces the object atomically: readers see the old body or the new one, never a mix. Durable
  // on return.
  virtual Result<Object> Insert(const CallContext& ctx, const ObjectSpec& spec,
                                ByteSource& body) = 0;
  // kNotFound "No such object: b/o". generation: that version (only the live one exists without
  // versioning).
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
};
// All references must outlive the Storage. Finishes interrupted clean-up of files before it
// returns.
Result<std::unique_ptr<Storage>> Open(Options options, meta::Store& meta, FileSystem& files,
                                      Clock& clock, Random& random, Faults& faults, Log& log,
                                      Metrics& metrics);

}  // namespace landfall::storage
