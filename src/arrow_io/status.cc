#include "arrow_io/status.h"

#include <arrow/status.h>
#include <fmt/core.h>

namespace pixhaul::arrow_io {

Error unreadable(std::string_view name, std::string_view why) {
  return Error{.code = ErrorCode::input_unreadable,
               .detail = fmt::format("cannot read '{}': {}", name, why)};
}

Error unreadable(std::string_view name, const arrow::Status& status) {
  return unreadable(name, words(status));
}

std::unexpected<Error> failed(ErrorCode code, std::string_view doing, const arrow::Status& status) {
  return std::unexpected(
      Error{.code = code, .detail = fmt::format("{}: {}", doing, words(status))});
}

std::string words(const arrow::Status& status) {
  std::string text = status.message();
  text.resize(std::min(text.size(), text.find('\n')));
  return text;
}

}  // namespace pixhaul::arrow_io
