#include "ingest/job_id.h"

#include <gtest/gtest.h>

namespace landfall::ingest {
namespace {

JobNaming Trigger() {
  JobNaming naming;
  naming.bucket = "bucket";
  naming.object = "source/dataset/table/2021/06/22/01/_SUCCESS";
  naming.generation = 17;
  naming.dataset = "dataset";
  naming.table = "table";
  naming.partition = "2021062201";
  return naming;
}
JobNaming WithSource(std::string partition) {
  JobNaming naming = Trigger();
  naming.data_source = "source";
  naming.partition = std::move(partition);
  return naming;
}

TEST(BatchIngest, B18_DefaultJobIdStem) {
  EXPECT_EQ(JobIdStem(Trigger()), "gcf-ingest-bucket-source-dataset-table-2021-06-22-01-_SUCCESS");
}
TEST(BatchIngest, B19_SourceNameAndHourPartition) {
  EXPECT_EQ(JobIdStem(WithSource("2021062201")), "gcf-ingest-source-dataset-table-2021-06-22-01-");
}
TEST(BatchIngest, B20_SourceNameAndDayPartition) {
  EXPECT_EQ(JobIdStem(WithSource("20210622")), "gcf-ingest-source-dataset-table-2021-06-22-");
}
TEST(BatchIngest, B21_SourceNameWithoutPartition) {
  EXPECT_EQ(JobIdStem(WithSource("")), "gcf-ingest-source-dataset-table-");
}

TEST(JobId, DashesInsideNamesBecomeUnderscores) {
  JobNaming naming = WithSource("");
  naming.data_source = "my-source";
  naming.table = "a-b";
  EXPECT_EQ(JobIdStem(naming), "gcf-ingest-my_source-dataset-a_b-");
}

TEST(JobId, IllegalCharactersOfThePathBecomeUnderscores) {
  JobNaming naming = Trigger();
  naming.object = "d/t/$2020/b=1/_SUCCESS";
  EXPECT_EQ(JobIdStem(naming), "gcf-ingest-bucket-d-t-_2020-b_1-_SUCCESS");
}

TEST(JobId, B74_DistinctPerJobAndTheSameEveryTime) {
  EXPECT_EQ(JobId(Trigger(), 0), JobId(Trigger(), 0));
  EXPECT_NE(JobId(Trigger(), 0), JobId(Trigger(), 1));
  JobNaming newer = Trigger();
  newer.generation = 18;
  EXPECT_NE(JobId(Trigger(), 0), JobId(newer, 0));
}

TEST(JobId, CutKeepsTheSuffixSoThatIdsStayDistinct) {
  JobNaming naming = Trigger();
  naming.object = std::string(1024, 'x');
  EXPECT_EQ(JobId(naming, 0).size(), kJobIdBytesMax);
  EXPECT_NE(JobId(naming, 0), JobId(naming, 1));
  JobNaming other = naming;
  other.object.back() = 'y';
  EXPECT_NE(JobId(naming, 0), JobId(other, 0));
}

TEST(JobLabels, B71_ValuesFromPathsAreMadeLegal) {
  EXPECT_EQ(LabelValue("Batch Ünit.7"), "batch___nit_7");
  const std::string longer(100, 'A');
  EXPECT_EQ(LabelValue(longer).size(), kLabelBytesMax);
  EXPECT_NE(LabelValue(longer), LabelValue(longer + "b"));
  EXPECT_EQ(LabelValue(std::string(63, 'a')), std::string(63, 'a'));
}

TEST(JobLabels, B71_NoBatchNoBatchLabel) {
  EXPECT_EQ(JobLabels("landfall", "B1", "bkt").at("batch-id"), "b1");
  EXPECT_FALSE(JobLabels("landfall", "", "bkt").contains("batch-id"));
  EXPECT_EQ(JobLabels("landfall", "", "bkt").at("component"), "event-based-gcs-ingest");
  EXPECT_EQ(JobLabels("svc", "", "bkt").at("cloud-function-name"), "svc");
  EXPECT_EQ(JobLabels("svc", "", "bkt").at("bucket-id"), "bkt");
}

}  // namespace
}  // namespace landfall::ingest
