#include "image/probe_jpeg.h"

#include <fmt/format.h>

#include <cstring>

// Segments are passed over by their length fields, so an Exif thumbnail with its own SOF, SOS and
// EOI inside an APP1 is never seen; only entropy-coded data, which has no length, is searched, and
// there for 0xFF alone. Fewer than one byte in a hundred is 0xFF in such data, so memchr does
// nearly all the work.

namespace pixhaul::image {
namespace {

constexpr std::uint8_t kStuffed = 0x00;
constexpr std::uint8_t kTem = 0x01;
constexpr std::uint8_t kRst0 = 0xD0;
constexpr std::uint8_t kRst7 = 0xD7;
constexpr std::uint8_t kSoi = 0xD8;
constexpr std::uint8_t kEoi = 0xD9;
constexpr std::uint8_t kSos = 0xDA;
constexpr std::uint8_t kFill = 0xFF;

constexpr std::uint8_t kFrameHeaderTaken = 6;  // P, Y, X, Nf

bool is_restart(std::uint8_t code) { return code >= kRst0 && code <= kRst7; }

// T.81 table B.1: SOF0 to SOF15 are 0xC0 to 0xCF, less DHT (C4), JPG (C8) and DAC (CC).
bool is_frame(std::uint8_t code) {
  return code >= 0xC0 && code <= 0xCF && code != 0xC4 && code != 0xC8 && code != 0xCC;
}

// T.81 table B.1: 0x02 to 0xBF and JPG, JPGn (C8, F0 to FD) are reserved. JPGn are let through, as
// JPEG-LS and others put segments with lengths there.
bool is_reserved(std::uint8_t code) { return code < 0xC0 || code == 0xC8; }

}  // namespace

Step JpegWalker::start() { return take_next(2); }

Step JpegWalker::take(Bytes bytes, Findings& findings) {
  switch (state_) {
    case State::soi:
      return next_marker(0);
    case State::marker:
      if (byte_at(bytes, 0) != kFill) {
        return refuse_damaged(findings, "a JPEG segment is not followed by a marker");
      }
      return on_marker(byte_at(bytes, 1), findings);
    case State::fill:
      return on_marker(byte_at(bytes, 0), findings);
    case State::length:
      return on_length(big_16(bytes, 0), findings);
    case State::frame:
      return on_frame(bytes, findings);
  }
  return refused_already();
}

Step JpegWalker::next_marker(std::uint64_t skip) {
  state_ = State::marker;
  return skip_then_take(skip, 2);
}

Step JpegWalker::on_marker(std::uint8_t code, Findings& findings) {
  // T.81 B.1.1.2: "Any marker may optionally be preceded by any number of fill bytes, which are
  // bytes assigned code X'FF'."
  if (code == kFill) {
    state_ = State::fill;
    return take_next(1);
  }
  // T.81 B.1.1.3: RSTm, SOI, EOI and TEM are markers that stand alone; all others start a segment.
  if (code == kEoi) {
    if (scan_count_ == 0) return refuse_damaged(findings, "JPEG without image data before its EOI");
    return skip_then_end(0);
  }
  if (code == kSoi) return refuse_damaged(findings, "a second SOI marker inside a JPEG");
  if (is_restart(code) || code == kTem) return next_marker(0);
  if (is_reserved(code)) {
    return refuse_damaged(findings, fmt::format("reserved JPEG marker FF {:02X}", code));
  }
  if (is_frame(code) && findings.dimensions) {
    return refuse_damaged(findings, "a second SOF marker in a JPEG");
  }
  if (code == kSos) {
    if (!findings.dimensions) return refuse_damaged(findings, "JPEG scan without a frame header");
    if (++scan_count_ > kMostScans) {
      return refuse(findings, ErrorCode::too_complex,
                    fmt::format("more than {} JPEG scans", kMostScans));
    }
  }
  code_ = code;
  state_ = State::length;
  return take_next(2);
}

Step JpegWalker::on_length(std::uint32_t length, Findings& findings) {
  // T.81 B.1.1.4: "The first parameter in a marker segment is the two-byte length parameter. This
  // length parameter encodes the number of bytes in the marker segment, including the length
  // parameter and excluding the two-byte marker."
  if (length < 2) return refuse_damaged(findings, "JPEG segment length below 2");
  const std::uint32_t rest = length - 2;
  if (is_frame(code_)) {
    if (rest < kFrameHeaderTaken) return refuse_damaged(findings, "JPEG frame header too short");
    frame_size_ = length;
    state_ = State::frame;
    return take_next(kFrameHeaderTaken);
  }
  if (code_ != kSos) return next_marker(rest);
  // T.81 B.2.3: Ls = 6 + 2 × Ns, Ns from 1 to 4; the entropy-coded segment follows at once.
  if (rest < 6 || rest > 12) return refuse_damaged(findings, "JPEG scan header of a wrong length");
  after_ff_ = false;
  Step step = scan_on();
  step.skip = rest;
  return step;
}

Step JpegWalker::on_frame(Bytes bytes, Findings& findings) {
  // T.81 B.2.2: Lf, P, Y (number of lines), X (samples per line), Nf; Lf = 8 + 3 × Nf.
  const std::uint32_t component_count = byte_at(bytes, 5);
  if (component_count == 0 || frame_size_ != 8 + 3 * component_count) {
    return refuse_damaged(findings, "JPEG frame header of a wrong length");
  }
  if (!accept_dimensions(findings, big_16(bytes, 3), big_16(bytes, 1))) return refused_already();
  return next_marker(frame_size_ - 2 - kFrameHeaderTaken);
}

Step JpegWalker::scan(Bytes& input, Findings& findings) {
  // T.81 B.1.1.5: in entropy-coded data a 0xFF is followed by a stuffed zero byte, or it begins a
  // marker; RSTm markers separate the segments of one scan.
  std::size_t at = 0;
  while (at < input.size()) {
    if (!after_ff_) {
      const void* found = std::memchr(input.data() + at, 0xFF, input.size() - at);
      if (found == nullptr) break;
      at = static_cast<std::size_t>(static_cast<const std::byte*>(found) - input.data()) + 1;
      after_ff_ = true;
      continue;
    }
    const std::uint8_t code = byte_at(input, at++);
    if (code == kFill) continue;
    after_ff_ = false;
    if (code == kStuffed || is_restart(code)) continue;
    findings.position += at;
    input = input.subspan(at);
    return on_marker(code, findings);
  }
  findings.position += input.size();
  input = {};
  return scan_on();
}

std::optional<Error> JpegWalker::finish(const End& end) const {
  if (end.is_complete()) return std::nullopt;
  return truncated_error(scan_count_ == 0 ? "JPEG ends before its image data"
                                          : "JPEG ends before its EOI marker");
}

}  // namespace pixhaul::image
