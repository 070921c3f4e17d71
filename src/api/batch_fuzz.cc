// The parsers of what clients post whole: batches, forms with their policies, XML documents. None
// crashes; how a form is cut between reads changes nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/batch.h"
#include "api/signing_policy.h"
#include "api/storage_xml_form.h"
#include "api/storage_xml_text.h"

namespace {

using landfall::ByteSource;
using landfall::Result;

class Cut final : public ByteSource {
 public:
  Cut(std::string_view bytes, std::size_t piece) : rest_(bytes), piece_(piece) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = std::min({rest_.size(), piece_, out.size()});
    rest_.copy(out.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
  std::size_t piece_;
};

std::string Form(std::string_view body, std::size_t piece) {
  Cut source(body, piece);
  const auto form =
      landfall::api::storage_xml::ParsePostedForm("multipart/form-data; boundary=B", source);
  if (!form.ok()) return "error";
  const auto file = landfall::ReadAll(*form->file, 1 << 24, "file");
  if (!file.ok()) return "error";
  std::string text = form->file_name + '\0' + form->file_content_type + '\0' + *file;
  for (const auto& [name, value] : form->fields) text += '\0' + name + '\0' + value;
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CHECK(Form(text, size + 1) == Form(text, 1));
  const auto calls = landfall::api::ParseBatch("multipart/mixed; boundary=B", text);
  if (calls.ok()) {
    CHECK(!calls->empty() && calls->size() <= landfall::api::kBatchCallsMax);
    for (const auto& call : *calls) CHECK(call.target.starts_with('/'));
  }
  static_cast<void>(landfall::api::storage_xml::ParseXml(text, 100).ok());
  const auto policy = landfall::api::ParsePostPolicy(text);
  if (policy.ok()) {
    const landfall::api::FormFields fields = {{"key", "a"}};
    static_cast<void>(landfall::api::CheckPostPolicy(*policy, fields, "b", {}).ok());
  }
  return 0;
}
