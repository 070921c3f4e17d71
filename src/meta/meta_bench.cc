// Churn like Landfall's, over each engine behind the same group commit. Read:
// docs/adr/0002-metadata-store.md.
//   build/release/meta_bench            (LANDFALL_BENCH_SECONDS=4 for steadier numbers; default 1)
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <thread>

#include "meta/bench_engines.h"
#include "meta/engine_lmdb.h"
#include "meta/engine_logged.h"
#include "meta/store.h"

namespace landfall::meta {
namespace {

using std::chrono::steady_clock;
using OpenEngine = std::function<std::unique_ptr<Engine>(const std::string&)>;

double Seconds() {
  const char* text = getenv("LANDFALL_BENCH_SECONDS");
  return text != nullptr ? std::max(0.1, atof(text)) : 1.0;
}
double Since(steady_clock::time_point begun) {
  return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

// A store in a directory of its own, gone afterwards.
class BenchStore {
 public:
  explicit BenchStore(OpenEngine open) : open_(std::move(open)) {
    const char* base = getenv("TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/meta_bench_XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    dir_ = pattern;
    store_ = MakeStore({.dir = dir_, .queued_changes_max = 4096, .batch_changes_max = 512}, nullptr,
                       open_(dir_), log_, metrics_);
  }
  ~BenchStore() {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  // Milliseconds until a store answers after the process died: opens a copy of the files of the
  // running one.
  double CrashOpenMs() {
    const std::string copy = dir_ + "_crashed";
    // A copy taken while the engine tidies up in the background is of no moment that ever was.
    for (auto before = LastWrite();; before = LastWrite()) {
      std::filesystem::remove_all(copy);
      std::filesystem::copy(dir_, copy, std::filesystem::copy_options::recursive);
      if (LastWrite() == before) break;
    }
    const auto begun = steady_clock::now();
    double ms = 0;
    {
      const std::unique_ptr<Engine> engine = open_(copy);
      benchmark::DoNotOptimize(engine->Snapshot().value()->Get("a"));
      ms = Since(begun) * 1e3;
    }
    std::filesystem::remove_all(copy);
    return ms;
  }
  Store& store() { return *store_; }
  double SizeMiB() const {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(dir_)) {
      if (file.is_regular_file()) bytes += file.file_size();
    }
    return static_cast<double>(bytes) / (1 << 20);
  }

 private:
  std::filesystem::file_time_type LastWrite() const {
    std::filesystem::file_time_type last = std::filesystem::last_write_time(dir_);
    for (const auto& file : std::filesystem::recursive_directory_iterator(dir_)) {
      last = std::max(last, file.last_write_time());
    }
    return last;
  }

  OpenEngine open_;
  std::string dir_;
  CapturedLog log_;
  Metrics metrics_;
  std::unique_ptr<Store> store_;
};

// Runs `step(thread, i)` on `threads` threads for Seconds(); returns all latencies in us, sorted.
std::vector<float> Drive(int threads, const std::function<void(int, std::uint64_t)>& step) {
  std::vector<std::vector<float>> each(threads);
  {
    std::vector<std::jthread> running;
    const auto begun = steady_clock::now();
    for (int t = 0; t < threads; ++t) {
      running.emplace_back([&, t] {
        for (std::uint64_t i = 0; Since(begun) < Seconds(); ++i) {
          const auto step_begun = steady_clock::now();
          step(t, i);
          each[t].push_back(static_cast<float>(Since(step_begun) * 1e6));
        }
      });
    }
  }
  std::vector<float> all;
  for (const auto& one : each) all.insert(all.end(), one.begin(), one.end());
  std::sort(all.begin(), all.end());
  return all;
}

void Report(benchmark::State& state, const std::vector<float>& latencies, double seconds,
            int per_change) {
  const auto at = [&](double part) {
    return latencies[std::min(latencies.size() - 1,
                              static_cast<std::size_t>(part * latencies.size()))];
  };
  state.SetIterationTime(seconds);
  state.counters["records/s"] = static_cast<double>(latencies.size()) * per_change / seconds;
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
  state.counters["p99.9_us"] = at(0.999);
}

std::string RecordKey(int thread, std::uint64_t i) {
  return MakeKey({"object", "bucket" + std::to_string(thread), OrderedInt(i)});
}

// `threads` committers put `per_change` records of `value_bytes` and delete what they put `window`
// changes before.
void PutAndDelete(benchmark::State& state, const OpenEngine& open, int threads, int per_change,
                  std::size_t value_bytes, std::uint64_t window) {
  for (auto _ : state) {
    BenchStore bench(open);
    const std::string value(value_bytes, 'v');
    const auto begun = steady_clock::now();
    const std::vector<float> latencies = Drive(threads, [&](int t, std::uint64_t i) {
      CHECK_OK(bench.store().Commit([&](Txn& txn) {
        for (int r = 0; r < per_change; ++r) {
          txn.Put(RecordKey(t, i * per_change + r), value);
          if (i >= window) txn.Delete(RecordKey(t, (i - window) * per_change + r));
        }
        return Ok();
      }));
    });
    Report(state, latencies, Since(begun), per_change);
    state.counters["MiB"] = bench.SizeMiB();
    state.counters["crash_open_ms"] = bench.CrashOpenMs();
  }
}

// A message topic at work: 64 publishers append 1 KiB; one pump reads 500, writes its cursor and
// trims what it read; two readers scan 100 records by prefix.
void TopicChurn(benchmark::State& state, const OpenEngine& open) {
  for (auto _ : state) {
    BenchStore bench(open);
    Store& store = bench.store();
    CHECK_OK(store.Commit([](Txn& txn) {
      for (int i = 0; i < 10'000; ++i) txn.Put(RecordKey(i % 100, i / 100), std::string(200, 'm'));
      return Ok();
    }));
    const std::string payload(1024, 'p');
    std::atomic<std::uint64_t> consumed{0}, scans{0};
    std::vector<float> latencies;
    const auto begun = steady_clock::now();
    {
      std::jthread pump([&](const std::stop_token& stop) {
        Seq after = 0;
        while (!stop.stop_requested()) {
          const auto entries = store.ReadFeed("topic", after, 500).value();
          if (entries.empty()) {
            store.WaitFeed("topic", after, std::chrono::milliseconds(20));
            continue;
          }
          after = entries.back().seq;
          consumed += entries.size();
          CHECK_OK(store.Commit([&](Txn& txn) {
            SetCursor(txn, "topic", "pump", after);
            txn.TrimFeed("topic", after);
            return Ok();
          }));
        }
      });
      const auto scan = [&](const std::stop_token& stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
          const KeyRange range =
              PrefixRange(MakeKey({"object", "bucket" + std::to_string(i % 100)}));
          int seen = 0;
          CHECK_OK(store.Snapshot()->Scan(range, [&](auto, auto) { return ++seen < 100; }));
          CHECK(seen == 100);
          ++scans;
          store.WaitFeed("nothing", 0,
                         std::chrono::milliseconds(1));  // a pause: leaves the others some CPU
        }
      };
      std::jthread reader(scan);
      latencies = Drive(64, [&](int, std::uint64_t) {
        CHECK_OK(store.Commit([&](Txn& txn) { return txn.Append("topic", payload), Ok(); }));
      });
    }
    const double seconds = Since(begun);
    Report(state, latencies, seconds, 1);
    state.counters["consumed/s"] = static_cast<double>(consumed) / seconds;
    state.counters["scans/s"] = static_cast<double>(scans) / seconds;
    state.counters["MiB"] = bench.SizeMiB();
    state.counters["crash_open_ms"] = bench.CrashOpenMs();
  }
}

struct Workload {
  std::string name;
  int threads, per_change;
  std::size_t value_bytes;
  std::uint64_t window;
};

void Register(const std::string& name, const std::function<void(benchmark::State&)>& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

const bool kRegistered = [] {
  const std::vector<std::pair<std::string, OpenEngine>> engines = {
      {"lmdb", [](const std::string& dir) { return OpenLmdb({.dir = dir}).value(); }},
      {"log+lmdb",
       [](const std::string& dir) {
         return OpenLogged({.dir = dir}, OpenLmdb({.dir = dir}).value()).value();
       }},
      {"rocksdb", OpenRocksDb},
      {"sqlite", OpenSqlite},
      {"rawlog", OpenRawLog},
  };
  const std::vector<Workload> workloads = {
      {"put_1KiB/1", 1, 1, 1024, 1000},     {"put_1KiB/8", 8, 1, 1024, 1000},
      {"put_1KiB/64", 64, 1, 1024, 100},    {"put_100x1KiB/8", 8, 100, 1024, 10},
      {"put_64KiB/1", 1, 1, 64 << 10, 100}, {"put_64KiB/8", 8, 1, 64 << 10, 100},
  };
  for (const Workload& w : workloads) {
    for (const auto& [name, open] : engines) {
      Register(w.name + "/" + name, [w, open = open](benchmark::State& state) {
        PutAndDelete(state, open, w.threads, w.per_change, w.value_bytes, w.window);
      });
    }
  }
  for (const auto& [name, open] : engines) {
    if (name == "rawlog") continue;  // it reads nothing back
    Register("topic_churn/64/" + name,
             [open = open](benchmark::State& state) { TopicChurn(state, open); });
  }
  return true;
}();

}  // namespace
}  // namespace landfall::meta
