#include "net/http_parse.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "net/net.h"

namespace landfall::net {
namespace {

Result<RequestHead> Parse(const std::string& lines) { return ParseRequestHead(lines + "\r\n"); }

TEST(ScanHead, FindsTheEndWhereverTheBytesAreCut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t known = 0; known < head.size(); ++known) {
    const HeadScan part = ScanHead(std::string_view(head).substr(0, known));
    EXPECT_EQ(part.state, HeadState::kIncomplete) << known;
    const HeadScan whole = ScanHead(head + "body", known);
    EXPECT_EQ(whole.state, HeadState::kComplete) << known;
    EXPECT_EQ(whole.bytes, head.size()) << known;
  }
}

TEST(Sniff, TellsProtocolsApartByTheirFirstBytes) {
  EXPECT_EQ(Sniff(""), Protocol::kUndecided);
  EXPECT_EQ(Sniff("\x16"), Protocol::kUndecided);
  EXPECT_EQ(Sniff("\x16\x03"), Protocol::kTls);
  EXPECT_EQ(Sniff("PRI * HT"), Protocol::kUndecided);
  EXPECT_EQ(Sniff("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore"), Protocol::kHttp2);
  EXPECT_EQ(Sniff("PRI * HTTP/1.1\r\n"), Protocol::kHttp1);
  EXPECT_EQ(Sniff("PUT /"), Protocol::kHttp1);
}

TEST(ParseRequestHead, TakesTheHostOfAnAbsoluteTarget) {
  const RequestHead head = Parse("GET http://real:81/p?q=1 HTTP/1.1\r\nHost: other\r\n").value();
  EXPECT_EQ(head.target, "/p?q=1");
  EXPECT_EQ(head.headers.Get("host"), "real:81");
  EXPECT_EQ(Parse("GET http://real HTTP/1.1\r\nHost: other\r\n").value().target, "/");
  EXPECT_EQ(Parse("GET http://real?a HTTP/1.1\r\nHost: other\r\n").value().target, "/?a");
  EXPECT_FALSE(Parse("GET http://u@real/ HTTP/1.1\r\nHost: other\r\n").ok());
}

TEST(ParseRequestHead, TrimsValuesAndKeepsTheirOrder) {
  const RequestHead head =
      Parse("PATCH /x HTTP/1.1\r\nHost:a\r\nX-A: \t one  \r\nx-a:\r\nX-B: \xc3\xa4\r\n").value();
  EXPECT_EQ(head.method, Method::kPatch);
  ASSERT_EQ(head.headers.all().size(), 4u);
  EXPECT_EQ(head.headers.all()[1].second, "one");
  EXPECT_EQ(head.headers.all()[2].second, "");
  EXPECT_EQ(head.headers.Get("X-B"), "\xc3\xa4");
}

TEST(ParseRequestHead, FramesTheBody) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(Parse(start).value().framing, Framing::kNone);
  const RequestHead sized = Parse(start + "content-LENGTH: 007\r\n").value();
  EXPECT_EQ(sized.framing, Framing::kLength);
  EXPECT_EQ(sized.body_bytes, 7u);
  EXPECT_EQ(Parse(start + "Transfer-Encoding: Chunked\r\n").value().framing, Framing::kChunked);
  EXPECT_FALSE(Parse(start + "Content-Length: 9999999999999999999\r\n").ok());
  EXPECT_FALSE(Parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n").ok());
}

TEST(ParseRequestHead, NeedsNoContinueWithoutABody) {
  const std::string expect = "Host: a\r\nExpect: 100-Continue\r\n";
  EXPECT_FALSE(Parse("POST / HTTP/1.1\r\n" + expect).value().expect_continue);
  EXPECT_FALSE(Parse("POST / HTTP/1.0\r\nContent-Length: 1\r\n" + expect).value().expect_continue);
  EXPECT_TRUE(Parse("POST / HTTP/1.1\r\nContent-Length: 1\r\n" + expect).value().expect_continue);
}

TEST(ChunkDecoder, LimitsLinesAndTrailers) {
  ChunkDecoder line;
  EXPECT_FALSE(line.Take("1;" + std::string(kChunkLineBytesMax, 'x')).ok());
  ChunkDecoder trailers;
  EXPECT_EQ(trailers.Take("0\r\n").value().consumed, 3u);
  const std::string trailer = "X: " + std::string(1'000, 'x') + "\r\n";
  Status status;
  for (int i = 0; i < 9 && status.ok(); ++i) status = trailers.Take(trailer).status();
  EXPECT_FALSE(status.ok());
}

TEST(ChunkDecoder, StopsAtTheEndOfTheBody) {
  ChunkDecoder chunks;
  EXPECT_EQ(chunks.Take("1\r\n").value().consumed, 3u);
  EXPECT_EQ(chunks.data_left(), 1u);
  chunks.Skip(1);
  EXPECT_EQ(chunks.Take("\r").value().consumed, 0u);
  EXPECT_EQ(chunks.Take("\r\n").value().consumed, 2u);
  EXPECT_EQ(chunks.Take("0\r\n").value().consumed, 3u);
  EXPECT_EQ(chunks.Take("\r\nGET / HTTP/1.1").value().consumed, 2u);
  EXPECT_TRUE(chunks.done());
  EXPECT_EQ(chunks.Take("GET").value().consumed, 0u);
}

std::string Gzipped(std::string_view text) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(text.size() + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(RequestBody, IsGunzippedWithinItsLimit) {
  const std::string plain(50'000, 'h');
  const std::string packed = Gzipped(plain);
  for (const bool fits : {true, false}) {
    StringSource body(packed);
    Request request;
    request.headers.Set("Content-Encoding", "gzip");
    request.content_length = packed.size();
    request.body = &body;
    const Result<std::string> text = ReadBody(request, fits ? plain.size() : plain.size() - 1);
    EXPECT_EQ(text.ok(), fits);
    if (fits) {
      EXPECT_EQ(*text, plain);
    } else {
      EXPECT_EQ(text.status().reason(), "uploadTooLarge");
    }
  }
}

}  // namespace
}  // namespace landfall::net
