// XML as the XML API needs it: elements written by hand, and small request documents flattened.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace landfall::api::storage_xml {

std::string Escaped(std::string_view text);
// "<name>escaped text</name>".
std::string Element(std::string_view name, std::string_view text);
std::string Document(std::string_view root, std::string_view name_space, std::string_view inside);

// One element that ends: its path without namespace prefixes ("CompleteMultipartUpload/Part/ETag")
// and the text directly inside it. In order of their ends.
struct XmlElement {
  std::string path, text;
};
// kInvalidArgument/"MalformedXML" for what is not well-formed as far as we look, nests deeper than
// 16, has more than `elements_max` elements, or declares a document type.
Result<std::vector<XmlElement>> ParseXml(std::string_view text, std::size_t elements_max);

}  // namespace landfall::api::storage_xml
