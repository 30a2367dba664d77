// Goal: the SQLite wrappers keep what they promise: encryption, rollback, named access, typed
// errors. Method: real encrypted files in a temporary folder, opened with right and wrong keys.
#include "store/sqlite/database.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "store/sqlite/transaction.hpp"
#include "tests/support/temp_dir.hpp"

namespace tram::store {

namespace {

using sync::ErrorCode;

constexpr std::string_view canary = "Nguyen Thi Canary 012345678901";

std::unique_ptr<Database> open(const std::filesystem::path& path, std::uint8_t key = 7) {
  const sync::Bytes bytes(32, key);
  auto database = Database::open({.path = path, .key = bytes});
  if (!database) FAIL(database.error().message);
  return std::move(*database);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::int64_t count(Database& database) {
  Statement statement = database.prepare("SELECT count(*) AS rows FROM note");
  REQUIRE(statement.step().value());
  return statement.integer("rows");
}

sync::Status add(Database& database, std::string_view text) {
  return database.prepare("INSERT INTO note (text) VALUES (:text)").bind_text(":text", text).run();
}

constexpr const char* schema = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT) STRICT";

}  // namespace

TEST_CASE("database: nothing of the content is readable on the disk") {
  const test::TempDir folder;
  const auto path = folder.path() / "a.db";
  {
    auto database = open(path);
    REQUIRE(database->execute(schema));
    REQUIRE(add(*database, canary));
    CHECK(content(path.string() + "-wal").find(canary) == std::string::npos);
    CHECK(content(path.string() + "-wal").size() > 4096);
    REQUIRE(database->checkpoint(true));
  }
  const std::string file = content(path);
  CHECK(file.size() >= 8192);
  CHECK(file.find(canary) == std::string::npos);
  CHECK(file.find("SQLite format 3") == std::string::npos);
  CHECK(count(*open(path)) == 1);
}

TEST_CASE("database: a wrong key is told as such") {
  const test::TempDir folder;
  const auto path = folder.path() / "a.db";
  REQUIRE(open(path)->execute(schema));
  const sync::Bytes wrong(32, 8);
  const auto refused = Database::open({.path = path, .key = wrong});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unverified);
  const sync::Bytes too_short(31, 7);
  CHECK(Database::open({.path = path, .key = too_short}).error().code == ErrorCode::usage);
  const auto nowhere = Database::open({.path = folder.path() / "no" / "a.db", .key = wrong});
  CHECK(nowhere.error().code == ErrorCode::io);
}

TEST_CASE("database: a transaction is undone unless it was committed") {
  const test::TempDir folder;
  auto database = open(folder.path() / "a.db");
  REQUIRE(database->execute(schema));
  {
    Transaction transaction(*database);
    REQUIRE(transaction.begin(Transaction::Kind::write));
    REQUIRE(add(*database, "a"));
  }
  CHECK_FALSE(database->in_transaction());
  CHECK(count(*database) == 0);
  {
    Transaction transaction(*database);
    REQUIRE(transaction.begin(Transaction::Kind::write));
    REQUIRE(add(*database, "b"));
    {
      Savepoint part(*database);
      REQUIRE(part.begin());
      REQUIRE(add(*database, "c"));
      Savepoint inner(*database);
      REQUIRE(inner.begin());
      REQUIRE(add(*database, "d"));
      REQUIRE(inner.release());
    }
    CHECK(count(*database) == 1);
    REQUIRE(transaction.commit());
  }
  CHECK(count(*database) == 1);
}

TEST_CASE("database: statements go by names and carry their errors") {
  const test::TempDir folder;
  auto database = open(folder.path() / "a.db");
  REQUIRE(database->execute("CREATE TABLE t (n INTEGER, b BLOB NOT NULL) STRICT"));
  REQUIRE(database->prepare("INSERT INTO t (n, b) VALUES (:n, :b)")
              .bind(":n", UINT64_MAX)
              .bind(":b", sync::ByteView{})
              .run());
  Statement read = database->prepare("SELECT n, b FROM t");
  REQUIRE(read.step().value());
  CHECK(read.number("n") == UINT64_MAX);
  CHECK_FALSE(read.is_null("b"));
  CHECK(read.blob("b").empty());
  // The same text while a cursor stands on it: a second, independent statement.
  Statement again = database->prepare("SELECT n, b FROM t");
  CHECK(again.step().value());
  CHECK_FALSE(read.step().value());

  Statement broken = database->prepare("SELECT n FROM nowhere WHERE n = :n");
  CHECK(broken.bind(":n", 1).step().error().code == ErrorCode::failed);
  const auto rule = database->prepare("INSERT INTO t (n, b) VALUES (1, :b)").bind_null(":b").run();
  CHECK(rule.error().code == ErrorCode::failed);
}

TEST_CASE("database: another program's lock is waited for, then told") {
  const test::TempDir folder;
  const auto path = folder.path() / "a.db";
  auto first = open(path);
  REQUIRE(first->execute(schema));
  const sync::Bytes key(32, 7);
  auto second =
      Database::open({.path = path, .key = key, .busy_max = std::chrono::milliseconds(1)});
  REQUIRE(second);
  Transaction held(*first);
  REQUIRE(held.begin(Transaction::Kind::write));
  Transaction wanted(**second);
  CHECK(wanted.begin(Transaction::Kind::write).error().code == ErrorCode::unavailable);
}

TEST_CASE("database: a full disk is told, and leaves what was saved") {
  const test::TempDir folder;
  auto database = open(folder.path() / "a.db");
  REQUIRE(database->execute(schema));
  REQUIRE(add(*database, "kept"));
  REQUIRE(database->prepare("PRAGMA max_page_count = 4").run());
  const sync::Status full = add(*database, std::string(1 << 20, 'x'));
  REQUIRE_FALSE(full);
  CHECK(full.error().code == ErrorCode::io);
  CHECK(full.error().message.find("not saved") != std::string::npos);
  CHECK_FALSE(database->disk_failed());
  CHECK(count(*database) == 1);
}

}  // namespace tram::store
