// multipart/form-data as HTML forms post it: fields, then one file that is never held in memory.
// Pure apart from the body it reads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/signing_policy.h"
#include "base/bytes.h"
#include "base/status.h"

namespace landfall::api::storage_xml {

constexpr std::size_t kFormFieldsMax = 200;
constexpr std::size_t kFormFieldBytesMax = 256 * 1024;  // all fields together

struct PostedForm {
  FormFields fields = {};  // names in lower case, in order
  std::string file_name = {}, file_content_type = {};
  // The field "file", which must be the last one: another field behind it, or an end before the
  // closing boundary, is an error of the last Read. Reads from the body, which must outlive it.
  std::unique_ptr<ByteSource> file = {};
};

// kInvalidArgument/"MalformedPOSTRequest" for what is no such form, or has no file.
Result<PostedForm> ParsePostedForm(std::string_view content_type, ByteSource& body);

}  // namespace landfall::api::storage_xml
