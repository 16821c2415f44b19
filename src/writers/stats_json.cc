#include "writers/stats_json.h"

#include <fmt/core.h>

#include "writers/json_text.h"

namespace pixhaul::writers {

namespace {

// An object under construction, compact; append_indented() lays it out at the end.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::string& member(std::string_view name) {
    if (!is_first_) out_ += ',';
    is_first_ = false;
    append_python_string(out_, name);
    out_ += ':';
    return out_;
  }
  void add(std::string_view name, std::uint64_t number) {
    member(name) += fmt::format("{}", number);
  }
  void add(std::string_view name, double number) { append_python_float(member(name), number); }
  void add(std::string_view name, std::string_view text) {
    append_python_string(member(name), text);
  }

 private:
  std::string& out_;
  bool is_first_ = true;
};

void append_files(std::string& out, const std::vector<StatsFile>& files) {
  out += '[';
  for (const StatsFile& file : files) {
    if (&file != &files.front()) out += ',';
    Object object(out);
    object.add("name", file.name);
    object.add("bytes", file.facts.bytes);
    object.add("crc32c", std::uint64_t{file.facts.crc32c});
  }
  out += ']';
}

void append_ours(std::string& out, const ShardStats& stats) {
  Object object(out);
  object.add("version", stats.version);
  object.add("generation", std::uint64_t{stats.generation});
  append_files(object.member("files"), stats.files);
  object.add("input_digest", stats.input_digest);
  Object by_status(object.member("by_status"));
  for (const auto& [status, count] : stats.by_status) by_status.add(name(status), count);
}

void append_stats(std::string& out, const ShardStats& stats) {
  Object object(out);
  object.add("count", stats.count);
  object.add("successes", stats.successes);
  object.add("failed_to_download", stats.failed_to_download);
  object.add("failed_to_resize", stats.failed_to_resize);
  object.add("duration", stats.end_time - stats.start_time);
  object.add("start_time", stats.start_time);
  object.add("end_time", stats.end_time);
  {
    Object messages(object.member("status_dict"));
    for (const auto& [message, count] : stats.status_dict) messages.add(message, count);
  }
  append_ours(object.member("pixhaul"), stats);
}

}  // namespace

std::string stats_json(const ShardStats& stats) {
  std::string compact;
  append_stats(compact, stats);
  std::string text;
  append_indented(text, compact, 0);
  return text;
}

}  // namespace pixhaul::writers
