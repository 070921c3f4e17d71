// A Service on a real store in a directory of its own, with a clock that stands still. For tests of
// pubsub.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pubsub/service.h"

namespace landfall::pubsub {

constexpr char kTopic[] = "projects/p/topics/top";
constexpr char kSub[] = "projects/p/subscriptions/sub";

class TestService {
 public:
  explicit TestService(Options options = {}) : options_(options) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    dir_ = ::testing::TempDir() + "pubsub_" + test->test_suite_name() + "_" + test->name() + "_" +
           std::to_string(getpid());
    std::filesystem::remove_all(dir_);
    Open();
  }
  ~TestService() {
    service_.reset();
    meta_.reset();
    std::filesystem::remove_all(dir_);
  }
  TestService(const TestService&) = delete;
  TestService& operator=(const TestService&) = delete;

  Service* operator->() { return service_.get(); }
  meta::Store& meta() { return *meta_; }
  // As a restart does it: what is not durable is gone.
  void Reopen() {
    service_.reset();
    meta_.reset();
    Open();
  }

  TestService& WithTopicAndSub() {
    CHECK_OK(service_->CreateTopic({}, {.name = kTopic}));
    CHECK_OK(service_->CreateSubscription({}, {.name = kSub, .topic = kTopic}));
    return *this;
  }
  std::vector<std::string> Publish(const std::vector<std::string>& data) {
    std::vector<Message> messages;
    for (const std::string& text : data) messages.push_back({.data = text});
    return service_->Publish({}, kTopic, std::move(messages)).value();
  }
  std::vector<Delivery> Pull(std::size_t messages_max = 1000, const char* subscription = kSub) {
    return service_->Pull({}, subscription, messages_max, std::chrono::milliseconds(0)).value();
  }
  std::vector<std::string> PullData(std::size_t messages_max = 1000,
                                    const char* subscription = kSub) {
    std::vector<std::string> data;
    for (const Delivery& delivery : Pull(messages_max, subscription))
      data.push_back(delivery.message.data);
    return data;
  }
  Status Ack(const std::vector<Delivery>& deliveries, const char* subscription = kSub) {
    std::vector<std::string> ids;
    for (const Delivery& delivery : deliveries) ids.push_back(delivery.ack_id);
    return service_->Acknowledge({}, subscription, ids);
  }
  std::size_t StoredMessages() {
    std::size_t all = 0;
    for (Uid uid = 1; uid < 10; ++uid)
      all += meta_->ReadFeed(FeedName(uid), 0, 100'000).value().size();
    return all;
  }

  FakeClock clock;
  SeededRandom random{42};
  CapturedLog log;
  Metrics metrics;

 private:
  void Open() {
    meta_ = meta::Open({.dir = dir_}, log, metrics).value();
    service_ = std::make_unique<Service>(
        options_, Deps{.meta = *meta_,
                       .clock = clock,
                       .random = random,
                       .log = log,
                       .counters = {.published = metrics.AddCounter("published", ""),
                                    .delivered = metrics.AddCounter("delivered", ""),
                                    .acked = metrics.AddCounter("acked", ""),
                                    .outlived = metrics.AddCounter("outlived", "")}});
    CHECK_OK(service_->Start());
  }

  const Options options_;
  std::string dir_;
  std::unique_ptr<meta::Store> meta_;
  std::unique_ptr<Service> service_;
};

}  // namespace landfall::pubsub
