#include "net/http1.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>

// Response heads and chunked framing of HTTP/1.x (RFC 9112), as pure functions of bytes.
//
// A head normally arrives in one read, so the first call parses line by line straight into the
// caller's ResponseHead: one memchr a line, no copy, no second pass. Only if it runs out of bytes
// are the whole lines parsed once more when the rest has come (the caller's buffer may have moved,
// and with it every view); lines are never searched twice for their end, so a head fed byte by byte
// costs linear time. Limits count as bytes come.

namespace pixhaul::net {

namespace {

constexpr std::uint64_t kMaxLength = std::numeric_limits<std::int64_t>::max();
constexpr std::uint32_t kMaxChunkExtension = 256;
constexpr std::uint32_t kMaxExtensions = 4 * 1024;
constexpr std::uint32_t kMaxTrailers = 4 * 1024;

std::unexpected<Error> protocol_error(const char* detail) {
  return std::unexpected(Error{.code = ErrorCode::protocol_error, .detail = detail});
}

std::unexpected<Error> header_limit(const char* detail) {
  return std::unexpected(Error{.code = ErrorCode::header_limit, .detail = detail});
}

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

// RFC 9110 §5.6.2: token = 1*tchar.
constexpr std::array<bool, 256> kTokenCharacters = [] {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

// The length of the token `text` begins with.
std::size_t token_length(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && kTokenCharacters[static_cast<unsigned char>(text[i])]) ++i;
  return i;
}

// RFC 9110 §5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous";
// other control characters may be kept "when they appear within a safe context", which ours is: no
// field reaches a sink but through its escaping.
// Eight bytes at a time: a word has a zero byte exactly when (w - 0x01…) & ~w & 0x80… is not zero.
bool has_cr_or_nul(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHighs = 0x8080808080808080u;
  std::uint64_t found = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    std::uint64_t without_cr = word ^ (kOnes * '\r');
    found |= ((word - kOnes) & ~word) | ((without_cr - kOnes) & ~without_cr);
  }
  bool in_tail = false;
  for (; i < text.size(); ++i) in_tail |= text[i] == '\r' || text[i] == '\0';
  return (found & kHighs) != 0 || in_tail;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// RFC 9110 §8.6: Content-Length = 1*DIGIT. Nothing else: no sign, no list, no white space inside.
std::optional<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) return std::nullopt;
    std::uint64_t digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMaxLength - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace

struct HeadParser::Message {
  std::string_view length_text{};
  std::string_view transfer_encoding{};
  std::uint8_t minor_version = 0;
  bool has_length = false;
  bool has_transfer_encoding = false;
  bool says_close = false;
  bool says_keep_alive = false;

  [[nodiscard]] Result<> take_status_line(std::string_view line, ResponseHead& head);
  [[nodiscard]] Result<> take_field(const Field& field);
  [[nodiscard]] Result<> decide(ResponseHead& head) const;

 private:
  void take_connection(std::string_view value);
  [[nodiscard]] Result<> decide_framing(ResponseHead& head) const;
};

// RFC 9112 §4: status-line = HTTP-version SP status-code SP [ reason-phrase ]. The second SP is
// missing in the wild when there is no reason, and harmless to miss. Codes above 599 exist (999)
// and are the caller's matter.
Result<> HeadParser::Message::take_status_line(std::string_view line, ResponseHead& head) {
  bool is_well_formed = line.size() >= 12 && line.starts_with("HTTP/1.") && is_digit(line[7]) &&
                        line[8] == ' ' && line[9] >= '1' && line[9] <= '9' && is_digit(line[10]) &&
                        is_digit(line[11]) && (line.size() == 12 || line[12] == ' ');
  if (!is_well_formed || has_cr_or_nul(line)) return protocol_error("malformed status line");
  minor_version = static_cast<std::uint8_t>(line[7] - '0');
  head.status =
      static_cast<std::uint16_t>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  if (head.status == 101) return protocol_error("101 Switching Protocols was not asked for");
  head.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  return {};
}

Result<> HeadParser::Message::take_field(const Field& field) {
  switch (field.name.size()) {  // three names of three lengths: most fields cost one comparison
    case 10:
      if (equals_ignoring_case(field.name, "connection")) take_connection(field.value);
      break;
    case 14:
      if (!equals_ignoring_case(field.name, "content-length")) break;
      if (has_length && field.value != length_text) {
        return protocol_error("conflicting Content-Length fields");
      }
      has_length = true;
      length_text = field.value;
      break;
    case 17:
      if (!equals_ignoring_case(field.name, "transfer-encoding")) break;
      if (has_transfer_encoding) return protocol_error("repeated Transfer-Encoding");
      has_transfer_encoding = true;
      transfer_encoding = field.value;
      break;
    default:
      break;
  }
  return {};
}

void HeadParser::Message::take_connection(std::string_view value) {
  while (!value.empty()) {
    std::size_t comma = value.find(',');
    std::string_view option = trim(value.substr(0, comma));
    says_close |= equals_ignoring_case(option, "close");
    says_keep_alive |= equals_ignoring_case(option, "keep-alive");
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
}

Result<> HeadParser::Message::decide(ResponseHead& head) const {
  if (auto framed = decide_framing(head); !framed) return framed;
  // RFC 9112 §9.3: close wins; 1.1 persists by default; 1.0 persists if it says so.
  bool persists = !says_close && (minor_version >= 1 || says_keep_alive);
  head.keep_alive = persists && head.framing != Framing::until_close;
  // RFC 9112 §6.1 forbids Transfer-Encoding in 1xx and 204, RFC 9110 §8.6 Content-Length too.
  // Whoever sends it may send a body behind it, so the connection carries nothing more.
  bool promises_body = has_transfer_encoding || (has_length && length_text != "0");
  if (head.framing == Framing::none && head.status != 304 && promises_body) head.keep_alive = false;
  return {};
}

// RFC 9112 §6.3, in its order, with every doubtful case refused.
Result<> HeadParser::Message::decide_framing(ResponseHead& head) const {
  head.content_length.reset();
  std::optional<std::uint64_t> length = parse_length(length_text);
  if (has_length && !length) return protocol_error("malformed Content-Length");
  if (has_transfer_encoding) {
    if (has_length) return protocol_error("Transfer-Encoding with Content-Length");
    if (minor_version == 0) return protocol_error("Transfer-Encoding in an HTTP/1.0 response");
    if (!equals_ignoring_case(transfer_encoding, "chunked")) {
      return protocol_error("Transfer-Encoding other than chunked");
    }
  }
  if (head.status < 200 || head.status == 204 || head.status == 304) {
    head.framing = Framing::none;
  } else if (has_transfer_encoding) {
    head.framing = Framing::chunked;
  } else if (has_length) {
    head.framing = Framing::length;
    head.content_length = length;
  } else {
    head.framing = Framing::until_close;
  }
  return {};
}

Result<> HeadParser::parse_line(std::string_view line, bool is_first, ResponseHead& head,
                                Message& message) const {
  if (is_first) return message.take_status_line(line, head);
  if (head.fields.size() >= limits_.field_count) return header_limit("too many fields");
  // RFC 9112 §5: field-line = field-name ":" OWS field-value OWS. §5.1: no white space before the
  // colon; §5.2: obs-fold, a line that begins with white space, is refused by the same rule: no
  // token, no colon.
  std::size_t colon = token_length(line);
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    return protocol_error("malformed header field");
  }
  Field field{.name = line.substr(0, colon), .value = trim(line.substr(colon + 1))};
  if (has_cr_or_nul(field.value)) return protocol_error("control character in a header field");
  head.fields.push_back(field);
  return message.take_field(field);
}

// Goes through the lines from `line_start` on. RFC 9112 §2.2: "a recipient MAY recognize a single
// LF as a line terminator"; real servers need it, and in a head it cannot move the end of the
// message.
Result<std::size_t> HeadParser::parse_from(std::string_view bytes, std::size_t line_start,
                                           ResponseHead& head, Message& message) {
  std::size_t searched = std::max(line_start, scanned_);
  while (searched < bytes.size()) {
    const void* found = std::memchr(bytes.data() + searched, '\n', bytes.size() - searched);
    std::size_t end = found
                          ? static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data())
                          : bytes.size();
    if (end - line_start > limits_.line_bytes) return header_limit("header line too long");
    if (!found) break;
    if (end >= limits_.total_bytes) return header_limit("response head too long");
    std::string_view line = bytes.substr(line_start, end - line_start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() && line_start != 0) return end + 1;
    if (auto parsed = parse_line(line, line_start == 0, head, message); !parsed) {
      return std::unexpected(std::move(parsed).error());
    }
    line_start = searched = end + 1;
  }
  line_start_ = line_start;
  scanned_ = bytes.size();
  return 0;
}

Result<std::size_t> HeadParser::parse(std::string_view bytes, ResponseHead& head) {
  constexpr std::string_view kVersion = "HTTP/1.";
  std::string_view begin = bytes.substr(0, kVersion.size());
  if (begin != kVersion.substr(0, begin.size())) return protocol_error("not an HTTP/1.x response");

  // Lines that were whole before are parsed again only once the end of the head is in sight.
  const bool is_resumed = line_start_ != 0;
  Message message;
  head.fields.clear();
  Result<std::size_t> length = parse_from(bytes, line_start_, head, message);
  if (length && *length == 0 && bytes.size() > limits_.total_bytes) {
    return header_limit("response head too long");
  }
  if (!length || *length == 0) return length;
  if (is_resumed) {
    message = Message();
    head.fields.clear();
    reset();
    length = parse_from(bytes, 0, head, message);
    if (!length) return length;
  }
  if (auto decided = message.decide(head); !decided) {
    return std::unexpected(std::move(decided).error());
  }
  return length;
}

Result<> ChunkDecoder::expect(char c, char wanted, State next) {
  if (c != wanted) return protocol_error("malformed chunk framing");
  state_ = next;
  return {};
}

// RFC 9112 §7.1: chunk-size = 1*HEXDIG; "A recipient MUST anticipate potentially large hexadecimal
// numerals". Unsigned, counted and bounded: wget read a signed one (CVE-2017-13090).
Result<> ChunkDecoder::on_size_digit(char c) {
  std::uint64_t digit = 0;
  if (is_digit(c)) {
    digit = static_cast<std::uint64_t>(c - '0');
  } else if (char lower = static_cast<char>(c | 0x20); lower >= 'a' && lower <= 'f') {
    digit = static_cast<std::uint64_t>(lower - 'a') + 10;
  } else {
    return state_ == State::size ? on_size_end(c) : protocol_error("malformed chunk size");
  }
  if (++digits_ > 16 || left_ > (kMaxLength >> 4)) return protocol_error("chunk size too large");
  left_ = left_ << 4 | digit;
  state_ = State::size;
  return {};
}

// Behind the digits: CRLF, an extension, or the blanks some servers pad the size with.
Result<> ChunkDecoder::on_size_end(char c) {
  switch (c) {
    case '\r':
      state_ = State::size_lf;
      return {};
    case ' ':
    case '\t':
      state_ = State::padding;
      return on_extension(c);
    case ';':
      state_ = State::extension;
      return on_extension(c);
    default:
      return protocol_error("malformed chunk size");
  }
}

Result<> ChunkDecoder::on_extension(char c) {
  if (c == '\r') {
    state_ = State::size_lf;
    return {};
  }
  if (c == '\n' || c == '\0') return protocol_error("malformed chunk extension");
  if (++extra_ > kMaxChunkExtension || ++extensions_ > kMaxExtensions) {
    return header_limit("chunk extensions too long");
  }
  return {};
}

// RFC 9112 §7.1.2: trailer-section = *( field-line CRLF ). The fields are dropped, but what is no
// field is a sign that the framing went wrong before it.
Result<> ChunkDecoder::on_trailer_name(char c) {
  if (c == '\r' && state_ == State::trailer_start) {
    state_ = State::end_lf;
    return {};
  }
  const bool ends = c == ':' && state_ == State::trailer_name;
  if (!ends && !kTokenCharacters[static_cast<unsigned char>(c)]) {
    return protocol_error("malformed trailer");
  }
  if (++extra_ > kMaxTrailers) return header_limit("trailers too long");
  state_ = ends ? State::trailer_value : State::trailer_name;
  return {};
}

Result<> ChunkDecoder::on_trailer_value(char c) {
  if (c == '\r') {
    state_ = State::trailer_lf;
    return {};
  }
  if (c == '\n' || c == '\0') return protocol_error("malformed trailer");
  if (++extra_ > kMaxTrailers) return header_limit("trailers too long");
  return {};
}

Result<> ChunkDecoder::step(char c) {
  switch (state_) {
    case State::size_start:
    case State::size:
      return on_size_digit(c);
    case State::padding:
      return is_blank(c) ? on_extension(c) : on_size_end(c);
    case State::extension:
      return on_extension(c);
    case State::size_lf:
      extra_ = 0;
      return expect(c, '\n', left_ == 0 ? State::trailer_start : State::data);
    case State::data_cr:
      return expect(c, '\r', State::data_lf);
    case State::data_lf:
      digits_ = 0;
      return expect(c, '\n', State::size_start);
    case State::trailer_start:
    case State::trailer_name:
      return on_trailer_name(c);
    case State::trailer_value:
      return on_trailer_value(c);
    case State::trailer_lf:
      return expect(c, '\n', State::trailer_start);
    case State::end_lf:
      return expect(c, '\n', State::done);
    case State::data:
    case State::done:
      break;
  }
  return {};
}

Result<ChunkDecoder::Step> ChunkDecoder::decode(std::span<std::byte> bytes) {
  Step result;
  while (result.consumed < bytes.size() && state_ != State::done) {
    if (state_ != State::data) {
      if (auto stepped = step(static_cast<char>(bytes[result.consumed])); !stepped) {
        return std::unexpected(std::move(stepped).error());
      }
      ++result.consumed;
      continue;
    }
    std::uint64_t available = bytes.size() - result.consumed;
    std::size_t count = static_cast<std::size_t>(std::min(left_, available));
    if (result.produced != result.consumed) {
      std::memmove(bytes.data() + result.produced, bytes.data() + result.consumed, count);
    }
    result.produced += count;
    result.consumed += count;
    left_ -= count;
    if (left_ == 0) state_ = State::data_cr;
  }
  result.done = state_ == State::done;
  return result;
}

}  // namespace pixhaul::net
