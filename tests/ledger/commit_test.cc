#include "ledger/commit.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "base/digest.h"
#include "ledger/run_folder.h"
#include "support/memory_fs.h"

namespace pixhaul::ledger {
namespace {

constexpr std::string_view kStats = R"({"count": 2, "successes": 2})";

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// `files`: images under their own names and NNNNN.jsonl. `archive`: images wait in the spool and
// are assembled into NNNNN.tar, with a table beside it and one under .pixhaul/rows.
enum class Format : std::uint8_t { files, archive };

// A run of two shards with two rows each; each row has an image. The same images every time, so
// that the folder of an interrupted and continued run can be compared with that of one that was
// left alone. With `redo`, done shards are rewritten as their next generation.
class SmallRun {
 public:
  explicit SmallRun(test::MemoryFileSystem& files, Format format, CrashPoint crash_point = {},
                    std::string boot_id = "boot 1")
      : files_(files), format_(format) {
    settings_.samples_per_shard = 2;
    settings_.boot_id = std::move(boot_id);
    settings_.crash_point = std::move(crash_point);
    settings_.read_done_rows = [](RunFolder& folder, const ShardRecord& record,
                                  const std::function<void(const Row&)>& visit) -> Result<> {
      for (std::uint64_t i = 0; i < record.rows; ++i) visit(row(folder, record.shard * 2 + i));
      return {};
    };
  }

  // Does what is not done yet. False at the first error.
  bool go() {
    Result<std::unique_ptr<RunFolder>> folder = RunFolder::open(files_, "out", settings_);
    if (!folder) return false;
    for (std::uint64_t shard = 0; shard < 2; ++shard) {
      if ((*folder)->state(shard) == ShardState::done) continue;
      if (!do_shard(**folder, (*folder)->open_shard(shard))) return false;
    }
    return true;
  }

  // Writes generation 2 of shard 0, whose row 1 is done again and now lacks its table.
  bool rewrite() {
    table_ = false;
    Result<std::unique_ptr<RunFolder>> folder = RunFolder::open(files_, "out", settings_);
    if (!folder) return false;
    const auto record = (*folder)->record(0);
    if (record && record->generation == 2 && (*folder)->state(0) == ShardState::done) return true;
    if ((*folder)->state(0) != ShardState::done) {
      return do_shard(**folder, (*folder)->open_shard(0));
    }
    RunFolder::Reopening reopening;
    reopening.redo = [](const Row& row) { return row.key == "000001"; };
    if (format_ == Format::archive) {
      reopening.place_of = [](const Row& row, SpoolData&) -> Result<std::optional<DataPlace>> {
        const std::string image = image_of(row.key);
        return std::optional(DataPlace{.file = DataPlace::File::standing,
                                       .offset = 0,
                                       .length = image.size(),
                                       .crc32c = crc32c(image)});
      };
    }
    return do_shard(**folder, (*folder)->reopen_shard(0, reopening));
  }

  int downloads = 0;

 private:
  static std::string image_of(std::string_view key) { return "image " + std::string(key); }

  static Row row(RunFolder& folder, std::uint64_t index) {
    Row row{.index = index,
            .key = folder.layout().key(index),
            .input = "l",
            .line = index + 1,
            .url = "http://" + folder.layout().key(index)};
    row.outcome.status = ErrorCode::success;
    row.outcome.bytes = image_of(row.key).size();
    return row;
  }

  bool do_shard(RunFolder& folder, Result<std::unique_ptr<OpenShard>> open) {
    if (!open) return false;
    for (std::uint32_t i = 0; i < 2; ++i) {
      if ((*open)->is_finished(i)) continue;
      ++downloads;
      Row done = row(folder, (*open)->shard() * 2 + i);
      if (!do_row(folder, **open, done) || !(*open)->flush()) return false;
    }
    auto assembly = folder.begin_commit(std::move(*open));
    if (!assembly || !assemble(**assembly)) return false;
    const bool in_place = format_ == Format::files;
    if (!(*assembly)->publish(
            "digest", kStats,
            in_place ? Assembly::ImagesInPlace::yes : Assembly::ImagesInPlace::no)) {
      return false;
    }
    folder.end_commit(std::move(*assembly));
    return true;
  }

  bool do_row(RunFolder& folder, OpenShard& open, Row& row) {
    const std::string image = image_of(row.key);
    if (format_ == Format::archive) {
      const Result<DataPlace> place = open.append_data(bytes_of(image));
      return place && open.add(row, *place);
    }
    const std::string shard = shard_name(open.shard());
    Result<std::unique_ptr<Folder>> images = folder.output().folder(shard, Folder::IfMissing::make);
    if (!images || !(*images)->remove(row.key + ".part")) return false;
    auto file = (*images)->create(row.key + ".part");
    if (!file || !(*file)->write(bytes_of(image)) || !(*file)->close() ||
        !(*images)->rename(row.key + ".part", **images, row.key + ".jpg")) {
      return false;
    }
    row.path = shard + "/" + row.key + ".jpg";
    return open.add(row).has_value();
  }

  bool assemble(Assembly& assembly) {
    if (format_ == Format::files) return assembly.write_rows_jsonl().has_value();
    const std::string tar = assembly.name() + ".tar";
    auto file = assembly.create(Place::output, tar);
    if (!file) return false;
    std::string all;
    for (const SpoolRow& row : assembly.rows()) {
      if (!copy(assembly, tar, *row.data, **file, all)) return false;
    }
    return assembly.seal(Place::output, tar, all.size(), crc32c(all)) &&
           (!table_ || assembly.write(Place::output, assembly.name() + ".parquet", "table")) &&
           assembly.write(Place::rows, assembly.name() + ".parquet", "rows");
  }

  static bool copy(Assembly& assembly, const std::string& tar, const DataPlace& place,
                   WritableFile& to, std::string& all) {
    std::string part(place.length, '\0');
    const std::span<std::byte> into = std::as_writable_bytes(std::span(part));
    if (place.file == DataPlace::File::spool) {
      if (!assembly.data()->read_at(place.offset, into)) return false;
    } else {
      auto standing = assembly.open_standing(tar);
      if (!standing || !(*standing)->read_at(place.offset, into)) return false;
    }
    EXPECT_EQ(crc32c(part), place.crc32c) << part;
    all += part;
    return to.write(bytes_of(part)).has_value();
  }

  test::MemoryFileSystem& files_;
  const Format format_;
  bool table_ = true;
  RunSettings settings_;
};

std::map<std::string, std::string> snapshot(const test::MemoryFileSystem& files) {
  std::map<std::string, std::string> all;
  for (const std::string& path : files.files()) all[path] = files.contents(path);
  return all;
}

class Commit : public testing::TestWithParam<Format> {
 protected:
  std::map<std::string, std::string> undisturbed() {
    test::MemoryFileSystem files;
    EXPECT_TRUE(SmallRun(files, GetParam()).go());
    return snapshot(files);
  }
  // The files of a shard as a reader of OUT sees them.
  static bool is_visible(const test::MemoryFileSystem& files, const std::string& shard) {
    return files.contents("out/" + shard + "_stats.json") == kStats;
  }
  // Whoever sees the stats file finds the shard's other files whole.
  static void expect_visible_shards_whole(const test::MemoryFileSystem& files,
                                          const std::map<std::string, std::string>& wanted,
                                          const std::string& when) {
    for (const std::string shard : {"00000", "00001"}) {
      if (!is_visible(files, shard)) continue;
      for (const auto& [path, text] : wanted) {
        const bool of_shard =
            path.starts_with("out/" + shard) || path.starts_with("out/.pixhaul/rows/" + shard);
        EXPECT_TRUE(!of_shard || files.contents(path) == text) << path << ", " << when;
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(, Commit, testing::Values(Format::files, Format::archive),
                         [](const auto& of) {
                           return of.param == Format::files ? "Files" : "Archive";
                         });

TEST_P(Commit, AnUndisturbedRunLeavesItsFilesAndRecordsAlone) {
  std::string names;
  for (const auto& [path, text] : undisturbed()) names += path + "\n";
  const std::string state = "out/.pixhaul/manifest.json\nout/.pixhaul/parts/00000.json\n";
  const std::string records = "out/.pixhaul/shards/00000.json\nout/.pixhaul/shards/00001.json\n";
  if (GetParam() == Format::files) {
    EXPECT_EQ(names, state + records +
                         "out/00000.jsonl\nout/00000/000000.jpg\nout/00000/000001.jpg\n"
                         "out/00000_stats.json\nout/00001.jsonl\nout/00001/000010.jpg\n"
                         "out/00001/000011.jpg\nout/00001_stats.json\n");
  } else {
    EXPECT_EQ(names, state + "out/.pixhaul/rows/00000.parquet\nout/.pixhaul/rows/00001.parquet\n" +
                         records +
                         "out/00000.parquet\nout/00000.tar\nout/00000_stats.json\n"
                         "out/00001.parquet\nout/00001.tar\nout/00001_stats.json\n");
  }
}

TEST_P(Commit, EveryFailingCallLeavesAFolderThatContinuesToTheSameEnd) {
  const auto wanted = undisturbed();
  test::MemoryFileSystem counted;
  ASSERT_TRUE(SmallRun(counted, GetParam()).go());
  for (const bool and_after : {false, true}) {
    for (std::uint64_t n = 1; n <= counted.calls(); ++n) {
      test::MemoryFileSystem files;
      files.fail_call(n, ENOSPC, and_after);
      EXPECT_FALSE(SmallRun(files, GetParam()).go()) << "call " << n;
      expect_visible_shards_whole(files, wanted, "call " + std::to_string(n));
      files.heal();
      EXPECT_TRUE(SmallRun(files, GetParam()).go()) << "call " << n;
      EXPECT_TRUE(snapshot(files) == wanted) << "call " << n;
    }
  }
}

TEST_P(Commit, AKillAtEveryCrashPointContinuesToTheSameEnd) {
  const auto wanted = undisturbed();
  for (int point = 1; point <= kCommitCrashPoints; ++point) {
    for (const bool power_cut : {false, true}) {
      test::MemoryFileSystem files;
      int passed = 0;
      const auto crash = [&](int at) {
        passed += at == point;
        if (at == point) files.die();
      };
      const bool whole = SmallRun(files, GetParam(), crash).go();
      EXPECT_EQ(passed, 1) << point;
      EXPECT_FALSE(whole) << point;
      power_cut ? files.crash() : files.heal();
      expect_visible_shards_whole(files, wanted, "point " + std::to_string(point));
      EXPECT_EQ(is_visible(files, "00000"), point >= 8) << point;
      SmallRun again(files, GetParam(), {}, power_cut ? "boot 2" : "boot 1");
      EXPECT_TRUE(again.go()) << point;
      // Behind step 2 images in place are durable, and from step 3 on the shard is decided.
      if (!power_cut || point >= 3) {
        EXPECT_EQ(again.downloads, 2) << point;
      }
      EXPECT_TRUE(snapshot(files) == wanted) << point << (power_cut ? " power cut" : "");
    }
  }
}

TEST_P(Commit, APowerCutBehindEveryCallLosesNoDoneShard) {
  const auto wanted = undisturbed();
  test::MemoryFileSystem counted;
  ASSERT_TRUE(SmallRun(counted, GetParam()).go());
  for (std::uint64_t n = 1; n <= counted.calls(); ++n) {
    test::MemoryFileSystem files;
    files.fail_call(n, EIO, true);
    EXPECT_FALSE(SmallRun(files, GetParam()).go());
    files.crash();
    // Whatever is done is whole now, before anything is repaired.
    expect_visible_shards_whole(files, wanted, "call " + std::to_string(n));
    EXPECT_TRUE(SmallRun(files, GetParam(), {}, "boot 2").go()) << n;
    EXPECT_TRUE(snapshot(files) == wanted) << n;
  }
}

TEST_P(Commit, ARewrittenShardIsTheOldOneOrTheNewAfterEveryFailingCallAndPowerCut) {
  test::MemoryFileSystem counted;
  ASSERT_TRUE(SmallRun(counted, GetParam()).go());
  const auto before = snapshot(counted);
  const std::uint64_t first = counted.calls();
  ASSERT_TRUE(SmallRun(counted, GetParam()).rewrite());
  const auto wanted = snapshot(counted);
  EXPECT_EQ(counted.exists("out/00000.parquet"), false);
  EXPECT_NE(wanted.at("out/.pixhaul/shards/00000.json").find("\"generation\":2"),
            std::string::npos);
  for (const bool power_cut : {false, true}) {
    for (std::uint64_t n = 1; n <= counted.calls() - first; ++n) {
      test::MemoryFileSystem files;
      ASSERT_TRUE(SmallRun(files, GetParam()).go());
      files.fail_call(n, EIO, true);
      EXPECT_FALSE(SmallRun(files, GetParam()).rewrite()) << n;
      power_cut ? files.crash() : files.heal();
      // The second generation has the same bytes and lacks a table, so what is seen must be one of
      // the two.
      const bool has_table = files.exists("out/00000.parquet");
      if (is_visible(files, "00000")) {
        expect_visible_shards_whole(files, has_table ? before : wanted,
                                    "call " + std::to_string(n));
      }
      SmallRun again(files, GetParam(), {}, power_cut ? "boot 2" : "boot 1");
      EXPECT_TRUE(again.rewrite()) << n;
      EXPECT_LE(again.downloads, 1) << n;
      EXPECT_TRUE(snapshot(files) == wanted) << n << (power_cut ? " power cut" : "");
    }
  }
}

TEST_P(Commit, RecoveryItselfMayBeKilledAtAnyCall) {
  const auto wanted = undisturbed();
  for (int point = 3; point <= 9; ++point) {
    for (std::uint64_t n = 1; n <= 40; ++n) {
      test::MemoryFileSystem files;
      EXPECT_FALSE(SmallRun(files, GetParam(), [&](int at) {
                     if (at == point) files.die();
                   }).go());
      files.heal();
      files.fail_call(n, EIO, true);
      static_cast<void>(SmallRun(files, GetParam()).go());
      files.heal();
      EXPECT_TRUE(SmallRun(files, GetParam()).go());
      EXPECT_TRUE(snapshot(files) == wanted) << point << ", call " << n;
    }
  }
}

TEST_P(Commit, ADecisionWithoutOneOfItsFilesIsUndone) {
  for (const std::string name : {"00000.tar", "00000.jsonl", "00000_stats.json"}) {
    test::MemoryFileSystem files;
    EXPECT_FALSE(SmallRun(files, GetParam(), [&](int at) {
                   if (at == 3) files.die();
                 }).go());
    files.heal();
    const std::string temporary = "out/.pixhaul/commit/00000.1.o." + name;
    if (!files.exists(temporary)) continue;
    files.erase(temporary);
    SmallRun again(files, GetParam());
    EXPECT_TRUE(again.go());
    EXPECT_EQ(again.downloads, 2) << "the spool kept the first shard's rows";
    EXPECT_TRUE(snapshot(files) == undisturbed());
  }
}

TEST_P(Commit, SamplesThatAPowerCutTookAreFetchedAgain) {
  test::MemoryFileSystem files;
  EXPECT_FALSE(SmallRun(files, GetParam(), [&](int at) {
                 if (at == 1) files.die();
               }).go());
  files.heal();
  // The spool came through; of the samples only the first did.
  const std::string data = "out/.pixhaul/spool/00000.data";
  if (GetParam() == Format::archive) {
    std::string bytes = files.contents(data);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    files.put(data, bytes);
  } else {
    files.put("out/00000/000001.jpg", "");
  }
  SmallRun again(files, GetParam(), {}, "boot 2");
  EXPECT_TRUE(again.go());
  EXPECT_EQ(again.downloads, 3);
  EXPECT_TRUE(snapshot(files) == undisturbed());
}

TEST_P(Commit, DamagedShardsAreNotDone) {
  for (const std::string damage : {"out/00000_stats.json", "out/00001.tar", "out/00001.jsonl"}) {
    test::MemoryFileSystem files;
    ASSERT_TRUE(SmallRun(files, GetParam()).go());
    if (!files.exists(damage)) continue;
    files.put(damage, "{\"count\": 2");
    SmallRun again(files, GetParam());
    EXPECT_TRUE(again.go());
    EXPECT_EQ(again.downloads, 2) << damage;
    EXPECT_TRUE(snapshot(files) == undisturbed());
  }
}

TEST_P(Commit, AFolderWhoseStateWasLostKeepsItsDoneShards) {
  test::MemoryFileSystem files;
  ASSERT_TRUE(SmallRun(files, GetParam()).go());
  for (const std::string& path : files.files()) {
    if (path.starts_with("out/.pixhaul/")) files.erase(path);
  }
  SmallRun again(files, GetParam());
  EXPECT_TRUE(again.go());
  EXPECT_EQ(again.downloads, 0);
}

TEST(ShardRecord, RecordsComeBackAndDamageIsNoticed) {
  const ShardRecord record{.shard = 7,
                           .generation = 2,
                           .rows = 3,
                           .image_bytes = 1ull << 40,
                           .by_status = {{ErrorCode::success, 2}, {ErrorCode::http_4xx, 1}},
                           .input_digest = "d",
                           .files = {{Place::output, "00007.tar", 99, 0xffffffff},
                                     {Place::rows, "00007.parquet", 1ull << 33, 0}},
                           .stats = {Place::output, "00007_stats.json", 5, 6},
                           .replaced = {{Place::output, "00007.jsonl", 1, 2}}};
  const std::string text = record_json(record);
  EXPECT_EQ(record_json(parse_record(text).value()), text);
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    EXPECT_FALSE(parse_record(std::string_view(text).substr(0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace pixhaul::ledger
