// The notifier on a real store, real storage and real topics. A kill is a commit that fails before
// or after it took place, followed by a pump that starts anew.
#include "notify/pump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

namespace landfall::notify {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kTopic[] = "projects/p/topics/top";
constexpr char kSub[] = "projects/p/subscriptions/sub";
constexpr char kMarkers[] = "projects/p/topics/markers";
constexpr char kMarkersSub[] = "projects/p/subscriptions/markers";

enum class Cut { kNone, kBefore, kAfter };

// Lets everything through, but for one commit that is cut off.
class CuttingStore final : public meta::Store {
 public:
  explicit CuttingStore(meta::Store& real) : real_(real) {}
  Cut next = Cut::kNone;
  int commits = 0;

  Status Commit(const meta::Change& change) override {
    ++commits;
    const Cut cut = std::exchange(next, Cut::kNone);
    if (cut == Cut::kBefore) return Unavailable("killed before the commit");
    TRY(real_.Commit(change));
    return cut == Cut::kAfter ? Unavailable("killed after the commit") : Ok();
  }
  Result<std::optional<std::string>> Get(std::string_view key) override { return real_.Get(key); }
  std::unique_ptr<meta::Reader> Snapshot() override { return real_.Snapshot(); }
  Result<std::vector<meta::FeedEntry>> ReadFeed(std::string_view feed, meta::Seq after,
                                                std::size_t max) override {
    return real_.ReadFeed(feed, after, max);
  }
  bool WaitFeed(std::string_view feed, meta::Seq after, milliseconds bound) override {
    return real_.WaitFeed(feed, after, bound);
  }
  std::uint64_t SizeBytes() override { return real_.SizeBytes(); }

 private:
  meta::Store& real_;
};

class NotifyPump : public ::testing::Test {
 protected:
  NotifyPump() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    dir_ = ::testing::TempDir() + "notify_" + test->name() + "_" + std::to_string(getpid());
    std::filesystem::remove_all(dir_);
    meta_ = meta::Open({.dir = dir_ + "/meta"}, log_, metrics_).value();
    storage_ = storage::Open({.dir = dir_ + "/objects"}, *meta_, *files_, clock_, random_, faults_,
                             log_, metrics_)
                   .value();
    pubsub_ = pubsub::Open({}, *meta_, clock_, random_, log_, metrics_).value();
    cutting_ = std::make_unique<CuttingStore>(*meta_);
    storage::Bucket bucket;
    bucket.name = "bucket";
    bucket.project = "p";
    CHECK_OK(storage_->CreateBucket({}, bucket));
    MakeTopic(kTopic, kSub);
    Restart();
  }
  ~NotifyPump() override {
    pump_.reset();
    pubsub_.reset();
    storage_.reset();
    meta_.reset();
    std::filesystem::remove_all(dir_);
  }

  void MakeTopic(const char* topic, const char* subscription) {
    CHECK_OK(pubsub_->CreateTopic({}, {.name = topic}));
    CHECK_OK(pubsub_->CreateSubscription({}, {.name = subscription, .topic = topic}));
  }
  std::vector<Watch> MarkerWatch() {
    return {{.topic = kMarkers, .wanted = [](const storage::ObjectChange& change) {
               return change.kind == storage::ChangeKind::kFinalize &&
                      change.object.name.ends_with("_DONE");
             }}};
  }
  void Restart(std::vector<Watch> watches = {}) {
    pump_ =
        std::make_unique<Pump>(*cutting_, *storage_, *pubsub_, std::move(watches), log_, metrics_);
    CHECK_OK(pump_->MakeTopics());
  }
  storage::NotificationConfig Configure(
      std::function<void(storage::NotificationConfig&)> change = {}) {
    storage::NotificationConfig config;
    config.bucket = "bucket";
    config.topic = kTopic;
    if (change) change(config);
    return storage_->CreateNotification({}, config).value();
  }
  storage::Object Write(const std::string& name) {
    storage::ObjectSpec spec;
    spec.bucket = "bucket";
    spec.name = name;
    StringSource body("body");
    return storage_->Insert({}, spec, body).value();
  }
  std::vector<pubsub::Message> Received(const char* subscription = kSub,
                                        milliseconds wait = milliseconds(0)) {
    std::vector<pubsub::Message> messages;
    for (auto& delivery : pubsub_->Pull({}, subscription, 1000, wait).value()) {
      messages.push_back(std::move(delivery.message));
    }
    return messages;
  }
  std::vector<std::string> Events(const char* subscription = kSub) {
    std::vector<std::string> events;
    for (const pubsub::Message& message : Received(subscription)) {
      events.push_back(message.attributes.at("eventType") + " " +
                       message.attributes.at("objectId"));
    }
    return events;
  }
  Result<std::size_t> Step() { return pump_->Step({}); }
  meta::Seq StoredCursor() {
    return meta::Cursor(*meta_->Snapshot(), storage::kObjectFeed, kConsumer).value();
  }
  std::size_t LogLines(const std::string& event) {
    std::size_t count = 0;
    for (const std::string& line : log_.lines())
      count += line.find('"' + event + '"') != std::string::npos;
    return count;
  }

  FakeClock clock_;
  SeededRandom random_{1};
  Faults faults_;
  CapturedLog log_;
  Metrics metrics_;
  std::unique_ptr<FileSystem> files_ = MakePosixFiles();
  std::string dir_;
  std::unique_ptr<meta::Store> meta_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<pubsub::PubSub> pubsub_;
  std::unique_ptr<CuttingStore> cutting_;
  std::unique_ptr<Pump> pump_;
};

TEST_F(NotifyPump, SendsOneMessagePerConfigurationAndEvent) {
  const storage::NotificationConfig first = Configure();
  const storage::NotificationConfig second = Configure([](auto& c) { c.payload_format = "NONE"; });
  const storage::Object object = Write("a");
  EXPECT_EQ(Step().value(), 1u);
  EXPECT_EQ(Step().value(), 0u);
  const std::vector<pubsub::Message> got = Received();
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(got[0].attributes.at("notificationConfig"),
            "projects/_/buckets/bucket/notificationConfigs/" + first.id);
  EXPECT_EQ(got[0].attributes.at("objectGeneration"), std::to_string(object.generation));
  EXPECT_EQ(got[1].attributes.at("notificationConfig"),
            "projects/_/buckets/bucket/notificationConfigs/" + second.id);
  EXPECT_EQ(got[1].data, "");
}

TEST_F(NotifyPump, SendsTwoMessagesForAnOverwrite) {
  Configure();
  const std::string before = std::to_string(Write("a").generation);
  CHECK_OK(Step());
  Received();
  const std::string after = std::to_string(Write("a").generation);
  CHECK_OK(Step());
  const std::vector<pubsub::Message> got = Received();
  ASSERT_THAT(got, SizeIs(2));
  for (const pubsub::Message& message : got) {
    const auto& a = message.attributes;
    if (a.at("eventType") == "OBJECT_FINALIZE") {
      EXPECT_EQ(a.at("objectGeneration"), after);
      EXPECT_EQ(a.at("overwroteGeneration"), before);
    } else {
      EXPECT_EQ(a.at("eventType"), "OBJECT_DELETE");
      EXPECT_EQ(a.at("objectGeneration"), before);
      EXPECT_EQ(a.at("overwrittenByGeneration"), after);
    }
  }
  EXPECT_NE(got[0].attributes.at("eventType"), got[1].attributes.at("eventType"));
}

TEST_F(NotifyPump, FiltersByEventTypeAndPrefix) {
  Configure([](auto& c) { c.event_types = {"OBJECT_DELETE"}; });
  Configure([](auto& c) { c.object_name_prefix = "in/"; });
  Write("in/a");
  Write("out/b");
  CHECK_OK(storage_->Delete({}, "bucket", "out/b", {}, {}));
  CHECK_OK(Step());
  EXPECT_THAT(Events(), ElementsAre("OBJECT_FINALIZE in/a", "OBJECT_DELETE out/b"));
}

TEST_F(NotifyPump, NeitherLosesNorDoublesWhereverItIsKilled) {
  Configure();
  for (const Cut cut : {Cut::kBefore, Cut::kAfter}) {
    for (const bool restarted : {true, false}) {
      Write("a");
      Write("b");
      const meta::Seq before = StoredCursor();
      cutting_->next = cut;
      EXPECT_EQ(Step().status().code(), Code::kUnavailable);
      EXPECT_GE(StoredCursor(), before);
      if (restarted) Restart();
      EXPECT_TRUE(Step().ok());
      EXPECT_THAT(Events(), ElementsAre("OBJECT_FINALIZE a", "OBJECT_FINALIZE b"));
      CHECK_OK(storage_->Delete({}, "bucket", "a", {}, {}));
      CHECK_OK(storage_->Delete({}, "bucket", "b", {}, {}));
      CHECK_OK(Step());
      EXPECT_THAT(Events(), ElementsAre("OBJECT_DELETE a", "OBJECT_DELETE b"));
    }
  }
}

TEST_F(NotifyPump, TwoOnOneStoreDoNotDouble) {
  Configure();
  Pump other(*cutting_, *storage_, *pubsub_, {}, log_, metrics_);
  CHECK_OK(Step());
  CHECK_OK(other.Step({}));
  Write("a");
  CHECK_OK(other.Step({}));
  Write("b");
  EXPECT_EQ(Step().status().code(), Code::kAborted) << "the cursor is not where it left it";
  EXPECT_EQ(Step().value(), 1u);
  EXPECT_THAT(Events(), ElementsAre("OBJECT_FINALIZE a", "OBJECT_FINALIZE b"));
}

TEST_F(NotifyPump, SkipsADeletedTopicWithALogLine) {
  MakeTopic("projects/p/topics/gone", "projects/p/subscriptions/gone");
  Configure([](auto& c) { c.topic = "projects/p/topics/gone"; });
  Configure();
  CHECK_OK(pubsub_->DeleteTopic({}, "projects/p/topics/gone"));
  Write("a");
  CHECK_OK(Step());
  EXPECT_THAT(Events(), ElementsAre("OBJECT_FINALIZE a"));
  EXPECT_THAT(Events("projects/p/subscriptions/gone"), IsEmpty());
  EXPECT_EQ(LogLines("notification_skipped"), 1u);
  EXPECT_EQ(StoredCursor(), 1u);
}

TEST_F(NotifyPump, SkipsWhatATopicRefusesAndGoesOn) {
  Configure([](auto& c) { c.topic = "projects/p/topics/x"; });  // too short for a topic
  Configure();
  Write("a");
  Write("b");
  CHECK_OK(Step());
  EXPECT_THAT(Events(), SizeIs(2));
  EXPECT_EQ(LogLines("notification_skipped"), 1u);
  EXPECT_EQ(StoredCursor(), 2u);
}

TEST_F(NotifyPump, WatchesGetWhatTheyWantOnATopicMadeForThem) {
  Restart(MarkerWatch());
  CHECK_OK(pubsub_->CreateSubscription({}, {.name = kMarkersSub, .topic = kMarkers}));
  Write("data-1");
  Write("_DONE");
  CHECK_OK(Step());
  EXPECT_THAT(Events(kMarkersSub), ElementsAre("OBJECT_FINALIZE _DONE"));
  Restart(MarkerWatch());  // the topic exists now
}

TEST_F(NotifyPump, MakesAWatchedTopicAgainWhenSomebodyDeletedIt) {
  Restart(MarkerWatch());
  CHECK_OK(pubsub_->DeleteTopic({}, kMarkers));
  Write("_DONE");
  EXPECT_EQ(Step().status().code(), Code::kAborted);
  EXPECT_EQ(Step().value(), 1u);
  EXPECT_TRUE(pubsub_->GetTopic({}, kMarkers).ok());
}

TEST_F(NotifyPump, SpendsNoCommitOnChangesThatNobodyWants) {
  Restart(MarkerWatch());
  for (int i = 0; i < 5; ++i) {
    Write("data");
    CHECK_OK(Step());
  }
  EXPECT_EQ(cutting_->commits, 0);
  EXPECT_EQ(StoredCursor(), 0u);
  CHECK_OK(pump_->StoreCursor());
  CHECK_OK(pump_->StoreCursor());
  EXPECT_EQ(cutting_->commits, 1);
  EXPECT_EQ(StoredCursor(), 9u) << "five writes, four of them replacements";
}

TEST_F(NotifyPump, TrimsTheFeedOfWhatItHandled) {
  Configure();
  Write("a");
  CHECK_OK(Step());
  EXPECT_THAT(storage_->Changes(0, 10).value(), IsEmpty());
  Write("b");
  EXPECT_THAT(storage_->Changes(0, 10).value(), SizeIs(1)) << "not handled yet";
}

TEST_F(NotifyPump, ThreadDeliversAsChangesComeAndStopsPromptly) {
  Configure();
  std::unique_ptr<Notifier> notifier =
      Start(*meta_, *storage_, *pubsub_, MarkerWatch(), log_, metrics_).value();
  for (const char* name : {"a", "b", "c"}) {
    Write(name);
    const std::vector<pubsub::Message> got = Received(kSub, std::chrono::minutes(1));
    ASSERT_THAT(got, SizeIs(1));
    EXPECT_EQ(got[0].attributes.at("objectId"), name);
  }
  notifier.reset();
  EXPECT_EQ(StoredCursor(), 3u);
  EXPECT_EQ(LogLines("notifier_retries"), 0u);
}

TEST_F(NotifyPump, ThreadStoresALaggingCursorWhenItStops) {
  std::unique_ptr<Notifier> notifier =
      Start(*meta_, *storage_, *pubsub_, MarkerWatch(), log_, metrics_).value();
  CHECK_OK(pubsub_->CreateSubscription({}, {.name = kMarkersSub, .topic = kMarkers}));
  Write("_DONE");
  ASSERT_THAT(Received(kMarkersSub, std::chrono::minutes(1)), SizeIs(1));
  notifier.reset();
  EXPECT_EQ(StoredCursor(), 1u);
}

}  // namespace
}  // namespace landfall::notify
