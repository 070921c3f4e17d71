// Random operations against a plain map. LANDFALL_SEED=n repeats a run.
#include <cstdlib>
#include <random>

#include "storage/fake.h"

namespace landfall::storage {
namespace {

struct Version {
  std::string body;
  std::int64_t generation = 0, metageneration = 1;
};
using Model = std::map<std::string, Version>;

class Walk {
 public:
  Walk(TestStorage& t, std::uint64_t seed) : t_(t), random_(seed) {}

  void Step() {
    name_ = Pick({"a", "a/", "a/b", "a/b/c", "b", "b//", "..x", "\xE2\x82\xAC"});
    const auto it = model_.find(name_);
    live_ = it == model_.end() ? nullptr : &it->second;
    when_ = RandomCondition();
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2:
        return Insert();
      case 3:
        return Upload();
      case 4:
        return Patch();
      case 5:
        return Delete();
      case 6:
        return Read();
      default:
        t_.clock.StepWall(std::chrono::seconds(static_cast<int>(random_() % 20) - 10));
        if (random_() % 8 == 0) t_.Reopen();
        return List();
    }
  }

 private:
  std::string Pick(std::vector<std::string> from) { return from[random_() % from.size()]; }

  // A number that is right, wrong or zero.
  std::optional<std::int64_t> RandomNumber(std::int64_t right) {
    switch (random_() % 6) {
      case 0:
        return right;
      case 1:
        return right + 1;
      case 2:
        return 0;
      default:
        return std::nullopt;
    }
  }
  Precondition RandomCondition() {
    return {.generation_match = RandomNumber(live_ ? live_->generation : 7),
            .generation_not_match = RandomNumber(live_ ? live_->generation : 7),
            .metageneration_match = RandomNumber(live_ ? live_->metageneration : 1),
            .metageneration_not_match = RandomNumber(live_ ? live_->metageneration : 1)};
  }

  bool MatchesHold() const {
    if (when_.generation_match && *when_.generation_match != (live_ ? live_->generation : 0))
      return false;
    return !when_.metageneration_match ||
           (live_ && *when_.metageneration_match == live_->metageneration);
  }
  bool NotMatchesHold() const {
    if (when_.generation_not_match && (!live_ || *when_.generation_not_match == live_->generation))
      return false;
    return !when_.metageneration_not_match ||
           (live_ && *when_.metageneration_not_match != live_->metageneration);
  }
  // What a call that needs the object must answer.
  Code Expected() const {
    if (!live_) return Code::kNotFound;
    return MatchesHold() && NotMatchesHold() ? Code::kOk : Code::kFailedPrecondition;
  }

  std::string RandomBody() {
    const std::size_t sizes[] = {0, 1, 100, 64 * 1024, 64 * 1024 + 1, 300'000};
    return std::string(sizes[random_() % 6], static_cast<char>('a' + random_() % 26));
  }

  void Wrote(const Result<Object>& object, const std::string& body) {
    const bool allowed = MatchesHold() && NotMatchesHold();
    ASSERT_EQ(object.ok(), allowed) << object.status().ToString();
    if (!allowed) {
      ASSERT_EQ(object.status().reason(), "conditionNotMet");
      return;
    }
    ASSERT_GT(object->generation, last_generation_);
    last_generation_ = object->generation;
    model_[name_] = {body, object->generation, 1};
  }
  void Insert() {
    const std::string body = RandomBody();
    Wrote(t_.Put(name_, body, when_), body);
  }
  void Upload() {
    const std::string body = RandomBody();
    const auto id =
        t_.storage->StartUpload(t_.ctx, {.bucket = "bucket", .name = name_, .when = when_}, {});
    if (!id.ok()) return Wrote(id.status(), body);
    std::string rest = body;
    if (body.size() > kUploadGranuleBytes) {
      StringSource first(body.substr(0, kUploadGranuleBytes));
      ASSERT_TRUE(t_.storage->Upload(t_.ctx, *id, {.body = &first}).ok());
      if (random_() % 2 == 0) t_.Reopen();
      rest = body.substr(kUploadGranuleBytes);
    }
    StringSource last(rest);
    const auto done = t_.storage->Upload(t_.ctx, *id, {.last = true, .body = &last});
    Wrote(done.ok() ? Result<Object>(*done->object) : Result<Object>(done.status()), body);
  }
  void Patch() {
    const auto patched =
        t_.storage->Patch(t_.ctx, "bucket", name_, {}, {.metadata = {{"k", "v"}}}, when_);
    ASSERT_EQ(patched.status().code(), Expected());
    if (patched.ok()) {
      ASSERT_EQ(patched->metageneration, ++live_->metageneration);
    }
  }
  void Delete() {
    const Status deleted = t_.storage->Delete(t_.ctx, "bucket", name_, {}, when_);
    ASSERT_EQ(deleted.code(), Expected());
    if (deleted.ok()) model_.erase(name_);
  }
  void Read() {
    const auto got = t_.storage->Get(t_.ctx, "bucket", name_, {}, when_);
    ASSERT_EQ(got.status().code(), Expected());
    if (live_ && !got.ok()) {
      ASSERT_EQ(got.status().reason(), MatchesHold() ? "notModified" : "conditionNotMet");
    }
    if (live_) {
      ASSERT_EQ(t_.Read(name_, live_->generation).value(), live_->body);
    }
  }
  void List() {
    const ObjectPage page = t_.storage->List(t_.ctx, "bucket", {}).value();
    ASSERT_EQ(page.items.size(), model_.size());
    auto it = model_.begin();
    std::size_t files = 0;
    for (const Object& object : page.items) {
      ASSERT_EQ(object.name, it->first);
      ASSERT_EQ(object.generation, it->second.generation);
      ASSERT_EQ(object.metageneration, it->second.metageneration);
      files += it->second.body.size() > 64 * 1024;
      ++it;
    }
    // No file leaks. An upload whose start was refused made none.
    ASSERT_EQ(t_.FileCount(), files);
  }

  TestStorage& t_;
  std::mt19937_64 random_;
  Model model_;
  std::string name_;
  Version* live_ = nullptr;
  Precondition when_;
  std::int64_t last_generation_ = 0;
};

TEST(StorageModel, RandomOperationsAgreeWithAMap) {
  const char* fixed = std::getenv("LANDFALL_SEED");
  const std::uint64_t seed =
      fixed != nullptr ? std::strtoull(fixed, nullptr, 10) : std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE("LANDFALL_SEED=" + std::to_string(seed));
  TestStorage t;
  Walk walk(t, seed);
  for (int step = 0; step < 1500 && !::testing::Test::HasFailure(); ++step) walk.Step();
}

}  // namespace
}  // namespace landfall::storage
