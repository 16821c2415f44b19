#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "readers/columns.h"
#include "readers/input.h"
#include "readers/reader.h"
#include "readers/table.h"

struct ArrowArrayStream;
namespace arrow {
class MemoryPool;
}

namespace pixhaul::arrow_io {

/// As Module says.
[[nodiscard]] Result<std::unique_ptr<readers::RowReader>> open_table_reader(
    FileSystem& files, std::span<const readers::InputFile> inputs,
    const readers::TableSettings& settings, arrow::MemoryPool* pool);
[[nodiscard]] Result<std::unique_ptr<readers::RowReader>> open_stream_reader(
    ArrowArrayStream& stream, std::string_view name, const readers::TableSettings& settings,
    arrow::MemoryPool* pool);
[[nodiscard]] Result<std::unique_ptr<readers::ColumnTable>> open_column_table(
    std::string_view ipc, arrow::MemoryPool* pool);

/// The rectangles of `text`, `[[x0,y0,x1,y1],…]`. False if it is not that.
[[nodiscard]] bool parse_boxes(std::string_view text, std::vector<readers::Box>& boxes);

}  // namespace pixhaul::arrow_io
