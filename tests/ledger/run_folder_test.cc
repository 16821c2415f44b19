#include "ledger/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/compare.h"
#include "ledger/failed_list.h"
#include "support/memory_fs.h"

namespace pixhaul::ledger {
namespace {

constexpr std::string_view kStats = R"({"count": 4, "successes": 2})";

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

class RunFolders : public testing::Test {
 protected:
  RunFolders() {
    settings_.manifest.options.emplace_back("number_sample_per_shard", "4");
    settings_.samples_per_shard = 4;
  }

  std::unique_ptr<RunFolder> open(std::string boot_id = "boot 1") {
    settings_.boot_id = std::move(boot_id);
    Result<std::unique_ptr<RunFolder>> run = RunFolder::open(files_, "out", settings_);
    EXPECT_TRUE(run.has_value()) << run.error().detail;
    return std::move(*run);
  }

  static Row row(std::uint64_t index, ErrorCode status = ErrorCode::success) {
    const std::string number = std::to_string(index);
    Row row{.index = index,
            .key = ShardLayout(4).key(index),
            .input = "urls.txt",
            .line = index + 1,
            .url = "http://h/" + number};
    row.outcome.status = status;
    if (status == ErrorCode::success) {
      row.outcome.bytes = 5;
      row.path = shard_name(index / 4) + "/" + row.key + ".jpg";
    }
    return row;
  }

  static std::string digest(std::uint64_t first, std::uint64_t end) {
    InputDigest digest;
    for (std::uint64_t i = first; i < end; ++i) digest.add("http://h/" + std::to_string(i));
    return digest.hex();
  }

  // A folder whose shard 0 is done: rows 0 to 3, of which 1 is a 404 and 2 timed out.
  void make_done(std::unique_ptr<RunFolder> run, std::uint64_t rows = 4) {
    auto shard = run->open_shard(0).value();
    for (const std::uint64_t i : {3u, 0u, 2u, 1u}) {
      if (i >= rows) continue;
      const ErrorCode status = i == 1   ? ErrorCode::http_4xx
                               : i == 2 ? ErrorCode::connect_timeout
                                        : ErrorCode::success;
      ASSERT_TRUE(shard->add(row(i, status)).has_value());
    }
    commit(*run, std::move(shard), digest(0, rows));
  }

  static void commit(RunFolder& run, std::unique_ptr<OpenShard> shard, std::string digest) {
    auto assembly = run.begin_commit(std::move(shard)).value();
    ASSERT_TRUE(assembly->write_rows_jsonl().has_value());
    ASSERT_TRUE(
        assembly->publish(std::move(digest), kStats, Assembly::ImagesInPlace::yes).has_value());
    run.end_commit(std::move(assembly));
  }

  std::vector<std::string> rows_of(RunFolder& run, std::uint64_t shard) {
    std::vector<std::string> rows;
    EXPECT_TRUE(run.for_each_row(shard, RunFolder::Which::all, [&](const Row& row) {
      rows.push_back(std::to_string(row.index) + " " + std::string(name(row.outcome.status)));
    }));
    return rows;
  }

  test::MemoryFileSystem files_;
  RunSettings settings_;
};

using Rows = std::vector<std::string>;

TEST_F(RunFolders, RowsOfADoneShardStandInOrderOfKey) {
  make_done(open());
  auto run = open();
  EXPECT_EQ(run->state(0), ShardState::done);
  EXPECT_EQ(run->state(1), ShardState::fresh);
  EXPECT_EQ(rows_of(*run, 0), (Rows{"0 success", "1 http_4xx", "2 connect_timeout", "3 success"}));
  ASSERT_TRUE(run->record(0).has_value());
  EXPECT_EQ(run->record(0)->rows, 4u);
  EXPECT_EQ(run->record(0)->image_bytes, 10u);
  EXPECT_EQ(run->record(0)->by_status.at(ErrorCode::http_4xx), 1u);
}

TEST_F(RunFolders, FinishedRowsSurviveAKillAndUnflushedOnesAreAbsent) {
  auto run = open();
  auto shard = run->open_shard(5).value();
  ASSERT_TRUE(shard->add(row(21)).has_value());
  ASSERT_TRUE(shard->flush().has_value());
  ASSERT_TRUE(shard->add(row(22)).has_value());
  files_.die();
  files_.heal();
  run = open();
  EXPECT_EQ(run->state(5), ShardState::open);
  EXPECT_THAT(run->known_shards(), testing::ElementsAre(5u));
  shard = run->open_shard(5).value();
  EXPECT_TRUE(shard->was_resumed());
  EXPECT_FALSE(shard->is_finished(0));
  EXPECT_TRUE(shard->is_finished(1));
  EXPECT_FALSE(shard->is_finished(2));
  EXPECT_EQ(shard->by_status().at(ErrorCode::success), 1u);
}

TEST_F(RunFolders, AShardWhoseSpoolLostItsBytesCountsAsResumed) {
  files_.put("out/.pixhaul/spool/00005", "");
  EXPECT_TRUE(open()->open_shard(5).value()->was_resumed());
  EXPECT_FALSE(open()->open_shard(6).value()->was_resumed());
}

TEST_F(RunFolders, ATornSpoolIsCutBeforeMoreIsAppendedAtEveryByte) {
  std::string whole;
  {
    auto run = open();
    auto shard = run->open_shard(0).value();
    ASSERT_TRUE(shard->add(row(0)).has_value());
    ASSERT_TRUE(shard->add(row(1)).has_value());
    whole = shard->read_back().value();
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    files_.put("out/.pixhaul/spool/00000", whole.substr(0, size));
    auto run = open();
    auto shard = run->open_shard(0).value();
    EXPECT_FALSE(shard->is_finished(1));
    ASSERT_TRUE(shard->add(row(3)).has_value());
    ASSERT_TRUE(shard->flush().has_value());
    auto again = run->open_shard(0).value();
    EXPECT_TRUE(again->is_finished(3)) << size;
    EXPECT_EQ(again->is_finished(0), shard->is_finished(0)) << size;
  }
}

TEST_F(RunFolders, AfterARebootRowsWithoutTheirImagesAreDropped) {
  {
    auto run = open();
    auto shard = run->open_shard(0).value();
    for (const std::uint64_t i : {0u, 1u, 2u}) ASSERT_TRUE(shard->add(row(i)).has_value());
    ASSERT_TRUE(shard->add(row(3, ErrorCode::http_4xx)).has_value());
    ASSERT_TRUE(shard->flush().has_value());
  }
  ASSERT_TRUE(files_.open_folder("out/00000", Folder::IfMissing::make).has_value());
  files_.put("out/00000/000000.jpg", "12345");
  files_.put("out/00000/000001.jpg", "");
  for (int round = 0; round < 2; ++round) {
    auto run = open("boot 2");
    auto shard = run->open_shard(0).value();
    EXPECT_TRUE(shard->is_finished(0));
    EXPECT_FALSE(shard->is_finished(1)) << "zero bytes";
    EXPECT_FALSE(shard->is_finished(2)) << "missing";
    EXPECT_TRUE(shard->is_finished(3)) << "a failure has no image";
  }
}

TEST_F(RunFolders, RetryingRewritesTheShardAndKeepsTheOldRowsUntilThen) {
  make_done(open());
  const std::string old_rows = files_.contents("out/00000.jsonl");
  auto run = open();
  const auto timed_out = [](const Row& row) {
    return row.outcome.status == ErrorCode::connect_timeout;
  };
  const auto never = [](const Row&) { return false; };
  EXPECT_EQ(run->reopen_shard(0, {.redo = never}).value(), nullptr);
  EXPECT_EQ(run->state(0), ShardState::done);
  auto shard = run->reopen_shard(0, {.redo = timed_out}).value();
  EXPECT_EQ(shard->generation(), 2u);
  EXPECT_EQ(shard->finished_count(), 3u);
  EXPECT_FALSE(shard->is_finished(2));
  EXPECT_EQ(files_.contents("out/00000.jsonl"), old_rows);
  // A kill here: the retry goes on where it was.
  files_.die();
  files_.heal();
  run = open();
  EXPECT_EQ(run->state(0), ShardState::open);
  shard = run->open_shard(0).value();
  EXPECT_EQ(shard->generation(), 2u);
  ASSERT_TRUE(shard->add(row(2)).has_value());
  auto assembly = run->begin_commit(std::move(shard)).value();
  EXPECT_EQ(assembly->paths().size(), 3u);
  ASSERT_TRUE(assembly->write_rows_jsonl().has_value());
  ASSERT_TRUE(
      assembly
          ->publish(digest(0, 4), R"({"count": 4, "successes": 3})", Assembly::ImagesInPlace::yes)
          .has_value());
  run->end_commit(std::move(assembly));
  EXPECT_EQ(rows_of(*run, 0), (Rows{"0 success", "1 http_4xx", "2 success", "3 success"}));
  EXPECT_EQ(run->record(0)->generation, 2u);
  EXPECT_FALSE(files_.exists("out/.pixhaul/spool/00000"));
}

TEST_F(RunFolders, ALeftSpoolOfADoneGenerationIsRemoved) {
  auto run = open();
  {
    auto shard = run->open_shard(0).value();
    ASSERT_TRUE(shard->flush().has_value());
  }
  const std::string spool = files_.contents("out/.pixhaul/spool/00000");
  make_done(std::move(run));
  files_.put("out/.pixhaul/spool/00000", spool);
  run = open();
  EXPECT_EQ(run->state(0), ShardState::done);
  EXPECT_FALSE(files_.exists("out/.pixhaul/spool/00000"));
}

TEST_F(RunFolders, AListThatGrewContinuesItsLastShard) {
  make_done(open(), 2);
  auto run = open();
  ShardCheck check(*run->record(0));
  for (std::uint64_t i = 0; i < 4; ++i) check.add("http://h/" + std::to_string(i), "l", i + 1);
  EXPECT_TRUE(check.finish(*run).has_value());
  EXPECT_EQ(check.new_rows(), 2u);
  auto shard =
      run->reopen_shard(0, {.redo = [](const Row&) { return false; }, .grown = true}).value();
  EXPECT_EQ(shard->finished_count(), 2u);
  ASSERT_TRUE(shard->add(row(2)).has_value());
  ASSERT_TRUE(shard->add(row(3)).has_value());
  commit(*run, std::move(shard), digest(0, 4));
  EXPECT_EQ(rows_of(*run, 0).size(), 4u);
}

TEST_F(RunFolders, AnotherListIsRefusedWithItsFirstDifference) {
  make_done(open());
  auto run = open();
  ShardCheck changed(*run->record(0));
  for (const std::string_view url : {"http://h/0", "http://h/1", "http://x", "http://h/3"}) {
    changed.add(url, "urls.txt", changed.digest().rows() + 1);
  }
  const Result<> refused = changed.finish(*run);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::other_input);
  EXPECT_EQ(refused.error().detail,
            "line 3 of 'urls.txt' was 'http://h/2' when this folder was begun and is 'http://x' "
            "now; use another --output_folder for this list, or give the list the folder was "
            "begun with");
  ShardCheck shorter(*run->record(0));
  shorter.add("http://h/0", "urls.txt", 1);
  EXPECT_NE(shorter.finish(*run).error().detail.find("line 2 of 'urls.txt' was 'http://h/1'"),
            std::string::npos);
  EXPECT_TRUE(run->check_end(4, 4).has_value());
  EXPECT_NE(run->check_end(3, 3).error().detail.find("line 4 of 'urls.txt' was 'http://h/3'"),
            std::string::npos);
}

TEST_F(RunFolders, AChangedRowOfAnOpenShardIsNamed) {
  auto run = open();
  auto shard = run->open_shard(0).value();
  Row odd = row(1);
  odd.url = "http://h/\xff";
  ASSERT_TRUE(shard->add(row(0)).has_value());
  ASSERT_TRUE(shard->add(odd).has_value());
  EXPECT_TRUE(shard->check_input(0, "http://h/0", "l", 1).has_value());
  EXPECT_TRUE(shard->check_input(1, "http://h/\xff", "l", 2).has_value());
  EXPECT_TRUE(shard->check_input(3, "http://new", "l", 4).has_value());
  const Result<> refused = shard->check_input(0, "http://other", "", 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().detail.starts_with(
      "line 1 was 'http://h/0' when this folder was begun and is 'http://other' now"));
}

TEST_F(RunFolders, SamplesWaitInTheSpoolUntilTheirShardIsAssembled) {
  auto run = open();
  auto shard = run->open_shard(0).value();
  const DataPlace lost = shard->append_data(bytes("never added")).value();
  const DataPlace second = shard->append_data(bytes("second")).value();
  const DataPlace first = shard->append_data(bytes("first")).value();
  EXPECT_EQ(lost.offset, 0u);
  ASSERT_TRUE(shard->add(row(1), second).has_value());
  ASSERT_TRUE(shard->add(row(0), first).has_value());
  ASSERT_TRUE(run->write_columns(0, "older").has_value());
  ASSERT_TRUE(run->write_columns(0, "columns").has_value());
  auto assembly = run->begin_commit(std::move(shard)).value();
  ASSERT_EQ(assembly->rows().size(), 2u);
  EXPECT_EQ(assembly->rows()[0].data->offset, first.offset);
  std::string found(second.length, ' ');
  const DataPlace& place = *assembly->rows()[1].data;
  ASSERT_TRUE(assembly->data()
                  ->read_at(place.offset, std::as_writable_bytes(std::span(found)))
                  .has_value());
  EXPECT_EQ(found, "second");
  EXPECT_EQ(assembly->columns().value(), "columns");
  ASSERT_TRUE(assembly->publish("d", kStats, Assembly::ImagesInPlace::no).has_value());
  run->end_commit(std::move(assembly));
  EXPECT_FALSE(files_.exists("out/.pixhaul/spool/00000.data"));
  EXPECT_FALSE(files_.exists("out/.pixhaul/columns/00000.arrow"));
}

TEST_F(RunFolders, RowsWhoseSamplesAreMissingAreDropped) {
  const std::string data = "out/.pixhaul/spool/00000.data";
  for (const bool restarted : {false, true}) {
    files_.erase(data);
    files_.erase("out/.pixhaul/spool/00000");
    {
      auto run = open();
      auto shard = run->open_shard(0).value();
      ASSERT_TRUE(shard->add(row(0), shard->append_data(bytes("first")).value()).has_value());
      ASSERT_TRUE(shard->add(row(1), shard->append_data(bytes("second")).value()).has_value());
      ASSERT_TRUE(shard->flush().has_value());
    }
    // The same boot: what is there is right. Another: what is there may be zeros.
    files_.put(data, restarted ? std::string_view("first\0\0\0\0\0\0", 11)
                               : std::string_view("firstsecon"));
    auto run = open(restarted ? "boot 2" : "boot 1");
    auto shard = run->open_shard(0).value();
    EXPECT_TRUE(shard->is_finished(0));
    EXPECT_FALSE(shard->is_finished(1)) << restarted;
    const DataPlace again = shard->append_data(bytes("again")).value();
    EXPECT_EQ(again.offset, 5u) << "behind what is kept";
  }
}

TEST_F(RunFolders, BytesWithoutASpoolAreRemoved) {
  open().reset();
  files_.put("out/.pixhaul/spool/00007.data", "x");
  files_.put("out/.pixhaul/columns/00007.arrow", "x");
  open().reset();
  EXPECT_FALSE(files_.exists("out/.pixhaul/spool/00007.data"));
  EXPECT_FALSE(files_.exists("out/.pixhaul/columns/00007.arrow"));
}

// As img2dataset 1.47 leaves a folder; the second shard's archive has no stats: it was not done.
void put_foreign_folder(test::MemoryFileSystem& files) {
  ASSERT_TRUE(files.open_folder("out", Folder::IfMissing::make).has_value());
  files.put("out/00000.tar", "tar");
  files.put("out/00000.parquet", "parquet");
  files.put("out/00000_stats.json",
            R"({"count": 4, "successes": 3, "failed_to_download": 1, "failed_to_resize": 0,
                "duration": 1.5, "start_time": 1.0, "end_time": 2.5,
                "status_dict": {"success": 3, "HTTP Error 404: Not Found": 1}})");
  files.put("out/00001.tar", "half");
  files.put("out/00002_stats.json", R"({"count": 4, "succ)");
  files.put("out/notes.json", "{}");
  files.put("out/my_stats.json", "{}");
}

TEST_F(RunFolders, AFolderOfAnotherProgramIsContinued) {
  put_foreign_folder(files_);
  auto run = open();
  EXPECT_EQ(run->state(0), ShardState::done);
  EXPECT_EQ(run->state(1), ShardState::fresh);
  EXPECT_EQ(run->state(2), ShardState::fresh) << "its stats do not parse";
  ASSERT_TRUE(run->record(0).has_value());
  EXPECT_EQ(run->record(0)->generation, 0u);
  EXPECT_EQ(run->totals(0).value().by_status.at(ErrorCode::success), 3u);
  ShardCheck check(*run->record(0));
  check.add("http://anything", "l", 1);
  EXPECT_TRUE(check.finish(*run).has_value()) << "its rows cannot be read";
  EXPECT_TRUE(files_.exists("out/notes.json"));
}

TEST_F(RunFolders, NamesWithOtherDigitsAreRefusedWithTheOption) {
  files_.put("out/000000_stats.json", kStats);
  ASSERT_TRUE(files_.open_folder("out", Folder::IfMissing::make).has_value());
  const auto run = RunFolder::open(files_, "out", {});
  ASSERT_FALSE(run.has_value());
  EXPECT_EQ(run.error().code, ErrorCode::other_input);
  EXPECT_NE(run.error().detail.find("--oom_shard_count 6"), std::string::npos);
}

TEST_F(RunFolders, OverwritingRemovesShardsAndNothingElse) {
  make_done(open());
  put_foreign_folder(files_);
  ASSERT_TRUE(files_.open_folder("out/00000", Folder::IfMissing::make).has_value());
  for (const std::string name : {"000003.jpg", "000003-a.jpg", ".000003.part", "holiday.jpg"}) {
    files_.put("out/00000/" + name, "x");
  }
  files_.put("out/failed.txt", "x");
  files_.put("out/12.tar", "x");
  settings_.existing = ExistingShards::remove;
  auto run = open();
  EXPECT_TRUE(run->known_shards().empty());
  EXPECT_EQ(run->state(0), ShardState::fresh);
  const std::vector<std::string> kept = {
      "out/.pixhaul/manifest.json", "out/.pixhaul/parts/00000.json",
      "out/00000/holiday.jpg",      "out/12.tar",
      "out/my_stats.json",          "out/notes.json"};
  EXPECT_EQ(files_.files(), kept);
}

TEST_F(RunFolders, OverwritingThatWasKilledIsFinishedByAnyRun) {
  for (std::uint64_t n = 1; n <= 40; ++n) {
    files_ = test::MemoryFileSystem();
    settings_.existing = ExistingShards::keep;
    make_done(open());
    put_foreign_folder(files_);
    settings_.existing = ExistingShards::remove;
    files_.fail_call(n, EIO, true);
    static_cast<void>(RunFolder::open(files_, "out", settings_));
    files_.crash();
    settings_.existing = ExistingShards::keep;
    auto run = open("boot 2");
    const bool is_untouched = run->state(0) == ShardState::done;
    EXPECT_EQ(files_.exists("out/00000.tar"), is_untouched) << n;
    EXPECT_EQ(files_.exists("out/00001.tar"), is_untouched) << n;
    EXPECT_FALSE(files_.exists("out/.pixhaul/clearing.0")) << n;
  }
}

TEST_F(RunFolders, AFolderOfNobodyIsNotCleared) {
  ASSERT_TRUE(files_.open_folder("out", Folder::IfMissing::make).has_value());
  files_.put("out/00000.tar", "somebody's");
  settings_.existing = ExistingShards::remove;
  open().reset();
  EXPECT_TRUE(files_.exists("out/00000.tar"));
}

TEST_F(RunFolders, AnAddedListFollowsAndAKilledOneGoesOnWhereItWas) {
  make_done(open());
  settings_.existing = ExistingShards::add_after;
  auto run = open();
  EXPECT_EQ(run->first_shard(), 1u);
  auto shard = run->open_shard(1).value();
  ASSERT_TRUE(shard->add(row(4)).has_value());
  ASSERT_TRUE(shard->flush().has_value());
  shard.reset();
  run.reset();
  run = open();
  EXPECT_EQ(run->first_shard(), 1u) << "it was not complete";
  shard = run->open_shard(1).value();
  commit(*run, std::move(shard), digest(4, 5));
  ASSERT_TRUE(run->check_end(5, 1).has_value());
  ASSERT_TRUE(run->note_complete().has_value());
  run.reset();
  run = open();
  EXPECT_EQ(run->first_shard(), 2u);
  // The first list continues before the added ones.
  settings_.existing = ExistingShards::keep;
  run.reset();
  run = open();
  EXPECT_EQ(run->first_shard(), 0u);
  EXPECT_TRUE(run->check_end(4, 4).has_value());
}

TEST_F(RunFolders, WorkersShareAFolderAndDoEveryNthShard) {
  settings_.worker_count = 2;
  auto even = open();
  settings_.worker_index = 1;
  auto odd = open();
  EXPECT_EQ(RunFolder::open(files_, "out", settings_).error().code, ErrorCode::output_busy);
  EXPECT_EQ(even->state(1), ShardState::elsewhere);
  EXPECT_EQ(odd->state(0), ShardState::elsewhere);
  auto shard = odd->open_shard(1).value();
  ASSERT_TRUE(shard->add(row(4)).has_value());
  ASSERT_TRUE(shard->flush().has_value());
  settings_.worker_index = 0;
  even.reset();
  even = open();  // leaves the other's spool alone
  EXPECT_TRUE(files_.exists("out/.pixhaul/spool/00001"));
  make_done(std::move(even));
  commit(*odd, std::move(shard), digest(4, 5));
  EXPECT_THAT(odd->known_shards(), testing::ElementsAre(1u));
  EXPECT_EQ(odd->failed_list_name(), "failed.1.txt");
  odd.reset();
  settings_.worker_count = 1;
  const auto alone = RunFolder::open(files_, "out", settings_);
  ASSERT_FALSE(alone.has_value());
  EXPECT_NE(alone.error().detail.find("--worker_count 2"), std::string::npos);
}

TEST_F(RunFolders, ASecondRunIsRefused) {
  auto run = open();
  const auto second = RunFolder::open(files_, "out", {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::output_busy);
}

TEST_F(RunFolders, OtherOptionsAreRefusedByName) {
  open().reset();
  RunSettings settings;
  settings.manifest.options.emplace_back("number_sample_per_shard", "8");
  const auto other = RunFolder::open(files_, "out", settings);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::other_input);
  EXPECT_NE(other.error().detail.find("--number_sample_per_shard 4 and now it is 8"),
            std::string::npos);
  for (const std::string_view text : {"{", R"({"format":1,"pixhaul":"0.1","options":{}})"}) {
    files_.put("out/.pixhaul/manifest.json", text);
    EXPECT_EQ(RunFolder::open(files_, "out", {}).error().code, ErrorCode::state_damaged);
  }
}

TEST_F(RunFolders, TheFailedListCanBeFedBack) {
  make_done(open());
  auto run = open();
  auto shard = run->open_shard(1).value();
  Row hostile = row(4, ErrorCode::http_5xx);
  hostile.outcome.http_status = 503;
  hostile.outcome.detail = "line\nbreak";
  ASSERT_TRUE(shard->add(hostile).has_value());
  ASSERT_TRUE(shard->flush().has_value());
  const auto failed = [](const Row& row) { return row.outcome.status != ErrorCode::success; };
  EXPECT_EQ(write_failed_list(*run, failed).value(), 3u);
  EXPECT_EQ(files_.contents("out/failed.txt"),
            "# http_4xx (line 2 of 'urls.txt')\nhttp://h/1\n"
            "# connect_timeout (line 3 of 'urls.txt')\nhttp://h/2\n"
            "# http_5xx HTTP 503: line\\x0abreak (line 5 of 'urls.txt')\nhttp://h/4\n");
  EXPECT_EQ(write_failed_list(*run, [](const Row&) { return false; }).value(), 0u);
  EXPECT_FALSE(files_.exists("out/failed.txt"));
}

}  // namespace
}  // namespace pixhaul::ledger
