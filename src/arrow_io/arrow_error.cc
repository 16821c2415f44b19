#include "arrow_io/arrow_error.h"

#include <arrow/status.h>
#include <fmt/format.h>

namespace pixhaul::arrow_io {

std::unexpected<Error> failed(ErrorCode code, std::string_view doing, const arrow::Status& status) {
  const std::string& message = status.message();
  return std::unexpected(Error{
      .code = code, .detail = fmt::format("{}: {}", doing, message.substr(0, message.find('\n')))});
}

}  // namespace pixhaul::arrow_io
