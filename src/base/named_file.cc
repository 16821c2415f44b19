// Files beside a run that its user named: unlike what lies in an output folder, these may be links,
// pipes or devices.
#include "base/named_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.h"

namespace pixhaul {

namespace {

Error failure(const std::string& path) {
  const bool is_full = errno == ENOSPC || errno == EDQUOT;
  return {.code = is_full ? ErrorCode::disk_full : ErrorCode::output_unwritable,
          .os_error = errno,
          .detail = fmt::format("cannot write '{}': {}", path, std::strerror(errno))};
}

class NamedFile final : public WritableFile {
 public:
  NamedFile(UniqueFd fd, const std::string& path) : fd_(std::move(fd)), path_(path) {}

  Result<> write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(failure(path_));
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }
  Result<> sync() override {
    if (::fsync(fd_.get()) != 0) return std::unexpected(failure(path_));
    return {};
  }
  Result<> close() override {
    fd_ = UniqueFd();
    return {};
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

Result<std::unique_ptr<WritableFile>> named(int fd, const std::string& path) {
  if (fd < 0) return std::unexpected(failure(path));
  return std::make_unique<NamedFile>(UniqueFd(fd), path);
}

}  // namespace

Result<std::unique_ptr<WritableFile>> open_stream(const std::string& path) {
  if (path == "-") return named(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "standard output");
  return named(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), path);
}

Result<> replace_text(const std::string& path, std::string_view contents) {
  const std::string temporary = path + ".part";
  auto file =
      named(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), path);
  if (!file) return std::unexpected(std::move(file).error());
  if (auto wrote = (*file)->write(std::as_bytes(std::span(contents))); !wrote) return wrote;
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return std::unexpected(failure(path));
  return {};
}

}  // namespace pixhaul
