#include "ledger/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/run_folder.h"
#include "support/memory_fs.h"

namespace pixhaul::ledger {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// A folder with a done shard: two images under their names, and one row that failed.
class Audits : public testing::Test {
 protected:
  Audits() {
    settings_.samples_per_shard = 3;
    auto run = RunFolder::open(files_, "out", settings_).value();
    auto shard = run->open_shard(0).value();
    for (std::uint64_t i = 0; i < 3; ++i) EXPECT_TRUE(shard->add(row(i)).has_value());
    auto assembly = run->begin_commit(std::move(shard)).value();
    EXPECT_TRUE(assembly->write_rows_jsonl().has_value());
    EXPECT_TRUE(assembly
                    ->publish("digest", R"({"count": 3, "successes": 2, "start_time": 1.5})",
                              Assembly::ImagesInPlace::yes)
                    .has_value());
    run->end_commit(std::move(assembly));
    EXPECT_TRUE(run->note_complete().has_value());
  }

  Row row(std::uint64_t index) {
    const std::string key = ShardLayout(3).key(index);
    Row row{.index = index, .key = key, .input = "l", .line = index + 1, .url = "http://" + key};
    row.outcome.status = index == 2 ? ErrorCode::http_4xx : ErrorCode::success;
    if (index == 2) return row;
    row.path = "00000/" + key + ".jpg";
    row.outcome.bytes = 5;
    row.outcome.digest = "5d41402abc4b2a76b9719d911017c592";  // md5 of "hello"
    EXPECT_TRUE(files_.open_folder("out/00000", Folder::IfMissing::make).has_value());
    files_.put("out/" + row.path, "hello");
    return row;
  }

  std::vector<std::string> problems(const AuditChecks& checks = {}) {
    const FolderState state = read_state(files_, "out").value();
    const AuditReport report = audit(files_, "out", state, checks).value();
    std::vector<std::string> lines;
    for (const AuditProblem& problem : report.problems) {
      lines.push_back(problem.path + " " + problem.what);
    }
    EXPECT_EQ(report.problem_count, lines.size());
    samples_ = report.samples;
    return lines;
  }

  test::MemoryFileSystem files_;
  RunSettings settings_;
  std::uint64_t samples_ = 0;
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(Audits, AWholeFolderHasNoProblemsAndIsLeftAlone) {
  const std::uint64_t calls = files_.calls();
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(samples_, 2u);
  EXPECT_EQ(files_.calls(), calls) << "nothing was written";
  const FolderState state = read_state(files_, "out").value();
  EXPECT_TRUE(state.is_complete());
  EXPECT_EQ(state.shards.at(0).stats.start_time, 1.5);
  EXPECT_EQ(state.shards.at(0).record.by_status.at(ErrorCode::http_4xx), 1u);
}

TEST_F(Audits, EveryFlippedByteOfAFileIsFound) {
  for (const std::string path : {"out/00000.jsonl", "out/00000_stats.json"}) {
    const std::string whole = files_.contents(path);
    for (std::size_t at = 0; at < whole.size(); at += 7) {
      std::string bent = whole;
      bent[at] = static_cast<char>(bent[at] ^ 4);
      files_.put(path, bent);
      EXPECT_FALSE(problems().empty()) << path << " at " << at;
    }
    files_.put(path, whole);
  }
}

TEST_F(Audits, LostAndChangedImagesAreNamed) {
  files_.put("out/00000/000000.jpg", "hellO");
  EXPECT_THAT(problems(),
              ElementsAre("00000/000000.jpg is not what was downloaded: its digest differs"));
  files_.put("out/00000/000000.jpg", "hell");
  EXPECT_THAT(problems(), ElementsAre("00000/000000.jpg has 4 bytes where 5 were recorded"));
  files_.erase("out/00000/000000.jpg");
  EXPECT_THAT(problems(), ElementsAre("00000/000000.jpg is missing"));
}

TEST_F(Audits, AFileThatIsCutIsNoLongerDone) {
  files_.put("out/00000.jsonl", "");
  EXPECT_THAT(
      problems(),
      ElementsAre(testing::MatchesRegex("00000.jsonl has 0 bytes where [0-9]+ were recorded")));
}

TEST_F(Audits, ChecksOfOtherLayersAreAsked) {
  AuditChecks checks;
  checks.image = [](std::span<const std::byte>) -> Result<> {
    return std::unexpected(Error{.detail = "does not decode"});
  };
  EXPECT_THAT(problems(checks),
              ElementsAre("00000/000000.jpg does not decode", "00000/000001.jpg does not decode"));
}

TEST_F(Audits, ArchivesOfAnotherProgramAreWalkedByTheirNames) {
  files_.put("out/00001_stats.json", R"({"count": 9, "successes": 4})");
  files_.put("out/00001.tar", "tar");
  AuditChecks checks;
  checks.members = [](const std::string& name,
                      const RandomAccessFile&) -> Result<std::optional<std::uint64_t>> {
    if (!name.ends_with(".tar")) return std::optional<std::uint64_t>();
    return std::optional<std::uint64_t>(3);
  };
  EXPECT_THAT(problems(checks), ElementsAre("00001.tar holds 3 samples where 4 were recorded"));
  EXPECT_EQ(samples_, 5u);
}

TEST_F(Audits, OpenShardsCountWithTheirRows) {
  auto run = RunFolder::open(files_, "out", settings_).value();
  auto shard = run->open_shard(1).value();
  Row open = row(0);
  open.index = 3;
  EXPECT_TRUE(shard->add(open, shard->append_data(bytes_of("hello")).value()).has_value());
  EXPECT_TRUE(shard->flush().has_value());
  const FolderState state = read_state(files_, "out").value();
  ASSERT_EQ(state.open.size(), 1u);
  EXPECT_EQ(state.open[0].by_status.at(ErrorCode::success), 1u);
  EXPECT_FALSE(state.is_complete()) << "a run has begun again";
}

TEST_F(Audits, AFolderOfNobodyIsRefused) {
  ASSERT_TRUE(files_.open_folder("empty", Folder::IfMissing::make).has_value());
  for (const std::string_view path : {"empty", "missing"}) {
    EXPECT_EQ(read_state(files_, path).error().code, ErrorCode::input_unreadable);
  }
}

}  // namespace
}  // namespace pixhaul::ledger
