#include "ledger/failed_list.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "ledger/compare.h"

namespace pixhaul::ledger {

namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

void append_row(std::string& out, const Row& row) {
  const Outcome& outcome = row.outcome;
  out += "# ";
  out += name(outcome.status);
  if (outcome.http_status > 0) out.append(" HTTP ").append(std::to_string(outcome.http_status));
  if (!outcome.detail.empty()) append_printable(out.append(": "), outcome.detail);
  append_printable(out.append(" ("), place(row.input, row.line));
  out += ")\n";
  const bool fits = outcome.status != ErrorCode::bad_row && !row.url.empty() &&
                    row.url.front() != '#' && row.url.find_first_of("\r\n") == row.url.npos;
  if (fits) out.append(row.url).append(1, '\n');
}

Result<> write(WritableFile& file, std::string& text) {
  Result<> wrote = file.write(std::as_bytes(std::span(text)));
  text.clear();
  return wrote;
}

Result<> write_rows(RunFolder& run, WritableFile& file,
                    const std::function<bool(const Row&)>& is_failure, std::uint64_t& count) {
  std::string text;
  Result<> wrote;
  for (const std::uint64_t shard : run.known_shards()) {
    Result<> read = run.for_each_row(shard, RunFolder::Which::unsuccessful, [&](const Row& row) {
      if (!wrote || !is_failure(row)) return;
      ++count;
      append_row(text, row);
      if (text.size() >= kChunkBytes) wrote = write(file, text);
    });
    if (!read) return read;
    if (!wrote) return wrote;
  }
  return write(file, text);
}

}  // namespace

Result<std::uint64_t> write_failed_list(RunFolder& run,
                                        const std::function<bool(const Row&)>& is_failure) {
  Folder& output = run.output();
  const std::string final_name = run.failed_list_name();
  const std::string temporary = "." + final_name + ".part";
  if (Result<> removed = output.remove(temporary); !removed) {
    return std::unexpected(std::move(removed).error());
  }
  Result<std::unique_ptr<WritableFile>> file = output.create(temporary);
  if (!file) return std::unexpected(std::move(file).error());
  std::uint64_t count = 0;
  Result<> done = write_rows(run, **file, is_failure, count);
  if (done) done = (*file)->sync();
  if (done) done = (*file)->close();
  if (done && count > 0) done = output.rename(temporary, output, final_name);
  if (done && count == 0) done = output.remove(temporary);
  if (done && count == 0) done = output.remove(final_name);
  if (!done) return std::unexpected(std::move(done).error());
  return count;
}

}  // namespace pixhaul::ledger
