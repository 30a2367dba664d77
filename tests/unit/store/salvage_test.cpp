// Goal: a change of the tables is not made without the repair that reads them page by page.
// Method: the tables as all migrations leave them, against the shapes that salvage_stage.cpp knows.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "store/migrations.hpp"
#include "store/sqlite/database.hpp"
#include "tests/support/temp_dir.hpp"

namespace tram::store::test {

namespace {

std::string lines_of(Statement& rows) {
  std::string out;
  while (rows.step().value()) out += rows.text("line") + "\n";
  return out;
}

std::string columns_of(Database& database, const std::string& table) {
  Statement rows = database.prepare(
      "SELECT name || ' ' || type AS line FROM pragma_table_info(:name) ORDER BY cid");
  rows.bind_text(":name", table);
  return lines_of(rows);
}

}  // namespace

TEST_CASE("salvage: knows every table that is read row by row, column by column") {
  const tram::test::TempDir folder(tram::test::TempDir::fast_parent());
  const sync::Bytes key(32, 7);
  const auto database = Database::open({.path = folder.path() / "db", .key = key});
  REQUIRE(database);
  REQUIRE(migrate(**database));
  // If this fails, a migration has changed what stands in a page: is_entry, is_log and the others
  // in store/salvage_stage.cpp must know the new rows beside the old ones, tell them apart by
  // their shape, and keep their columns by the right number. Then change it here.
  Statement tables = (*database)->prepare(
      "SELECT name AS line FROM pragma_table_list"
      " WHERE schema = 'main' AND type = 'table' AND wr = 0 AND name NOT LIKE 'sqlite%'"
      " ORDER BY name");
  CHECK(lines_of(tables) ==
        "conflict\ndelivery\nentry\nfeed\nhead\nlog\nlost\nrecord\nrun_state\n");
  CHECK(columns_of(**database, "entry") ==
        "entry_id INTEGER\nname BLOB\nlog_id INTEGER\nseq INTEGER\nform INTEGER\nkind INTEGER\n"
        "record BLOB\nmisplaced INTEGER\nerased INTEGER\npending INTEGER\nbytes BLOB\n");
  CHECK(columns_of(**database, "log") ==
        "log_id INTEGER\nlog BLOB\ndevice BLOB\nunit TEXT\nown INTEGER\nhead_count INTEGER\n"
        "head_chain BLOB\nhead_signature BLOB\n");
  CHECK(columns_of(**database, "feed") == "feed_id INTEGER\nfeed TEXT\nsize INTEGER\n");
  CHECK(columns_of(**database, "head") ==
        "head_id INTEGER\nfeed_id INTEGER\nepoch BLOB\nsize INTEGER\nroot BLOB\n"
        "hub_time INTEGER\nvoid INTEGER\nbytes BLOB\n");
  CHECK(columns_of(**database, "lost") ==
        "lost_id INTEGER\nfeed_id INTEGER\nhead BLOB\nagreed INTEGER\nkept_from INTEGER\n"
        "returned INTEGER\n");
  CHECK(columns_of(**database, "delivery") ==
        "delivery_id INTEGER\nfeed_id INTEGER\nentry_id INTEGER\n");
  CHECK(columns_of(**database, "run_state") ==
        "one INTEGER\nrun BLOB\nacknowledged_run BLOB\nacknowledged_count INTEGER\n"
        "maybe_runs BLOB\nacknowledged INTEGER\n");
}

}  // namespace tram::store::test
