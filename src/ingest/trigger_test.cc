#include "ingest/trigger.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace landfall::ingest {
namespace {

Result<Trigger> Decode(std::string_view body,
                       const std::map<std::string, std::string>& headers = {}) {
  return DecodeTrigger(ParseJson(body).value(), headers);
}

void ExpectTrigger(const Result<Trigger>& trigger, std::optional<std::int64_t> generation = 7) {
  ASSERT_TRUE(trigger.ok()) << trigger.status().ToString();
  EXPECT_EQ(trigger->bucket, "b");
  EXPECT_EQ(trigger->object, "d/t/_SUCCESS");
  EXPECT_EQ(trigger->generation, generation);
  EXPECT_TRUE(trigger->finalize);
}

constexpr std::string_view kResource =
    R"({"kind":"storage#object","bucket":"b","name":"d/t/_SUCCESS","generation":"7","size":"0"})";
constexpr std::string_view kMessage =
    R"({"attributes":{"bucketId":"b","objectId":"d/t/_SUCCESS","objectGeneration":"7",)"
    R"("eventType":"OBJECT_FINALIZE"},)"
    R"("data":"bm90IGpzb24="})";

TEST(DecodeTrigger, QueueMessage) { ExpectTrigger(Decode(kMessage)); }

TEST(DecodeTrigger, QueueMessageNeedsOnlyBucketAndObject) {
  ExpectTrigger(
      Decode(R"({"attributes":{"bucketId":"b","objectId":"d/t/_SUCCESS","_metaInfo":"x"}})"),
      std::nullopt);
}

TEST(DecodeTrigger, PushBody) {
  ExpectTrigger(Decode(R"({"subscription":"projects/p/subscriptions/s","message":)" +
                       std::string(kMessage) + "}"));
}

TEST(DecodeTrigger, B25_ObjectResource) {
  ExpectTrigger(Decode(kResource));
  ExpectTrigger(
      Decode(R"({"kind":"storage#object","bucket":"b","name":"d/t/_SUCCESS","generation":7})"));
}

TEST(DecodeTrigger, StructuredCloudEvent) {
  ExpectTrigger(
      Decode(R"({"specversion":"1.0","type":"google.cloud.storage.object.v1.finalized","id":"1",)"
             R"("source":"//storage.googleapis.com/projects/_/buckets/b","data":)" +
             std::string(kResource) + "}"));
}

TEST(DecodeTrigger, BinaryCloudEvent) {
  ExpectTrigger(Decode(kResource, {{"Ce-Type", "google.cloud.storage.object.v1.finalized"},
                                   {"ce-specversion", "1.0"}}));
}

TEST(DecodeTrigger, PublishedMessageEventHoldsAPushBody) {
  ExpectTrigger(
      Decode(R"({"specversion":"1.0","type":"google.cloud.pubsub.topic.v1.messagePublished",)"
             R"("data":{"message":)" +
             std::string(kMessage) + "}}"));
}

TEST(DecodeTrigger, OtherEventTypesAreNoOps) {
  EXPECT_FALSE(
      Decode(R"({"attributes":{"bucketId":"b","objectId":"o","eventType":"OBJECT_DELETE"}})")
          ->finalize);
  EXPECT_FALSE(
      Decode(R"({"specversion":"1.0","type":"google.cloud.storage.object.v1.deleted","data":{}})")
          ->finalize);
  EXPECT_FALSE(
      Decode(kResource, {{"ce-type", "google.cloud.storage.object.v1.archived"}})->finalize);
}

TEST(DecodeTrigger, EverythingElseIsUnexpectedAndNamesTheForms) {
  for (const char* body :
       {"{}", "[]", "7", R"({"kind":"storage#bucket","bucket":"b","name":"o"})",
        R"({"kind":"storage#object","name":"o"})", R"({"attributes":{"bucketId":"b"}})",
        R"({"attributes":7})", R"({"message":"x"})",
        R"({"specversion":"1.0","type":"com.example.other","data":{}})",
        R"({"specversion":"1.0","type":"google.cloud.storage.object.v1.finalized"})",
        R"({"specversion":"1.0","type":"google.cloud.storage.object.v1.finalized",)"
        R"("data_base64":"%%"})",
        R"({"kind":"storage#object","bucket":"b","name":"o","generation":"x"})",
        R"({"kind":"storage#object","bucket":"b","name":"o","generation":-1})",
        R"({"kind":"storage#object","bucket":7,"name":"o"})"}) {
    const Result<Trigger> trigger = Decode(body);
    ASSERT_FALSE(trigger.ok()) << body;
    EXPECT_EQ(trigger.status().reason(), "UnexpectedTrigger") << body;
    EXPECT_NE(trigger.status().message().find("storage#object"), std::string::npos);
    EXPECT_NE(trigger.status().message().find("bucketId"), std::string::npos);
    EXPECT_NE(trigger.status().message().find("CloudEvent"), std::string::npos);
  }
}

// Google's own samples, when the corpora lie beside the checkout.
class CloudEventSamples : public ::testing::Test {
 protected:
  std::filesystem::path Corpus() const {
    return std::filesystem::path(__FILE__).parent_path() / "../../../shared/corpora/cloudevents";
  }
  std::string Sample(const std::string& name) const {
    std::ifstream in(Corpus() / name);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void SetUp() override {
    if (!std::filesystem::exists(Corpus()))
      GTEST_SKIP() << "corpora/cloudevents is not beside the checkout";
  }
};

TEST_F(CloudEventSamples, StructuredStorageEvent) {
  const Trigger trigger =
      Decode(Sample("examples/structured/storage/StorageObjectDataWorkflows.json")).value();
  EXPECT_EQ(trigger.bucket, "sample-bucket");
  EXPECT_EQ(trigger.object, "MyFile");
  EXPECT_EQ(trigger.generation, 96883251) << "a number in this sample";
}

TEST_F(CloudEventSamples, BinaryStorageEvents) {
  for (const char* name :
       {"examples/binary/storage/StorageObjectData-simple.json",
        "testdata/google/events/cloud/storage/v1/StorageObjectData-simple.json"}) {
    const Trigger trigger =
        Decode(Sample(name), {{"ce-type", "google.cloud.storage.object.v1.finalized"}}).value();
    EXPECT_EQ(trigger.object, "folder/Test.cs") << name;
    EXPECT_EQ(trigger.generation, 1587627537231057) << name;
  }
  for (const char* name :
       {"examples/binary/storage/StorageObjectData-complex.json",
        "testdata/google/events/cloud/storage/v1/StorageObjectData-complex.json"}) {
    EXPECT_TRUE(
        Decode(Sample(name), {{"ce-type", "google.cloud.storage.object.v1.finalized"}}).ok())
        << name;
  }
}

TEST_F(CloudEventSamples, PublishedMessagesWithoutStorageAttributesAreUnexpected) {
  for (const char* name :
       {"examples/structured/pubsub/MessagePublishedData.json",
        "testdata/google/events/cloud/pubsub/v1/MessagePublishedData-text.json",
        "testdata/google/events/cloud/pubsub/v1/MessagePublishedData-duplicatedFields.json"}) {
    EXPECT_EQ(Decode(Sample(name)).status().reason(), "UnexpectedTrigger") << name;
  }
}

}  // namespace
}  // namespace landfall::ingest
