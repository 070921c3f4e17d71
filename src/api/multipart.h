// multipart/related with exactly two parts, JSON metadata and media, as uploads send it. The media
// part is never held in memory. Pure apart from the body it reads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace landfall::api {

struct MultipartRelated {
  std::string metadata;               // the first part's body
  std::string metadata_content_type;  // as sent; may be empty
  std::string media_content_type;
  // The second part's body; reads from the request's body, which must outlive it. Its end is the
  // closing boundary: a third part, or an end of the body before the boundary, is an error of the
  // last Read.
  std::unique_ptr<ByteSource> media;
};

// `content_type` is the request's header with the boundary, quoted or not. Lines end in CRLF or,
// throughout, in LF. kInvalidArgument/"parseError" for a malformed body,
// kResourceExhausted/"uploadTooLarge" when the metadata part is over `metadata_bytes_max`.
Result<MultipartRelated> ParseMultipartRelated(std::string_view content_type, ByteSource& body,
                                               std::size_t metadata_bytes_max);

}  // namespace landfall::api
