// Goal: whatever another hand changes in a store is found, and the finding names the place.
// Method: a node with two logs, feed and head; one alteration at a time through raw SQL.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "store/soundness.hpp"
#include "store/sqlite/database.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::store::test {

namespace {

struct TamperWorld {
  TestStore node;
  TestLog own{1, device_key(1), home, true};
  TestLog foreign{2, device_key(2), other_unit, false};

  TamperWorld() {
    sync::Commit commit;
    for (TestLog* log : {&own, &foreign}) {
      for (int i = 0; i < 4; ++i) log->write(create({text_change(3, std::to_string(i))}), i);
      node.apply(log->commit());
      for (const auto& entry : log->entries()) commit.appends.push_back({home, entry.name});
    }
    commit.log_heads = {own.head()};
    own.write(create({text_change(3, "pending")}));
    node.apply(commit);
    node.apply(own.commit());
    node.read([&](const ReadUnit& unit) { commit.heads.push_back(head_of(unit, home, 1000)); });
    node.apply(commit);
    REQUIRE(node.audit().findings.empty());
  }

  // True iff the audit has a finding of this kind that names this place.
  bool finds(FindingKind kind, const TestLog& log, std::uint64_t seq) {
    const VerifyReport report = node.audit();
    for (const Finding& finding : report.findings) {
      if (finding.kind == kind && finding.log == sync::to_hex(log.id()) && finding.seq == seq) {
        return !report.ok();
      }
    }
    return false;
  }
  bool finds(FindingKind kind, std::uint64_t position) {
    const VerifyReport report = node.audit();
    for (const Finding& finding : report.findings) {
      if (finding.kind == kind && finding.feed == home && finding.position == position) return true;
    }
    return false;
  }
};

// The row of (log, seq), as SQL.
std::string where(const TestLog& log, std::uint64_t seq) {
  return " WHERE log_id = (SELECT log_id FROM log WHERE log = x'" + sync::to_hex(log.id()) +
         "') AND seq = " + std::to_string(seq);
}

std::string entry_id(const TestLog& log, std::uint64_t seq) {
  return "(SELECT entry_id FROM entry" + where(log, seq) + ")";
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

// True if the `verify` command would say so.
bool is_found(const Store& store) {
  const auto pages = check_pages(store);
  if (!pages || !pages->empty()) return true;
  bool sound = false;
  const sync::Status read = store.read([&](const ReadUnit& unit) -> sync::Status {
    const auto report = verify(unit, {});
    sound = report && report->ok();
    return {};
  });
  return !read || !sound;
}

}  // namespace

TEST_CASE("tamper: one byte of an entry, anywhere") {
  const std::size_t size = TamperWorld().own.entries()[2].bytes->size();
  for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
    TamperWorld world;
    sync::Bytes bytes = *world.own.entries()[2].bytes;
    bytes[at] ^= 0x10U;
    world.node.tamper(
        {"UPDATE entry SET bytes = x'" + sync::to_hex(bytes) + "'" + where(world.own, 2)});
    CHECK(world.finds(FindingKind::entry_bytes, world.own, 2));
  }
}

TEST_CASE("tamper: bytes taken away without an erasure") {
  TamperWorld world;
  world.node.tamper({"UPDATE entry SET bytes = NULL, erased = 1" + where(world.foreign, 3)});
  CHECK(world.finds(FindingKind::entry_bytes, world.foreign, 3));
}

TEST_CASE("tamper: an entry's row taken away") {
  TamperWorld world;
  world.node.tamper({"DELETE FROM entry" + where(world.own, 2)});
  CHECK(world.finds(FindingKind::entry_missing, world.own, 2));
  CHECK(world.finds(FindingKind::entry_missing, 2));
}

TEST_CASE("tamper: a place taken away") {
  TamperWorld world;
  world.node.tamper({"DELETE FROM place" + where(world.own, 2)});
  CHECK(world.finds(FindingKind::log_gap, world.own, 2));
  CHECK(world.finds(FindingKind::entry_place, world.own, 2));
}

TEST_CASE("tamper: entry and place taken away, in the middle and at the end") {
  for (const std::uint64_t seq : {std::uint64_t{2}, std::uint64_t{4}}) {
    TamperWorld world;
    world.node.tamper({"DELETE FROM place" + where(world.foreign, seq),
                       "DELETE FROM entry" + where(world.foreign, seq)});
    CHECK(world.finds(FindingKind::log_gap, world.foreign, seq));
    CHECK(world.finds(FindingKind::entry_missing, 5 + seq));
  }
}

TEST_CASE("tamper: the unsent tail of an own log taken away with every trace but one") {
  TamperWorld world;
  world.node.tamper(
      {"DELETE FROM import_event WHERE entry_id = " + entry_id(world.own, 5),
       "DELETE FROM record WHERE record = (SELECT record FROM entry" + where(world.own, 5) + ")",
       "DELETE FROM place" + where(world.own, 5), "DELETE FROM entry" + where(world.own, 5)});
  CHECK(world.finds(FindingKind::log_gap, world.own, 5));
}

TEST_CASE("tamper: the tail of a log that was signed, with its tip set back") {
  TamperWorld world;
  const std::string chain = sync::to_hex(*world.own.entries()[3].chain);
  world.node.tamper({"DELETE FROM place" + where(world.own, 5),
                     "DELETE FROM place" + where(world.own, 4),
                     "UPDATE log_tip SET count = 4, chain = x'" + chain + "' WHERE count = 6"});
  CHECK(world.finds(FindingKind::log_head, world.own, 4));
}

TEST_CASE("tamper: two entries exchanged") {
  TamperWorld world;
  const std::string second = entry_id(world.own, 2);
  const std::string third = entry_id(world.own, 3);
  world.node.tamper({"CREATE TABLE s AS SELECT " + second + " AS a, " + third + " AS b",
                     "UPDATE place SET entry_id = -1 WHERE entry_id = (SELECT a FROM s)",
                     "UPDATE place SET entry_id = (SELECT a FROM s) WHERE entry_id ="
                     " (SELECT b FROM s)",
                     "UPDATE place SET entry_id = (SELECT b FROM s) WHERE entry_id = -1",
                     "UPDATE entry SET seq = 5 - seq WHERE entry_id IN"
                     " (SELECT a FROM s UNION SELECT b FROM s)",
                     "DROP TABLE s"});
  CHECK(world.finds(FindingKind::log_chain, world.own, 2));
  CHECK(world.finds(FindingKind::log_chain, world.own, 3));
  CHECK(world.finds(FindingKind::entry_place, world.own, 2));
}

TEST_CASE("tamper: an exchange of bytes only") {
  TamperWorld world;
  const std::string other = sync::to_hex(*world.own.entries()[3].bytes);
  world.node.tamper({"UPDATE entry SET bytes = x'" + other + "'" + where(world.own, 2)});
  CHECK(world.finds(FindingKind::entry_bytes, world.own, 2));
}

TEST_CASE("tamper: a chain value altered, or taken away") {
  for (const char* chain : {"randomblob(32)", "NULL"}) {
    TamperWorld world;
    world.node.tamper({std::string("UPDATE place SET chain = ") + chain + where(world.own, 2)});
    CHECK(world.finds(FindingKind::log_chain, world.own, 2));
  }
}

TEST_CASE("tamper: a log's head, device or unit altered") {
  for (const char* column : {"head_chain = randomblob(32)", "head_signature = randomblob(64)",
                             "device = randomblob(32)"}) {
    TamperWorld world;
    world.node.tamper({std::string("UPDATE log SET ") + column + " WHERE own = 1"});
    CHECK(world.finds(FindingKind::log_head, world.own, 4));
  }
  TamperWorld world;
  world.node.tamper({"UPDATE log SET unit = 'elsewhere' WHERE own = 0"});
  CHECK(world.finds(FindingKind::log_row, world.foreign, 0));
}

TEST_CASE("tamper: feed rows taken away, exchanged, and cut off") {
  {
    TamperWorld world;
    world.node.tamper({"DELETE FROM feed_entry WHERE position = 3"});
    CHECK(world.finds(FindingKind::feed_position, 3));
    CHECK(world.finds(FindingKind::pending, world.own, 3));
  }
  {
    TamperWorld world;
    world.node.tamper({"UPDATE feed_entry SET position = 99 WHERE position = 3",
                       "UPDATE feed_entry SET position = 3 WHERE position = 4",
                       "UPDATE feed_entry SET position = 4 WHERE position = 99"});
    CHECK(world.finds(FindingKind::feed_tree, 3));
  }
  {
    TamperWorld world;
    world.node.tamper({"DELETE FROM feed_entry WHERE position >= 9",
                       "DELETE FROM feed_node WHERE (idx + 1) << level > 9",
                       "UPDATE feed SET size = 9 WHERE size = 10"});
    CHECK(world.finds(FindingKind::feed_position, 10));
  }
}

TEST_CASE("tamper: a Merkle node or a feed's head altered") {
  TamperWorld world;
  world.node.tamper({"UPDATE feed_node SET hash = randomblob(32) WHERE level = 1 AND idx = 1"});
  CHECK(world.finds(FindingKind::feed_tree, 3));
  TamperWorld signed_world;
  sync::SignedHead forged;
  signed_world.node.read([&](const ReadUnit& unit) { forged = *unit.newest_head(home); });
  forged.signature[0] ^= 1U;
  sync::Writer bytes;
  sync::write_head(bytes, forged);
  signed_world.node.tamper({"UPDATE head SET bytes = x'" + sync::to_hex(bytes.view()) + "'"});
  CHECK(signed_world.finds(FindingKind::feed_head, forged.size));
}

TEST_CASE("tamper: records and flags altered are found, and mended by a rebuild") {
  for (const char* sql :
       {"UPDATE record SET state = (SELECT state FROM record ORDER BY state LIMIT 1)",
        "UPDATE record SET custody = 'mine'", "UPDATE record SET code = 'other'",
        "DELETE FROM record", "DELETE FROM import_event",
        "INSERT INTO record SELECT 999, feed_id, kind, zeroblob(16), state, code, NULL, custody, 0,"
        " 0, 0, 0 FROM record LIMIT 1"}) {
    TamperWorld world;
    INFO(sql);
    world.node.tamper({sql});
    CHECK_FALSE(world.node.audit().ok());
    world.node.write([](WriteUnit& unit) { REQUIRE(unit.rebuild()); });
    CHECK(world.node.audit().ok());
  }
  TamperWorld world;
  world.node.tamper({"UPDATE record SET state = x'00' WHERE record = x'" +
                     sync::to_hex(record_in(world.own.entries()[3]).id) + "'"});
  CHECK(world.finds(FindingKind::record, world.own, 3));
  TamperWorld flags;
  flags.node.tamper({"UPDATE entry SET pending = 0"});
  CHECK(flags.finds(FindingKind::pending, flags.own, 5));
}

TEST_CASE("tamper: what an own log lost with older disks, here and at the hub, is told only") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  for (int i = 0; i < 7; ++i) log.write(create({text_change(3, std::to_string(i))}), i);
  sync::Commit here = log.commit();
  sync::Commit back = log.commit(true);
  here.entries.resize(4);
  back.entries.erase(back.entries.begin(), back.entries.begin() + 6);
  back.entries.resize(1);
  here.log_heads.clear();
  back.appends = {{home, back.entries.front().name}};
  node.apply(here);
  node.apply(back);
  sync::Commit head;
  node.read([&](const ReadUnit& unit) { head.heads = {head_of(unit, home, 1000)}; });
  node.apply(head);
  const VerifyReport report = node.audit();
  CHECK(report.ok());
  REQUIRE(report.findings.size() == 1);
  CHECK(report.findings[0].kind == FindingKind::log_gap);
  CHECK(report.findings[0].information);
  CHECK(report.findings[0].seq == 4);
}

// What a disk that lost a write leaves: pages as they were, with tags that are right.
TEST_CASE("tamper: old pages in the place of new ones, where a reader is misled") {
  constexpr std::size_t page_bytes = 4096;
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  std::size_t sent = 0;
  const auto write_more = [&] {
    sync::Commit receipt;
    for (; sent < log.entries().size(); ++sent) {
      receipt.appends.push_back({home, log.entries()[sent].name});
    }
    node.apply(log.commit());
    node.apply(receipt);
    sync::Commit head;
    node.read([&](const ReadUnit& unit) { head.heads = {head_of(unit, home, 1000)}; });
    node.apply(head);
    for (int i = 0; i < 150; ++i) log.write(create({text_change(3, std::to_string(i))}), i);
    node.apply(log.commit());
    node.close();
    return content_of(node.file());
  };
  // What any reader is told, as one text.
  const auto told = [&](const Store& store) {
    std::string out;
    const sync::Status read = store.read([&](const ReadUnit& unit) {
      for (const auto& entry : log.entries()) out += unit.entry(entry.name) ? "held " : "gone ";
      for (const auto& waits : unit.pending_logs()) out += std::to_string(waits.first) + " ";
      const auto head = unit.newest_head(home);
      out += head ? std::to_string(head->size) : "no head";
      return unit.status();
    });
    return read ? out : read.error().message;
  };
  static_cast<void>(write_more());
  node.reopen();
  const std::string before = write_more();
  node.reopen();
  const std::string after = write_more();
  node.reopen();
  const std::string right = told(node.store());
  node.close();
  std::vector<std::size_t> changed;
  for (std::size_t at = 0; at + page_bytes <= before.size(); at += page_bytes) {
    if (before.compare(at, page_bytes, after, at, page_bytes) != 0) changed.push_back(at);
  }
  std::size_t misleading = 0;
  for (const std::size_t one : changed) {
    for (const std::size_t other : changed) {
      if (other < one) continue;
      INFO("pages " << one / page_bytes + 1 << " and " << other / page_bytes + 1);
      std::string content = after;
      for (const std::size_t at : {one, other}) {
        content.replace(at, page_bytes, before, at, page_bytes);
      }
      put(node.file(), content);
      const auto opened = Store::open(node.options());
      if (!opened || told(**opened) == right) continue;
      ++misleading;
      CHECK(is_found(**opened));
    }
  }
  CHECK(misleading > 50);
}

TEST_CASE("tamper: all partial indexes of the schema are counted") {
  TestStore node;
  std::set<std::string> known;
  for (const PartialIndex& index : partial_indexes()) known.insert(index.name);
  std::set<std::string> found;
  node.read([&](const ReadUnit& unit) {
    Statement rows = unit.database().prepare(
        "SELECT list.name FROM sqlite_schema JOIN pragma_index_list(sqlite_schema.name) AS list"
        " WHERE sqlite_schema.type = 'table' AND list.partial = 1");
    while (*rows.step()) found.insert(rows.text("name"));
  });
  CHECK(found == known);
}

TEST_CASE("tamper: findings beyond the limit are counted, and progress is told") {
  TamperWorld world;
  world.node.tamper({"UPDATE entry SET bytes = x'00'"});
  std::set<std::string> steps;
  world.node.read([&](const ReadUnit& unit) {
    VerifyOptions options;
    options.findings_max = 3;
    options.progress = [&](std::string_view step, std::uint64_t, std::uint64_t) {
      steps.emplace(step);
    };
    const auto report = verify(unit, options);
    REQUIRE(report);
    CHECK(report->findings.size() == 3);
    CHECK(report->errors > 10);
  });
  CHECK(steps == std::set<std::string>{"entries", "logs", "feeds", "heads", "records"});
}

}  // namespace tram::store::test
