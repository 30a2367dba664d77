// The parts between ledger and batches: rows into runs, room in a frame, branches out of a log.
// Each by itself, with values small enough to count by hand.
#include "sync/session/runs.hpp"
#include "sync/limits.hpp"
#include "tests/unit/sync/helpers.hpp"
#include "tests/unit/sync/session/checks.hpp"

namespace tram::sync::test {

namespace {

const LogId log_a = filled<16>(0xaa);
const LogId log_b = filled<16>(0xbb);

}  // namespace

TEST_CASE("Rows that follow each other join one run, unless it is ended", "[runs]") {
  Room room(1000);
  RunBuilder runs;
  CHECK(runs.add({log_a, 3}, Bytes{1}, room));
  CHECK(runs.add({log_a, 4}, HeldRows{1}, room));
  CHECK(runs.add({log_a, 5}, HeldRows{2}, room));
  CHECK(runs.add({log_a, 7}, Bytes{2}, room));
  CHECK(runs.add({log_a, 9}, Bytes{3}, room));
  CHECK(runs.add({log_b, 10}, Bytes{4}, room));
  runs.end_run();
  CHECK(runs.add({log_b, 11}, Bytes{5}, room));
  CHECK(runs.take() == std::vector<EntryRun>{{log_a, 3, {Bytes{1}, HeldRows{3}, Bytes{2}}},
                                             {log_a, 9, {Bytes{3}}},
                                             {log_b, 10, {Bytes{4}}},
                                             {log_b, 11, {Bytes{5}}}});
}

TEST_CASE("The first thing always has room, the next only what is left", "[runs]") {
  Room room(40);
  RunBuilder runs;
  CHECK(runs.add({log_a, 0}, Bytes(500), room));
  CHECK_FALSE(runs.add({log_a, 1}, Bytes(1), room));
  Room wide(1U << 30U);
  std::size_t taken = 0;
  while (wide.take(64 * 1024)) taken += 64 * 1024;
  CHECK(taken <= limits::frame_bytes_max / 4);
}

TEST_CASE("A builder stops where a batch would be refused", "[runs]") {
  Room room(1U << 30U);
  RunBuilder many;
  std::uint64_t runs = 0;
  while (many.add({log_a, runs * 2}, HeldRows{1}, room)) ++runs;
  CHECK(runs == limits::frame_runs_max);
  Room more(1U << 30U);
  RunBuilder one;
  std::uint64_t entries = 0;
  while (one.add({log_a, entries}, HeldRows{1}, more)) ++entries;
  CHECK(entries == limits::frame_entries_max);
}

TEST_CASE("Few of many names, and each has its turn", "[runs]") {
  std::vector<Name> names(300);
  for (std::size_t i = 0; i < names.size(); ++i) names[i].fill(static_cast<std::uint8_t>(i % 251));
  CHECK(few_of({names.begin(), names.begin() + 100}, 77).size() == 100);
  const std::vector<Name> few = few_of(names, 900 + 299);
  CHECK(few.size() == 128);
  CHECK(few[0] == names[299]);
  CHECK(few[1] == names[0]);
}

TEST_CASE("Each branch of a log is told by its tip", "[runs]") {
  TestHub hub(1);
  TestNode node = node_of(unit_y, hub, 2);
  const RecordRef record = node.create("trunk");
  TestNode clone = node;
  const Name here = node.edit(record, "here");
  const Name there = clone.edit(record, "there");
  MemoryLedger both = node.ledger;
  const LogId log = both.entry(here)->place.log;
  Commit commit;
  commit.entries.push_back(
      {there, {log, 2}, clone.ledger.chains_at(log, 3).front(), clone.ledger.entry(there)->bytes});
  both.apply(commit);
  REQUIRE(both.log(log)->tips.size() == 2);
  for (const auto& [tip, name] : {std::pair(node.ledger.log(log)->tips.front(), here),
                                  std::pair(clone.ledger.log(log)->tips.front(), there)}) {
    const auto branch = branch_of(both, log, tip, 1);
    REQUIRE(branch);
    CHECK(branch->names == std::vector<Name>{both.names_at({log, 1}).front(), name});
    CHECK(branch->base == both.chains_at(log, 1).front());
  }
  CHECK_FALSE(branch_of(both, log, {3, Digest{}}, 1));
}

}  // namespace tram::sync::test
