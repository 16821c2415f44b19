#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "support/connection.h"

// HTTP/1.1 from the server's side, only as strict as tests need: a request that cannot be read ends
// the connection with 400, so that a client's mistake shows in the test.

namespace pixhaul::testing {
namespace {

constexpr std::size_t kMostHeadBytes = std::size_t{1} << 20;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool says_close(std::string_view value) {
  return lower_case(value).find("close") != std::string::npos;
}

// RFC 9112 §3 and §5, without line folding. Nothing for a head that breaks the grammar.
std::optional<Request> parse_head(std::string_view head) {
  Request request;
  const auto line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return std::nullopt;
  if (request.target.empty() || request.target.find(' ') != std::string::npos) return std::nullopt;
  head.remove_prefix(line_end + 2);
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto colon = head.find(':');
    if (colon == std::string_view::npos || colon > end) return std::nullopt;
    request.headers.push_back({lower_case(head.substr(0, colon)),
                               std::string(trimmed(head.substr(colon + 1, end - colon - 1)))});
    head.remove_prefix(end + 2);
  }
  request.host = request.header("host");
  request.is_last = version == "HTTP/1.0" || says_close(request.header("connection"));
  split_target(request);
  return request;
}

class Http1Server {
 public:
  Http1Server(Transport& transport, const ConnectionContext& context)
      : transport_(transport), context_(context) {}

  void serve() {
    while (std::optional<Request> request = next_request()) {
      answer(*request);
      if (transport_.is_over()) return;
    }
  }

 private:
  // More input behind what is buffered. False: the connection is over.
  bool fill() {
    std::array<char, 16384> chunk;
    const std::optional<std::size_t> count = transport_.read(chunk);
    if (!count) return false;
    input_.append(chunk.data(), *count);
    return true;
  }

  std::optional<Request> next_request() {
    std::size_t end = input_.find("\r\n\r\n");
    while (end == std::string::npos) {
      if (input_.size() > kMostHeadBytes || !fill()) return std::nullopt;
      end = input_.find("\r\n\r\n");
    }
    std::optional<Request> request = parse_head(std::string_view(input_).substr(0, end + 2));
    input_.erase(0, end + 4);
    if (!request) {
      static_cast<void>(transport_.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
      transport_.end(Ending::close);
      return std::nullopt;
    }
    request->connection_id = context_.id;
    request->is_tls = context_.is_tls;
    request->number_on_connection = ++requests_;
    if (!read_body(*request)) return std::nullopt;
    return request;
  }

  bool read_body(Request& request) {
    std::size_t size = 0;
    const std::string_view length = request.header("content-length");
    std::from_chars(length.data(), length.data() + length.size(), size);
    while (input_.size() < size) {
      if (!fill()) return false;
    }
    request.body = input_.substr(0, size);
    input_.erase(0, size);
    return true;
  }

  void answer(const Request& request) {
    const std::uint64_t id = context_.ledger.get().open_request(request);
    const Script script = context_.script_for(request);
    BodyDigest digest;
    digest_ = &digest;
    status_ = 0;
    is_head_request_ = request.method == "HEAD";
    is_last_ = request.is_last;
    if (script.wire_limit) transport_.limit_writes(*script.wire_limit);
    bool complete = !transport_.is_over();
    for (const Step& step : script.steps) {
      if (!complete) break;
      complete = run(step);
    }
    context_.ledger.get().finish_request(id, {.status = status_,
                                              .body_bytes = digest.size(),
                                              .is_complete = complete,
                                              .sha256 = complete ? digest.hex() : std::string()});
    if (!complete || is_last_ || script.wire_limit) {
      transport_.end(complete ? Ending::close : Ending::cut);
    }
  }

  // False: the script cannot go on.
  bool run(const Step& step) {
    switch (step.kind) {
      case Step::Kind::head:
        return write_head(step);
      case Step::Kind::body:
        return is_head_request_ || write_body(step.bytes);
      case Step::Kind::repeat:
        return is_head_request_ || repeat(step);
      case Step::Kind::send:
        return transport_.write(step.bytes);
      case Step::Kind::wait:
        return transport_.pause(step.pause);
      case Step::Kind::stall:
        transport_.wait_closed();
        return false;
      case Step::Kind::end:
        transport_.end(step.ending);
        return true;
      case Step::Kind::half_close:
        transport_.half_close();
        return true;
      case Step::Kind::h2_reset_stream:
      case Step::Kind::h2_goaway:
      case Step::Kind::h2_settings:
        return false;
    }
    return false;
  }

  bool write_head(const Step& step) {
    status_ = step.status;
    std::string head = "HTTP/1.1 " + std::to_string(step.status) + " ";
    head += reason_phrase(step.status);
    head += "\r\n";
    for (const HeaderField& field : step.headers) {
      head += field.name + ": " + field.value + "\r\n";
      if (lower_case(field.name) == "connection" && says_close(field.value)) is_last_ = true;
    }
    return transport_.write(head + "\r\n");
  }

  bool write_body(std::string_view bytes) {
    const bool more = transport_.write(bytes);
    if (more) digest_->add(bytes);
    return more;
  }

  bool repeat(const Step& step) {
    for (std::uint64_t i = 0; i < step.count; ++i) {
      if (step.pause.count() > 0 && !transport_.pause(step.pause)) return false;
      if (!write_body(step.bytes)) return false;
    }
    return true;
  }

  Transport& transport_;
  const ConnectionContext& context_;
  std::string input_;
  BodyDigest* digest_ = nullptr;  // the current answer's
  std::uint64_t requests_ = 0;
  int status_ = 0;
  bool is_head_request_ = false;
  bool is_last_ = false;
};

}  // namespace

void serve_http1(Transport& transport, const ConnectionContext& context) {
  Http1Server(transport, context).serve();
}

}  // namespace pixhaul::testing
