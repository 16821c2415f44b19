#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "pixhaul/result.h"

namespace arrow {
class MemoryPool;
namespace io {
class RandomAccessFile;
}
}  // namespace arrow

namespace pixhaul::arrow_io {

/// Bytes that can be read at any place, as Arrow's readers want them.
struct ArrowFile {
  std::shared_ptr<arrow::io::RandomAccessFile> file{};
  /// Why the last read failed, if one did: Arrow's status keeps its text only.
  std::shared_ptr<const std::optional<Error>> error{};
};

/// Reads at an offset; fewer bytes than asked for at the end only.
using ReadBytes = std::function<Result<std::size_t>(std::uint64_t offset, std::span<std::byte>)>;

/// Never more bytes allocated than there are, whatever length a damaged file names. `size`: in
/// bytes. `pool`: of the buffers handed out; outlives them. The file belongs to one thread.
[[nodiscard]] ArrowFile make_arrow_file(ReadBytes read_at, std::uint64_t size,
                                        arrow::MemoryPool* pool);

}  // namespace pixhaul::arrow_io
