#include "storage/codec.h"

#include <gtest/gtest.h>

namespace landfall::storage {
namespace {

Bucket FullBucket() {
  Bucket b{.name = "b", .project = "p", .labels = {{"k", "v"}}, .uniform_access = true};
  b.generation = 7;
  b.versioning = true;
  b.lifecycle = {{.action = LifecycleAction::kSetStorageClass,
                  .storage_class = "ARCHIVE",
                  .condition = {.age = 3,
                                .num_newer_versions = 2,
                                .created_before = "2020-01-01",
                                .is_live = false,
                                .matches_prefix = {"a", "b"}}}};
  b.retention = RetentionPolicy{.seconds = 9, .effective_time = FromMicros(5), .locked = true};
  b.soft_delete = SoftDeletePolicy{.seconds = 604800, .effective_time = FromMicros(6)};
  b.default_event_based_hold = b.object_retention = b.public_access_prevented = true;
  b.uniform_access_since = FromMicros(8);
  b.acl = Acl{{"allUsers", "READER"}};
  b.default_object_acl = Acl{};
  b.settings = {{"cors", "[]"}};
  b.soft_delete_time = FromMicros(1);
  b.hard_delete_time = FromMicros(2);
  return b;
}

Object FullObject() {
  Object o{.bucket = "b", .name = "n", .generation = 3, .size_bytes = 4, .crc32c = 5};
  o.attributes.content_type = "text/plain";
  o.attributes.temporary_hold = true;
  o.attributes.event_based_hold = false;
  o.attributes.retention = ObjectRetention{.locked = true, .until = FromMicros(9)};
  o.attributes.acl = Acl{{"user-a", "OWNER"}};
  o.component_count = 2;
  o.storage_class_updated = FromMicros(3);
  o.time_deleted = FromMicros(4);
  o.soft_delete_time = FromMicros(5);
  o.hard_delete_time = FromMicros(6);
  o.hold_released = FromMicros(7);
  return o;
}

// Decoding and encoding again gives the same bytes, so no field is lost.
TEST(StorageCodec, KeepsEveryField) {
  const std::string bucket = EncodeBucket(FullBucket());
  EXPECT_EQ(EncodeBucket(DecodeBucket(bucket).value()), bucket);
  EXPECT_EQ(DecodeBucket(bucket)->lifecycle[0].condition.matches_prefix.size(), 2u);
  const std::string object = EncodeObject({FullObject(), {11, true}});
  const StoredObject stored = DecodeObject("b", "n", object).value();
  EXPECT_EQ(EncodeObject(stored), object);
  EXPECT_EQ(stored.object.hold_released, FromMicros(7));
  StoredUpload upload{.persisted_bytes = 5, .object = FullObject()};
  upload.spec.attributes = FullObject().attributes;
  EXPECT_EQ(EncodeUpload(DecodeUpload(EncodeUpload(upload)).value()), EncodeUpload(upload));
  const ObjectChange change{.kind = ChangeKind::kArchive, .object = FullObject()};
  EXPECT_EQ(EncodeChange(DecodeChange(1, EncodeChange(change)).value()), EncodeChange(change));
  const StoredRewrite rewrite{.rewritten_bytes = 8, .spec = {.bytes_max = 1 << 20}};
  EXPECT_EQ(EncodeRewrite(DecodeRewrite(EncodeRewrite(rewrite)).value()), EncodeRewrite(rewrite));
}

// As the first release wrote them: version byte 1, no extension.
TEST(StorageCodec, ReadsRecordsOfTheFirstVersion) {
  const std::string bucket(
      "\x01\x01"
      "b\x01"
      "p\x02US\x08STANDARD\x02\x00\x00\x00\x01",
      22);
  const auto old_bucket = DecodeBucket(bucket);
  ASSERT_TRUE(old_bucket.ok()) << old_bucket.status().ToString();
  EXPECT_TRUE(old_bucket->uniform_access);
  EXPECT_EQ(old_bucket->soft_delete_seconds(), 0);
  EXPECT_EQ(EncodeBucket(*old_bucket), bucket);

  Object plain{.bucket = "b", .name = "n", .generation = 3};
  const std::string object = EncodeObject({plain, {}});
  EXPECT_EQ(object[0], 1) << "a plain object needs no extension";
  EXPECT_EQ(DecodeObject("b", "n", object)->object.generation, 3);
}

TEST(StorageCodec, RefusesForeignVersionsAndCutRecords) {
  std::string object = EncodeObject({FullObject(), {}});
  EXPECT_FALSE(DecodeObject("b", "n", std::string_view(object).substr(0, 20)).ok());
  object[0] = 9;
  EXPECT_EQ(DecodeObject("b", "n", object).status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace landfall::storage
