// The values of storage's interface: resources, what clients may set on them, and what they may
// ask. Part of storage.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/status.h"
#include "meta/meta.h"

namespace landfall::storage {

using Labels = std::map<std::string, std::string>;

// entity: "allUsers", "allAuthenticatedUsers", "user-E", "group-E", "domain-D",
// "project-{owners,editors,viewers}-N"; role: READER, WRITER, OWNER.
struct AclEntry {
  std::string entity = {}, role = {};
};
using Acl = std::vector<AclEntry>;

// Dates are "YYYY-MM-DD", midnight UTC. All conditions that are set must hold.
struct LifecycleCondition {
  std::optional<std::int64_t> age = {}, days_since_custom_time = {},
                              days_since_noncurrent_time = {}, num_newer_versions = {};
  std::string created_before = {}, custom_time_before = {}, noncurrent_time_before = {};
  std::optional<bool> is_live = {};
  std::vector<std::string> matches_storage_class = {}, matches_prefix = {}, matches_suffix = {};
};
enum class LifecycleAction : std::uint8_t { kDelete, kSetStorageClass, kAbortMultipartUpload };
struct LifecycleRule {
  LifecycleAction action = LifecycleAction::kDelete;
  std::string storage_class = {};  // of kSetStorageClass
  LifecycleCondition condition = {};
};

struct RetentionPolicy {
  std::int64_t seconds = 0;
  TimePoint effective_time = {};
  bool locked = false;
};
struct SoftDeletePolicy {
  std::int64_t seconds = 0;  // 0: off
  TimePoint effective_time = {};
};

struct Bucket {
  std::string name = {};
  std::string project = {};     // id of the project that owns it
  std::string location = "US";  // upper case
  std::string storage_class = "STANDARD";
  std::int64_t metageneration = 1;
  TimePoint time_created = {}, updated = {};
  Labels labels = {};
  bool uniform_access = false;  // iamConfiguration.uniformBucketLevelAccess.enabled

  std::int64_t generation = 0;          // tells buckets of one name apart; 0 in old directories
  std::optional<bool> versioning = {};  // absent: never stated, which means off
  std::vector<LifecycleRule> lifecycle = {};
  std::optional<RetentionPolicy> retention = {};
  std::optional<SoftDeletePolicy> soft_delete = {};  // absent at creation: the server's default
  bool default_event_based_hold = false;
  bool object_retention =
      false;  // objects may carry a retention of their own; set at creation only
  bool public_access_prevented = false;
  std::optional<TimePoint> uniform_access_since = {};
  std::optional<Acl> acl = {}, default_object_acl = {};  // absent: Cloud Storage's default
  Labels settings = {};  // by field name, JSON text: kept for clients, without effect on storage
  std::optional<TimePoint> soft_delete_time = {}, hard_delete_time = {};

  bool versions_on() const { return versioning.value_or(false); }
  std::int64_t soft_delete_seconds() const { return soft_delete ? soft_delete->seconds : 0; }
};
// Changes a bucket inside the commit: pure, quick, may run more than once.
using BucketEdit = std::function<Status(Bucket&)>;

struct ObjectRetention {
  bool locked = false;
  TimePoint until = {};
};

// What a client may set on an object. Absent strings are empty.
struct ObjectAttributes {
  std::string content_type = {}, content_encoding = {}, content_disposition = {},
              content_language = {};
  std::string cache_control = {};
  std::string storage_class = {};  // empty: the bucket's
  std::optional<TimePoint> custom_time = {};
  Labels metadata = {};  // names <= 1 KiB, values <= 4 KiB, together <= 8 KiB
  bool temporary_hold = false;
  std::optional<bool> event_based_hold = {};  // absent on insert: the bucket's default
  std::optional<ObjectRetention> retention = {};
  std::optional<Acl> acl = {};  // absent on insert: the bucket's default, or Cloud Storage's
};

struct Object {
  std::string bucket = {}, name = {};
  std::int64_t generation = 0;  // microseconds since 1970, strictly increasing per bucket
  std::int64_t metageneration = 1;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32c = 0;
  std::string md5 = {};  // 16 bytes; empty on composite objects
  TimePoint time_created = {}, updated = {};
  ObjectAttributes attributes = {};

  std::int64_t component_count = 0;                     // 0: not composite
  std::optional<TimePoint> storage_class_updated = {};  // absent: time_created
  std::optional<TimePoint> time_deleted = {};           // set on noncurrent versions
  std::optional<TimePoint> soft_delete_time = {},
                           hard_delete_time = {};  // set on soft-deleted ones
  std::optional<TimePoint> hold_released = {};     // when an event-based hold ended
  // Not stored: from the bucket's policy as of the answer.
  std::optional<TimePoint> retention_expiration = {};
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
  bool replace = false;         // update: what is not stated returns to its default
  std::optional<bool> temporary_hold = {}, event_based_hold = {};
  std::optional<std::optional<ObjectRetention>> retention = {};
  bool override_unlocked_retention = false;
  std::function<Status(Acl&)> edit_acl = {};
};

// The bytes of exactly one generation, whatever happens to the name meanwhile.
struct OpenObject {
  Object object = {};
  std::shared_ptr<ReadableFile> file =
      {};  // for sendfile when on disk; otherwise reads the inline bytes (fd() is -1)
};

enum class Versions : std::uint8_t { kLive, kAll, kSoftDeleted };
struct ListOptions {
  std::string prefix = {}, delimiter = {}, start_offset = {}, end_offset = {}, page_token = {};
  bool include_trailing_delimiter = false;
  std::size_t results_max = 1000;  // items plus prefixes; 1..1000
  Versions versions = Versions::kLive;
  std::string match_glob = {};
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

// Copy, move and rewrite. The blocks are shared, so the cost does not depend on the size.
struct CopySpec {
  std::string source_bucket = {}, source_name = {};
  std::optional<std::int64_t> source_generation = {};
  Precondition source_when = {};
  ObjectSpec destination = {};
  bool own_attributes = false;  // destination.attributes count; otherwise the source's
};
struct RewriteSpec {
  CopySpec copy = {};
  std::string token = {};                       // of the call before; kNotFound when unknown
  std::optional<std::uint64_t> bytes_max = {};  // per call: a multiple of 1 MiB
};
struct RewriteStatus {
  std::uint64_t rewritten_bytes = 0, object_bytes = 0;
  std::string token = {};             // until done
  std::optional<Object> object = {};  // once done
};
struct ComposeSource {
  std::string name = {};
  std::optional<std::int64_t> generation = {}, generation_match = {};
};
constexpr std::size_t kComposeSourcesMax = 32;
struct ComposeSpec {
  ObjectSpec destination = {};
  std::vector<ComposeSource> sources = {};
  bool delete_sources = false;
};

struct IamPolicy {
  std::int64_t version = 1;
  std::string bindings = "[]";  // JSON array
  std::int64_t revision = 1;    // its etag is "CAE=" for 1
};
std::string EtagOf(const IamPolicy& policy);

struct HmacKey {
  std::string access_id = {}, secret = {}, project = {}, service_account = {};
  std::string state = "ACTIVE";  // ACTIVE, INACTIVE, DELETED
  TimePoint time_created = {}, updated = {};
  std::int64_t revision = 1;
};
std::string EtagOf(const HmacKey& key);

enum class ChangeKind : std::uint8_t { kFinalize, kMetadataUpdate, kDelete, kArchive };
struct ObjectChange {
  meta::Seq seq = 0;
  ChangeKind kind = ChangeKind::kFinalize;
  TimePoint time = {};
  std::string project = {};                                    // of the bucket
  Object object = {};                                          // as of the event
  std::optional<std::int64_t> overwrote_generation = {};       // on kFinalize
  std::optional<std::int64_t> overwritten_by_generation = {};  // on kDelete and kArchive
};
constexpr std::string_view kObjectFeed = "storage.objects";

struct NotificationConfig {
  std::string id = {}, bucket = {}, topic = {};  // topic: "projects/P/topics/T"
  std::string payload_format = "JSON_API_V1";    // or NONE
  std::vector<std::string> event_types = {};     // empty: all
  std::string object_name_prefix = {};
  Labels custom_attributes = {};
};

}  // namespace landfall::storage
