// From a marker's upload to its message in a subscriber's hands: two durable commits, the object's
// and the message's.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "notify/notify.h"

namespace landfall::notify {
namespace {

constexpr char kTopic[] = "projects/p/topics/markers";
constexpr char kSub[] = "projects/p/subscriptions/markers";

void BM_UploadToMessage(benchmark::State& state) {
  const std::string dir =
      std::filesystem::temp_directory_path() / ("notify_bench_" + std::to_string(getpid()));
  std::filesystem::remove_all(dir);
  {
    SystemClock clock;
    SystemRandom random;
    StderrLog log(Severity::kWarn, clock);
    Metrics metrics;
    Faults faults;
    const auto files = MakePosixFiles();
    const auto meta = meta::Open({.dir = dir + "/meta"}, log, metrics).value();
    const auto storage =
        storage::Open({.dir = dir + "/objects"}, *meta, *files, clock, random, faults, log, metrics)
            .value();
    const auto pubsub = pubsub::Open({}, *meta, clock, random, log, metrics).value();
    storage::Bucket bucket;
    bucket.name = "bucket";
    bucket.project = "p";
    CHECK_OK(storage->CreateBucket({}, bucket));
    const auto wanted = [](const storage::ObjectChange& change) {
      return change.kind == storage::ChangeKind::kFinalize;
    };
    const auto notifier =
        Start(*meta, *storage, *pubsub, {{.topic = kTopic, .wanted = wanted}}, log, metrics)
            .value();
    CHECK_OK(pubsub->CreateSubscription({}, {.name = kSub, .topic = kTopic}));
    for (auto _ : state) {
      storage::ObjectSpec spec;
      spec.bucket = "bucket";
      spec.name = "_DONE";
      StringSource body("marker");
      CHECK_OK(storage->Insert({}, spec, body));
      CHECK(pubsub->Pull({}, kSub, 1, std::chrono::seconds(10))->size() == 1);
    }
  }
  std::filesystem::remove_all(dir);
}
BENCHMARK(BM_UploadToMessage)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace landfall::notify
