#include "api/multipart.h"

#include <gtest/gtest.h>

namespace landfall::api {
namespace {

// Hands out one byte at a time: every cut of the input between two reads is tried.
class SingleBytes final : public ByteSource {
 public:
  explicit SingleBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    if (at_ == bytes_.size()) return std::size_t{0};
    out[0] = bytes_[at_++];
    return std::size_t{1};
  }

 private:
  const std::string bytes_;
  std::size_t at_ = 0;
};

struct Parsed {
  Status status = {};
  std::string metadata = {}, media_type = {}, media = {};
};

Parsed Parse(const std::string& body, const std::string& type = "multipart/related; boundary=B",
             std::size_t metadata_max = 1000) {
  Parsed parsed;
  std::unique_ptr<ByteSource> sources[] = {std::make_unique<StringSource>(body),
                                           std::make_unique<SingleBytes>(body)};
  for (const auto& source : sources) {
    Parsed now;
    const auto parts = ParseMultipartRelated(type, *source, metadata_max);
    now.status = parts.status();
    if (parts.ok()) {
      const auto media = ReadAll(*parts->media, 1 << 20, "media");
      now.status = media.status();
      now.metadata = parts->metadata;
      now.media_type = parts->media_content_type;
      if (media.ok()) now.media = *media;
    }
    if (&source != &sources[0]) {
      EXPECT_EQ(now.status.ok(), parsed.status.ok()) << "depends on how the body is cut: " << body;
      EXPECT_EQ(now.media, parsed.media);
    }
    parsed = now;
  }
  return parsed;
}

std::string Body(const std::string& metadata, const std::string& media) {
  return "--B\r\nContent-Type: application/json\r\n\r\n" + metadata +
         "\r\n--B\r\nContent-Type: a/b\r\n\r\n" + media + "\r\n--B--";
}

TEST(Multipart, SplitsMetadataAndMedia) {
  for (const std::string media : {"", "x", "\r\n", "\r\n\r\n", "--", "--B", "\r\n--", "\r\n--Bx",
                                  "\r\n-", "a\r\n--B-\r\nb", "\n--B--\n", "\r"}) {
    const Parsed parsed = Parse(Body("{}", media));
    EXPECT_TRUE(parsed.status.ok()) << parsed.status.ToString() << " for " << media;
    EXPECT_EQ(parsed.metadata, "{}");
    EXPECT_EQ(parsed.media_type, "a/b");
    EXPECT_EQ(parsed.media, media);
  }
}

TEST(Multipart, TakesLineFeedsPreamblePaddingAndEpilogue) {
  EXPECT_EQ(Parse("--B\nContent-Type: application/json\n\n{}\n--B\n\nmedia\r\n--B--\n").media,
            "media\r");
  EXPECT_EQ(Parse("preamble\r\n" + Body("{}", "media") + "\r\nepilogue").media, "media");
  EXPECT_EQ(Parse("--B \t\r\n\r\n{}\r\n--B \r\n\r\nmedia\r\n--B--").media, "media");
}

TEST(Multipart, FindsTheBoundaryInTheHeader) {
  // As gcloud and gsutil send it.
  EXPECT_EQ(Parse(Body("{}", "media"), "multipart/related; boundary='B'").media, "media");
  for (const std::string type :
       {"multipart/related; boundary=B", "multipart/related; boundary=\"B\"",
        "Multipart/Related;type=\"a;b\"; Boundary=B", "multipart/related; boundary=B; x=y"}) {
    EXPECT_EQ(Parse(Body("{}", "m"), type).media, "m") << type;
  }
  for (const std::string type :
       {"", "multipart/related", "multipart/related; boundary=", "multipart/mixed; boundary=B",
        "multipart/related; boundary=\"B"}) {
    EXPECT_EQ(Parse(Body("{}", "m"), type).status.code(), Code::kInvalidArgument) << type;
  }
}

TEST(Multipart, RefusesMalformedBodies) {
  const std::string whole = Body("{}", "media");
  for (const std::string& body :
       {std::string(), std::string("no boundary at all"), std::string("--B--"),
        std::string("--B\r\n\r\n{}\r\n--B--"), whole.substr(0, whole.size() - 1),
        whole.substr(0, whole.size() - 7), whole.substr(0, 60),
        std::string("--B\r\nno colon\r\n\r\n{}\r\n--B\r\n\r\nm\r\n--B--"),
        std::string("--B\r\n\r\n{}\r\n--B\r\n\r\nm\r\n--B\r\n\r\nthird\r\n--B--")}) {
    const Parsed parsed = Parse(body);
    EXPECT_EQ(parsed.status.code(), Code::kInvalidArgument) << body;
    EXPECT_EQ(parsed.status.reason(), "parseError") << body;
  }
}

TEST(Multipart, MetadataHasALimit) {
  EXPECT_TRUE(Parse(Body(std::string(1000, ' '), "m")).status.ok());
  EXPECT_EQ(Parse(Body(std::string(1001, ' '), "m")).status.reason(), "uploadTooLarge");
}

}  // namespace
}  // namespace landfall::api
