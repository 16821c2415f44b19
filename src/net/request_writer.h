#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http2.h"
#include "net/job.h"
#include "net/response_head.h"

namespace pixhaul::net {

struct FetchSettings;

/// Writes the request for a job in the form its connection speaks. What all requests share is put
/// together once; a request is then three pieces of text. Only percent-encoded bytes of the URL
/// reach the wire (reliability N24).
class RequestWriter {
 public:
  explicit RequestWriter(const FetchSettings& settings);

  /// HTTP/1.1, blank line included. Valid until the next call.
  [[nodiscard]] std::string_view http1(const Job& job);
  /// HTTP/2. Views into the job and this writer; valid until the next call.
  [[nodiscard]] const Http2Request& http2(const Job& job);

 private:
  struct Fields {
    std::string text{};  // "Name: value\r\n…\r\n"
    std::vector<std::pair<std::string, std::string>> lower_case{};
    std::vector<Field> views{};
  };
  [[nodiscard]] const Fields& fields_of(const Job& job) const {
    return job.same_origin ? own_ : foreign_;
  }
  static Fields make_fields(const std::vector<std::pair<std::string, std::string>>& fields,
                            bool close);

  Fields own_;      // with the user's extra headers
  Fields foreign_;  // behind a redirect to another origin: without them
  std::string text_;
  Http2Request head_;
};

}  // namespace pixhaul::net
