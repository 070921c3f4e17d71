#include "base/files.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace landfall {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  FilesTest()
      : dir_(::testing::TempDir() + "files_test." + std::to_string(getpid())),
        files_(MakePosixFiles()) {
    EXPECT_TRUE(files_->MakeDirs(dir_ + "/a/b").ok());
  }
  std::string Read(const std::string& path) {
    const auto file = files_->OpenForRead(path);
    if (!file.ok()) return file.status().ToString();
    std::string text((*file)->size_bytes(), '\0');
    EXPECT_EQ((*file)->ReadAt(0, text).value(), text.size());
    return text;
  }
  const std::string dir_;
  const std::unique_ptr<FileSystem> files_;
};

TEST_F(FilesTest, AppendKeepsTheAskedBytes) {
  const std::string path = dir_ + "/a/append";
  ASSERT_TRUE(files_->OpenForAppend(path).value()->Write("hello").ok());
  const auto file = files_->OpenForAppend(path, 2).value();
  ASSERT_TRUE(file->Write("y").ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Read(path), "hey");
}

TEST_F(FilesTest, RenameReplacesAndRemoveToleratesAbsence) {
  ASSERT_TRUE(files_->OpenForAppend(dir_ + "/x").value()->Write("new").ok());
  ASSERT_TRUE(files_->OpenForAppend(dir_ + "/y").value()->Write("old").ok());
  ASSERT_TRUE(files_->Rename(dir_ + "/x", dir_ + "/y").ok());
  EXPECT_EQ(Read(dir_ + "/y"), "new");
  EXPECT_TRUE(files_->Remove(dir_ + "/x").ok());
  EXPECT_EQ(files_->OpenForRead(dir_ + "/x").status().code(), Code::kNotFound);
}

TEST_F(FilesTest, ASecondLockNamesTheHolder) {
  const auto first = files_->Lock(dir_ + "/LOCK");
  ASSERT_TRUE(first.ok());
  const auto second = files_->Lock(dir_ + "/LOCK");
  EXPECT_EQ(second.status().reason(), "locked");
  EXPECT_NE(second.status().message().find("process " + std::to_string(getpid())),
            std::string::npos);
}

TEST_F(FilesTest, ALockEndsWithItsHolder) {
  {
    const auto first = files_->Lock(dir_ + "/LOCK2");
  }
  EXPECT_TRUE(files_->Lock(dir_ + "/LOCK2").ok());
}

}  // namespace
}  // namespace landfall
