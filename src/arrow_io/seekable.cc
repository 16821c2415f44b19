#include "arrow_io/seekable.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "arrow_io/arrow_file.h"
#include "arrow_io/status.h"
#include "base/unique_fd.h"

namespace pixhaul::arrow_io {

namespace {

class TemporaryFile final : public ReadableFile {
 public:
  TemporaryFile(UniqueFd fd, std::uint64_t size, std::string_view name)
      : fd_(std::move(fd)), size_(size), name_(name) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    Result<std::size_t> count = read_at(at_, into);
    if (count) at_ += *count;
    return count;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  bool is_seekable() const override { return true; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = ::pread(fd_.get(), into.data() + done, into.size() - done,
                                    static_cast<off_t>(offset + done));
      if (count == 0) break;
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(unreadable(name_, std::strerror(errno)));
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

 private:
  UniqueFd fd_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;
  std::string name_;
};

Error no_room(std::string_view name, std::string_view folder) {
  return unreadable(name, fmt::format("its parquet data has to be unpacked in '{}': {}; set TMPDIR "
                                      "to a folder with room",
                                      folder, std::strerror(errno)));
}

Result<> write_all(int fd, std::span<const std::byte> bytes, std::string_view name,
                   std::string_view folder) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(no_room(name, folder));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ReadableFile>> make_seekable(std::unique_ptr<ReadableFile> file,
                                                    std::string_view name) {
  if (file->is_seekable()) return file;
  const char* given = std::getenv("TMPDIR");
  const std::string folder = given != nullptr && *given != '\0' ? given : "/tmp";
  std::string path = folder + "/pixhaul-XXXXXX";
  UniqueFd fd(::mkstemp(path.data()));
  if (!fd.is_open()) return std::unexpected(no_room(name, folder));
  ::unlink(path.c_str());
  std::array<std::byte, 64 * 1024> block;
  std::uint64_t size = 0;
  for (;;) {
    Result<std::size_t> count = file->read(block);
    if (!count) return std::unexpected(std::move(count).error());
    if (*count == 0) break;
    size += *count;
    const std::span<const std::byte> bytes = std::span(block).first(*count);
    if (Result<> wrote = write_all(fd.get(), bytes, name, folder); !wrote) {
      return std::unexpected(std::move(wrote).error());
    }
  }
  return std::make_unique<TemporaryFile>(std::move(fd), size, name);
}

std::shared_ptr<arrow::io::RandomAccessFile> make_arrow_file(std::unique_ptr<ReadableFile> file,
                                                             arrow::MemoryPool* pool) {
  const std::uint64_t size = file->size().value_or(0);
  auto read_at = [file = std::shared_ptr(std::move(file))](std::uint64_t offset,
                                                           std::span<std::byte> into) {
    return file->read_at(offset, into);
  };
  return make_arrow_file(std::move(read_at), size, pool).file;
}

}  // namespace pixhaul::arrow_io
