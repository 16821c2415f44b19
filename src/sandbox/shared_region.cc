// A memfd, mapped by both. Sealed against shrinking: a page that the worker cut off would be SIGBUS
// in the parent.
#include "sandbox/shared_region.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace pixhaul::sandbox {

namespace {

constexpr std::uint64_t kPage = 4096;
// Up to here the pages stay: taking them anew costs about 0.1 ms a megabyte.
constexpr std::uint64_t kKeptBytes = 16U << 20;

constexpr std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + kPage - 1) / kPage * kPage;
}

std::unexpected<Error> failure(std::string_view what) {
  const int os_error = errno;
  return std::unexpected(
      Error{.code = ErrorCode::internal,
            .os_error = os_error,
            .detail = fmt::format("cannot {} the memory shared with a decoder: {}", what,
                                  std::strerror(os_error))});
}

}  // namespace

SharedRegion::SharedRegion(UniqueFd file, Head* head, std::uint64_t body_capacity,
                           std::uint64_t sample_capacity)
    : file_(std::move(file)),
      head_(head),
      body_capacity_(body_capacity),
      sample_capacity_(sample_capacity) {}

SharedRegion::SharedRegion(SharedRegion&& other) noexcept
    : file_(std::move(other.file_)),
      head_(std::exchange(other.head_, nullptr)),
      body_capacity_(other.body_capacity_),
      sample_capacity_(other.sample_capacity_) {}

SharedRegion::~SharedRegion() {
  if (head_ != nullptr) {
    ::munmap(head_, whole_pages(sizeof(Head)) + body_capacity_ + sample_capacity_);
  }
}

Result<SharedRegion> SharedRegion::create(std::uint64_t body_capacity,
                                          std::uint64_t sample_capacity) {
  UniqueFd file(::memfd_create("pixhaul-decoder", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0) return failure("make");
  body_capacity = whole_pages(body_capacity);
  sample_capacity = whole_pages(sample_capacity);
  const auto size = static_cast<off_t>(whole_pages(sizeof(Head)) + body_capacity + sample_capacity);
  if (::ftruncate(file.get(), size) != 0) return failure("size");
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return failure("seal");
  }
  auto region = map(std::move(file), body_capacity, sample_capacity);
  if (region) {
    Head* head = new (region->head_) Head{};
    head->body_capacity = body_capacity;
    head->sample_capacity = sample_capacity;
  }
  return region;
}

Result<SharedRegion> SharedRegion::open(UniqueFd file) {
  Head head{};
  if (::pread(file.get(), &head, sizeof head, 0) != static_cast<ssize_t>(sizeof head)) {
    return failure("read");
  }
  return map(std::move(file), head.body_capacity, head.sample_capacity);
}

Result<SharedRegion> SharedRegion::map(UniqueFd file, std::uint64_t body_capacity,
                                       std::uint64_t sample_capacity) {
  void* memory = ::mmap(nullptr, whole_pages(sizeof(Head)) + body_capacity + sample_capacity,
                        PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return failure("map");
  return SharedRegion(std::move(file), static_cast<Head*>(memory), body_capacity, sample_capacity);
}

std::span<std::byte> SharedRegion::body() const {
  return {reinterpret_cast<std::byte*>(head_) + whole_pages(sizeof(Head)), body_capacity_};
}

std::span<std::byte> SharedRegion::sample() const {
  return {body().data() + body_capacity_, sample_capacity_};
}

void SharedRegion::release_pages(std::uint64_t used_bytes) const {
  if (used_bytes <= kKeptBytes) return;
  ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              static_cast<off_t>(whole_pages(sizeof(Head))),
              static_cast<off_t>(body_capacity_ + sample_capacity_));
}

}  // namespace pixhaul::sandbox
