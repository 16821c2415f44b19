// AWS Signature Version 4 as "Authenticating Requests: Using the Authorization Header" of the S3
// API reference has it: a canonical form of the request is digested, the digest with date and scope
// is the string to sign, and the key for that is derived from the secret by four HMACs.
#include "net/aws_signature.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>
#include <ctime>

#include "base/check.h"

namespace pixhaul::net {

namespace {

using Hash = std::array<unsigned char, 32>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view text_of(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::string hex(const Hash& hash) {
  std::string text;
  for (const unsigned char byte : hash) text += fmt::format("{:02x}", byte);
  return text;
}

Hash sha256(std::string_view message) {
  Hash hash;
  PIXHAUL_CHECK(
      EVP_Digest(message.data(), message.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return hash;
}

Hash hmac(std::string_view key, std::string_view message) {
  Hash hash;
  PIXHAUL_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(message),
                     message.size(), hash.data(), nullptr) != nullptr);
  return hash;
}

std::string signed_names(const AwsRequest& request) {
  std::string names;
  for (const auto& [name, value] : request.headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string canonical_form(const AwsRequest& request) {
  std::string form = fmt::format("{}\n{}\n{}\n", request.method, request.path, request.query);
  for (const auto& [name, value] : request.headers) form += fmt::format("{}:{}\n", name, value);
  form += fmt::format("\n{}\n{}", signed_names(request), request.body_sha256);
  return form;
}

}  // namespace

std::string aws_authorization(const AwsRequest& request, const AwsCredentials& credentials,
                              std::string_view region, std::string_view date) {
  const std::string_view day = date.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, region);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, scope,
                                          hex(sha256(canonical_form(request))));
  Hash key = hmac("AWS4" + credentials.secret_access_key, day);
  for (const std::string_view step :
       {region, std::string_view("s3"), std::string_view("aws4_request")}) {
    key = hmac(text_of(key), step);
  }
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                     credentials.access_key_id, scope, signed_names(request),
                     hex(hmac(text_of(key), to_sign)));
}

std::string aws_date(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(seconds));
}

std::string aws_encoded_path(std::string_view path) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string encoded;
  for (const char byte : path) {
    if (kPlain.find(byte) != kPlain.npos) {
      encoded += byte;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
    }
  }
  return encoded;
}

}  // namespace pixhaul::net
