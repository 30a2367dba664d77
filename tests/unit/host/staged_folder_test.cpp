// Goal: a folder takes its place whole and only where nothing is in the way, or leaves nothing.
// Method: places that are free, empty, taken before and taken meanwhile; leftovers of the killed.
#include "host/staged_folder.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace tram;
using host::StagedFolder;
using sync::ErrorCode;
using tram::test::TempDir;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text;
}

std::size_t count_in(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) count += entry.path().empty() ? 0 : 1;
  return count;
}

}  // namespace

TEST_CASE("staged folder: it takes a free place, and that of an empty folder") {
  const TempDir around;
  const fs::path place = around.path() / "place";
  for (const bool empty_before : {false, true}) {
    if (empty_before) fs::create_directory(place);
    auto folder = StagedFolder::beside(empty_before ? place / "" : place);
    REQUIRE(folder);
    put(folder->path() / "file", "text");
    CHECK_FALSE(fs::exists(place / "file"));
    struct stat status {};
    REQUIRE(::stat(folder->path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    REQUIRE(folder->publish());
    CHECK(fs::exists(place / "file"));
    CHECK(count_in(around.path()) == 1);
    // The lock moved along: a daemon waits until we are done.
    CHECK(host::DataLock::acquire(place).error().code == ErrorCode::conflict);
    fs::remove_all(place);
  }
}

TEST_CASE("staged folder: not published, it is gone with all that is in it") {
  const TempDir around;
  {
    auto folder = StagedFolder::beside(around.path() / "place");
    REQUIRE(folder);
    fs::create_directory(folder->path() / "keys");
    put(folder->path() / "keys" / "file", "text");
    auto moved = std::move(*folder);
    CHECK(count_in(around.path()) == 1);
  }
  CHECK(count_in(around.path()) == 0);
  fs::path path;
  {
    auto folder = StagedFolder::temporary();
    REQUIRE(folder);
    path = folder->path();
    CHECK(fs::exists(path));
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("staged folder: a place that is taken is refused and left as it is") {
  const TempDir around;
  const fs::path place = around.path() / "place";
  fs::create_directory(place);
  put(place / "file", "text");
  CHECK(StagedFolder::beside(place).error().code == ErrorCode::conflict);
  CHECK(StagedFolder::beside(place / "file").error().code == ErrorCode::conflict);
  fs::create_symlink(place, around.path() / "link");
  CHECK(StagedFolder::beside(around.path() / "link").error().code == ErrorCode::conflict);
  CHECK(StagedFolder::beside(around.path() / "none" / "place").error().code ==
        ErrorCode::not_found);
  CHECK(count_in(around.path()) == 2);

  const fs::path other = around.path() / "other";
  {
    auto folder = StagedFolder::beside(other);
    REQUIRE(folder);
    CHECK(StagedFolder::beside(other).error().code == ErrorCode::conflict);
    fs::create_directory(other);
    put(other / "meanwhile", "text");
    CHECK(folder->publish().error().code == ErrorCode::conflict);
  }
  CHECK(count_in(other) == 1);
  CHECK(count_in(around.path()) == 3);
}

TEST_CASE("staged folder: what a killed process left is not in the way, and not in the folder") {
  const TempDir around;
  const fs::path rest = around.path() / ".place.filling";
  fs::create_directory(rest);
  fs::permissions(rest, fs::perms::owner_all);
  put(rest / "tram.db", "half");
  put(rest / "lock", "");
  auto folder = StagedFolder::beside(around.path() / "place");
  REQUIRE(folder);
  CHECK(folder->path() == rest);
  CHECK_FALSE(fs::exists(rest / "tram.db"));
}
