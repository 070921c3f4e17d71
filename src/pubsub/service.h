// PubSub over meta: the catalogue of topics and subscriptions, and the map of the live ones.
// Private to pubsub.
//
// Locks, in the order they may be taken: admin_mu_ > (meta) > live_mu_ > LiveSubscription::mu_. The
// last two are leaves as meta sees it: a change on its committer thread may take them (Staged), so
// nothing calls meta under them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "pubsub/live.h"
#include "pubsub/pubsub.h"

namespace landfall::pubsub {

class Service final : public PubSub {
 public:
  Service(Options options, const Deps& deps) : options_(options), deps_(deps) {}
  // Brings the stored subscriptions to life and starts the sweeper.
  Status Start();

  Result<Topic> CreateTopic(const CallContext& ctx, Topic topic) override;
  Result<Topic> GetTopic(const CallContext& ctx, std::string_view name) override;
  Result<std::vector<Topic>> ListTopics(const CallContext& ctx, std::string_view project) override;
  Status DeleteTopic(const CallContext& ctx, std::string_view name) override;
  Result<Subscription> CreateSubscription(const CallContext& ctx,
                                          Subscription subscription) override;
  Result<Subscription> GetSubscription(const CallContext& ctx, std::string_view name) override;
  Result<std::vector<Subscription>> ListSubscriptions(const CallContext& ctx,
                                                      std::string_view project) override;
  Status DeleteSubscription(const CallContext& ctx, std::string_view name) override;
  Result<std::vector<std::string>> Publish(const CallContext& ctx, std::string_view topic,
                                           std::vector<Message> messages) override;
  Result<std::vector<std::string>> Stage(meta::Txn& txn, std::string_view topic,
                                         std::vector<Message> messages) override;
  Result<std::vector<Delivery>> Pull(const CallContext& ctx, std::string_view subscription,
                                     std::size_t messages_max,
                                     std::chrono::milliseconds wait) override;
  Status Acknowledge(const CallContext& ctx, std::string_view subscription,
                     const std::vector<std::string>& ack_ids) override;
  Status ModifyAckDeadline(const CallContext& ctx, std::string_view subscription,
                           const std::vector<std::string>& ack_ids,
                           std::chrono::seconds deadline) override;

  // One round of the sweeper: drops messages that outlived retention.
  void Sweep();

 private:
  using LivePtr = std::shared_ptr<LiveSubscription>;

  Result<LivePtr> FindLive(std::string_view name);
  void AddLive(const std::string& name, const LivePtr& live) EXCLUDES(live_mu_);
  LivePtr RemoveLive(std::string_view name) EXCLUDES(live_mu_);
  Result<LivePtr> AddSubscription(meta::Txn& txn, const Subscription& subscription);
  Result<std::vector<std::string>> StageChecked(meta::Txn& txn, std::string_view topic,
                                                const std::vector<Message>& messages);
  void RunSweeper(const std::stop_token& stop);

  const Options options_;
  const Deps deps_;
  Mutex
      admin_mu_;  // one create or delete at a time, so that the live map follows the stored records
  Mutex live_mu_;
  std::map<std::string, LivePtr, std::less<>> live_ GUARDED_BY(live_mu_);
  std::multimap<Uid, LivePtr> by_topic_ GUARDED_BY(live_mu_);
  Mutex sweep_mu_;
  CondVar sweep_wake_;
  std::jthread sweeper_;  // last: it uses the members above
};

}  // namespace landfall::pubsub
