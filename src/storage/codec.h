// The byte form of everything storage keeps in meta. Private to storage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/storage.h"

namespace landfall::storage {

// Where an object's bytes are. `blob` names an inline value or a file; 0 only for an empty inline
// object.
struct Blob {
  std::uint64_t id = 0;
  bool in_file = false;
};

struct StoredObject {
  Object object = {};
  Blob blob = {};
};

enum class UploadState : std::uint8_t { kActive, kComplete, kGone };
struct StoredUpload {
  UploadState state = UploadState::kActive;
  TimePoint created = {};
  ObjectSpec spec = {};
  std::optional<std::uint64_t> total_bytes = {};
  std::uint64_t persisted_bytes = 0;
  std::uint64_t file_id = 0;  // 0 until the first chunk is persisted
  std::optional<Object> object = {};
};

struct StoredRewrite {
  TimePoint created = {};
  std::uint64_t rewritten_bytes = 0;
  RewriteSpec spec = {};  // with the source's generation; the token is in the key
};

std::string EncodeBucket(const Bucket& bucket);
Result<Bucket> DecodeBucket(std::string_view bytes);

// Bucket and name are in the key, not in the value.
std::string EncodeObject(const StoredObject& stored);
Result<StoredObject> DecodeObject(std::string_view bucket, std::string_view name,
                                  std::string_view bytes);

std::string EncodeUpload(const StoredUpload& upload);
Result<StoredUpload> DecodeUpload(std::string_view bytes);

std::string EncodeRewrite(const StoredRewrite& rewrite);
Result<StoredRewrite> DecodeRewrite(std::string_view bytes);

std::string EncodeIamPolicy(const IamPolicy& policy);
Result<IamPolicy> DecodeIamPolicy(std::string_view bytes);

std::string EncodeHmacKey(const HmacKey& key);
Result<HmacKey> DecodeHmacKey(std::string_view bytes);

std::string EncodeNotification(const NotificationConfig& config);
Result<NotificationConfig> DecodeNotification(std::string_view bytes);

std::string EncodeChange(const ObjectChange& change);
Result<ObjectChange> DecodeChange(meta::Seq seq, std::string_view bytes);

}  // namespace landfall::storage
