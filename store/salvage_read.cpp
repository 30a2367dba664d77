#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "store/salvage_stage.hpp"
#include "sync/ledger/entry.hpp"

// What is read through the damaged store's own trees, and what fills the gaps in it.
namespace tram::store {

using sync::fail;
using sync::Result;
using sync::Status;

/// Rows in both directions of their key. Columns are "i" for a number, "b" for bytes or "t" for a
/// text, then the name.
struct SalvageSource {
  const char* forward;
  const char* backward;
  const char* keep;
  std::array<const char*, 5> columns;
};

namespace {

constexpr std::array by_key{
    SalvageSource{"SELECT key, value FROM meta ORDER BY key",
                  "SELECT key, value FROM meta ORDER BY key DESC",
                  "INSERT OR IGNORE INTO s_meta VALUES (:key, :value)",
                  {"tkey", "bvalue"}},
    SalvageSource{"SELECT device FROM hub_key ORDER BY device",
                  "SELECT device FROM hub_key ORDER BY device DESC",
                  "INSERT OR IGNORE INTO s_hub_key VALUES (:device)",
                  {"bdevice"}},
    SalvageSource{
        "SELECT device, number, last_run, count, copied FROM lineage ORDER BY device, number",
        "SELECT device, number, last_run, count, copied FROM lineage"
        " ORDER BY device DESC, number DESC",
        "INSERT OR IGNORE INTO s_lineage VALUES (:device, :number, :last_run, :count, :copied)",
        {"bdevice", "inumber", "blast_run", "icount", "icopied"}},
    SalvageSource{
        "SELECT kind, record, feed_id, standing FROM holder ORDER BY kind, record, feed_id",
        "SELECT kind, record, feed_id, standing FROM holder"
        " ORDER BY kind DESC, record DESC, feed_id DESC",
        "INSERT OR IGNORE INTO s_holder VALUES (:kind, :record, :feed_id, :standing)",
        {"ikind", "brecord", "ifeed_id", "istanding"}},
    // Second sources: indexes repeat the names of entries, logs and feeds.
    SalvageSource{
        "SELECT name, entry_id FROM entry ORDER BY name",
        "SELECT name, entry_id FROM entry ORDER BY name DESC",
        "INSERT OR IGNORE INTO s_entry (entry_id, name, lost) VALUES (:entry_id, :name, 1)",
        {"ientry_id", "bname"}},
    SalvageSource{
        "SELECT log_id, seq, entry_id FROM entry INDEXED BY entry_pending WHERE pending = 1"
        " ORDER BY log_id, seq",
        "SELECT log_id, seq, entry_id FROM entry INDEXED BY entry_pending WHERE pending = 1"
        " ORDER BY log_id DESC, seq DESC",
        "INSERT OR IGNORE INTO s_pending VALUES (:log_id, :seq, :entry_id)",
        {"ilog_id", "iseq", "ientry_id"}},
    SalvageSource{"SELECT log, log_id FROM log ORDER BY log",
                  "SELECT log, log_id FROM log ORDER BY log DESC",
                  "INSERT OR IGNORE INTO s_log (log_id, log) VALUES (:log_id, :log)",
                  {"ilog_id", "blog"}},
    SalvageSource{"SELECT feed, feed_id FROM feed ORDER BY feed",
                  "SELECT feed, feed_id FROM feed ORDER BY feed DESC",
                  "INSERT OR IGNORE INTO s_feed (feed_id, feed) VALUES (:feed_id, :feed)",
                  {"ifeed_id", "tfeed"}},
    SalvageSource{
        "SELECT feed_id, entry_id, delivery_id FROM delivery ORDER BY feed_id, entry_id",
        "SELECT feed_id, entry_id, delivery_id FROM delivery ORDER BY feed_id DESC, entry_id DESC",
        "INSERT OR IGNORE INTO s_delivery VALUES (:feed_id, :entry_id, :delivery_id)",
        {"ifeed_id", "ientry_id", "idelivery_id"}},
};
constexpr SalvageSource places{
    "SELECT log_id, seq, entry_id, chain, seq AS at FROM place"
    " WHERE log_id = :grp AND seq BETWEEN :low AND :high ORDER BY seq",
    "SELECT log_id, seq, entry_id, chain, seq AS at FROM place"
    " WHERE log_id = :grp AND seq BETWEEN :low AND :high ORDER BY seq DESC",
    "INSERT OR IGNORE INTO s_place VALUES (:log_id, :seq, :entry_id, :chain)",
    {"ilog_id", "iseq", "ientry_id", "bchain"}};
constexpr SalvageSource positions{
    "SELECT feed_id, position, entry_id, position AS at FROM feed_entry"
    " WHERE feed_id = :grp AND position BETWEEN :low AND :high ORDER BY position",
    "SELECT feed_id, position, entry_id, position AS at FROM feed_entry"
    " WHERE feed_id = :grp AND position BETWEEN :low AND :high ORDER BY position DESC",
    "INSERT OR IGNORE INTO s_position VALUES (:feed_id, :position, :entry_id)",
    {"ifeed_id", "iposition", "ientry_id"}};
constexpr SalvageSource lost_positions{
    "SELECT lost_id, position, entry_id, position AS at FROM lost_entry"
    " WHERE lost_id = :grp AND position BETWEEN :low AND :high ORDER BY position",
    "SELECT lost_id, position, entry_id, position AS at FROM lost_entry"
    " WHERE lost_id = :grp AND position BETWEEN :low AND :high ORDER BY position DESC",
    "INSERT OR IGNORE INTO s_lost_position VALUES (:lost_id, :position, :entry_id)",
    {"ilost_id", "iposition", "ientry_id"}};
// The same once more from indexes that lead from the entry.
constexpr SalvageSource more_places{
    "SELECT entry_id AS at, log_id, seq, entry_id FROM place INDEXED BY place_entry"
    " WHERE entry_id BETWEEN :low AND :high AND :grp = 0 ORDER BY entry_id",
    "SELECT entry_id AS at, log_id, seq, entry_id FROM place INDEXED BY place_entry"
    " WHERE entry_id BETWEEN :low AND :high AND :grp = 0 ORDER BY entry_id DESC",
    "INSERT OR IGNORE INTO s_place (log_id, seq, entry_id) VALUES (:log_id, :seq, :entry_id)",
    {"ilog_id", "iseq", "ientry_id"}};
constexpr SalvageSource more_positions{
    "SELECT entry_id AS at, feed_id, position, entry_id FROM feed_entry"
    " INDEXED BY feed_entry_entry"
    " WHERE entry_id BETWEEN :low AND :high AND :grp = 0 ORDER BY entry_id",
    "SELECT entry_id AS at, feed_id, position, entry_id FROM feed_entry"
    " INDEXED BY feed_entry_entry"
    " WHERE entry_id BETWEEN :low AND :high AND :grp = 0 ORDER BY entry_id DESC",
    positions.keep, positions.columns};

}  // namespace

Status SalvageStage::copy(const SalvageSource& source, const Statement& row) {
  Statement statement = database_->prepare(source.keep);
  for (const char* column : source.columns) {
    if (column == nullptr) break;
    const std::string_view name = column + 1;
    const std::string parameter = ":" + std::string(name);
    if (row.is_null(name)) {
      statement.bind_null(parameter);
    } else if (*column == 'i') {
      statement.bind(parameter, row.integer(name));
    } else if (*column == 'b') {
      statement.bind(parameter, row.blob(name));
    } else {
      statement.bind_text(parameter, row.text(name));
    }
  }
  return statement.run();
}

Status SalvageStage::read_ends(Database& damaged, const SalvageSource& source) {
  for (const char* sql : {source.forward, source.backward}) {
    Statement statement = damaged.prepare(sql);
    while (true) {
      const Result<bool> row = statement.step();
      if (!row) break;
      if (!*row) return {};
      if (const Status copied = copy(source, statement); !copied) return copied;
    }
    has_holes_ = true;
  }
  return {};
}

// From both ends up to what cannot be read, then the same for the halves of what lies between. The
// lower half comes first: above an unreadable page the steps double until they are over it.
Status SalvageStage::read_range(Database& damaged, const SalvageSource& source,
                                std::int64_t group) {
  constexpr int tries_max = 4096;
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges{
      {0, std::numeric_limits<std::int64_t>::max() / 2}};
  for (int tries = 0; !ranges.empty() && tries < tries_max; ++tries) {
    auto [low, high] = ranges.back();
    ranges.pop_back();
    for (const bool ascending : {true, false}) {
      if (low > high) break;
      Statement statement = damaged.prepare(ascending ? source.forward : source.backward);
      statement.bind(":grp", group).bind(":low", low).bind(":high", high);
      while (true) {
        const Result<bool> row = statement.step();
        if (!row) break;
        if (!*row) {
          low = high + 1;
          break;
        }
        const std::int64_t key = statement.integer("at");
        if (const Status copied = copy(source, statement); !copied) return copied;
        (ascending ? low : high) = ascending ? key + 1 : key - 1;
      }
    }
    if (low > high) continue;
    has_holes_ = true;
    if (low == high) continue;
    const std::int64_t middle = low + (high - low) / 2;
    ranges.emplace_back(middle + 1, high);
    ranges.emplace_back(low, middle);
  }
  return {};
}

Status SalvageStage::read_groups(Database& damaged, const char* groups,
                                 const SalvageSource& source) {
  std::vector<std::int64_t> ids;
  {
    Statement statement = database_->prepare(groups);
    while (true) {
      const Result<bool> row = statement.step();
      if (!row) return fail(row.error());
      if (!*row) break;
      ids.push_back(statement.integer("id"));
    }
  }
  for (const std::int64_t id : ids) {
    if (const Status read = read_range(damaged, source, id); !read) return read;
  }
  return {};
}

Status SalvageStage::read(Database& damaged) {
  for (const SalvageSource& source : by_key) {
    if (const Status read = read_ends(damaged, source); !read) return read;
  }
  const std::array groups{
      std::pair{"SELECT log_id AS id FROM s_log", &places},
      std::pair{"SELECT feed_id AS id FROM s_feed", &positions},
      std::pair{"SELECT lost_id AS id FROM s_lost", &lost_positions},
  };
  for (const auto& [ids, source] : groups) {
    if (const Status read = read_groups(damaged, ids, *source); !read) return read;
  }
  for (const SalvageSource* source : {&more_places, &more_positions}) {
    if (const Status read = read_range(damaged, *source, 0); !read) return read;
  }
  return {};
}

// --- filling one from the other ---

namespace {

// What the first of the bound rows says; nothing at the end.
Result<bool> next(Statement& statement, std::int64_t& id, sync::Bytes& bytes) {
  const Result<bool> row = statement.step();
  if (!row || !*row) return row;
  id = statement.integer("id");
  bytes = sync::to_bytes(statement.blob("bytes"));
  return true;
}

}  // namespace

Status SalvageStage::mend(const std::optional<sync::PublicKey>& device, const std::string& home) {
  if (const Status placed = place_pending(); !placed) return placed;
  if (const Status named = name_lost_logs(); !named) return named;
  if (const Status placed = place_by_bytes(); !placed) return placed;
  if (const Status opened = open_logs(device); !opened) return opened;
  return device ? own_logs(*device, home) : Status{};
}

// What waits to be sent is listed once more, with its places.
Status SalvageStage::place_pending() {
  return database_
      ->prepare(
          "INSERT OR IGNORE INTO s_place (log_id, seq, entry_id)"
          " SELECT log_id, seq, entry_id FROM s_pending")
      .run();
}

// A log whose row and index are gone is named by the bytes of any entry that stands in it.
Status SalvageStage::name_lost_logs() {
  Statement entries = database_->prepare(
      "SELECT stands.log_id AS id, bytes FROM ("
      " SELECT log_id, entry_id FROM s_place"
      " UNION SELECT log_id, entry_id FROM s_entry WHERE log_id IS NOT NULL) AS stands"
      " JOIN s_entry USING (entry_id) WHERE bytes IS NOT NULL AND NOT EXISTS ("
      " SELECT 1 FROM s_log WHERE s_log.log_id = stands.log_id)");
  std::int64_t log_id = 0;
  sync::Bytes bytes;
  while (true) {
    const Result<bool> row = next(entries, log_id, bytes);
    if (!row) return fail(row.error());
    if (!*row) return {};
    const auto entry = sync::decode_entry(bytes);
    if (!entry) continue;
    const Status named =
        database_->prepare("INSERT OR IGNORE INTO s_log (log_id, log) VALUES (:log_id, :log)")
            .bind(":log_id", log_id)
            .bind(":log", entry->place.log)
            .run();
    if (!named) return named;
  }
}

// An entry whose place is gone from the table and from the index stands where its bytes say.
Status SalvageStage::place_by_bytes() {
  Statement entries = database_->prepare(
      "SELECT entry_id AS id, bytes FROM s_entry WHERE bytes IS NOT NULL AND NOT EXISTS ("
      " SELECT 1 FROM s_place JOIN s_log USING (log_id)"
      " WHERE s_place.entry_id = s_entry.entry_id)");
  std::int64_t entry_id = 0;
  sync::Bytes bytes;
  while (true) {
    const Result<bool> row = next(entries, entry_id, bytes);
    if (!row) return fail(row.error());
    if (!*row) return {};
    const auto entry = sync::decode_entry(bytes);
    if (!entry) continue;
    // Its number must be no other log's, also not of one whose row is gone.
    const Status named = database_
                             ->prepare(
                                 "INSERT OR IGNORE INTO s_log (log_id, log)"
                                 " SELECT 1 + max(coalesce((SELECT max(log_id) FROM s_log), 0),"
                                 " coalesce((SELECT max(log_id) FROM s_entry), 0),"
                                 " coalesce((SELECT max(log_id) FROM s_place), 0)), :log")
                             .bind(":log", entry->place.log)
                             .run();
    if (!named) return named;
    const Status placed = database_
                              ->prepare(
                                  "INSERT OR IGNORE INTO s_place (log_id, seq, entry_id)"
                                  " SELECT log_id, :seq, :entry_id FROM s_log WHERE log = :log")
                              .bind(":seq", entry->place.seq)
                              .bind(":entry_id", entry_id)
                              .bind(":log", entry->place.log)
                              .run();
    if (!placed) return placed;
  }
}

// Whose a log is, where its row is gone, is said by its opening.
Status SalvageStage::open_logs(const std::optional<sync::PublicKey>& device) {
  Statement openings = database_->prepare(
      "SELECT s_place.log_id AS id, bytes FROM s_place JOIN s_entry USING (entry_id)"
      " JOIN s_log USING (log_id) WHERE seq = 0 AND bytes IS NOT NULL AND own IS NULL");
  std::int64_t log_id = 0;
  sync::Bytes bytes;
  while (true) {
    const Result<bool> row = next(openings, log_id, bytes);
    if (!row) return fail(row.error());
    if (!*row) return {};
    const auto entry = sync::decode_entry(bytes);
    const auto* opening = entry ? std::get_if<sync::Opening>(&entry->body) : nullptr;
    if (opening == nullptr) continue;
    const Status known = database_
                             ->prepare(
                                 "UPDATE s_log SET device = :device, unit = :unit, own = :own"
                                 " WHERE log_id = :log_id AND log = :log")
                             .bind(":device", opening->device)
                             .bind_text(":unit", opening->unit)
                             .bind(":own", device && *device == opening->device)
                             .bind(":log_id", log_id)
                             .bind(":log", entry->place.log)
                             .run();
    if (!known) return known;
  }
}

// Only what a node wrote itself is pending there. So a log with such an entry is its own, although
// neither its row nor its opening says so any more.
Status SalvageStage::own_logs(const sync::PublicKey& device, const std::string& home) {
  return database_
      ->prepare(
          "UPDATE s_log SET device = :device, unit = :unit, own = 1 WHERE own IS NULL AND ("
          " EXISTS (SELECT 1 FROM s_pending WHERE s_pending.log_id = s_log.log_id)"
          " OR EXISTS (SELECT 1 FROM s_entry WHERE s_entry.log_id = s_log.log_id"
          "  AND pending = 1))")
      .bind(":device", device)
      .bind_text(":unit", home)
      .run();
}

}  // namespace tram::store
