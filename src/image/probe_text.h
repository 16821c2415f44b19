#pragma once

#include <array>
#include <string_view>

#include "image/probe_step.h"

namespace pixhaul::image {

/// Names what text it is that came instead of an image. It always ends in a refusal, within
/// kLongestLook bytes; an SVG is refused too, as a format that is not supported.
class TextWalker {
 public:
  static constexpr std::uint32_t kLongestLook = 4096;

  [[nodiscard]] Step start();
  [[nodiscard]] Step scan(Bytes& input, Findings& findings);
  [[nodiscard]] std::optional<Error> finish(const End& end) const;

 private:
  enum class State : std::uint8_t { leading, tag, doctype, declaration, comment, done };

  void on_byte(char letter, Findings& findings);
  void on_leading(char letter, Findings& findings);
  void on_tag(char letter, Findings& findings);
  void on_doctype(char letter, Findings& findings);
  void on_name(Findings& findings);
  void end(Findings& findings, ErrorCode code, std::string_view detail);
  void end_undecided(Findings& findings);
  std::string_view name() const { return {name_.data(), name_size_}; }

  State state_ = State::leading;
  bool has_comment_ = false;
  bool is_xml_ = false;
  std::uint8_t name_size_ = 0;
  std::array<char, 16> name_{};  // of the tag being read, in lower case
  std::array<char, 2> last_{};   // the two letters before this one
  std::uint32_t looked_ = 0;
};

}  // namespace pixhaul::image
