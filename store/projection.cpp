#include "store/projection.hpp"

#include <exception>
#include <new>

#include "store/sqlite/database.hpp"
#include "sync/merge/resolve.hpp"

namespace tram::store {

using sync::fail;
using sync::MergeEntry;
using sync::RecordState;
using sync::Result;
using sync::Status;

namespace {

// A record of which more than this is held may be what exhausts the memory.
constexpr std::uint64_t large_record_bytes = std::uint64_t{1} << 20U;

void add_codes(const sync::Entry& entry, std::vector<std::string>& codes) {
  const auto* edit = std::get_if<sync::Edit>(&entry.body);
  if (edit == nullptr) return;
  for (const sync::Change& change : edit->changes) {
    if (change.field.number == sync::field_number::code && change.value) {
      codes.emplace_back(sync::as_text(*change.value));
    }
  }
}

Statement& bind_key(Statement& statement, const Touched::Key& key) {
  return statement.bind(":feed_id", key.first)
      .bind(":kind", key.second.kind)
      .bind(":record", key.second.id);
}

Statement& bind_field(Statement& statement, std::int64_t record_id, const sync::FieldKey& key) {
  return statement.bind(":record_id", record_id)
      .bind(":number", key.field.number)
      .bind_text(":field_name", key.field.name)
      .bind(":type", static_cast<std::int64_t>(key.field.type))
      .bind(":policy", static_cast<std::int64_t>(key.field.policy))
      .bind_text(":element", key.element);
}

Result<MergeEntry> load_entry(Database& database, std::int64_t entry_id) {
  Statement statement = database.prepare(
      "SELECT name, bytes, unit FROM entry JOIN log USING (log_id) WHERE entry_id = :entry_id");
  const Result<bool> row = statement.bind(":entry_id", entry_id).step();
  if (!row) return fail(row.error());
  Result<sync::Entry> entry = sync::decode_entry(statement.blob("bytes"));
  if (!entry) return fail(entry.error());
  return MergeEntry{statement.array<32>("name"), std::move(*entry), statement.text("unit")};
}

}  // namespace

std::vector<OpenConflict> conflicts_of(const RecordState& state) {
  std::vector<OpenConflict> conflicts;
  for (const auto& [key, field] : sync::resolve(state)) {
    if (!field.conflict) continue;
    sync::Instant since;
    for (const sync::Candidate& rival : field.rivals) since = std::max(since, rival.time);
    conflicts.push_back({key, since});
  }
  return conflicts;
}

Status Projection::follow(const Touched& touched) {
  for (const auto& [key, work] : touched.works()) {
    Status done;
    try {
      done = project(key, work);
    } catch (const std::bad_alloc&) {
      // Short memory for a small record is short for everything: the whole transaction fails, and
      // may be tried again.
      const Result<bool> large = is_large(key);
      if (!large) return fail(large.error());
      if (!*large) throw;
      done = mark_unfit(key);
    } catch (const std::exception&) {
      done = mark_unfit(key);
    }
    if (!done) return done;
  }
  return {};
}

Status Projection::project(const Touched::Key& key, const Touched::Work& work) {
  Result<std::optional<Row>> row = std::optional<Row>{};
  if (!work.whole) row = advance(key, work);
  if (row && !*row) row = merge(key);
  if (!row) return fail(row.error());
  return *row ? store(key, **row) : drop(key);
}

Result<bool> Projection::is_large(const Touched::Key& key) {
  Statement statement = database_.prepare(
      "SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM entry"
      " WHERE kind = :kind AND record = :record");
  statement.bind(":kind", key.second.kind).bind(":record", key.second.id);
  const Result<bool> row = statement.step();
  if (!row) return fail(row.error());
  return statement.number("bytes") > large_record_bytes;
}

Status Projection::mark_unfit(const Touched::Key& key) {
  Statement statement = database_.prepare(
      "INSERT INTO record (feed_id, kind, record, state, code, custody, conflicts, missing,"
      " updated, needs_rebuild) VALUES (:feed_id, :kind, :record, x'', '', '', 0, 0, 0, 1)"
      " ON CONFLICT (feed_id, kind, record) DO UPDATE SET needs_rebuild = 1");
  return bind_key(statement, key).run();
}

Status Projection::drop(const Touched::Key& key) {
  Statement statement = database_.prepare(
      "DELETE FROM record WHERE feed_id = :feed_id AND kind = :kind AND record = :record");
  return bind_key(statement, key).run();
}

Result<std::optional<Projection::Row>> Projection::advance(const Touched::Key& key,
                                                           const Touched::Work& work) {
  Statement statement = database_.prepare(
      "SELECT record_id, state, updated FROM record WHERE feed_id = :feed_id AND kind = :kind"
      " AND record = :record AND needs_rebuild = 0");
  const Result<bool> found = bind_key(statement, key).step();
  if (!found) return fail(found.error());
  if (!*found) return std::optional<Row>{};
  Result<RecordState> state = sync::decode_state(statement.blob("state"));
  if (!state) return std::optional<Row>{};
  Row row;
  row.record_id = statement.integer("record_id");
  row.state = std::move(*state);
  row.updated.ms = statement.integer("updated");
  for (const std::int64_t entry_id : work.arrivals) {
    const Result<MergeEntry> entry = load_entry(database_, entry_id);
    if (!entry) return std::optional<Row>{};  // erased since, or not to be read: all entries tell
    const auto ruling = ruling_on(database_, context_, key.first, entry->name);
    if (!ruling) return fail(ruling.error());
    if (*ruling || !sync::advance(row.state, *entry)) return std::optional<Row>{};
    row.updated = std::max(row.updated, entry->entry.time);
    add_codes(entry->entry, row.codes);
  }
  return std::optional<Row>{std::move(row)};
}

Result<std::optional<Projection::Row>> Projection::merge(const Touched::Key& key) {
  const Result<RecordInput> input = load_record(database_, context_, key.first, key.second);
  if (!input) return fail(input.error());
  if (input->entries.empty()) return std::optional<Row>{};
  Row row;
  row.whole = true;
  row.state = sync::merge(input->entries, input->rulings);
  row.updated = newest_time(input->entries);
  for (const MergeEntry& entry : input->entries) add_codes(entry.entry, row.codes);
  return std::optional<Row>{std::move(row)};
}

Status Projection::store(const Touched::Key& key, const Row& row) {
  Statement statement = database_.prepare(
      "INSERT INTO record (feed_id, kind, record, state, code, custody, conflicts, missing,"
      " updated) VALUES (:feed_id, :kind, :record, :state, :code, :custody, 0, :missing, :updated)"
      " ON CONFLICT (feed_id, kind, record) DO UPDATE SET state = excluded.state,"
      " code = excluded.code, custody = excluded.custody, missing = excluded.missing,"
      " updated = excluded.updated, needs_rebuild = 0");
  bind_key(statement, key);
  statement.bind(":state", sync::encode_state(row.state));
  statement.bind_text(":code", sync::code_of(row.state));
  statement.bind_text(":custody", sync::custody_of(row.state));
  statement.bind(":missing", !row.state.missing.empty()).bind(":updated", row.updated.ms);
  if (const Status stored = statement.run(); !stored) return stored;
  // Not by RETURNING, which makes a table for its one row.
  Statement row_of = database_.prepare(
      "SELECT record_id FROM record"
      " WHERE feed_id = :feed_id AND kind = :kind AND record = :record");
  bind_key(row_of, key);
  const Result<bool> stands = row_of.step();
  if (!stands) return fail(stands.error());
  const std::int64_t record_id = row_of.integer("record_id");
  if (const Status codes = store_codes(record_id, row); !codes) return codes;
  return store_conflicts(record_id, row.state);
}

Status Projection::store_codes(std::int64_t record_id, const Row& row) {
  if (row.whole) {
    const Status dropped = database_.prepare("DELETE FROM record_code WHERE record_id = :record_id")
                               .bind(":record_id", record_id)
                               .run();
    if (!dropped) return dropped;
  }
  for (const std::string& code : row.codes) {
    const Status added =
        database_
            .prepare(
                "INSERT OR IGNORE INTO record_code (code, record_id) VALUES (:code, :record_id)")
            .bind_text(":code", code)
            .bind(":record_id", record_id)
            .run();
    if (!added) return added;
  }
  return {};
}

// Rows that stay keep their number, so that a page of conflicts goes on where it ended.
Status Projection::store_conflicts(std::int64_t record_id, const RecordState& state) {
  const std::vector<OpenConflict> conflicts = conflicts_of(state);
  Statement stale =
      database_.prepare("UPDATE conflict SET since = -1 WHERE record_id = :record_id");
  if (const Status marked = stale.bind(":record_id", record_id).run(); !marked) return marked;
  const bool had_any = database_.changes() != 0;
  for (const OpenConflict& conflict : conflicts) {
    Statement open = database_.prepare(
        "INSERT INTO conflict (record_id, number, field_name, type, policy, element, since)"
        " VALUES (:record_id, :number, :field_name, :type, :policy, :element, :since)"
        " ON CONFLICT (record_id, number, field_name, type, policy, element)"
        " DO UPDATE SET since = excluded.since");
    const Status added =
        bind_field(open, record_id, conflict.field).bind(":since", conflict.since.ms).run();
    if (!added) return added;
  }
  if (!had_any && conflicts.empty()) return {};
  const Status settled =
      database_.prepare("DELETE FROM conflict WHERE record_id = :record_id AND since = -1")
          .bind(":record_id", record_id)
          .run();
  if (!settled) return settled;
  return database_.prepare("UPDATE record SET conflicts = :conflicts WHERE record_id = :record_id")
      .bind(":conflicts", conflicts.size())
      .bind(":record_id", record_id)
      .run();
}

Status Projection::rebuild(const std::function<void(std::uint64_t)>& progress) {
  if (const Status dropped = database_.prepare("DELETE FROM record").run(); !dropped) {
    return dropped;
  }
  // Which records stand in which scopes.
  Statement scopes = database_.prepare(
      "SELECT DISTINCT feed_id, kind, record FROM ("
      " SELECT feed_id, entry_id FROM feed_entry"
      " UNION SELECT feed_id, entry_id FROM lost_entry JOIN lost USING (lost_id)"
      " UNION SELECT :home_feed AS feed_id, entry_id FROM entry JOIN log USING (log_id)"
      "  WHERE own = 1 AND :home_feed <> 0)"
      " JOIN entry USING (entry_id) WHERE form = 2 AND record IS NOT NULL");
  scopes.bind(":home_feed", context_.home_feed);
  for (std::uint64_t done = 0;; ++done) {
    const Result<bool> row = scopes.step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    const Touched::Key key{
        scopes.integer("feed_id"),
        {static_cast<std::uint32_t>(scopes.integer("kind")), scopes.array<16>("record")}};
    Touched one;
    one.changed(key.first, key.second);
    if (const Status projected = follow(one); !projected) return projected;
    if (progress) progress(done);
  }
}

}  // namespace tram::store
