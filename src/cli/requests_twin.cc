// The other side of `compare --with requests`: a Python process that downloads the same list with
// requests. It runs in rounds of its own, between ours, so that both see the same weather. Its
// script travels inside the binary; its standard error stays ours, so that a Python traceback is
// seen.
#include "cli/requests_twin.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

extern char** environ;

namespace pixhaul::cli {
namespace {

Error unusable(std::string detail) {
  return {.code = ErrorCode::bad_option, .detail = std::move(detail)};
}

constexpr const char* kMissing =
    "--with requests needs python3 with the requests package (apt-get install python3-requests)";

Result<std::string> write_list(const std::vector<std::string>& urls) {
  const char* folder = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): read only
  std::string path =
      fmt::format("{}/pixhaul-twin-XXXXXX", folder != nullptr && *folder != 0 ? folder : "/tmp");
  UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.is_open())
    return std::unexpected(Error{ErrorCode::output_unwritable, errno, "make " + path});
  std::string text;
  for (const std::string& url : urls) text += url + "\n";
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return std::unexpected(Error{ErrorCode::output_unwritable, errno, "write " + path});
  }
  return path;
}

// The child must not inherit what Signals set: a blocked SIGINT and an ignored SIGPIPE.
void reset_signals(posix_spawnattr_t& attributes) {
  sigset_t none;
  sigset_t reset;
  sigemptyset(&none);
  sigemptyset(&reset);
  sigaddset(&reset, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &reset);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

}  // namespace

Result<> add_twin_round(std::string_view line, CompareCell& cell) {
  const auto answer = nlohmann::json::parse(line, nullptr, false);
  const auto is_number = [&](const char* field) {
    return answer.contains(field) && answer[field].is_number();
  };
  const bool whole = answer.is_object() && is_number("seconds") && is_number("cpu_seconds") &&
                     is_number("failed") && is_number("bytes");
  if (!whole)
    return std::unexpected(Error{.code = ErrorCode::protocol_error,
                                 .detail = fmt::format("the requests twin answered '{}'", line)});
  cell.seconds.push_back(answer["seconds"].get<double>());
  cell.cpu_seconds.push_back(answer["cpu_seconds"].get<double>());
  cell.failed += answer["failed"].get<std::uint64_t>();
  cell.bytes += answer["bytes"].get<std::uint64_t>();
  return {};
}

Result<RequestsTwin> RequestsTwin::start(const std::vector<std::string>& urls,
                                         const std::string& ca_file) {
  RequestsTwin twin;
  auto list = write_list(urls);
  if (!list) return std::unexpected(std::move(list).error());
  twin.list_path_ = std::move(*list);
  if (auto spawned = twin.spawn(ca_file); !spawned)
    return std::unexpected(std::move(spawned).error());
  // An answer to a harmless question shows that the imports went well.
  if (!twin.ask("VERSION\n")) return std::unexpected(unusable(kMissing));
  return twin;
}

RequestsTwin::RequestsTwin(RequestsTwin&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      to_twin_(std::move(other.to_twin_)),
      from_twin_(std::exchange(other.from_twin_, nullptr)),
      list_path_(std::exchange(other.list_path_, {})) {}

RequestsTwin::~RequestsTwin() {
  to_twin_.reset();  // the end of its input ends the twin
  if (from_twin_ != nullptr) std::fclose(from_twin_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
  if (!list_path_.empty()) ::unlink(list_path_.c_str());
}

Result<> RequestsTwin::spawn(const std::string& ca_file) {
  int input[2];
  int output[2];
  if (::pipe2(input, O_CLOEXEC) != 0)
    return std::unexpected(Error{ErrorCode::internal, errno, "pipe"});
  UniqueFd input_read(input[0]);
  to_twin_.reset(input[1]);
  if (::pipe2(output, O_CLOEXEC) != 0)
    return std::unexpected(Error{ErrorCode::internal, errno, "pipe"});
  UniqueFd output_write(output[1]);
  from_twin_ = ::fdopen(output[0], "r");

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input_read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output_write.get(), STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  reset_signals(attributes);

  std::vector<std::string> words = {"python3", "-c", std::string(requests_twin_text()), list_path_};
  if (!ca_file.empty()) words.insert(words.end(), {"--ca_file", ca_file});
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failure =
      ::posix_spawnp(&process_, "python3", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failure != 0) {
    process_ = -1;
    return std::unexpected(unusable(kMissing));
  }
  return {};
}

Result<std::string> RequestsTwin::ask(const std::string& line) {
  std::string answer;
  if (::write(to_twin_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
    for (int c = std::fgetc(from_twin_); c != EOF && c != '\n'; c = std::fgetc(from_twin_))
      answer += static_cast<char>(c);
  }
  if (answer.empty()) return std::unexpected(unusable("the requests twin has ended"));
  return answer;
}

Result<> RequestsTwin::run_round(CompareCell& cell) {
  const char* connection = cell.connection == ConnectionMode::reuse ? "reuse" : "fresh";
  const char* body = cell.body == BodyMode::stream ? "stream" : "buffer";
  auto answer = ask(fmt::format("ROUND {} {} {}\n", connection, body, cell.images));
  if (!answer) return std::unexpected(std::move(answer).error());
  return add_twin_round(*answer, cell);
}

}  // namespace pixhaul::cli
