// Goal: the light cipher hides, refuses wrong keys and changed bytes, and has no chance in it.
// Method: stores and databases under it, in a process of their own, as it is for good.
#include <catch2/catch.hpp>

#include "store/sqlite/database.hpp"
#include "store/store.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::simulation {

using store::Database;

namespace {

const sync::Bytes key(32, 0x5a);
const sync::Bytes other_key(32, 0x5b);
constexpr std::string_view secret = "a clerk's words, which no disk may show";

Image written(const Disk& disk) {
  use_light_cipher();
  auto database = Database::open({.path = disk.path("t.db"), .key = key, .vfs = vfs()});
  REQUIRE(database);
  REQUIRE((*database)->execute("CREATE TABLE t (n INTEGER PRIMARY KEY, word TEXT)"));
  for (int i = 0; i < 300; ++i) {
    REQUIRE((*database)
                ->prepare("INSERT INTO t (word) VALUES (:word)")
                .bind_text(":word", secret)
                .run());
  }
  REQUIRE((*database)->checkpoint(true));
  return disk.image();
}

bool reads(const Disk& disk, sync::ByteView with) {
  auto database = Database::open({.path = disk.path("t.db"), .key = with, .vfs = vfs()});
  if (!database) return false;
  auto rows = (*database)->prepare("SELECT count(*) AS n FROM t WHERE word = :word");
  const auto row = rows.bind_text(":word", secret).step();
  return row && *row && rows.integer("n") == 300;
}

}  // namespace

TEST_CASE("light cipher: the right key reads, no other does, and the file shows nothing") {
  Disk disk;
  const sync::Bytes bytes = written(disk).read("t.db");
  CHECK(reads(disk, key));
  CHECK_FALSE(reads(disk, other_key));
  CHECK(sync::as_text(bytes).find("clerk") == std::string_view::npos);
  CHECK(sync::as_text(bytes).find("SQLite") == std::string_view::npos);
}

TEST_CASE("light cipher: one changed bit anywhere in a page is found") {
  Disk disk;
  const Image sane = written(disk);
  const std::uint64_t size = disk.size("t.db");
  REQUIRE(size >= 4 * 4096);
  // The second page is the table's root: every query goes through it.
  for (std::uint64_t at = 4096; at < 2 * 4096; at += 61) {
    disk.put(sane);
    REQUIRE(disk.flip_bit("t.db", at, static_cast<unsigned>(at % 8)));
    CHECK_FALSE(reads(disk, key));
  }
}

TEST_CASE("light cipher: the same seed gives the same bytes") {
  const auto run = [](std::uint64_t seed) {
    use_light_cipher();
    reseed_sqlite(seed);
    Disk disk(seed);
    store::StoreOptions options;
    options.path = disk.path("tram.db");
    options.key = key;
    options.home_unit = store::test::home;
    options.background_checkpoints = false;
    options.vfs = vfs();
    const auto opened = store::Store::open(options);
    REQUIRE(opened);
    store::test::TestLog log(1, store::test::device_key(1), store::test::home, true);
    for (int i = 0; i < 20; ++i) log.write(store::test::create({store::test::text_change(3, "a")}));
    REQUIRE((*opened)->write([&](store::WriteUnit& unit) { return unit.apply(log.commit()); }));
    return disk.image();
  };
  CHECK(run(1) == run(1));
  CHECK_FALSE(run(1) == run(2));
}

}  // namespace tram::simulation
