#include "arrow_io/seekable.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

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

arrow::Status failed(const Error& error) { return arrow::Status::IOError(error.detail); }

class ArrowFile final : public arrow::io::RandomAccessFile {
 public:
  explicit ArrowFile(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}

  arrow::Status Close() override {
    file_.reset();
    return arrow::Status::OK();
  }
  bool closed() const override { return !file_; }
  arrow::Result<std::int64_t> Tell() const override { return at_; }
  arrow::Status Seek(std::int64_t position) override {
    at_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> GetSize() override {
    return static_cast<std::int64_t>(file_->size().value_or(0));
  }
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got, ReadAt(at_, count, out));
    at_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at_, count));
    at_ += buffer->size();
    return buffer;
  }
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count,
                                     void* out) override {
    if (position < 0 || count < 0) return arrow::Status::Invalid("a place outside the file");
    const std::span<std::byte> into(static_cast<std::byte*>(out), static_cast<std::size_t>(count));
    Result<std::size_t> got = file_->read_at(static_cast<std::uint64_t>(position), into);
    if (!got) return failed(got.error());
    return static_cast<std::int64_t>(*got);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t count) override {
    // A damaged file may ask for more than there is.
    ARROW_ASSIGN_OR_RAISE(const std::int64_t size, GetSize());
    const std::int64_t room = std::max<std::int64_t>(0, size - position);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::min(count, room)));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got,
                          ReadAt(position, buffer->size(), buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::int64_t at_ = 0;
};

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

std::shared_ptr<arrow::io::RandomAccessFile> make_arrow_file(std::unique_ptr<ReadableFile> file) {
  return std::make_shared<ArrowFile>(std::move(file));
}

}  // namespace pixhaul::arrow_io
