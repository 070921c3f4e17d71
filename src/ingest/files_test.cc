#include "ingest/files.h"

#include <gtest/gtest.h>

namespace landfall::ingest {
namespace {

SourceList Files(const std::vector<std::uint64_t>& sizes) {
  SourceList files;
  for (const std::uint64_t size : sizes) {
    files.push_back({"b", "f" + std::to_string(files.size()), 1, size, 0});
  }
  return files;
}
std::vector<std::size_t> JobSizes(const std::vector<SourceList>& jobs) {
  std::vector<std::size_t> sizes;
  for (const SourceList& job : jobs) sizes.push_back(job.size());
  return sizes;
}
using Sizes = std::vector<std::size_t>;

TEST(BatchIngest, B09_Flatten) {
  using Lists = std::vector<std::vector<int>>;
  EXPECT_EQ(Flatten(Lists{}), (std::vector<int>{}));
  EXPECT_EQ(Flatten(Lists{{}}), (std::vector<int>{}));
  EXPECT_EQ(Flatten(Lists{{1, 2}, {3, 4}}), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(Flatten(Lists{{1, 2}, {}}), (std::vector<int>{1, 2}));
  EXPECT_EQ(Flatten(Lists{{1}, {}, {2}}), (std::vector<int>{1, 2}));
}

TEST(BatchIngest, B22_ThreeCsvFilesBecomeOneWildcard) {
  EXPECT_EQ(CompactUris({"gs://b/d/1.csv", "gs://b/d/2.csv", "gs://b/d/3.csv"}),
            (std::vector<std::string>{"gs://b/d/*.csv"}));
}

TEST(BatchIngest, B23_NamesWithoutExtensionStayBesideAWildcard) {
  EXPECT_EQ(
      CompactUris({"gs://b/d/part-1", "gs://b/d/2.csv.gz", "gs://b/d/3.gz", "gs://b.x/d/part-2"}),
      (std::vector<std::string>{"gs://b/d/part-1", "gs://b/d/*.gz", "gs://b.x/d/part-2"}));
}

TEST(SplitIntoJobs, SizesOfTheContract) {
  EXPECT_EQ(JobSizes(SplitIntoJobs(Files({4, 6, 1}), {.bytes_max = 10, .uris_max = 100})),
            (Sizes{2, 1}));
  EXPECT_EQ(JobSizes(SplitIntoJobs(Files({}), {})), (Sizes{}));
}

TEST(SplitIntoJobs, B72_NoJobHasMoreThanTenThousandUris) {
  const SourceList files = Files(std::vector<std::uint64_t>(10'005, 1));
  const std::vector<SourceList> jobs = SplitIntoJobs(files, {});
  EXPECT_EQ(JobSizes(jobs), (Sizes{10'000, 5}));
  EXPECT_EQ(Flatten(jobs).size(), files.size());
}

TEST(SplitIntoJobs, B73_AFileOverTheLimitIsAJobOfItsOwnAndNoJobIsEmpty) {
  const SplitLimits limits{.bytes_max = 10, .uris_max = 100};
  EXPECT_EQ(JobSizes(SplitIntoJobs(Files({11, 1, 2}), limits)), (Sizes{1, 2}));
  EXPECT_EQ(JobSizes(SplitIntoJobs(Files({1, 11, 2}), limits)), (Sizes{1, 1, 1}));
  EXPECT_EQ(JobSizes(SplitIntoJobs(Files({11}), limits)), (Sizes{1}));
  EXPECT_EQ(Oversized(Files({11, 10}), limits).size(), 1u);
}

TEST(ManifestHash, IsOfTheSetAndOfEachGeneration) {
  SourceList files = Files({1, 2});
  const std::string hash = ManifestHash(files);
  std::swap(files[0], files[1]);
  EXPECT_EQ(ManifestHash(files), hash);
  files[0].generation = 2;
  EXPECT_NE(ManifestHash(files), hash);
}

}  // namespace
}  // namespace landfall::ingest
