// Storage's rows in meta. Private to storage.
//
//   st.b  bucket                    Bucket
//   st.o  bucket, name              StoredObject: the live version
//   st.i  blob id                   the bytes of an inline object, apart from its row so that
//   listing skips them st.f  blob id                   this file is owned (by an object or an
//   upload); a file without a row is litter st.u  upload id                 StoredUpload st.ux
//   expiry, upload id         when to forget the upload st.n  bucket, number NotificationConfig
//   st.gen                          the last generation handed out
//   st.epoch                        how often the store was opened; the high bits of blob ids
//   st.nid                          the last notification number handed out
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "meta/meta.h"

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
inline std::string GenerationKey() { return meta::MakeKey({"st.gen"}); }
inline std::string EpochKey() { return meta::MakeKey({"st.epoch"}); }
inline std::string NotificationNumberKey() { return meta::MakeKey({"st.nid"}); }

}  // namespace landfall::storage
