// Goal: entries, places and chains are kept as they came, once, in whatever order they came.
// Method: logs written in memory, applied whole, twice, backwards, branched and as bare names.
#include <algorithm>
#include <catch2/catch.hpp>

#include "store/sqlite/database.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::store::test {

using sync::Commit;
using sync::ErrorCode;
using sync::NewEntry;

namespace {

TestLog log_of(std::size_t edits, bool own = true) {
  TestLog log(1, device_key(1), home, own);
  for (std::size_t i = 0; i < edits; ++i) {
    log.write(create({text_change(3, std::to_string(i))}), 1000 + static_cast<std::int64_t>(i));
  }
  return log;
}

ErrorCode apply_error(TestStore& store, const Commit& commit) {
  const auto done = store.store().write([&](WriteUnit& unit) { return unit.apply(commit); });
  REQUIRE_FALSE(done);
  return done.error().code;
}

}  // namespace

TEST_CASE("ledger: a commit stands, and stands once") {
  TestStore node;
  const TestLog log = log_of(3);
  Commit commit = log.commit();
  commit.log_heads.push_back(log.head());
  node.apply(commit);
  const std::string before = node.projection();
  node.apply(commit);
  CHECK(node.projection() == before);
  node.read([&](const ReadUnit& unit) {
    const auto state = unit.log(log.id());
    REQUIRE(state);
    CHECK(state->device == device_key(1).public_key());
    CHECK(state->unit == home);
    CHECK(state->own);
    REQUIRE(state->tips.size() == 1);
    CHECK(state->tips[0].count == 4);
    CHECK(state->tips[0].chain == log.last().chain);
    CHECK(unit.log_head(log.id()) == log.head());
    for (const NewEntry& entry : log.entries()) {
      CHECK(unit.entry(entry.name)->place == entry.place);
      CHECK(unit.names_at(entry.place) == std::vector{entry.name});
      CHECK(unit.chains_at(log.id(), entry.place.seq + 1) == std::vector{*entry.chain});
    }
    CHECK(unit.record_of(log.last().name) == record_in(log.last()));
    CHECK_FALSE(unit.record_of(log.entries()[0].name));
    CHECK_FALSE(unit.entry(sync::Name{}));
  });
  CHECK(node.audit().ok());
}

TEST_CASE("ledger: the newest signed head is kept") {
  TestStore hub(Role::hub);
  TestLog log = log_of(1, false);
  const auto early = log.head();
  log.write(create({text_change(3, "b")}));
  Commit commit = log.commit();
  commit.log_heads = {log.head(), early};
  hub.apply(commit);
  hub.read([&](const ReadUnit& unit) { CHECK(unit.log_head(log.id()) == log.head()); });
}

TEST_CASE("ledger: names must be hashes, and entries within their limit") {
  TestStore node;
  Commit forged = log_of(1).commit();
  forged.entries[1].name[0] ^= 1U;
  CHECK(apply_error(node, forged) == ErrorCode::unverified);
  Commit large = log_of(1).commit();
  large.entries[1].bytes = sync::Bytes(64 * 1024 + 1, 0);
  large.entries[1].name = sync::name_of(*large.entries[1].bytes);
  CHECK(apply_error(node, large) == ErrorCode::limit);
  Commit off = log_of(1).commit();
  off.entries[1].chain->at(0) ^= 1U;
  CHECK(apply_error(node, off) == ErrorCode::unverified);
  Commit nameless;
  nameless.appends.push_back({home, sync::Name{}});
  CHECK(apply_error(node, nameless) == ErrorCode::not_found);
  node.read([&](const ReadUnit& unit) { CHECK_FALSE(unit.log(log_of(1).id())); });
}

TEST_CASE("ledger: chain values follow when a gap closes") {
  TestStore hub(Role::hub);
  const TestLog log = log_of(5, false);
  Commit commit = log.commit(true);
  std::reverse(commit.entries.begin(), commit.entries.end());
  const NewEntry opening = commit.entries.back();
  commit.entries.pop_back();
  hub.apply(commit);
  hub.read([&](const ReadUnit& unit) {
    CHECK(unit.log(log.id())->tips.empty());
    CHECK(unit.chains_at(log.id(), 3).empty());
  });
  Commit rest;
  rest.entries.push_back(opening);
  hub.apply(rest);
  hub.read([&](const ReadUnit& unit) {
    REQUIRE(unit.log(log.id())->tips.size() == 1);
    CHECK(unit.log(log.id())->tips[0].chain == log.last().chain);
    CHECK(unit.chains_at(log.id(), 3) == std::vector{*log.entries()[2].chain});
  });
  CHECK(hub.audit().ok());
}

TEST_CASE("ledger: two entries that claim one place are both kept, with their tips") {
  TestStore hub(Role::hub);
  TestLog left = log_of(2, false);
  TestLog right = left;
  left.write(create({text_change(3, "left")}));
  left.write(create({text_change(3, "left again")}));
  right.write(create({text_change(3, "right")}));
  hub.apply(left.commit());
  hub.apply(right.commit());
  hub.read([&](const ReadUnit& unit) {
    const auto tips = unit.log(left.id())->tips;
    REQUIRE(tips.size() == 2);
    CHECK(tips[0].chain == left.last().chain);
    CHECK(tips[1].chain == right.last().chain);
    CHECK(unit.names_at({left.id(), 3}).size() == 2);
    CHECK(unit.chains_at(left.id(), 4).size() == 2);
    CHECK(unit.chains_at(left.id(), 5) == std::vector{*left.last().chain});
  });
  CHECK(hub.audit().ok());
}

TEST_CASE("ledger: a name is held, and its bytes come later") {
  TestStore node;
  const TestLog log = log_of(2, false);
  Commit bare = log.commit();
  bare.entries[1].bytes.reset();
  bare.entries[2].bytes.reset();
  for (const NewEntry& entry : bare.entries) bare.appends.push_back({home, entry.name});
  node.apply(bare);
  node.read([&](const ReadUnit& unit) {
    CHECK_FALSE(unit.entry(log.last().name)->bytes);
    CHECK(unit.names_without_bytes(home, 9) ==
          std::vector{log.entries()[1].name, log.entries()[2].name});
    CHECK(unit.names_without_bytes(home, 1).size() == 1);
    CHECK(unit.names_without_bytes(sync::province_feed, 9).empty());
    CHECK_FALSE(unit.record(home, record_in(log.last())));
  });
  const VerifyReport report = node.audit();
  CHECK(report.ok());
  CHECK(report.findings.size() == 2);
  CHECK(report.findings[0].information);
  CHECK(report.without_bytes == 2);
  node.read([](const ReadUnit& unit) { CHECK(unit.counts(home).without_bytes == 2); });
  node.apply(log.commit());
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.entry(log.last().name)->bytes == log.last().bytes);
    CHECK(unit.names_without_bytes(home, 9).empty());
    CHECK(unit.record(home, record_in(log.last())));
  });
  CHECK(node.audit().findings.empty());
  node.read([](const ReadUnit& unit) { CHECK(unit.counts(home).without_bytes == 0); });
}

TEST_CASE("ledger: what does not decode is held without effect") {
  TestStore node;
  const TestLog log = log_of(0);
  NewEntry strange;
  strange.bytes = sync::Bytes{9, 9, 9};
  strange.name = sync::name_of(*strange.bytes);
  strange.place = {log.id(), 1};
  Commit commit = log.commit();
  commit.entries.push_back(strange);
  node.apply(commit);
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.entry(strange.name)->bytes == strange.bytes);
    CHECK_FALSE(unit.record_of(strange.name));
    CHECK(unit.log(log.id())->tips[0].count == 2);
    CHECK(unit.counts(home).pending_entries == 1);
  });
  CHECK(node.audit().ok());
}

TEST_CASE("ledger: pending is what the home feed lacks, without openings") {
  TestStore node;
  const TestLog log = log_of(2);
  node.apply(log.commit());
  const auto pending = [&] {
    std::vector<sync::PendingLog> logs;
    node.read([&](const ReadUnit& unit) { logs = unit.pending_logs(); });
    return logs;
  };
  REQUIRE(pending().size() == 1);
  CHECK(pending()[0].first == 0);
  CHECK(pending()[0].count == 3);
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.counts(home).pending_entries == 2);
    CHECK(unit.counts(home).pending_bytes ==
          log.entries()[1].bytes->size() + log.entries()[2].bytes->size());
  });
  node.append(home, {log.entries()[0].name, log.entries()[1].name});
  REQUIRE(pending().size() == 1);
  CHECK(pending()[0].first == 2);
  node.append(home, {log.entries()[2].name});
  CHECK(pending().empty());
  node.read([&](const ReadUnit& unit) { CHECK(unit.counts(home).pending_bytes == 0); });
  CHECK(node.audit().ok());
}

TEST_CASE("ledger: a log that is known late is known by its opening, or by who brought it") {
  TestStore node;
  const TestLog log = log_of(1, false);
  Commit entries = log.commit();
  entries.logs.clear();
  const NewEntry opening = entries.entries.front();
  entries.entries.erase(entries.entries.begin());
  entries.entries[0].chain.reset();
  entries.appends.push_back({home, log.last().name});
  node.apply(entries);
  node.read([&](const ReadUnit& unit) {
    REQUIRE(unit.log(log.id()));
    CHECK(unit.log(log.id())->unit.empty());
    CHECK(unit.record(home, record_in(log.last()))->custody.empty());
  });
  Commit first;
  first.entries.push_back(opening);
  node.apply(first);
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.log(log.id())->device == device_key(1).public_key());
    CHECK(unit.record(home, record_in(log.last()))->custody == home);
  });
  CHECK(node.audit().ok());
}

TEST_CASE("ledger: the schema keeps entries and places from other hands") {
  TestStore node;
  node.apply(log_of(1).commit());
  for (const char* sql :
       {"DELETE FROM entry", "DELETE FROM place", "UPDATE entry SET bytes = NULL",
        "UPDATE entry SET bytes = x'00'", "UPDATE entry SET name = randomblob(32)",
        "UPDATE place SET chain = NULL", "UPDATE place SET seq = seq + 7"}) {
    const auto done =
        node.store().write([&](WriteUnit& unit) { return unit.database().prepare(sql).run(); });
    INFO(sql);
    CHECK_FALSE(done);
  }
  CHECK(node.audit().ok());
}

TEST_CASE("ledger: an imported event is known whoever brought it") {
  TestStore node;
  TestLog log(1, device_key(1), other_unit, false);
  const auto& entry = log.write(create({text_change(3, "a")}));
  node.apply(log.commit());
  const auto event = sync::event_name(*sync::decode_entry(*entry.bytes), entry.name);
  node.read([&](const ReadUnit& unit) {
    CHECK(unit.imported_as(*event) == entry.name);
    CHECK_FALSE(unit.imported_as(sync::Digest{}));
  });
}

}  // namespace tram::store::test
