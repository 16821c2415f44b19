#include "ledger/commit.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "ledger/run_folder.h"
#include "support/memory_fs.h"

namespace pixhaul::ledger {
namespace {

// A run of two shards with two rows each; each row has an image. The same images every time, so
// that the folder of an interrupted and continued run can be compared with that of one that was
// left alone.
class SmallRun {
 public:
  explicit SmallRun(test::MemoryFileSystem& files, CrashPoint crash_point = {},
                    std::string boot_id = "boot 1")
      : files_(files) {
    settings_.samples_per_shard = 2;
    settings_.boot_id = std::move(boot_id);
    settings_.crash_point = std::move(crash_point);
  }

  // Does what is not done yet. False at the first error.
  bool go() {
    Result<std::unique_ptr<RunFolder>> folder = RunFolder::open(files_, "out", settings_);
    if (!folder) return false;
    for (std::uint64_t shard = 0; shard < 2; ++shard) {
      if ((*folder)->state(shard) == ShardState::done) continue;
      if (!do_shard(**folder, shard)) return false;
    }
    return true;
  }

  int downloads = 0;

 private:
  bool do_shard(RunFolder& folder, std::uint64_t shard) {
    Result<std::unique_ptr<OpenShard>> open = folder.open_shard(shard);
    if (!open) return false;
    for (std::uint32_t i = 0; i < 2; ++i) {
      if ((*open)->is_finished(i)) continue;
      ++downloads;
      if (!do_row(folder, **open, shard * 2 + i) || !(*open)->flush()) return false;
    }
    return folder.commit(std::move(*open), "digest").has_value();
  }

  static bool do_row(RunFolder& folder, OpenShard& open, std::uint64_t index) {
    const std::string key = folder.layout().key(index);
    const std::string shard = shard_name(folder.layout().shard_of(index));
    const std::string image = "image " + key;
    Result<std::unique_ptr<Folder>> images = folder.output().folder(shard, Folder::IfMissing::make);
    if (!images || !(*images)->remove(key + ".part")) return false;
    auto file = (*images)->create(key + ".part");
    if (!file || !(*file)->write(std::as_bytes(std::span(image))) || !(*file)->close() ||
        !(*images)->rename(key + ".part", **images, key + ".jpg")) {
      return false;
    }
    Row row{.index = index,
            .key = key,
            .input = "l",
            .line = index + 1,
            .url = "http://" + key,
            .path = shard + "/" + key + ".jpg"};
    row.outcome.status = ErrorCode::success;
    row.outcome.bytes = image.size();
    return open.add(row).has_value();
  }

  test::MemoryFileSystem& files_;
  RunSettings settings_;
};

std::map<std::string, std::string> snapshot(const test::MemoryFileSystem& files) {
  std::map<std::string, std::string> all;
  for (const std::string& path : files.files()) all[path] = files.contents(path);
  return all;
}

std::map<std::string, std::string> undisturbed() {
  test::MemoryFileSystem files;
  EXPECT_TRUE(SmallRun(files).go());
  return snapshot(files);
}

TEST(Commit, AnUndisturbedRunLeavesRowsImagesAndRecordsAlone) {
  std::string names;
  for (const auto& [path, text] : undisturbed()) names += path + "\n";
  EXPECT_EQ(names,
            "out/.pixhaul/manifest.json\nout/.pixhaul/shards/00000.json\n"
            "out/.pixhaul/shards/00001.json\nout/00000.jsonl\nout/00000/000000.jpg\n"
            "out/00000/000001.jpg\nout/00001.jsonl\nout/00001/000010.jpg\nout/00001/000011.jpg\n");
}

TEST(Commit, EveryFailingCallLeavesAFolderThatContinuesToTheSameEnd) {
  const auto wanted = undisturbed();
  test::MemoryFileSystem counted;
  ASSERT_TRUE(SmallRun(counted).go());
  for (const bool and_after : {false, true}) {
    for (std::uint64_t n = 1; n <= counted.calls(); ++n) {
      test::MemoryFileSystem files;
      files.fail_call(n, ENOSPC, and_after);
      EXPECT_FALSE(SmallRun(files).go()) << "call " << n;
      files.heal();
      EXPECT_TRUE(SmallRun(files).go()) << "call " << n;
      EXPECT_TRUE(snapshot(files) == wanted) << "call " << n;
    }
  }
}

TEST(Commit, AKillAtEveryCrashPointContinuesToTheSameEnd) {
  const auto wanted = undisturbed();
  for (int point = 1; point <= kCommitCrashPoints; ++point) {
    for (const bool power_cut : {false, true}) {
      test::MemoryFileSystem files;
      int passed = 0;
      const auto crash = [&](int at) {
        passed += at == point;
        if (at == point) files.die();
      };
      const bool whole = SmallRun(files, crash).go();
      EXPECT_EQ(passed, 1) << point;
      EXPECT_FALSE(whole) << point;
      power_cut ? files.crash() : files.heal();
      SmallRun again(files, {}, power_cut ? "boot 2" : "boot 1");
      EXPECT_TRUE(again.go()) << point;
      // Behind step 2 the first shard's images are durable and from step 3 on it is decided.
      if (!power_cut || point >= 3) {
        EXPECT_EQ(again.downloads, 2) << point;
      }
      EXPECT_TRUE(snapshot(files) == wanted) << point << (power_cut ? " power cut" : "");
    }
  }
}

TEST(Commit, APowerCutBehindEveryCallLosesNoDoneShard) {
  const auto wanted = undisturbed();
  test::MemoryFileSystem counted;
  ASSERT_TRUE(SmallRun(counted).go());
  for (std::uint64_t n = 1; n <= counted.calls(); ++n) {
    test::MemoryFileSystem files;
    files.fail_call(n, EIO, true);
    EXPECT_FALSE(SmallRun(files).go());
    files.crash();
    // Whatever is recorded as done is whole now, before anything is repaired.
    for (const std::string shard : {"00000", "00001"}) {
      if (!files.exists("out/.pixhaul/shards/" + shard + ".json")) continue;
      for (const auto& [path, text] : wanted) {
        const bool of_shard = path.starts_with("out/" + shard);
        EXPECT_TRUE(!of_shard || files.contents(path) == text) << path << ", call " << n;
      }
    }
    EXPECT_TRUE(SmallRun(files, {}, "boot 2").go()) << n;
    EXPECT_TRUE(snapshot(files) == wanted) << n;
  }
}

TEST(Commit, RecoveryItselfMayBeKilledAtAnyCall) {
  const auto wanted = undisturbed();
  for (int point = 3; point <= 6; ++point) {
    for (std::uint64_t n = 1; n <= 20; ++n) {
      test::MemoryFileSystem files;
      EXPECT_FALSE(SmallRun(files, [&](int at) {
                     if (at == point) files.die();
                   }).go());
      files.heal();
      files.fail_call(n, EIO, true);
      static_cast<void>(SmallRun(files).go());
      files.heal();
      EXPECT_TRUE(SmallRun(files).go());
      EXPECT_TRUE(snapshot(files) == wanted) << point << ", call " << n;
    }
  }
}

TEST(Commit, ADecisionWithoutItsFileIsUndone) {
  test::MemoryFileSystem files;
  EXPECT_FALSE(SmallRun(files, [&](int at) {
                 if (at == 3) files.die();
               }).go());
  files.heal();
  files.erase("out/.pixhaul/commit/00000.1.part");
  SmallRun again(files);
  EXPECT_TRUE(again.go());
  EXPECT_EQ(again.downloads, 2) << "the spool kept the first shard's rows";
  EXPECT_TRUE(snapshot(files) == undisturbed());
}

TEST(Commit, DamagedRecordsAreNotDone) {
  test::MemoryFileSystem files;
  ASSERT_TRUE(SmallRun(files).go());
  files.put("out/.pixhaul/shards/00000.json", "{\"shard\":0");
  files.put("out/00001.jsonl", "short");
  SmallRun again(files);
  EXPECT_TRUE(again.go());
  EXPECT_EQ(again.downloads, 4);
}

TEST(ShardRecord, RecordsComeBackAndDamageIsNoticed) {
  const ShardRecord record{.shard = 7,
                           .generation = 2,
                           .rows = 3,
                           .image_bytes = 1ull << 40,
                           .by_status = {{ErrorCode::success, 2}, {ErrorCode::http_4xx, 1}},
                           .input_digest = "d",
                           .file_bytes = 99,
                           .file_crc = 0xffffffff};
  const std::string text = record_json(record);
  EXPECT_EQ(record_json(parse_record(text).value()), text);
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    EXPECT_FALSE(parse_record(std::string_view(text).substr(0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace pixhaul::ledger
