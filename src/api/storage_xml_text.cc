#include "api/storage_xml_text.h"

#include <cstdint>
#include <optional>

#include "base/text.h"

namespace landfall::api::storage_xml {
namespace {

constexpr std::size_t kDepthMax = 16;

Status Malformed(std::string_view why) {
  return InvalidArgument(
      "The XML you provided was not well-formed or did not validate against our published "
      "schema.\n" +
          std::string(why),
      "MalformedXML");
}

void AppendUtf8(std::string& text, std::uint32_t c) {
  if (c < 0x80) {
    text.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    text.push_back(static_cast<char>(0xc0 | c >> 6));
    text.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    text.push_back(static_cast<char>(0xe0 | c >> 12));
    text.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    text.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    text.push_back(static_cast<char>(0xf0 | c >> 18));
    text.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3f)));
    text.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    text.push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

// "#65" or "#x41".
std::optional<std::uint32_t> CharacterNumber(std::string_view entity) {
  if (!entity.starts_with('#') || entity.size() < 2 || entity.size() > 9) return std::nullopt;
  const bool hex = entity[1] == 'x';
  std::uint32_t number = 0;
  const std::string_view digits = entity.substr(hex ? 2 : 1);
  for (const char c : digits) {
    const bool decimal = c >= '0' && c <= '9';
    const char lower = static_cast<char>(c | 0x20);
    if (!decimal && !(hex && lower >= 'a' && lower <= 'f')) return std::nullopt;
    number =
        number * (hex ? 16 : 10) + static_cast<std::uint32_t>(decimal ? c - '0' : lower - 'a' + 10);
  }
  const bool surrogate = number >= 0xd800 && number < 0xe000;
  if (digits.empty() || number == 0 || number > 0x10ffff || surrogate) return std::nullopt;
  return number;
}

Result<std::string> Unescaped(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t amp = text.find('&');
    plain.append(text.substr(0, amp));
    if (amp == std::string_view::npos) break;
    const std::size_t end = text.find(';', amp);
    if (end == std::string_view::npos) return Malformed("an entity does not end");
    const std::string_view entity = text.substr(amp + 1, end - amp - 1);
    if (entity == "amp") {
      plain.push_back('&');
    } else if (entity == "lt") {
      plain.push_back('<');
    } else if (entity == "gt") {
      plain.push_back('>');
    } else if (entity == "quot") {
      plain.push_back('"');
    } else if (entity == "apos") {
      plain.push_back('\'');
    } else if (const auto number = CharacterNumber(entity)) {
      AppendUtf8(plain, *number);
    } else {
      return Malformed("an entity is unknown");
    }
    text.remove_prefix(end + 1);
  }
  return plain;
}

class Reader {
 public:
  Reader(std::string_view text, std::size_t elements_max) : rest_(text), max_(elements_max) {}

  Result<std::vector<XmlElement>> Read() {
    while (!rest_.empty()) {
      const std::size_t tag = rest_.find('<');
      TRY(Text(rest_.substr(0, tag)));
      if (tag == std::string_view::npos) break;
      rest_.remove_prefix(tag);
      TRY(Tag());
    }
    if (!open_.empty()) return Malformed("an element does not end");
    if (done_.empty()) return Malformed("there is no element");
    return std::move(done_);
  }

 private:
  struct Open {
    std::string name, path, text;
  };

  Status Text(std::string_view text) {
    if (!open_.empty()) {
      open_.back().text += TRY(Unescaped(text));
    } else if (!Trim(text).empty() && text != "\xef\xbb\xbf") {
      return Malformed("there is text outside of the document");
    }
    return {};
  }

  Status Skip(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) return Malformed("a comment or instruction does not end");
    rest_.remove_prefix(at + end.size());
    return {};
  }

  Status Tag() {
    if (rest_.starts_with("<!--")) return Skip("-->");
    if (rest_.starts_with("<?")) return Skip("?>");
    if (rest_.starts_with("<!")) return Malformed("document types and CDATA are not taken");
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos) return Malformed("a tag does not end");
    std::string_view tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (tag.starts_with('/')) return Close(Trim(tag.substr(1)));
    const bool empty = tag.ends_with('/');
    if (empty) tag.remove_suffix(1);
    const std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n"));
    TRY(OpenElement(name));
    return empty ? Close(name) : Ok();
  }

  Status OpenElement(std::string_view name) {
    if (name.empty() || name.find_first_of("<&\"'=/") != std::string_view::npos)
      return Malformed("an element has no name");
    if (open_.size() >= kDepthMax) return Malformed("elements nest too deep");
    if (open_.empty() && !done_.empty()) return Malformed("there are two documents");
    if (++count_ > max_) return Malformed("there are too many elements");
    const std::string_view local = name.substr(name.find(':') + 1);
    std::string path = open_.empty() ? "" : open_.back().path + "/";
    open_.push_back({std::string(name), path.append(local), ""});
    return {};
  }

  Status Close(std::string_view name) {
    if (open_.empty() || open_.back().name != name) return Malformed("tags do not match");
    done_.push_back({std::move(open_.back().path), std::move(open_.back().text)});
    open_.pop_back();
    return {};
  }

  std::string_view rest_;
  const std::size_t max_;
  std::size_t count_ = 0;
  std::vector<Open> open_;
  std::vector<XmlElement> done_;
};

}  // namespace

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no way to write these; a list with encoding-type=url has.
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') {
          out += "&#" + std::to_string(static_cast<int>(c)) + ";";
        } else {
          out.push_back(c);
        }
    }
  }
  return out;
}

std::string Element(std::string_view name, std::string_view text) {
  std::string out = "<";
  return out.append(name).append(">").append(Escaped(text)).append("</").append(name).append(">");
}

std::string Document(std::string_view root, std::string_view name_space, std::string_view inside) {
  std::string out = "<?xml version='1.0' encoding='UTF-8'?><";
  out.append(root);
  if (!name_space.empty()) out.append(" xmlns='").append(name_space).append("'");
  return out.append(">").append(inside).append("</").append(root).append(">");
}

Result<std::vector<XmlElement>> ParseXml(std::string_view text, std::size_t elements_max) {
  return Reader(text, elements_max).Read();
}

}  // namespace landfall::api::storage_xml
