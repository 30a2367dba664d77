// Goal: opening, closing, migrating and failing leave a store as its contract says.
// Method: stores in temporary folders, opened again with other options and after unclean ends.
#include "store/store.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "store/sqlite/database.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::store::test {

using sync::ErrorCode;
using sync::Status;

namespace {

ErrorCode open_error(const StoreOptions& options) {
  const auto opened = Store::open(options);
  REQUIRE_FALSE(opened);
  return opened.error().code;
}

}  // namespace

TEST_CASE("store: what was written is there after it was opened again") {
  TestStore node;
  CHECK(node.store().opening().created);
  TestLog log(1, device_key(1), home, true);
  const auto entry = log.write(create({text_change(1, "H36.49-250701-0001")}));
  node.apply(log.commit());
  node.reopen();
  CHECK_FALSE(node.store().opening().created);
  CHECK_FALSE(node.store().opening().unclean);
  node.read([&](const ReadUnit& unit) {
    REQUIRE(unit.entry(entry.name));
    CHECK(unit.entry(entry.name)->bytes == entry.bytes);
    CHECK(unit.record(home, record_in(entry))->code == "H36.49-250701-0001");
    CHECK(unit.newest_own_entry() == entry.name);
  });
}

TEST_CASE("store: a wrong key, another role and a newer schema are refused") {
  TestStore node;
  node.close();
  StoreOptions options = node.options();
  const sync::Bytes wrong(32, 1);
  options.key = wrong;
  CHECK(open_error(options) == ErrorCode::unverified);
  options = node.options();
  options.role = Role::hub;
  CHECK(open_error(options) == ErrorCode::usage);
  options = node.options();
  options.home_unit.clear();
  CHECK(open_error(options) == ErrorCode::usage);
  {
    auto database = Database::open({.path = node.file(), .key = node.options().key});
    REQUIRE(database);
    REQUIRE((*database)->execute("PRAGMA user_version = 99"));
  }
  const auto newer = Store::open(node.options());
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == ErrorCode::failed);
  CHECK(newer.error().message.find("newer Tram") != std::string::npos);
}

TEST_CASE("store: a database of something else is refused") {
  TestStore node;
  node.close();
  std::filesystem::remove(node.file());
  {
    auto database = Database::open({.path = node.file(), .key = node.options().key});
    REQUIRE(database);
    REQUIRE((*database)->execute("CREATE TABLE t (n INTEGER)"));
  }
  CHECK(open_error(node.options()) == ErrorCode::unverified);
}

TEST_CASE("store: after an unclean end the file is checked") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  const auto entry = log.write(create({text_change(3, "a")}));
  node.apply(log.commit());
  // What a power cut leaves: database and WAL as they are now.
  TestStore after;
  after.close();
  const auto copy = [&](const char* suffix) {
    std::filesystem::copy_file(node.file().string() + suffix, after.file().string() + suffix,
                               std::filesystem::copy_options::overwrite_existing);
  };
  copy("");
  copy("-wal");
  after.reopen();
  CHECK(after.store().opening().unclean);
  after.read([&](const ReadUnit& unit) { CHECK(unit.entry(entry.name)); });
  after.reopen();
  CHECK_FALSE(after.store().opening().unclean);
}

TEST_CASE("store: damaged pages are found") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  for (int i = 0; i < 50; ++i) log.write(create({text_change(3, std::string(500, 'a'))}), i);
  node.apply(log.commit());
  node.close();
  constexpr std::uintmax_t page = 4096;
  const auto size = std::filesystem::file_size(node.file());
  {
    std::fstream file(node.file(), std::ios::in | std::ios::out | std::ios::binary);
    for (auto at = 40 * page; at < size; at += page) {
      file.seekp(static_cast<std::streamoff>(at + 99));
      file.put('\x55');
    }
  }
  auto opened = Store::open(node.options());
  if (!opened) return;  // found at once
  const Status read = (*opened)->read([](const ReadUnit& unit) -> Status {
    const auto report = verify(unit, {});
    if (!report) return sync::fail(report.error());
    return report->ok() ? Status{} : sync::fail(ErrorCode::unverified, "found");
  });
  CHECK_FALSE(read);
}

TEST_CASE("store: an error, an exception and a failed read each undo the write") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  const auto put = [&](WriteUnit& unit) { REQUIRE(unit.apply(log.commit())); };
  const Status refused = node.store().write([&](WriteUnit& unit) -> Status {
    put(unit);
    return sync::fail(ErrorCode::refused, "no");
  });
  CHECK(refused.error().code == ErrorCode::refused);
  const Status thrown = node.store().write([&](WriteUnit& unit) -> Status {
    put(unit);
    throw std::runtime_error("library");
  });
  CHECK(thrown.error().code == ErrorCode::failed);
  node.read([&](const ReadUnit& unit) { CHECK_FALSE(unit.log(log.id())); });
  node.apply(log.commit());
  node.read([&](const ReadUnit& unit) { CHECK(unit.log(log.id())); });
}

TEST_CASE("store: one bad part of a group is undone alone") {
  TestStore hub(Role::hub);
  TestLog good(1, device_key(1), home, false);
  TestLog bad(2, device_key(2), other_unit, false);
  sync::Commit forged = bad.commit();
  forged.entries.back().name[0] ^= 1U;
  std::vector<ErrorCode> codes;
  hub.write([&](WriteUnit& unit) {
    const auto first = unit.savepoint([&](WriteUnit& part) { return part.apply(bad.commit()); });
    CHECK(first);
    const auto second = unit.savepoint([&](WriteUnit& part) -> Status {
      CHECK(part.apply(good.commit()));
      CHECK(part.set_meta("k", sync::as_bytes("v")));
      return part.apply(forged);
    });
    CHECK(second.error().code == ErrorCode::unverified);
    CHECK_FALSE(unit.log(good.id()));
    CHECK_FALSE(unit.meta("k"));
    CHECK(unit.log(bad.id()));
  });
  hub.read([&](const ReadUnit& unit) {
    CHECK(unit.log(bad.id()));
    CHECK_FALSE(unit.log(good.id()));
  });
}

TEST_CASE("store: a unit reads its own writes, a reader does not") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  node.write([&](WriteUnit& unit) {
    REQUIRE(unit.apply(log.commit()));
    CHECK(unit.log(log.id()));
    node.read([&](const ReadUnit& beside) { CHECK_FALSE(beside.log(log.id())); });
  });
  node.read([&](const ReadUnit& unit) { CHECK(unit.log(log.id())); });
}

TEST_CASE("store: a checkpoint is due once the log is long, until one was made") {
  TestStore node;
  node.extra.checkpoint_pages = 60;
  node.reopen();
  TestLog log(1, device_key(1), home, true);
  node.apply(log.commit());
  REQUIRE(node.store().checkpoint(true));
  CHECK_FALSE(node.store().owes_checkpoint());
  int writes = 0;
  for (; !node.store().owes_checkpoint() && writes < 100; ++writes) {
    node.write([&](WriteUnit& unit) {
      CHECK(unit.set_meta("test.n", sync::as_bytes(std::to_string(writes))));
    });
  }
  CHECK(writes > 1);
  CHECK(writes <= 60);  // a page at least for each
  REQUIRE(node.store().checkpoint(false));
  CHECK_FALSE(node.store().owes_checkpoint());
}

TEST_CASE("store: another home unit recomputes what is pending") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  const auto entry = log.write(create({text_change(3, "a")}));
  node.apply(log.commit());
  node.append(home, {log.entries()[0].name, entry.name});
  node.read([&](const ReadUnit& unit) { CHECK(unit.pending_logs().empty()); });
  node.extra.home_unit = "99999";
  node.reopen();
  CHECK(node.store().opening().reprojected);
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.pending_logs().size() == 1);
    CHECK(unit.record("99999", record_in(entry)));
    CHECK(unit.record(home, record_in(entry)));
  });
  CHECK(node.audit().ok());
}

}  // namespace tram::store::test
