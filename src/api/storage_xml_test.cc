// Forms, XML and batches as text, and the XML API behind a router over a real store. The wire
// itself is tested with official clients in tests/e2e.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/batch.h"
#include "api/storage_json_fixture.h"
#include "api/storage_xml_form.h"
#include "api/storage_xml_text.h"

namespace landfall::api {
namespace {

using storage_xml::ParsePostedForm;
using storage_xml::ParseXml;
using storage_xml::PostedForm;
using ::testing::HasSubstr;

constexpr std::string_view kFormType = "multipart/form-data; boundary=\"B\"";

TEST(PostedForm, FieldsThenTheFile) {
  StringSource body(
      "ignored\r\n--B\r\nContent-Disposition: form-data; name=\"Key\"\r\n\r\na \"b\"\r\n"
      "--B\r\ncontent-disposition: form-data; name=empty\r\n\r\n\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x;\\\"y.txt\"\r\n"
      "Content-Type: text/x\r\n\r\n\r\nline\r\n--Bogus\r\n--B--\r\n");
  const PostedForm form = ParsePostedForm(kFormType, body).value();
  EXPECT_EQ(form.fields, (FormFields{{"key", "a \"b\""}, {"empty", ""}}));
  EXPECT_EQ(form.file_name, "x;\"y.txt");
  EXPECT_EQ(form.file_content_type, "text/x");
  // "--Bogus" begins like the boundary and is none.
  EXPECT_FALSE(ReadAll(*form.file, 1000, "file").ok());
}

TEST(PostedForm, FileMayBeEmptyAndMayLookLikeABoundary) {
  const std::string head = "--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
  for (const char* data : {"", "\r\n", "\r\n-", "x\r\n\r\n--", "\r\n--C"}) {
    StringSource body(head + data + "\r\n--B--");
    const PostedForm form = ParsePostedForm(kFormType, body).value();
    EXPECT_EQ(ReadAll(*form.file, 1000, "file").value(), data);
  }
}

TEST(PostedForm, MalformedOnesAreRefused) {
  const std::string file = "--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx";
  for (const std::string& text :
       {std::string(), std::string("--B--"), std::string("--B\r\n\r\nx\r\n--B--"),
        std::string("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--B--"),
        std::string("--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--")}) {
    StringSource body(text);
    EXPECT_EQ(ParsePostedForm(kFormType, body).status().reason(), "MalformedPOSTRequest") << text;
  }
  for (const char* end : {"", "\r\n--B", "\r\n--B\r\nContent-Disposition: form-data"}) {
    StringSource body(file + end);
    auto form = ParsePostedForm(kFormType, body);
    const Status status = form.ok() ? ReadAll(*form->file, 1000, "file").status() : form.status();
    EXPECT_EQ(status.reason(), "MalformedPOSTRequest") << end;
  }
  StringSource body("x");
  EXPECT_FALSE(ParsePostedForm("text/plain", body).ok());
}

TEST(XmlText, ElementsComeInOrderOfTheirEndsWithoutPrefixes) {
  const auto elements = ParseXml(
      "<?xml version='1.0'?><!-- c --><s:A xmlns:s='u'><B>1 &lt;&#x41;&#233;</B>\n<B/></s:A>", 10);
  ASSERT_TRUE(elements.ok());
  ASSERT_EQ(elements->size(), 3u);
  EXPECT_EQ((*elements)[0].path, "A/B");
  EXPECT_EQ((*elements)[0].text, "1 <A\xc3\xa9");
  EXPECT_EQ((*elements)[1].text, "");
  EXPECT_EQ((*elements)[2].path, "A");
}

TEST(XmlText, WhatIsNotWellFormedIsRefused) {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "<a>";
  for (const std::string& text :
       {std::string(), std::string("text"), std::string("<a>"), std::string("<a></b>"),
        std::string("<a/><b/>"), std::string("<a>&nope;</a>"), std::string("<a>&#0;</a>"),
        std::string("<!DOCTYPE a><a/>"), std::string("<a"), std::string("< />"), deep}) {
    EXPECT_EQ(ParseXml(text, 100).status().reason(), "MalformedXML") << text;
  }
  EXPECT_FALSE(ParseXml("<a><b/><b/></a>", 2).ok());
}

TEST(BatchParse, TakesBothLineEndsPathsAndUrls) {
  const std::string text =
      "--B\nContent-Type: application/http\nContent-ID: <7>\n\n"
      "POST http://h:1/storage/v1/b?project=p HTTP/1.1\nX-A: b\nContent-Length: 2\n\n{}\n\n--B\n"
      "content-type: application/http; msgtype=request\n\nGET /x\n--B--";
  const auto calls = ParseBatch("multipart/mixed; boundary=\"B\"", text).value();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].content_id, "<7>");
  EXPECT_EQ(calls[0].method, net::Method::kPost);
  EXPECT_EQ(calls[0].target, "/storage/v1/b?project=p");
  EXPECT_EQ(calls[0].headers.Get("x-a"), "b");
  EXPECT_EQ(calls[0].body, "{}");
  EXPECT_EQ(calls[1].target, "/x");
}

TEST(BatchParse, OneBadPartRefusesTheWhole) {
  const auto reason = [](std::string_view inner) {
    return ParseBatch(
               "multipart/mixed; boundary=B",
               "--B\r\nContent-Type: application/http\r\n\r\n" + std::string(inner) + "\r\n--B--")
        .status()
        .reason();
  };
  EXPECT_EQ(reason("GET /ok HTTP/1.1"), "");
  for (const char* inner : {"", "GET", "BREW /x HTTP/1.1", "GET x HTTP/1.1", "GET / HTTP/2",
                            "GET /a b HTTP/1.1", "GET ftp://h/x HTTP/1.1", "GET / HTTP/1.1\r\n:"})
    EXPECT_EQ(reason(inner), "parseError") << inner;
}

TEST(BatchPart, EchoesTheIdAndHasAReasonPhrase) {
  net::Response response;
  response.status = 204;
  response.headers.Set("ETag", "e");
  EXPECT_EQ(BatchPart({.content_id = "<a+1>"}, response, ""),
            "Content-Type: application/http\r\nContent-ID: <response-a+1>\r\n\r\n"
            "HTTP/1.1 204 No Content\r\nETag: e\r\nContent-Length: 0\r\n\r\n");
}

// The XML adapter, without any keys, on the store of the JSON fixture.
struct XmlApi : TestApi {
  XmlApi() {
    signing =
        MakeSigning(store.root + "/keys", store.files, store.clock, store.random, *store.storage);
    for (net::Api& api : MakeStorageXml(*store.storage, signing.keys, store.clock, store.files,
                                        {.parts_dir = store.root + "/parts"})) {
      router->Add(std::move(api));
    }
  }
  Signing signing;
};

TEST(StorageXml, JsonAndXmlSeeTheSameObject) {
  XmlApi api;
  EXPECT_EQ(api.Put("/bucket/a/b", "hello").status, 200);
  EXPECT_EQ(api.Read("a%2Fb"), "hello");
  EXPECT_EQ(api.Get("/b", {{"Host", "x"}}).status, 400);  // the JSON API's list needs a project
  EXPECT_THAT(api.Get("/bucket/none").body, HasSubstr("<Code>NoSuchKey</Code>"));
}

TEST(StorageXml, FailedWritesLeaveNothing) {
  XmlApi api;
  api.store.files.full = true;
  const Answer answer = api.Put("/bucket/big", std::string(100'000, 'x'));
  EXPECT_EQ(answer.status, 507);
  EXPECT_THAT(answer.body, HasSubstr("<Code>InsufficientStorage</Code>"));
  api.store.files.full = false;
  EXPECT_EQ(api.Get("/bucket/big").status, 404);
}

// What a start of the server, or its sweeper, leaves of the unfinished multipart uploads.
std::size_t UploadsAfterSweep(XmlApi& api) {
  const std::string dir = api.store.root + "/parts";
  MakeStorageXml(*api.store.storage, api.signing.keys, api.store.clock, api.store.files,
                 {.parts_dir = dir});
  return api.store.files.List(dir).value().size();
}

TEST(StorageXml, ForgottenMultipartUploadsAreSweptAfterAWeek) {
  XmlApi api;
  EXPECT_EQ(api.Post("/bucket/m?uploads").status, 200);
  EXPECT_EQ(UploadsAfterSweep(api), 1u);
  api.store.clock.Advance(std::chrono::hours(24 * 6));
  EXPECT_EQ(UploadsAfterSweep(api), 1u);
  api.store.clock.Advance(std::chrono::hours(25));
  EXPECT_EQ(UploadsAfterSweep(api), 0u);
}

TEST(StorageXml, LifecycleRulesAbortMultipartUploads) {
  XmlApi api;
  const std::string rule =
      R"({"lifecycle":{"rule":[{"action":{"type":"AbortIncompleteMultipartUpload"},)"
      R"("condition":{"age":2,"matchesPrefix":["tmp/"],"matchesSuffix":[".bin"]}}]}})";
  EXPECT_EQ(api.Patch("/b/bucket", rule).status, 200);
  for (const char* name : {"tmp/a.bin", "tmp/a.txt", "b.bin"})
    EXPECT_EQ(api.Post(std::string("/bucket/") + name + "?uploads").status, 200);
  api.store.clock.Advance(std::chrono::hours(47));
  EXPECT_EQ(UploadsAfterSweep(api), 3u);
  api.store.clock.Advance(std::chrono::hours(2));
  EXPECT_EQ(UploadsAfterSweep(api), 2u);
}

TEST(StorageXml, MultipartUploadsGoWithTheirBucket) {
  XmlApi api;
  EXPECT_EQ(api.Post("/bucket/m?uploads").status, 200);
  EXPECT_TRUE(api.store.storage->DeleteBucket({}, "bucket", {}).ok());
  EXPECT_EQ(UploadsAfterSweep(api), 0u);
}

}  // namespace
}  // namespace landfall::api
