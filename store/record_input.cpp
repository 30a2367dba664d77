#include <algorithm>
#include <set>
#include <tuple>

#include "store/projection.hpp"
#include "store/sqlite/database.hpp"

// What the merge is given: a scope's entries of a record, and the rulings on them.
namespace tram::store {

using sync::fail;
using sync::MergeEntry;
using sync::Name;
using sync::Result;
using sync::Verdict;

namespace {

// Entries that count in a scope stand in its feed, in a part of it that the hub lost, or, at a
// node, in an own log.
constexpr const char* entries_sql =
    "SELECT entry.name, entry.bytes, log.unit FROM entry JOIN log USING (log_id)"
    " WHERE kind = :kind AND record = :record AND form = 2 AND misplaced = 0"
    " AND bytes IS NOT NULL AND ("
    " EXISTS (SELECT 1 FROM feed_entry WHERE feed_entry.entry_id = entry.entry_id"
    "  AND feed_id = :feed_id)"
    " OR (own = 1 AND :feed_id = :home_feed)"
    " OR EXISTS (SELECT 1 FROM lost_entry JOIN lost USING (lost_id)"
    "  WHERE lost_entry.entry_id = entry.entry_id AND feed_id = :feed_id))"
    " ORDER BY entry.entry_id";

constexpr const char* verdicts_sql =
    "SELECT entry.name, entry.bytes FROM verdict JOIN entry USING (entry_id)"
    " JOIN log USING (log_id)"
    " WHERE target = :target AND misplaced = 0 AND bytes IS NOT NULL"
    " AND device IN (SELECT device FROM hub_key) AND ("
    " EXISTS (SELECT 1 FROM feed_entry WHERE feed_entry.entry_id = entry.entry_id"
    "  AND feed_id = :feed_id)"
    " OR (own = 1 AND :feed_id = :home_feed)"
    " OR EXISTS (SELECT 1 FROM lost_entry JOIN lost USING (lost_id)"
    "  WHERE lost_entry.entry_id = entry.entry_id AND feed_id = :feed_id))";

struct Ruled {
  Name name{};
  sync::Entry entry;

  [[nodiscard]] const Verdict& verdict() const { return std::get<Verdict>(entry.body); }
  // The order of Policy::latest.
  [[nodiscard]] auto rank() const {
    return std::tuple(entry.time_trusted, entry.time_trusted ? entry.time.ms : 0, entry.place.log,
                      entry.place.seq, name);
  }
};

// The newest by parents; among several, the latest.
Verdict::Ruling newest(const std::vector<Ruled>& verdicts) {
  // Whoever is a parent of one is older; what is older than that is a parent too.
  std::set<Name> older;
  for (const Ruled& ruled : verdicts) {
    older.insert(ruled.verdict().parents.begin(), ruled.verdict().parents.end());
  }
  const Ruled* best = nullptr;
  for (const Ruled& ruled : verdicts) {
    if (older.count(ruled.name) != 0) continue;
    if (best == nullptr || best->rank() < ruled.rank()) best = &ruled;
  }
  return best->verdict().ruling;
}

}  // namespace

Result<std::optional<Verdict::Ruling>> ruling_on(Database& database, const Context& context,
                                                 std::int64_t feed_id, const Name& name) {
  Statement statement = database.prepare(verdicts_sql);
  statement.bind(":target", name).bind(":feed_id", feed_id);
  statement.bind(":home_feed", context.home_feed);
  std::vector<Ruled> verdicts;
  for (;;) {
    const Result<bool> row = statement.step();
    if (!row) return fail(row.error());
    if (!*row) break;
    Result<sync::Entry> entry = sync::decode_entry(statement.blob("bytes"));
    if (!entry || !std::holds_alternative<Verdict>(entry->body)) continue;
    verdicts.push_back({statement.array<32>("name"), std::move(*entry)});
  }
  if (verdicts.empty()) return std::optional<Verdict::Ruling>{};
  return std::optional<Verdict::Ruling>{newest(verdicts)};
}

Result<RecordInput> load_record(Database& database, const Context& context, std::int64_t feed_id,
                                const sync::RecordRef& record) {
  RecordInput input;
  Statement statement = database.prepare(entries_sql);
  statement.bind(":kind", record.kind).bind(":record", record.id).bind(":feed_id", feed_id);
  statement.bind(":home_feed", context.home_feed);
  for (;;) {
    const Result<bool> row = statement.step();
    if (!row) return fail(row.error());
    if (!*row) break;
    Result<sync::Entry> entry = sync::decode_entry(statement.blob("bytes"));
    if (!entry) continue;  // held, without effect
    input.entries.push_back(
        {statement.array<32>("name"), std::move(*entry), statement.text("unit")});
  }
  for (const MergeEntry& entry : input.entries) {
    const auto ruling = ruling_on(database, context, feed_id, entry.name);
    if (!ruling) return fail(ruling.error());
    if (*ruling) input.rulings[entry.name] = **ruling;
  }
  return input;
}

sync::Instant newest_time(const std::vector<MergeEntry>& entries) {
  sync::Instant newest;
  for (const MergeEntry& entry : entries) newest = std::max(newest, entry.entry.time);
  return newest;
}

}  // namespace tram::store
