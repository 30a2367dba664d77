// Goal: the projection is a function of the set of entries: fast path, slow path and rebuild agree.
// Method: random histories in random order and grouping, in two stores, against sync::merge.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "sync/merge/record_state.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::store::test {

using sync::Commit;
using sync::NewEntry;
using sync::Verdict;

namespace {

constexpr int logs_max = 3;
constexpr int entries_max = 14;

// A random history of up to two records over a few logs, with verdicts and, rarely, an erasure.
struct History {
  std::vector<TestLog> logs;
  TestLog hub{200, hub_key(), "P", false};
  std::vector<NewEntry> edits;
  std::vector<sync::RecordRef> records;
};

std::vector<sync::Change> random_changes() {
  std::vector<sync::Change> changes{
      text_change(1, *rc::gen::element<std::string>("A", "B")),
      text_change(30, *rc::gen::element<std::string>("x", "y", "z"), sync::Policy::review),
      custody_change(*rc::gen::element<std::string>(home, other_unit))};
  changes.resize(*rc::gen::inRange<std::size_t>(1, changes.size() + 1));
  return changes;
}

std::vector<sync::Name> random_parents(const History& history, const sync::RecordRef& record) {
  std::vector<sync::Name> parents;
  for (auto edit = history.edits.rbegin(); edit != history.edits.rend(); ++edit) {
    // Mostly the newest, as a screen shows it: then the fast path applies.
    const bool taken =
        parents.empty() ? *rc::gen::inRange(0, 4) != 0 : *rc::gen::inRange(0, 6) == 0;
    if (taken && record_in(*edit) == record) parents.push_back(edit->name);
  }
  return parents;
}

void write_random_entry(History& history, std::int64_t time) {
  TestLog& log = history.logs[*rc::gen::inRange<std::size_t>(0, history.logs.size())];
  const int what = *rc::gen::inRange(0, 12);
  if (history.records.empty() || (what == 0 && history.records.size() < 2)) {
    history.edits.push_back(log.write(create(random_changes()), time));
    history.records.push_back(record_in(history.edits.back()));
    return;
  }
  const auto record = *rc::gen::elementOf(history.records);
  if (what == 1) {
    const auto target = (*rc::gen::elementOf(history.edits)).name;
    history.hub.write(
        Verdict{target,
                *rc::gen::element(Verdict::Ruling::void_entry, Verdict::Ruling::counts,
                                  Verdict::Ruling::capacity_other),
                {},
                "r"},
        time);
  } else if (what == 2 && *rc::gen::inRange(0, 4) == 0) {
    history.hub.write(sync::Erase{record, "r"}, time);
  } else {
    history.edits.push_back(
        log.write(update(record, random_parents(history, record), random_changes()), time));
  }
}

History random_history() {
  History history;
  for (std::uint8_t i = 0; i < logs_max; ++i) {
    history.logs.emplace_back(static_cast<std::uint8_t>(i + 1), device_key(i),
                              i == 1 ? other_unit : home, i == 0);
  }
  const int count = *rc::gen::inRange(1, entries_max);
  for (int i = 0; i < count; ++i) write_random_entry(history, 1000 + *rc::gen::inRange(0, 5));
  return history;
}

// The same commits, one an entry, in another order; logs come first or last.
std::vector<Commit> random_delivery(const History& history) {
  std::vector<Commit> commits;
  std::vector<const TestLog*> logs{&history.hub};
  for (const TestLog& log : history.logs) logs.push_back(&log);
  for (const TestLog* log : logs) {
    Commit known;
    known.logs.push_back(log->log());
    commits.push_back(known);
    for (const NewEntry& entry : log->entries()) {
      Commit one;
      one.entries.push_back(entry);
      one.entries[0].chain.reset();
      one.appends.push_back({home, entry.name});
      if (*rc::gen::inRange(0, 5) == 0) {
        Commit bare = one;
        bare.entries[0].bytes.reset();
        commits.push_back(bare);
      }
      commits.push_back(one);
    }
  }
  // A store's own log is known before anything stands in it.
  const auto own = history.logs[0].log();
  for (std::size_t i = commits.size() - 1; i > 0; --i) {
    std::swap(commits[i], commits[*rc::gen::inRange<std::size_t>(0, i + 1)]);
  }
  Commit first;
  first.logs.push_back(own);
  commits.insert(commits.begin(), first);
  return commits;
}

// As the entries were written: here the fast path has its day.
std::vector<Commit> delivery_in_order(const History& history) {
  Commit known;
  for (const TestLog& log : history.logs) {
    known.logs.push_back(log.log());
    known.entries.push_back(log.entries().front());
  }
  std::vector<Commit> commits{known, history.hub.commit()};
  for (const NewEntry& entry : history.edits) {
    commits.emplace_back();
    commits.back().entries.push_back(entry);
  }
  for (std::size_t i = 0; i < commits.size(); ++i) {
    for (const NewEntry& entry : commits[i].entries) {
      commits[i].appends.push_back({home, entry.name});
    }
  }
  // The hub rules last, or first.
  if (*rc::gen::arbitrary<bool>())
    std::rotate(commits.begin() + 1, commits.begin() + 2, commits.end());
  return commits;
}

// The feed's order differs between the stores; the state must not.
void deliver(TestStore& node, const std::vector<Commit>& commits) {
  node.write([&](WriteUnit& unit) {
    for (const Commit& commit : commits) {
      const auto applied = unit.apply(commit);
      if (!applied) RC_FAIL(applied.error().message);
    }
  });
}

void check_against_merge(TestStore& node, const History& history) {
  for (const auto& record : history.records) {
    bool erased = false;
    std::optional<RecordRow> row;
    bool ruled = false;
    node.read([&](const ReadUnit& unit) {
      erased = unit.is_erased(record);
      row = unit.record(home, record);
      for (const auto& item : unit.timeline(home, record)) ruled = ruled || item.ruling.has_value();
    });
    RC_ASSERT(erased == !row.has_value());
    if (erased || ruled) continue;
    std::vector<sync::MergeEntry> entries;
    for (const TestLog& log : history.logs) {
      for (const NewEntry& entry : log.entries()) {
        const auto decoded = *sync::decode_entry(*entry.bytes);
        if (sync::record_of(decoded, entry.name) == record) {
          entries.push_back({entry.name, decoded, log.log().unit});
        }
      }
    }
    RC_ASSERT(row->state == sync::encode_state(sync::merge(entries, {})));
  }
}

}  // namespace

TEST_CASE("projection twin: any order, any grouping, the same rows") {
  const bool holds = rc::check("projection is a function of the set", [] {
    const History history = random_history();
    TestStore first;
    TestStore second;
    deliver(first, random_delivery(history));
    deliver(second, delivery_in_order(history));
    RC_ASSERT(first.projection() == second.projection());
    check_against_merge(first, history);
    const std::string projected = first.projection();
    first.write([](WriteUnit& unit) { RC_ASSERT(unit.rebuild().has_value()); });
    RC_ASSERT(first.projection() == projected);
    const VerifyReport report = first.audit();
    if (!report.ok()) RC_FAIL(report.findings.front().message);
  });
  CHECK(holds);
}

}  // namespace tram::store::test
