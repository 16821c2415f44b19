#include "net/aws_signature.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace pixhaul::net {
namespace {

constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kDate = "20130524T000000Z";

// The credentials of the examples in "Authenticating Requests: Using the Authorization Header".
const AwsCredentials& example_credentials() {
  static const AwsCredentials credentials{
      .access_key_id = "AKIAIOSFODNN7EXAMPLE",
      .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
  return credentials;
}

struct Vector {
  const char* what;
  AwsRequest request;
  const char* signature;
};

AwsRequest get(std::string path, std::string query) {
  return {.method = "GET",
          .path = std::move(path),
          .query = std::move(query),
          .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                      {"x-amz-content-sha256", std::string(kEmptySha256)},
                      {"x-amz-date", std::string(kDate)}},
          .body_sha256 = std::string(kEmptySha256)};
}

TEST(AwsSignature, TheDocumentedRequestsHaveTheDocumentedSignatures) {
  AwsRequest range = get("/test.txt", "");
  range.headers.insert(range.headers.begin() + 1, {"range", "bytes=0-9"});
  const std::string sum = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
  const AwsRequest put{.method = "PUT",
                       .path = aws_encoded_path("/test$file.text"),
                       .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                   {"host", "examplebucket.s3.amazonaws.com"},
                                   {"x-amz-content-sha256", sum},
                                   {"x-amz-date", std::string(kDate)},
                                   {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                       .body_sha256 = sum};
  const Vector vectors[] = {
      {"an object's first bytes", range,
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"an object put", put, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"a bucket's life cycle", get("/", "lifecycle="),
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"a list of objects", get("/", "max-keys=2&prefix=J"),
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const Vector& vector : vectors) {
    const std::string value =
        aws_authorization(vector.request, example_credentials(), "us-east-1", kDate);
    EXPECT_TRUE(value.ends_with(std::string("Signature=") + vector.signature))
        << vector.what << ": " << value;
  }
}

TEST(AwsSignature, TheHeaderNamesKeyScopeAndSignedHeaders) {
  const std::string value =
      aws_authorization(get("/", ""), example_credentials(), "eu-west-1", kDate);
  EXPECT_TRUE(
      value.starts_with("AWS4-HMAC-SHA256 "
                        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/eu-west-1/s3/aws4_request, "
                        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="))
      << value;
}

TEST(AwsSignature, ADateIsWrittenWithoutSeparators) {
  EXPECT_EQ(aws_date(WallTime(std::chrono::seconds(1369353600))), kDate);
}

TEST(AwsSignature, APathKeepsItsSlashesAndEncodesTheRest) {
  EXPECT_EQ(aws_encoded_path("/run 1/.pixhaul/a+b=\xc3\xa9.json"),
            "/run%201/.pixhaul/a%2Bb%3D%C3%A9.json");
}

}  // namespace
}  // namespace pixhaul::net
