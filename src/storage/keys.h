// Storage's rows in meta. Private to storage.
//
// clang-format off
//   st.b   bucket                          Bucket
//   st.o   bucket, name                    StoredObject: the live version
//   st.v   bucket, name, generation        StoredObject: a noncurrent version
//   st.s   bucket, its generation, name, generation   StoredObject: soft-deleted
//   st.sx  hard delete time, the parts of st.s        when a soft-deleted version ends
//   st.i   blob id                         the bytes of an inline object; listing skips them
//   st.f   blob id                         how many own the file (empty: one); no row: litter
//   st.u   upload id                       StoredUpload
//   st.ux  expiry, upload id               when to forget the upload
//   st.n   bucket, number                  NotificationConfig
//   st.bs  bucket, its generation          Bucket: soft-deleted
//   st.bp  bucket                          IamPolicy
//   st.rw  token                           StoredRewrite
//   st.h   access id                       HmacKey
//   st.gen                                 the last generation handed out
//   st.epoch                               times the store was opened; the high bits of blob ids
//   st.nid                                 the last notification number handed out
// clang-format on
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "meta/meta.h"
#include "storage/types.h"

namespace landfall::storage {

inline std::string BucketKey(std::string_view bucket) { return meta::MakeKey({"st.b", bucket}); }
inline std::string BucketsPrefix() { return meta::MakeKey({"st.b"}); }
inline std::string ObjectKey(std::string_view bucket, std::string_view name) {
  return meta::MakeKey({"st.o", bucket, name});
}
inline std::string ObjectsPrefix(std::string_view bucket) {
  return meta::MakeKey({"st.o", bucket});
}
inline std::string InlineKey(std::uint64_t blob) {
  return meta::MakeKey({"st.i", meta::OrderedInt(blob)});
}
inline std::string FileKey(std::uint64_t blob) {
  return meta::MakeKey({"st.f", meta::OrderedInt(blob)});
}
inline std::string FilesPrefix() { return meta::MakeKey({"st.f"}); }
inline std::string UploadKey(std::string_view id) { return meta::MakeKey({"st.u", id}); }
inline std::string UploadExpiryKey(std::uint64_t expiry_us, std::string_view id) {
  return meta::MakeKey({"st.ux", meta::OrderedInt(expiry_us), id});
}
inline std::string UploadExpiryPrefix() { return meta::MakeKey({"st.ux"}); }
inline std::string NotificationKey(std::string_view bucket, std::uint64_t number) {
  return meta::MakeKey({"st.n", bucket, meta::OrderedInt(number)});
}
inline std::string NotificationsPrefix(std::string_view bucket) {
  return meta::MakeKey({"st.n", bucket});
}
inline std::string Ordered(std::int64_t value) {
  return meta::OrderedInt(static_cast<std::uint64_t>(value));
}
inline std::string VersionKey(std::string_view bucket, std::string_view name,
                              std::int64_t generation) {
  return meta::MakeKey({"st.v", bucket, name, Ordered(generation)});
}
inline std::string VersionsPrefix(std::string_view bucket) {
  return meta::MakeKey({"st.v", bucket});
}
inline std::string VersionsPrefix(std::string_view bucket, std::string_view name) {
  return meta::MakeKey({"st.v", bucket, name});
}
inline std::string SoftDeletedKey(const Bucket& bucket, std::string_view name,
                                  std::int64_t generation) {
  return meta::MakeKey(
      {"st.s", bucket.name, Ordered(bucket.generation), name, Ordered(generation)});
}
inline std::string SoftDeletedPrefix(const Bucket& bucket) {
  return meta::MakeKey({"st.s", bucket.name, Ordered(bucket.generation)});
}
inline std::string SoftDeletedEndKey(TimePoint end, const Bucket& bucket, std::string_view name,
                                     std::int64_t generation) {
  return meta::MakeKey({"st.sx", Ordered(ToMicros(end)), bucket.name, Ordered(bucket.generation),
                        name, Ordered(generation)});
}
inline std::string SoftDeletedEndsPrefix() { return meta::MakeKey({"st.sx"}); }
inline std::string SoftDeletedBucketKey(std::string_view bucket, std::int64_t generation) {
  return meta::MakeKey({"st.bs", bucket, Ordered(generation)});
}
inline std::string SoftDeletedBucketsPrefix() { return meta::MakeKey({"st.bs"}); }
inline std::string IamPolicyKey(std::string_view bucket) {
  return meta::MakeKey({"st.bp", bucket});
}
inline std::string RewriteKey(std::string_view token) { return meta::MakeKey({"st.rw", token}); }
inline std::string RewritesPrefix() { return meta::MakeKey({"st.rw"}); }
inline std::string HmacKeyKey(std::string_view access_id) {
  return meta::MakeKey({"st.h", access_id});
}
inline std::string HmacKeysPrefix() { return meta::MakeKey({"st.h"}); }
inline std::string GenerationKey() { return meta::MakeKey({"st.gen"}); }
inline std::string EpochKey() { return meta::MakeKey({"st.epoch"}); }
inline std::string NotificationNumberKey() { return meta::MakeKey({"st.nid"}); }

}  // namespace landfall::storage
