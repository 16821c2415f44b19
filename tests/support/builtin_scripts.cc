#include "support/builtin_scripts.h"

#include <algorithm>
#include <utility>

namespace pixhaul::testing {

std::uint64_t BuiltinState::next(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return counts_[key]++;
}

bool BuiltinState::take_token(const std::string& key, std::uint64_t rate) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const auto most = static_cast<double>(rate);
  Tokens& tokens = tokens_.try_emplace(key, Tokens{.left = most, .at = now}).first->second;
  const std::chrono::duration<double> passed = now - std::exchange(tokens.at, now);
  tokens.left = std::min(most, tokens.left + passed.count() * most);
  if (tokens.left < 1) return false;
  tokens.left -= 1;
  return true;
}

std::optional<std::string> BuiltinState::picture(const std::string& key,
                                                 const ImageRequest& request) {
  constexpr std::size_t kMostKeptBytes = std::size_t{64} << 20;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = pictures_.find(key); found != pictures_.end()) return found->second;
  }
  std::optional<std::string> file = make_image(request);
  if (!file) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (picture_bytes_ + file->size() > kMostKeptBytes) {
    pictures_.clear();
    picture_bytes_ = 0;
  }
  if (pictures_.emplace(key, *file).second) picture_bytes_ += file->size();
  return file;
}

const std::string& plain_picture() {
  static const std::string* const kPicture = new std::string(*make_image({}));
  return *kPicture;
}

Script picture_reply(std::vector<HeaderField> more) {
  return reply(200, "image/jpeg", plain_picture(), std::move(more));
}

Script bad_request(std::string_view why) { return reply(400, "text/plain", std::string(why)); }

Script BuiltinScripts::script_for(const Request& request) {
  for (const auto table : {answer_builtins(), h1_fault_builtins(), h2_fault_builtins()}) {
    for (const Builtin& builtin : table) {
      const bool is_folder = builtin.path.ends_with('/') && builtin.path.size() > 1;
      const std::string_view path = request.path;
      if (is_folder ? !path.starts_with(builtin.path) : path != builtin.path) continue;
      const bool is_http2 = request.stream_id != 0;
      if (builtin.protocol == Builtin::Protocol::http1 && is_http2) {
        return bad_request("this path needs HTTP/1.1\n");
      }
      if (builtin.protocol == Builtin::Protocol::http2 && !is_http2) {
        return bad_request("this path needs HTTP/2\n");
      }
      return builtin.make(request, state_);
    }
  }
  return reply(404, "text/plain", "no such path\n");
}

}  // namespace pixhaul::testing
