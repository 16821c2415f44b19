#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/result.h"

namespace pixhaul::ledger {

/// Where the bytes of a finished row's sample lie until its shard is assembled.
struct DataPlace {
  enum class File : std::uint8_t {
    spool,     ///< .pixhaul/spool/NNNNN.data
    standing,  ///< the shard's file of the generation that stands, for rows that are kept
  };
  File file = File::spool;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t crc32c = 0;
};

/// A finished row as the spool keeps it: the facts a restart needs, and the row as JSON
/// (append_row_json).
struct SpoolRow {
  std::uint32_t position = 0;  ///< in the shard, from 0
  ErrorCode status = ErrorCode::internal;
  std::uint32_t url_crc = 0;        ///< url_mark() of the row's URL
  std::uint64_t bytes = 0;          ///< of the image
  std::optional<DataPlace> data{};  ///< of the sample, where it waits for its shard's file
  std::string_view json{};          ///< in the spool's text
};

/// What one spool holds. Views point into the text it was read from.
struct SpoolContents {
  std::uint32_t generation = 0;  ///< 0: no whole header
  std::string_view boot_id{};
  std::vector<SpoolRow>
      rows{};  ///< in order of arrival; a later row of a position replaces an earlier one
  std::uint64_t valid_bytes = 0;  ///< what lies behind is torn or damaged
};

/// The spool of an open shard is a header and rows, each a record [u32 length][u32 crc32c][u8
/// kind][payload], little endian; the sum covers kind and payload. The format is that of the
/// folder's manifest.
void append_spool_header(std::string& out, std::uint32_t generation, std::string_view boot_id);
void append_spool_row(std::string& out, const SpoolRow& row);

/// Reads records up to the first that is torn or damaged.
[[nodiscard]] SpoolContents read_spool(std::string_view text);

/// The rows a commit keeps: the last of each position, in order of position, which is the order of
/// keys.
[[nodiscard]] std::vector<SpoolRow> final_rows(std::vector<SpoolRow> rows);

}  // namespace pixhaul::ledger
