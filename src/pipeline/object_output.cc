// The one request to a store that Arrow cannot make: create this object unless it is there. S3
// answers 412 to all but one of those who try (and 409 to some, who ask again), which makes it the
// decision of a commit. Everything else of an output in a store is Arrow's.
#include "pipeline/object_output.h"

#include <fmt/core.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/digest.h"
#include "base/mutex.h"
#include "net/aws_signature.h"
#include "net/lone_request.h"
#include "pipeline/open_input.h"
#include "pipeline/world.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::string_view kS3 = "s3://";
constexpr std::chrono::seconds kAnswerWithin{30};
constexpr int kTries = 6;
constexpr std::chrono::milliseconds kFirstPause{200};  // 6.2 s over all tries

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read only
  return value == nullptr ? std::string() : std::string(value);
}

std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = variable(name); !value.empty()) return value;
  }
  return {};
}

// The value of `name` in the query of `uri`.
std::string parameter(std::string_view uri, std::string_view name) {
  const std::size_t begin = uri.find('?');
  std::string_view query = begin == uri.npos ? std::string_view() : uri.substr(begin + 1);
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) {
      return std::string(one.substr(name.size() + 1));
    }
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// "[PROFILE]" and its "name = value" lines, as the store's own tools write them.
net::AwsCredentials parse_profile(std::string_view text, std::string_view profile) {
  net::AwsCredentials found;
  bool is_inside = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view words = trimmed(line);
    if (words.starts_with('[')) {
      is_inside = words == fmt::format("[{}]", profile);
      continue;
    }
    const std::size_t equals = words.find('=');
    if (!is_inside || equals == words.npos) continue;
    const std::string_view name = trimmed(words.substr(0, equals));
    const std::string value(trimmed(words.substr(equals + 1)));
    if (name == "aws_access_key_id") found.access_key_id = value;
    if (name == "aws_secret_access_key") found.secret_access_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  return found;
}

std::string read_text(FileSystem& files, const std::string& path) {
  constexpr std::size_t kMost = 64 * 1024;
  auto file = files.open_input(path);
  std::string text;
  std::array<std::byte, 4096> bytes;
  while (file && text.size() < kMost) {
    const Result<std::size_t> got = (*file)->read(bytes);
    if (!got || *got == 0) break;
    text.append(reinterpret_cast<const char*>(bytes.data()), *got);
  }
  return text;
}

// In the order of the store's own tools; those they know beside these (instance roles, single
// sign-on) are for Arrow alone.
std::optional<net::AwsCredentials> find_credentials() {
  net::AwsCredentials found{.access_key_id = variable("AWS_ACCESS_KEY_ID"),
                            .secret_access_key = variable("AWS_SECRET_ACCESS_KEY"),
                            .session_token = variable("AWS_SESSION_TOKEN")};
  if (found.access_key_id.empty() || found.secret_access_key.empty()) {
    std::string path = variable("AWS_SHARED_CREDENTIALS_FILE");
    if (path.empty()) path = variable("HOME") + "/.aws/credentials";
    std::string profile = first_of({"AWS_PROFILE", "AWS_DEFAULT_PROFILE"});
    if (profile.empty()) profile = "default";
    PosixFileSystem files;
    found = parse_profile(read_text(files, path), profile);
  }
  if (found.access_key_id.empty() || found.secret_access_key.empty()) return std::nullopt;
  return found;
}

Error refused(std::string_view path, std::string_view why) {
  return Error{.code = ErrorCode::output_unwritable,
               .detail = fmt::format("cannot write to 's3://{}': {}", path, why)};
}

// Between "<Code>" and "</Code>" of the store's answer.
std::string_view code_of(std::string_view body) {
  const std::size_t begin = body.find("<Code>");
  if (begin == body.npos) return {};
  body.remove_prefix(begin + 6);
  return body.substr(0, body.find("</Code>"));
}

/// Creates objects under the condition that there is none. Any thread, one request at a time.
class ConditionalStore {
 public:
  ConditionalStore(net::AwsCredentials credentials, std::string_view uri)
      : credentials_(std::move(credentials)), tls_(net::TlsSettings{}) {
    endpoint_ = parameter(uri, "endpoint_override");
    if (!endpoint_.empty() && endpoint_.find("://") == endpoint_.npos) {
      const std::string scheme = parameter(uri, "scheme");
      endpoint_ = (scheme.empty() ? "https" : scheme) + "://" + endpoint_;
    }
    if (endpoint_.empty()) endpoint_ = first_of({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
    while (endpoint_.ends_with('/')) endpoint_.pop_back();
    region_ = parameter(uri, "region");
    if (region_.empty()) region_ = first_of({"AWS_REGION", "AWS_DEFAULT_REGION"});
    if (region_.empty()) region_ = "us-east-1";
  }

  Result<bool> create(std::string_view path, std::string_view contents) {
    const MutexLock lock(mutex_);
    std::chrono::milliseconds pause = kFirstPause;
    for (int left = kTries; left > 0; --left) {
      if (left < kTries) {
        std::this_thread::sleep_for(pause);
        pause *= 2;
      }
      const Result<net::LoneAnswer> answer = put(path, contents);
      if (!answer && left > 1) continue;
      if (!answer) return std::unexpected(refused(path, answer.error().detail));
      if (answer->status == 200) return true;
      if (answer->status == 412) return false;
      const bool may_pass = answer->status == 409 || answer->status >= 500 || moved(*answer);
      if (!may_pass || left == 1) return std::unexpected(refused(path, words(*answer)));
    }
    return false;  // not reached
  }

 private:
  // The bucket lies in another region than the one that was signed for; the answer says in which.
  bool moved(const net::LoneAnswer& answer) {
    const std::string_view region = answer.find("x-amz-bucket-region");
    if (region.empty() || region == region_) return false;
    region_ = region;
    return true;
  }

  static std::string words(const net::LoneAnswer& answer) {
    const std::string_view code = code_of(answer.body);
    if (code == "NoSuchBucket") return "the store has no such bucket";
    if (answer.status == 403 || answer.status == 401) {
      return fmt::format("the store refuses access ({}); the credentials must allow PutObject",
                         code.empty() ? "403" : code);
    }
    return fmt::format("the store answers HTTP {} {}", answer.status, code);
  }

  Result<net::Url> url_of(std::string_view path) const {
    const std::size_t slash = path.find('/');
    const std::string_view bucket = path.substr(0, slash);
    if (!endpoint_.empty()) {
      return net::parse_url(fmt::format("{}/{}", endpoint_, net::aws_encoded_path(path)));
    }
    // A certificate for *.s3… does not cover names with dots in front.
    if (bucket.find('.') != bucket.npos) {
      return net::parse_url(
          fmt::format("https://s3.{}.amazonaws.com/{}", region_, net::aws_encoded_path(path)));
    }
    return net::parse_url(fmt::format("https://{}.s3.{}.amazonaws.com{}", bucket, region_,
                                      net::aws_encoded_path(path.substr(slash))));
  }

  Result<net::LoneAnswer> put(std::string_view path, std::string_view contents) {
    Result<net::Url> url = url_of(path);
    if (!url) return std::unexpected(std::move(url).error());
    Result<LoopNet> loop = world_.open_loop({});
    if (!loop) return std::unexpected(std::move(loop).error());
    const Result<net::HostsFile> hosts = world_.hosts();
    if (!hosts) return std::unexpected(hosts.error());
    Result<Digest> digest = Digest::create(DigestKind::sha256);
    if (!digest) return std::unexpected(std::move(digest).error());
    const std::string sum = digest->of(std::as_bytes(std::span(contents)));
    const std::string date = net::aws_date(world_.clock().wall_now());
    net::AwsRequest to_sign{.method = "PUT",
                            .path = std::string(url->path()),
                            .headers = {{"host", std::string(url->host_header())},
                                        {"if-none-match", "*"},
                                        {"x-amz-content-sha256", sum},
                                        {"x-amz-date", date}},
                            .body_sha256 = sum};
    if (!credentials_.session_token.empty()) {
      to_sign.headers.emplace_back("x-amz-security-token", credentials_.session_token);
    }
    net::LoneRequest request{.method = "PUT", .url = std::move(*url), .body = contents};
    // The request's own Host comes from its URL.
    request.headers.assign(to_sign.headers.begin() + 1, to_sign.headers.end());
    request.headers.emplace_back("authorization",
                                 net::aws_authorization(to_sign, credentials_, region_, date));
    return net::send_lone_request({.network = *loop->network,
                                   .resolver = *loop->resolver,
                                   .hosts = *hosts,
                                   .tls = tls_,
                                   .clock = world_.clock()},
                                  request, kAnswerWithin);
  }

  const net::AwsCredentials credentials_;
  std::string endpoint_;  // "": the bucket's own at AWS
  std::string region_;
  MachineWorld world_;
  net::TlsContext tls_;
  Mutex mutex_;
};

std::string cache_folder() {
  std::string folder = variable("XDG_CACHE_HOME");
  if (folder.empty()) folder = variable("HOME") + "/.cache";
  return folder + "/pixhaul/outputs";
}

}  // namespace

arrow_io::StoreOutput store_output(FileSystem& local, std::string_view uri) {
  arrow_io::StoreOutput output{.local_files = &local, .local_folder = cache_folder()};
  if (!uri.starts_with(kS3)) return output;
  std::optional<net::AwsCredentials> credentials = find_credentials();
  if (!credentials) return output;
  // Shared because a std::function must be copyable.
  auto store = std::make_shared<ConditionalStore>(std::move(*credentials), uri);
  output.put_once = [store](std::string_view path, std::string_view contents) {
    return store->create(path, contents);
  };
  return output;
}

std::string weaker_promise(std::string_view uri) {
  if (!is_remote(uri)) return {};
  if (uri.starts_with(kS3) && find_credentials()) return {};
  return "this store is not asked to create objects under a condition, so nothing keeps a second "
         "run of another machine out of the same folder: start one at a time, or give each its "
         "own --worker_index";
}

}  // namespace pixhaul::pipeline
