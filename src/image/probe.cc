#include "image/probe.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "image/probe_sniff.h"

// The probe is the part all formats share: it holds back the first bytes until they say which
// walker to start, and then turns the cuts of the network into what walkers ask for: so many bytes
// passed over, so many contiguous, or whatever comes. A walker never sees a cut, which is why it
// can be a plain switch.

namespace pixhaul::image {

struct Probe::Format {
  ImageFormat format;
  void (*emplace)(Walker&);
};

namespace {

template <class Walker, class W>
void emplace(Walker& walker) {
  walker.template emplace<W>();
}

}  // namespace

// A new format is a walker, a line here and its signature in probe_sniff.cc.
constinit const std::array<Probe::Format, 7> Probe::kFormats = {{
    {ImageFormat::jpeg, emplace<Walker, JpegWalker>},
    {ImageFormat::png, emplace<Walker, PngWalker>},
    {ImageFormat::webp, emplace<Walker, WebpWalker>},
    {ImageFormat::gif, emplace<Walker, GifWalker>},
    {ImageFormat::avif, emplace<Walker, AvifWalker>},
    {ImageFormat::bmp, emplace<Walker, BmpWalker>},
    {ImageFormat::tiff, emplace<Walker, TiffWalker>},
}};

void Probe::feed(Bytes bytes) {
  size_ += bytes.size();
  if (findings_.refusal) return;
  if (std::holds_alternative<std::monostate>(walker_)) bytes = sniff_more(bytes, false);
  walk(bytes);
}

/// Returns what of `input` was not taken into the head.
Bytes Probe::sniff_more(Bytes input, bool at_end) {
  const std::size_t count = std::min(input.size(), carry_.size() - carried_);
  if (count > 0) std::memcpy(carry_.data() + carried_, input.data(), count);
  carried_ = static_cast<std::uint8_t>(carried_ + count);
  input = input.subspan(count);

  const Sniffed sniffed = sniff(Bytes(carry_).first(carried_), at_end, findings_);
  if (sniffed == Sniffed::format || sniffed == Sniffed::text) {
    begin_walk(sniffed == Sniffed::text);
    const std::array<std::byte, kMostTaken> head = carry_;
    walk(Bytes(head).first(std::exchange(carried_, std::uint8_t{0})));
  }
  return input;
}

void Probe::begin_walk(bool is_text) {
  if (is_text) {
    walker_.emplace<TextWalker>();
  } else {
    const auto* found = std::ranges::find(kFormats, findings_.format, &Format::format);
    PIXHAUL_CHECK(found != kFormats.end());
    found->emplace(walker_);
  }
  std::visit(
      [this]<class W>(W& walker) {
        if constexpr (!std::is_same_v<W, std::monostate>) step_ = walker.start();
      },
      walker_);
}

void Probe::walk(Bytes input) {
  std::visit(
      [this, input]<class W>(W& walker) {
        if constexpr (!std::is_same_v<W, std::monostate>) walk_with(walker, input);
      },
      walker_);
}

template <class W>
void Probe::walk_with(W& walker, Bytes input) {
  while (!input.empty() && step_.kind != Step::Kind::refused) {
    if (step_.skip > 0) {
      const std::uint64_t count = std::min<std::uint64_t>(step_.skip, input.size());
      step_.skip -= count;
      findings_.position += count;
      input = input.subspan(count);
    } else if (step_.kind == Step::Kind::trailing) {
      trailing_bytes_ += input.size();
      return;
    } else if (step_.kind == Step::Kind::scan) {
      if constexpr (requires { &W::scan; }) step_ = walker.scan(input, findings_);
    } else {
      if constexpr (requires { &W::take; }) input = take_with(walker, input);
    }
  }
}

template <class W>
Bytes Probe::take_with(W& walker, Bytes input) {
  const std::size_t count = std::min<std::size_t>(step_.count - carried_, input.size());
  const Bytes rest = input.subspan(count);
  Bytes wanted = input.first(count);
  findings_.position += count;
  if (count < step_.count) {
    std::memcpy(carry_.data() + carried_, input.data(), count);
    carried_ = static_cast<std::uint8_t>(carried_ + count);
    if (carried_ < step_.count) return rest;
    wanted = Bytes(carry_).first(carried_);
    carried_ = 0;
  }
  step_ = walker.take(wanted, findings_);
  return rest;
}

Result<> Probe::finish() {
  if (!findings_.refusal && std::holds_alternative<std::monostate>(walker_)) sniff_more({}, true);
  if (!findings_.refusal) {
    const End end{.size = size_, .step = step_, .partial = carried_ > 0};
    findings_.refusal = std::visit(
        [&end]<class W>(W& walker) -> std::optional<Error> {
          if constexpr (std::is_same_v<W, std::monostate>) {
            return Error{.detail = "a body was neither recognised nor refused"};
          } else {
            return walker.finish(end);
          }
        },
        walker_);
  }
  if (findings_.refusal) return std::unexpected(*findings_.refusal);
  return {};
}

}  // namespace pixhaul::image
