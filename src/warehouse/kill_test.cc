// Kills a process in the middle of its jobs and looks at what it left.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "warehouse/testing.h"

namespace landfall::warehouse {
namespace {

constexpr int kFiles = 8, kRows = 4000;

LoadConfig Config() {
  LoadConfig config;
  config.destination = {"p", "d", "t"};
  config.source_uris = {"gs://b/*.json"};
  config.source_format = SourceFormat::kNewlineDelimitedJson;
  config.schema =
      ParseSchema(ParseJson(R"([{"name":"a","type":"INTEGER"}])").value().as_array()).value();
  return config;
}

void PutFiles(TestWarehouse& t) {
  for (int file = 0; file < kFiles; ++file) {
    std::string text;
    for (int row = 0; row < kRows; ++row) text += "{\"a\":" + std::to_string(row) + "}\n";
    t.objects.Put("f" + std::to_string(file) + ".json", text);
  }
}

// The child: one job after another, telling the parent of each job it was promised.
[[noreturn]] void LoadUntilKilled(TestWarehouse& t, int out) {
  PutFiles(t);
  t.Reopen();
  t.MakeDataset();
  for (int n = 0;; ++n) {
    const JobRef ref{"p", "job" + std::to_string(n)};
    const Job job = t->InsertLoad(t.ctx, ref, Config(), {}, "", nullptr).value();
    if (write(out, "x", 1) != 1) _exit(1);
    (void)t->WaitJob(t.ctx, job.ref, std::chrono::seconds(30));
  }
}

TEST(WarehouseKill, EveryPromisedJobIsKnownAndNoLoadIsHalfThere) {
  for (int round = 1; round <= 4; ++round) {
    TestWarehouse t;
    t.Close();
    int pipes[2];
    ASSERT_EQ(pipe(pipes), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipes[0]);
      LoadUntilKilled(t, pipes[1]);
    }
    close(pipes[1]);
    int promised = 0;
    for (char byte = 0; promised < round && read(pipes[0], &byte, 1) == 1;) ++promised;
    kill(child, SIGKILL);
    // What the child wrote before it died counts too.
    for (char byte = 0; read(pipes[0], &byte, 1) == 1;) ++promised;
    close(pipes[0]);
    int status = 0;
    waitpid(child, &status, 0);

    t.Reopen();
    int loaded = 0;
    for (int n = 0; n < promised; ++n) {
      const JobRef ref{"p", "job" + std::to_string(n)};
      const Job job = t->GetJob(t.ctx, ref).value();
      EXPECT_EQ(job.state, JobState::kDone);
      if (!job.error) ++loaded;
      EXPECT_EQ(job.error ? job.error->reason : "backendError", "backendError");
      EXPECT_EQ(t->InsertLoad(t.ctx, ref, Config(), {}, "", nullptr).status().reason(),
                "duplicate");
    }
    const Result<Rows> rows = t->ReadTable(t.ctx, {"p", "d", "t"}, {});
    const std::uint64_t there = rows.ok() ? rows->total_rows : 0;
    EXPECT_EQ(there % (kFiles * kRows), 0u) << "round " << round;
    // A job may have committed after the last promise was read, but its insert is durable first.
    EXPECT_GE(there, static_cast<std::uint64_t>(loaded) * kFiles * kRows);
    EXPECT_LE(there, static_cast<std::uint64_t>(loaded + 1) * kFiles * kRows);
  }
}

}  // namespace
}  // namespace landfall::warehouse
