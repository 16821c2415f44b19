#include "image/probe_text.h"

#include <algorithm>

// The first element decides: white space, a byte order mark, XML declarations and comments may
// stand before it. WHATWG MIME Sniffing §7.1 takes a leading comment for HTML; drawing programs put
// one before <svg too, so here the look goes on and a comment only tips the balance when nothing
// else is found.

namespace pixhaul::image {
namespace {

constexpr std::string_view kWebPage = "a web page, not an image";
constexpr std::string_view kXml = "XML, not an image";
constexpr std::string_view kJson = "JSON, not an image";
constexpr std::string_view kText = "text, not an image";

// WHATWG MIME Sniffing §7.1's list, and what error pages written by hand begin with.
constexpr std::array<std::string_view, 34> kHtmlTags = {
    "html",     "head",  "body",    "script",  "iframe", "h1",  "h2",      "h3",     "div",
    "font",     "table", "a",       "style",   "title",  "b",   "br",      "p",      "meta",
    "link",     "base",  "center",  "form",    "img",    "pre", "span",    "strong", "ul",
    "noscript", "main",  "section", "article", "header", "nav", "frameset"};

bool is_space(char letter) { return letter == ' ' || (letter >= '\t' && letter <= '\r'); }

bool is_name_start(char letter) {
  return (letter >= 'a' && letter <= 'z') || letter == '!' || letter == '?' || letter == '_';
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

}  // namespace

Step TextWalker::start() { return scan_on(); }

Step TextWalker::scan(Bytes& input, Findings& findings) {
  for (const std::byte byte : input) {
    on_byte(static_cast<char>(byte), findings);
    if (state_ == State::done) return refused_already();
    if (++looked_ == kLongestLook) {
      end_undecided(findings);
      return refused_already();
    }
  }
  findings.position += input.size();
  input = {};
  return scan_on();
}

void TextWalker::on_byte(char letter, Findings& findings) {
  switch (state_) {
    case State::leading:
      on_leading(letter, findings);
      break;
    case State::tag:
      on_tag(letter, findings);
      break;
    case State::doctype:
      on_doctype(letter, findings);
      break;
    case State::declaration:
      if (letter == '>') state_ = State::leading;
      break;
    case State::comment:
      if (letter == '>' && last_[0] == '-' && last_[1] == '-') state_ = State::leading;
      break;
    case State::done:
      break;
  }
  last_ = {last_[1], letter};
}

void TextWalker::on_leading(char letter, Findings& findings) {
  const auto byte = static_cast<std::uint8_t>(letter);
  // The UTF-8 byte order mark is EF BB BF.
  if (is_space(letter) || (looked_ < 3 && (byte == 0xEF || byte == 0xBB || byte == 0xBF))) return;
  if (letter == '<') {
    state_ = State::tag;
    name_size_ = 0;
    return;
  }
  if (is_xml_ || has_comment_)
    return end(findings, ErrorCode::not_image, is_xml_ ? kXml : kWebPage);
  const bool is_json = letter == '{' || letter == '[';
  end(findings, ErrorCode::not_image, is_json ? kJson : kText);
}

void TextWalker::on_tag(char letter, Findings& findings) {
  letter = lower(letter);
  if (name_size_ == 0 && !is_name_start(letter)) return end_undecided(findings);
  const bool ends = is_space(letter) || letter == '>' || letter == '/';
  if (!ends && name_size_ < name_.size()) {
    name_[name_size_++] = letter;
    if (name() == "!--") {
      has_comment_ = true;
      state_ = State::comment;
    }
    return;
  }
  if (name().starts_with("?")) {
    is_xml_ = true;
    state_ = letter == '>' ? State::leading : State::declaration;
  } else if (name() == "!doctype" && letter != '>') {
    state_ = State::doctype;
    name_size_ = 0;
  } else {
    on_name(findings);
  }
}

void TextWalker::on_doctype(char letter, Findings& findings) {
  const bool ends = is_space(letter) || letter == '>' || letter == '[';
  if (!ends && name_size_ < name_.size()) {
    name_[name_size_++] = lower(letter);
  } else if (name_size_ > 0 || letter != ' ') {
    on_name(findings);
  }
}

void TextWalker::on_name(Findings& findings) {
  const std::string_view tag = name();
  if (tag == "svg" || tag.ends_with(":svg")) {
    findings.format = ImageFormat::svg;
    return end(findings, ErrorCode::unsupported_format, "an SVG drawing");
  }
  const bool is_html = tag == "!doctype" || std::ranges::find(kHtmlTags, tag) != kHtmlTags.end();
  end(findings, ErrorCode::not_image, is_html ? kWebPage : kXml);
}

void TextWalker::end(Findings& findings, ErrorCode code, std::string_view detail) {
  findings.refusal = Error{.code = code, .detail = std::string(detail)};
  state_ = State::done;
}

void TextWalker::end_undecided(Findings& findings) {
  end(findings, ErrorCode::not_image, has_comment_ ? kWebPage : is_xml_ ? kXml : kText);
}

std::optional<Error> TextWalker::finish(const End& /*end*/) const {
  TextWalker rest = *this;
  Findings findings;
  const bool has_name = (state_ == State::tag || state_ == State::doctype) && name_size_ > 0;
  has_name ? rest.on_name(findings) : rest.end_undecided(findings);
  return std::move(findings.refusal);
}

}  // namespace pixhaul::image
