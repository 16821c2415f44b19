#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "pixhaul/result.h"

namespace pixhaul::net {

struct AwsCredentials {
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};  ///< "": none; sent as x-amz-security-token and signed like the rest
};

/// What of a request is signed.
struct AwsRequest {
  std::string method{};
  std::string path{};   ///< percent-encoded: aws_encoded_path()
  std::string query{};  ///< canonical: encoded, in order of name, "name=" for one without a value
  /// Names in lower case, in their order; "host", "x-amz-content-sha256" and "x-amz-date" among
  /// them.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body_sha256{};  ///< in hex
};

/// The value of the Authorization header of AWS Signature Version 4 for S3. `date`: aws_date() of
/// the x-amz-date header.
[[nodiscard]] std::string aws_authorization(const AwsRequest& request,
                                            const AwsCredentials& credentials,
                                            std::string_view region, std::string_view date);

/// "20130524T000000Z"
[[nodiscard]] std::string aws_date(WallTime time);

/// The path of a key: every byte but letters, digits, "-._~" and "/" as %XX.
[[nodiscard]] std::string aws_encoded_path(std::string_view path);

}  // namespace pixhaul::net
