// Goal: the ballast really takes space, and everybody can see whether it was let go.
// Method: made, freed and made again in a folder; what is on the disk is looked at from outside.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "host/ballast.hpp"
#include "host/replace.hpp"
#include "tests/support/temp_dir.hpp"

using tram::host::Ballast;
using tram::test::TempDir;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

std::uint64_t bytes_on_disk(const std::filesystem::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("ballast: made, freed, and made again") {
  const TempDir folder;
  const Ballast ballast(folder.path(), mib);
  CHECK(ballast.state() == Ballast::State::none);
  REQUIRE(ballast.make());
  CHECK(ballast.state() == Ballast::State::ready);
  CHECK(bytes_on_disk(folder.path() / "ballast") >= mib);
  REQUIRE(ballast.make());
  CHECK(ballast.free().value());
  CHECK(Ballast(folder.path(), mib).state() == Ballast::State::freed);
  CHECK(bytes_on_disk(folder.path() / "ballast") == 0);
  CHECK_FALSE(ballast.free().value());
  REQUIRE(ballast.make());
  CHECK(ballast.state() == Ballast::State::ready);
}

TEST_CASE("ballast: that the disk was full is noted without one, and taken back") {
  const TempDir folder;
  const Ballast none(folder.path(), 0);
  CHECK_FALSE(none.free().value());
  CHECK(none.state() == Ballast::State::freed);
  REQUIRE(none.make());
  CHECK(none.state() == Ballast::State::none);
}

TEST_CASE("ballast: a file with a hole, or too small, is none") {
  const TempDir folder;
  const auto file = folder.path() / "ballast";
  write(file, "x");
  std::filesystem::resize_file(file, mib);
  CHECK(Ballast(folder.path(), mib).state() == Ballast::State::none);
  write(file, "x");
  CHECK(Ballast(folder.path(), mib).state() == Ballast::State::none);
}

TEST_CASE("ballast: more than the disk has changes nothing") {
  const TempDir folder;
  const Ballast huge(folder.path(), std::uint64_t{1} << 60U);
  CHECK_FALSE(huge.make());
  CHECK(huge.state() == Ballast::State::none);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "ballast"));
  CHECK_FALSE(huge.free().value());
  CHECK_FALSE(huge.make());
  CHECK(huge.state() == Ballast::State::freed);
}

TEST_CASE("replace: the old file stays under another name") {
  const TempDir folder;
  const auto path = folder.path() / "a";
  write(path, "old");
  write(folder.path() / "fresh", "new");
  REQUIRE(tram::host::replace_file_keeping_old(folder.path() / "fresh", path, folder.path() / "k"));
  CHECK(read(path) == "new");
  CHECK(read(folder.path() / "k") == "old");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "fresh"));
  write(folder.path() / "fresh", "newer");
  const auto again =
      tram::host::replace_file_keeping_old(folder.path() / "fresh", path, folder.path() / "k");
  REQUIRE_FALSE(again);
  CHECK(again.error().code == tram::sync::ErrorCode::conflict);
  CHECK(read(path) == "new");
  CHECK_FALSE(
      tram::host::replace_file_keeping_old(folder.path() / "gone", path, folder.path() / "k2"));
  CHECK(read(path) == "new");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "k2"));
}
