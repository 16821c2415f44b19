#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace pixhaul {
namespace {

class PosixFiles : public testing::Test {
 protected:
  PosixFiles() {
    std::string pattern = testing::TempDir() + "pixhaul_file_XXXXXX";
    path_ = ::mkdtemp(pattern.data());
    folder_ = files_.open_folder(path_, Folder::IfMissing::fail).value();
  }
  ~PosixFiles() override { std::filesystem::remove_all(path_); }

  void put(std::string_view name, std::string_view text) {
    auto file = folder_->create(name).value();
    ASSERT_TRUE(file->write(std::as_bytes(std::span(text))).has_value());
    ASSERT_TRUE(file->close().has_value());
  }
  std::string get(std::string_view name) {
    return folder_->read(name).value().value_or("(missing)");
  }

  PosixFileSystem files_;
  std::string path_;
  std::unique_ptr<Folder> folder_;
};

TEST_F(PosixFiles, CreateIsExclusive) {
  put("a", "one");
  EXPECT_EQ(get("a"), "one");
  EXPECT_EQ(folder_->create("a").error().os_error, EEXIST);
}

TEST_F(PosixFiles, AppendCutsWhatIsNotKept) {
  put("a", "one two");
  auto file = folder_->append("a", 3).value();
  ASSERT_TRUE(file->write(std::as_bytes(std::span(std::string_view("!")))).has_value());
  EXPECT_EQ(get("a"), "one!");
}

TEST_F(PosixFiles, OfSeveralWhoWriteOnceTheFirstWins) {
  EXPECT_TRUE(write_once(*folder_, "a", "first", ".1").value());
  EXPECT_FALSE(write_once(*folder_, "a", "second", ".2").value());
  EXPECT_EQ(get("a"), "first");
  EXPECT_EQ(folder_->list().value().size(), 1u) << "no temporary is left";
}

TEST_F(PosixFiles, SharedFilesAreWrittenAtAnyPlaceAndReadAtOnce) {
  auto shared = folder_->open_shared("a").value();
  const auto write = [&](std::uint64_t at, std::string_view text) {
    return shared->write_at(at, std::as_bytes(std::span(text))).has_value();
  };
  ASSERT_TRUE(write(3, "def"));
  ASSERT_TRUE(write(0, "abc"));
  EXPECT_EQ(get("a"), "abcdef");
  auto file = folder_->open("a").value();
  auto copy = folder_->create("b").value();
  ASSERT_TRUE(copy->append_from(*file, 1, 4).has_value());
  EXPECT_EQ(get("b"), "bcde");
  EXPECT_EQ(copy->append_from(*file, 4, 9).error().code, ErrorCode::state_damaged);
  EXPECT_EQ(folder_->open("missing").error().os_error, ENOENT);
}

TEST_F(PosixFiles, OnlyEmptyFoldersAreRemoved) {
  auto inner = folder_->folder("inner", Folder::IfMissing::make).value();
  ASSERT_TRUE(inner->create("a").has_value());
  EXPECT_TRUE(folder_->remove_folder("inner").has_value());
  EXPECT_EQ(folder_->list().value().size(), 1u);
  ASSERT_TRUE(inner->remove("a").has_value());
  EXPECT_TRUE(folder_->remove_folder("inner").has_value());
  EXPECT_TRUE(folder_->remove_folder("inner").has_value());
  EXPECT_TRUE(folder_->list().value().empty());
}

TEST_F(PosixFiles, RenameReplacesUnlessAskedNotTo) {
  put("a", "new");
  put("b", "old");
  EXPECT_EQ(folder_->rename("a", *folder_, "b", Folder::IfPresent::fail).error().os_error, EEXIST);
  EXPECT_EQ(get("b"), "old");
  EXPECT_TRUE(folder_->rename("a", *folder_, "b").has_value());
  EXPECT_EQ(get("b"), "new");
  EXPECT_TRUE(folder_->rename("b", *folder_, "c", Folder::IfPresent::fail).has_value());
  EXPECT_EQ(get("c"), "new");
}

TEST_F(PosixFiles, AMissingFileIsNeitherReadNorAnErrorToRemove) {
  EXPECT_FALSE(folder_->read("nope").value().has_value());
  EXPECT_FALSE(folder_->size("nope").value().has_value());
  EXPECT_TRUE(folder_->remove("nope").has_value());
}

TEST_F(PosixFiles, UnsafeNamesAreRefused) {
  const std::string long_name(256, 'x');
  for (const std::string_view name :
       {std::string_view(""), std::string_view("."), std::string_view(".."),
        std::string_view("a/b"), std::string_view("a\0b", 3), std::string_view(long_name)}) {
    EXPECT_FALSE(folder_->create(name).has_value()) << name;
    EXPECT_FALSE(folder_->folder(name, Folder::IfMissing::make).has_value()) << name;
    EXPECT_FALSE(folder_->read(name).has_value()) << name;
  }
}

TEST_F(PosixFiles, SymbolicLinksAreNotFollowed) {
  put("target", "safe");
  std::filesystem::create_symlink("target", path_ + "/link");
  std::filesystem::create_directory_symlink(path_, path_ + "/folder");
  EXPECT_FALSE(folder_->create("link").has_value());
  EXPECT_FALSE(folder_->append("link").has_value());
  EXPECT_FALSE(folder_->read("link").has_value());
  EXPECT_FALSE(folder_->folder("folder", Folder::IfMissing::make).has_value());
  EXPECT_FALSE(folder_->lock("link").has_value());
  EXPECT_EQ(get("target"), "safe");
}

TEST_F(PosixFiles, FoldersAreMadeAndListed) {
  bool made = false;
  ASSERT_TRUE(folder_->folder("00000", Folder::IfMissing::make, &made).has_value());
  EXPECT_TRUE(made);
  ASSERT_TRUE(folder_->folder("00000", Folder::IfMissing::make, &made).has_value());
  EXPECT_FALSE(made);
  const std::vector<FolderEntry> entries = folder_->list().value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].name, "00000");
  EXPECT_TRUE(entries[0].is_folder);
  EXPECT_TRUE(files_.open_folder(path_ + "/x/y/z", Folder::IfMissing::make).has_value());
  EXPECT_FALSE(files_.open_folder(path_ + "/no", Folder::IfMissing::fail).has_value());
}

TEST_F(PosixFiles, ASecondLockNamesTheHolder) {
  auto lock = folder_->lock("lock");
  ASSERT_TRUE(lock.has_value());
  const Result<std::unique_ptr<FileLock>> second = folder_->lock("lock");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::output_busy);
  EXPECT_NE(second.error().detail.find("process " + std::to_string(::getpid())), std::string::npos);
  lock->reset();
  EXPECT_TRUE(folder_->lock("lock").has_value());
}

TEST_F(PosixFiles, WriteAtomicallyReplacesAndLeavesNoTemporary) {
  put("a", "old");
  put(".a.part", "left by a kill");
  ASSERT_TRUE(write_atomically(*folder_, "a", "new").has_value());
  EXPECT_EQ(get("a"), "new");
  EXPECT_EQ(folder_->list().value().size(), 1u);
}

TEST_F(PosixFiles, AFullDeviceIsDiskFull) {
  // /dev/full answers every write with ENOSPC; reach it through a folder of its own.
  auto dev = files_.open_folder("/dev", Folder::IfMissing::fail);
  if (!dev || ::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  auto file = (*dev)->append("full");
  ASSERT_TRUE(file.has_value());
  const Result<> wrote = (*file)->write(std::as_bytes(std::span(std::string_view("x"))));
  ASSERT_FALSE(wrote.has_value());
  EXPECT_EQ(wrote.error().code, ErrorCode::disk_full);
}

TEST_F(PosixFiles, UnreadableInputsAreOneSentence) {
  const auto missing = files_.open_input(path_ + "/urls.txt");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::input_unreadable);
  EXPECT_EQ(missing.error().detail,
            "cannot read '" + path_ + "/urls.txt': No such file or directory");
  const auto folder = files_.open_input(path_);
  ASSERT_FALSE(folder.has_value());
  EXPECT_NE(folder.error().detail.find("it is a folder"), std::string::npos);
}

TEST(BootId, IsStable) { EXPECT_EQ(system_boot_id(), system_boot_id()); }

// create() lets the kernel copy; a file opened to append (O_APPEND) refuses that with EBADF, and
// the bytes are read and written.
TEST_F(PosixFiles, RangesAreCopiedByTheKernelOrByReading) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += static_cast<char>('a' + i % 23);
  put("from", text);
  const auto from = folder_->open("from").value();
  put("appended", "<");
  std::unique_ptr<WritableFile> files[] = {folder_->create("created").value(),
                                           folder_->append("appended").value()};
  ASSERT_TRUE(files[0]->write(std::as_bytes(std::span(std::string_view("<")))).has_value());
  for (const auto& file : files) {
    ASSERT_TRUE(file->append_from(*from, 1000, 290'001).has_value());
    ASSERT_TRUE(file->append_from(*from, 0, 0).has_value());
    ASSERT_TRUE(file->write(std::as_bytes(std::span(std::string_view(">")))).has_value());
    EXPECT_EQ(file->append_from(*from, 299'990, 11).error().code, ErrorCode::state_damaged);
  }
  const std::string want = "<" + text.substr(1000, 290'001) + ">";
  EXPECT_EQ(get("created").substr(0, want.size()), want);
  EXPECT_EQ(get("appended").substr(0, want.size()), want);
}

}  // namespace
}  // namespace pixhaul
