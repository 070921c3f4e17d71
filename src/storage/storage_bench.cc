// Listing a bucket of a million objects: a page costs what it returns, wherever it lies.
//   build/release/storage_bench --benchmark_filter=Page
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "base/text.h"
#include "storage/codec.h"
#include "storage/keys.h"
#include "storage/storage.h"

namespace landfall::storage {
namespace {

constexpr std::size_t kObjects = 1'000'000, kPerChange = 10'000;

std::string NameOf(std::size_t i) {
  const std::string digits = std::to_string(10'000'000 + i).substr(1);
  return "logs/" + digits.substr(0, 4) + "/part-" + digits + ".json";
}

// One store for all benchmarks; rows are written in bulk, past the API.
struct BigBucket {
  BigBucket() {
    std::filesystem::remove_all(root);
    meta = meta::Open({.dir = root + "/meta"}, log, metrics).value();
    Options options{.dir = root + "/objects"};
    options.sweep_every = {};
    storage = Open(options, *meta, *files, clock, random, faults, log, metrics).value();
    CHECK_OK(storage->CreateBucket(ctx, {.name = "big", .project = "p"}));
    for (std::size_t at = 0; at < kObjects; at += kPerChange) {
      CHECK_OK(meta->Commit([&](meta::Txn& txn) -> Status {
        for (std::size_t i = at; i < at + kPerChange; ++i)
          txn.Put(ObjectKey("big", NameOf(i)), Row(i));
        return {};
      }));
    }
  }
  ~BigBucket() {
    storage.reset();
    meta.reset();
    std::filesystem::remove_all(root);
  }
  std::string Row(std::size_t i) const {
    StoredObject stored;
    stored.object.generation = static_cast<std::int64_t>(1'700'000'000'000'000 + i);
    stored.object.size_bytes = 1024;
    stored.object.md5 = std::string(16, 'm');
    stored.object.attributes.content_type = "application/json";
    stored.object.attributes.storage_class = "STANDARD";
    return EncodeObject(stored);
  }

  CallContext ctx;
  const std::string root = "/tmp/landfall_storage_bench_" + std::to_string(::getpid());
  FakeClock clock;
  SeededRandom random{1};
  Faults faults;
  CapturedLog log;
  Metrics metrics;
  std::unique_ptr<FileSystem> files = MakePosixFiles();
  std::unique_ptr<meta::Store> meta;
  std::unique_ptr<Storage> storage;
};

BigBucket& Big() {
  static BigBucket big;
  return big;
}

void ListPage(benchmark::State& state, const ListOptions& options) {
  BigBucket& big = Big();
  for (auto _ : state) {
    const ObjectPage page = big.storage->List(big.ctx, "big", options).value();
    CHECK(page.items.size() + page.prefixes.size() == options.results_max);
  }
}

void BM_FirstPage(benchmark::State& state) { ListPage(state, {}); }
void BM_Page1000(benchmark::State& state) {
  ListPage(state, {.start_offset = NameOf(kObjects - 1000)});
}
void BM_FirstPageOfVersions(benchmark::State& state) {
  ListPage(state, {.versions = Versions::kAll});
}
void BM_Page1000OfVersions(benchmark::State& state) {
  ListPage(state, {.start_offset = NameOf(kObjects - 1000), .versions = Versions::kAll});
}
void BM_PageOfPrefixes(benchmark::State& state) {
  ListPage(state, {.prefix = "logs/", .delimiter = "/", .results_max = 1000});
}
BENCHMARK(BM_FirstPage)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Page1000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_FirstPageOfVersions)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Page1000OfVersions)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_PageOfPrefixes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace landfall::storage
