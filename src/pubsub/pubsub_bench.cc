// Durable publish and delivery, on a store in the temporary directory:
//   pubsub_bench --benchmark_filter=Publish    one process, N publishers of 1 KiB messages, alone
//   or by the hundred pubsub_bench --benchmark_filter=PullAck    a backlog drained by pulls of
//   1000, acked by the answer
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "pubsub/pubsub.h"

namespace landfall::pubsub {
namespace {

constexpr char kTopic[] = "projects/p/topics/top";
constexpr char kSub[] = "projects/p/subscriptions/sub";

class Bench {
 public:
  Bench() {
    std::filesystem::remove_all(dir_);
    meta_ = meta::Open({.dir = dir_}, log_, metrics_).value();
    pubsub = Open({}, *meta_, clock_, random_, log_, metrics_).value();
    CHECK_OK(pubsub->CreateTopic({}, {.name = kTopic}));
    CHECK_OK(pubsub->CreateSubscription({}, {.name = kSub, .topic = kTopic}));
  }
  ~Bench() {
    pubsub.reset();
    meta_.reset();
    std::filesystem::remove_all(dir_);
  }
  void Publish(std::size_t messages) {
    CHECK_OK(pubsub->Publish({}, kTopic,
                             std::vector<Message>(messages, {.data = std::string(1024, 'x')})));
  }

 private:
  const std::string dir_ =
      std::filesystem::temp_directory_path() / ("pubsub_bench_" + std::to_string(getpid()));
  SystemClock clock_;
  SystemRandom random_;
  StderrLog log_{Severity::kWarn, clock_};
  Metrics metrics_;
  std::unique_ptr<meta::Store> meta_;

 public:
  std::unique_ptr<PubSub> pubsub;
};

void BM_Publish(benchmark::State& state) {
  static std::unique_ptr<Bench>
      bench;  // shared by the threads of one run; the first makes and ends it
  if (state.thread_index() == 0) bench = std::make_unique<Bench>();
  const auto messages = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) bench->Publish(messages);
  state.SetItemsProcessed(state.iterations() * state.range(0));
  if (state.thread_index() == 0) bench.reset();
}
BENCHMARK(BM_Publish)->Arg(1)->Threads(1)->Threads(8)->Threads(64)->UseRealTime()->MinTime(1);
BENCHMARK(BM_Publish)->Arg(100)->Threads(1)->Threads(8)->UseRealTime()->MinTime(1);

void BM_PullAck(benchmark::State& state) {
  Bench bench;
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < 10; ++i) bench.Publish(1000);
    state.ResumeTiming();
    for (std::size_t left = 10'000; left > 0;) {
      std::vector<std::string> ids;
      for (const Delivery& delivery :
           bench.pubsub->Pull({}, kSub, 1000, std::chrono::seconds(1)).value()) {
        ids.push_back(delivery.ack_id);
      }
      left -= ids.size();
      CHECK_OK(bench.pubsub->Acknowledge({}, kSub, ids));
    }
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(BM_PullAck)->UseRealTime()->MinTime(1);

}  // namespace
}  // namespace landfall::pubsub
