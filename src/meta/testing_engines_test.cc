#include "meta/testing_engines.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/files.h"
#include "meta/engine_logged.h"

namespace landfall::meta {

namespace {

const std::string& ScratchDir() {
  static const std::string dir = ::testing::TempDir() + "meta_test_" + std::to_string(getpid());
  return dir;
}

class RemoveScratchDir final : public ::testing::Environment {
 public:
  void TearDown() override { std::filesystem::remove_all(ScratchDir()); }
};
const ::testing::Environment* const kRemoveScratchDir =
    ::testing::AddGlobalTestEnvironment(std::make_unique<RemoveScratchDir>().release());

}  // namespace

std::string FreshDir(const std::string& name) {
  static int count = 0;
  return ScratchDir() + "/" + std::to_string(++count) + "_" + name;
}

std::vector<EngineKind> AllEngines() {
  auto disks = std::make_shared<std::map<std::string, std::shared_ptr<MemoryEngine::Disk>>>();
  const auto memory = [disks](const std::string& dir) {
    auto& disk = (*disks)[dir];
    if (!disk) disk = std::make_shared<MemoryEngine::Disk>();
    return std::make_unique<MemoryEngine>(disk);
  };
  const auto lmdb = [](const std::string& dir) {
    CHECK_OK(MakePosixFiles()->MakeDirs(dir));
    return OpenLmdb({.dir = dir}).value();
  };
  const auto logged = [lmdb](const std::string& dir) {
    return OpenLogged({.dir = dir}, lmdb(dir)).value();
  };
  // So small that nearly every group finds the table full.
  const auto logged_small = [lmdb](const std::string& dir) {
    return OpenLogged({.dir = dir, .table_bytes_max = 2000}, lmdb(dir)).value();
  };
  return {{"Memory", memory}, {"Lmdb", lmdb}, {"Logged", logged}, {"LoggedSmall", logged_small}};
}

}  // namespace landfall::meta
