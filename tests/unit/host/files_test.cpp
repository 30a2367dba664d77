// Goal: files are read whole under a limit, replaced whole or not at all, and private.
// Method: a temporary folder; modes and leftovers are looked at with the standard library.
#include "host/files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "host/lock.hpp"
#include "tests/support/temp_dir.hpp"

using namespace tram;
namespace fs = std::filesystem;
using sync::ErrorCode;
using tram::test::TempDir;

namespace {

fs::perms mode_of(const fs::path& path) {
  return fs::status(path).permissions() & fs::perms::mask;
}

std::size_t entries_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

std::string text_in(const fs::path& path) {
  const auto bytes = host::read_file(path, 1000);
  REQUIRE(bytes);
  return std::string(sync::as_text(*bytes));
}

}  // namespace

TEST_CASE("a file is written and read back whole") {
  const TempDir folder;
  const auto path = folder.path() / "a";
  REQUIRE(host::write_file_atomically(path, sync::as_bytes("one"), host::FileMode::owner_only));
  CHECK(text_in(path) == "one");
  CHECK(mode_of(path) == (fs::perms::owner_read | fs::perms::owner_write));
  REQUIRE(host::write_file_atomically(path, sync::as_bytes(""), host::FileMode::shared_read));
  CHECK(text_in(path).empty());
  CHECK((mode_of(path) & fs::perms::others_read) != fs::perms::none);
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("a file larger than its limit is not read") {
  const TempDir folder;
  const auto path = folder.path() / "a";
  const sync::Bytes bytes(70'000, 7);
  REQUIRE(host::write_file_atomically(path, bytes, host::FileMode::owner_only));
  CHECK(host::read_file(path, 70'000).value() == bytes);
  CHECK(host::read_file(path, 69'999).error().code == ErrorCode::limit);
  CHECK(host::read_file(path, SIZE_MAX).value() == bytes);
  // A file of the system has no size of its own and is still bounded.
  CHECK(host::read_file("/proc/self/status", 10).error().code == ErrorCode::limit);
}

TEST_CASE("what is no regular file is refused at once") {
  const TempDir folder;
  CHECK(host::read_file(folder.path() / "none", 10).error().code == ErrorCode::not_found);
  CHECK(host::read_file(folder.path(), 10).error().code == ErrorCode::refused);
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(host::read_file(pipe, 10).error().code == ErrorCode::refused);
}

TEST_CASE("a failed write leaves the old file and nothing else") {
  const TempDir folder;
  const auto missing = folder.path() / "none" / "a";
  CHECK(host::write_file_atomically(missing, {}, host::FileMode::owner_only).error().code ==
        ErrorCode::not_found);
  // A folder cannot be replaced by a file: the rename fails after the new file was written.
  const auto taken = folder.path() / "taken";
  fs::create_directories(taken / "inside");
  CHECK_FALSE(host::write_file_atomically(taken, {}, host::FileMode::owner_only));
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("a private folder is made, or taken only if it is private") {
  const TempDir folder;
  const auto path = folder.path() / "data";
  REQUIRE(host::make_private_directory(path));
  CHECK(mode_of(path) == fs::perms::owner_all);
  CHECK(host::make_private_directory(path));
  fs::permissions(path, fs::perms::group_write, fs::perm_options::add);
  CHECK(host::make_private_directory(path).error().code == ErrorCode::refused);
  const auto link = folder.path() / "link";
  fs::create_directory_symlink(folder.path(), link);
  CHECK(host::make_private_directory(link).error().code == ErrorCode::refused);
  CHECK(host::make_private_directory(folder.path() / "x" / "y").error().code ==
        ErrorCode::not_found);
}

TEST_CASE("free space, removal and unsafe places") {
  const TempDir folder;
  CHECK(host::free_bytes(folder.path()).value() > 0);
  CHECK(host::free_bytes(folder.path() / "none").error().code == ErrorCode::not_found);
  CHECK(host::remove_file(folder.path() / "none"));
  CHECK(host::refuse_unsafe_location(folder.path() / "none").error().code == ErrorCode::not_found);
  CHECK(host::unsafe_file_system_word(0x6969) == "NFS");
  CHECK(host::unsafe_file_system_word(0xff534d42) == "SMB (CIFS)");
  CHECK(host::unsafe_file_system_word(0x65735546) == "FUSE");
  CHECK(host::unsafe_file_system_word(0xef53).empty());      // ext4
  CHECK(host::unsafe_file_system_word(0x58465342).empty());  // XFS
  CHECK(host::refuse_unsafe_location("/proc"));
}

TEST_CASE("lines are appended whole, and only a line makes the file") {
  const TempDir folder;
  const auto path = folder.path() / "a.rejected";
  {
    host::LineFile lines(path);
    CHECK(lines.flush());
    CHECK_FALSE(fs::exists(path));
    REQUIRE(lines.append("one"));
    host::LineFile moved(std::move(lines));
    REQUIRE(moved.append(""));
    CHECK(moved.append("a\nb").error().code == ErrorCode::malformed);
    CHECK(moved.flush());
  }
  host::LineFile again(path);
  REQUIRE(again.append("two"));
  CHECK(text_in(path) == "one\n\ntwo\n");
}

TEST_CASE("one holder a data folder, and the second learns who") {
  const TempDir folder;
  {
    auto first = host::DataLock::acquire(folder.path());
    REQUIRE(first);
    const auto second = host::DataLock::acquire(folder.path());
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::conflict);
    CHECK(second.error().message.find(std::to_string(::getpid())) != std::string::npos);
    const host::DataLock moved = std::move(*first);
    CHECK_FALSE(host::DataLock::acquire(folder.path()));
  }
  CHECK(host::DataLock::acquire(folder.path()));
  CHECK(host::DataLock::acquire(folder.path() / "none").error().code == ErrorCode::not_found);
}
