// One response, from its head to its last byte. Everything that can be decided early is decided
// here, in the order in which it becomes known: status, redirect, opt-out and announced length on
// the head (the body is then not read), type and dimensions on the first bytes (the judge), size
// while it comes, completeness at the end.
//
// HTTP/1.1 receives into `buffer_` itself, so that a body of known length is copied once, by the
// kernel. HTTP/2 and decoded bodies are appended. With a sink nothing is kept: the buffer holds one
// read.
#include "net/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "net/robots_tag.h"

namespace pixhaul::net {

namespace {

bool is_redirect(std::uint16_t status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool opts_out(const ResponseHead& head, const ResponseRules& rules) {
  if (rules.disallowed_header_directives.empty()) return false;
  std::vector<std::string_view> values;
  for (const Field& field : head.fields) {
    if (equals_ignoring_case(field.name, "x-robots-tag")) values.push_back(field.value);
    if (equals_ignoring_case(field.name, "tdm-reservation") && reserves_mining(field.value))
      return true;
  }
  return !values.empty() &&
         disallows(values, rules.disallowed_header_directives, rules.user_agent_token);
}

// RFC 9110 §5.3: several fields of one name are one list.
std::string content_encoding(const ResponseHead& head) {
  std::string joined;
  for (const Field& field : head.fields) {
    if (!equals_ignoring_case(field.name, "content-encoding")) continue;
    if (!joined.empty()) joined += ", ";
    joined += field.value;
  }
  return joined;
}

}  // namespace

void Exchange::begin(const ResponseRules& rules, BodyJudge* judge, BodySink* sink) {
  rules_ = &rules;
  judge_ = judge;
  sink_ = sink;
  decoder_.reset();
  buffer_.clear();
  decoded_.clear();
  body_begin_ = 0;
  wire_bytes_ = decoded_bytes_ = 0;
  announced_.reset();
  phase_ = Phase::waiting_head;
  begun_ = unprocessed_ = false;
  facts_ = {};
  error_ = {};
  if (judge_ != nullptr) judge_->reset();
  if (sink_ != nullptr) sink_->restart();
}

std::uint64_t Exchange::bytes_saved() const {
  return phase_ == Phase::failed && announced_ && *announced_ > wire_bytes_
             ? *announced_ - wire_bytes_
             : 0;
}

Buffer Exchange::take_body(std::size_t& begin) {
  begin = decoder_ != nullptr ? 0 : body_begin_;
  return std::move(decoder_ != nullptr ? decoded_ : buffer_);
}

void Exchange::on_head(const ResponseHead& head) {
  begun_ = true;
  facts_.status = head.status;
  announced_ = head.content_length;
  if (auto refusal = refuse(head)) return fail(std::move(*refusal));
  facts_.etag = head.find("etag");
  facts_.last_modified = head.find("last-modified");
  auto decoder = ContentDecoder::create(content_encoding(head), rules_->max_body_bytes);
  if (!decoder) return fail(std::move(decoder).error());
  decoder_ = std::move(*decoder);
  phase_ = Phase::reading_body;
}

void Exchange::on_head_in_place(const ResponseHead& head, std::size_t size) {
  on_head(head);
  body_begin_ = size;
  if (phase_ == Phase::reading_body && sink_ == nullptr && head.content_length) {
    // An announcement is a claim: little is set aside for it, the rest as it comes.
    buffer_.reserve(size + 1 +
                    static_cast<std::size_t>(std::min(*head.content_length, reserve_bytes_)));
  }
}

// The first reason, in the order in which a person would give it, for not reading the body.
std::optional<Error> Exchange::refuse(const ResponseHead& head) {
  if (is_redirect(head.status)) {
    facts_.location = head.find("location");
    return Error{.code = ErrorCode::redirect_bad,
                 .detail = fmt::format("HTTP {} without a Location", head.status)};
  }
  if (head.status >= 400 || head.status < 200) {
    facts_.retry_after = head.find("retry-after");
    facts_.reason = head.reason.substr(0, 80);
    const bool limited = head.status == 429 || (head.status == 503 && !facts_.retry_after.empty());
    return Error{.code = limited              ? ErrorCode::rate_limited
                         : head.status >= 500 ? ErrorCode::http_5xx
                                              : ErrorCode::http_4xx,
                 .detail = fmt::format("HTTP {}", head.status)};
  }
  if (opts_out(head, *rules_)) {
    return Error{.code = ErrorCode::opt_out,
                 .detail = "the server's X-Robots-Tag or tdm-reservation forbids this use"};
  }
  if (head.status != 200 && head.status != 203) {
    return Error{.code = ErrorCode::protocol_error,
                 .detail = fmt::format("HTTP {} has no image", head.status)};
  }
  if (!rules_->keeps_first_part && head.content_length &&
      *head.content_length > rules_->max_body_bytes) {
    return Error{.code = ErrorCode::too_large,
                 .detail = fmt::format("{} bytes announced, {} allowed", *head.content_length,
                                       rules_->max_body_bytes)};
  }
  return std::nullopt;
}

void Exchange::count_wire(std::size_t bytes) {
  wire_bytes_ += bytes;
  if (wire_bytes_ > rules_->max_body_bytes && !rules_->keeps_first_part) {
    fail({.code = ErrorCode::too_large,
          .detail = fmt::format("more than {} bytes", rules_->max_body_bytes)});
  }
}

void Exchange::on_body(std::span<const std::byte> bytes) {
  if (phase_ != Phase::reading_body) return;
  count_wire(bytes.size());
  if (phase_ != Phase::reading_body) return;
  if (decoder_ == nullptr) {
    if (sink_ == nullptr) buffer_.append(bytes);
    deliver(bytes);
    return end_when_enough();
  }
  const std::size_t before = decoded_.size();
  const auto decoded = decoder_->decode(bytes, decoded_);
  const bool is_cut =
      !decoded && rules_->keeps_first_part && decoded.error().code == ErrorCode::too_large;
  if (!decoded && !is_cut) return fail(decoded.error());
  deliver(decoded_.bytes().subspan(before));
  end_when_enough();
  if (sink_ != nullptr) decoded_.clear();
}

void Exchange::on_body_in_place(std::size_t count) {
  if (phase_ != Phase::reading_body || count == 0) return;
  const auto bytes = buffer_.bytes().last(count);
  if (decoder_ == nullptr) {
    count_wire(count);
    if (phase_ == Phase::reading_body) deliver(bytes);
    end_when_enough();
  } else {
    on_body(bytes);
  }
  if (decoder_ != nullptr || sink_ != nullptr) buffer_.truncate(body_begin_);
}

void Exchange::deliver(std::span<const std::byte> decoded) {
  decoded_bytes_ += decoded.size();
  if (judge_ != nullptr) {
    if (auto refusal = judge_->judge(decoded)) return fail(std::move(*refusal));
  }
  if (sink_ != nullptr) {
    if (auto written = sink_->write(decoded); !written) fail(std::move(written).error());
  }
}

void Exchange::end_when_enough() {
  if (phase_ == Phase::reading_body && rules_->keeps_first_part &&
      std::max(wire_bytes_, decoded_bytes_) >= rules_->max_body_bytes) {
    phase_ = Phase::complete;
  }
}

void Exchange::on_end() {
  if (phase_ != Phase::reading_body) {
    if (phase_ == Phase::waiting_head)
      fail({.code = ErrorCode::protocol_error, .detail = "no response head"});
    return;
  }
  if (announced_ && wire_bytes_ < *announced_) {
    return fail({.code = ErrorCode::truncated,
                 .detail = fmt::format("{} of {} bytes came", wire_bytes_, *announced_)});
  }
  if (decoder_ != nullptr) {
    if (auto whole = decoder_->finish(); !whole) return fail(std::move(whole).error());
  }
  if (judge_ != nullptr) {
    if (auto refusal = judge_->finish()) return fail(std::move(*refusal));
  }
  phase_ = Phase::complete;
}

void Exchange::on_failed(ErrorCode code, bool unprocessed, std::string_view detail) {
  if (is_finished()) return;
  unprocessed_ = unprocessed;
  // What was cut after it began is a truncated body, however the connection ended.
  if (code == ErrorCode::connection_reset && phase_ == Phase::reading_body)
    code = ErrorCode::truncated;
  fail({.code = code, .detail = std::string(detail)});
}

void Exchange::fail(Error error) {
  error_ = std::move(error);
  phase_ = Phase::failed;
}

}  // namespace pixhaul::net
