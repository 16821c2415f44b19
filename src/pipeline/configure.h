#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/transform.h"
#include "net/fetcher.h"
#include "net/tls.h"
#include "pipeline/assembler.h"
#include "pipeline/machine.h"
#include "pipeline/sample_maker.h"
#include "pixhaul/options.h"

namespace pixhaul::pipeline {

/// Options turned into each layer's own settings. Nothing behind this reads Options.
struct RunSettings {
  net::FetchSettings fetch{};  ///< of each loop; index and count are set per loop
  net::TlsSettings tls{};
  std::vector<std::string> dns_servers{};
  std::vector<std::string> allow_net{};
  std::uint32_t loop_count = 1;
  std::uint32_t write_count = 1;            ///< threads that hash and write
  std::uint64_t memory_bytes = 0;           ///< ceiling of the process
  std::uint64_t counted_memory_bytes = 0;   ///< what of it is shared out by the memory budget
  std::uint64_t reserved_memory_bytes = 0;  ///< of that, what bodies may not take
  std::uint64_t decode_memory_bytes = 0;  ///< of that, what pictures being decoded may always take
  std::uint64_t window_bytes = 0;         ///< of long URLs under way
  std::uint64_t unwritten_bytes = 0;      ///< of bodies that are finished and wait to be written
  Validate validate = Validate::structure;
  SampleSettings sample{};
  image::SizeFilters filters{};               ///< looked at while receiving
  std::optional<std::uint64_t> max_pixels{};  ///< the same, where pictures are decoded
  OutputSettings output{};
  HashKind hash = HashKind::sha256;
  BodyMode body = BodyMode::buffer;
  std::vector<std::string>
      notices{};  ///< sentences for the user: limits that were lowered, what is missing
};

/// Errors: bad_option.
[[nodiscard]] Result<RunSettings> configure(const Options& options, const Machine& machine);

}  // namespace pixhaul::pipeline
