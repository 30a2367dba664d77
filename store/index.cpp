#include "store/index.hpp"

#include "schema/kinds.hpp"
#include "store/sqlite/database.hpp"

namespace tram::store {

using sync::Entry;
using sync::fail;
using sync::Name;
using sync::RecordRef;
using sync::Result;
using sync::Status;

struct Index::Row {
  std::int64_t entry_id = 0;
  Name name{};
  EntryForm form = EntryForm::unknown;
  std::optional<RecordRef> record;
  bool misplaced = false;
  bool from_hub = false;
  std::optional<sync::Bytes> bytes;
};

namespace {

constexpr const char* load_sql =
    "SELECT entry.name, entry.form, entry.kind, entry.record, entry.misplaced, entry.bytes,"
    " log.device IN (SELECT device FROM hub_key) AS from_hub"
    " FROM entry JOIN log USING (log_id) WHERE entry_id = :entry_id";

Result<std::vector<std::int64_t>> ids(Statement statement, std::string_view column) {
  std::vector<std::int64_t> out;
  for (;;) {
    const Result<bool> row = statement.step();
    if (!row) return fail(row.error());
    if (!*row) return out;
    out.push_back(statement.integer(column));
  }
}

}  // namespace

EntryColumns columns_of(const Result<Entry>& entry, const Name& name, bool stands_at_own_place) {
  EntryColumns columns;
  if (!entry) return columns;
  columns.form = static_cast<EntryForm>(entry->body.index() + 1);
  columns.misplaced = !stands_at_own_place;
  columns.record = sync::record_of(*entry, name);
  return columns;
}

Result<Index::Row> Index::load(std::int64_t entry_id) {
  Statement statement = database_.prepare(load_sql);
  statement.bind(":entry_id", entry_id);
  const Result<bool> found = statement.step();
  if (!found) return fail(found.error());
  if (!*found) return fail(sync::ErrorCode::not_found, "an entry has no row");
  Row row;
  row.entry_id = entry_id;
  row.name = statement.array<32>("name");
  row.form = static_cast<EntryForm>(statement.integer("form"));
  if (!statement.is_null("record")) {
    row.record = RecordRef{static_cast<std::uint32_t>(statement.integer("kind")),
                           statement.array<16>("record")};
  }
  row.misplaced = statement.flag("misplaced");
  row.from_hub = statement.flag("from_hub");
  if (!statement.is_null("bytes")) row.bytes = sync::to_bytes(statement.blob("bytes"));
  return row;
}

Result<bool> Index::stands_at(std::int64_t entry_id, const sync::Place& place) {
  Statement statement = database_.prepare(
      "SELECT 1 FROM place JOIN log USING (log_id)"
      " WHERE entry_id = :entry_id AND log.log = :log AND place.seq = :seq");
  statement.bind(":entry_id", entry_id).bind(":log", place.log).bind(":seq", place.seq);
  return statement.step();
}

Status Index::settle(std::int64_t entry_id) {
  const Result<Row> row = load(entry_id);
  if (!row) return fail(row.error());
  if (!row->bytes) return {};
  const Result<Entry> entry = sync::decode_entry(*row->bytes);
  bool at_own_place = false;
  if (entry) {
    const Result<bool> stands = stands_at(entry_id, entry->place);
    if (!stands) return fail(stands.error());
    at_own_place = *stands;
  }
  const EntryColumns columns = columns_of(entry, row->name, at_own_place);
  const Entry* own = entry ? &*entry : nullptr;
  if (const Status stored = store_columns(*row, columns, own); !stored) return stored;
  if (columns.form == EntryForm::unknown || columns.misplaced) return {};
  // The standing place may have moved to another log: whose word it is follows from there.
  const Result<Row> settled = load(entry_id);
  if (!settled) return fail(settled.error());
  if (const Status filled = fill_tables(*settled, *entry); !filled) return filled;
  const auto scopes = scopes_of(entry_id);
  if (!scopes) return fail(scopes.error());
  for (const std::int64_t feed_id : *scopes) {
    if (const Status came = came_into(feed_id, entry_id); !came) return came;
  }
  return {};
}

Status Index::settle_new(std::int64_t entry_id, const Name& name, const EntryColumns& columns,
                         const Entry& entry, bool own) {
  if (columns.form == EntryForm::unknown || columns.misplaced) return {};
  Row row;
  row.entry_id = entry_id;
  row.name = name;
  row.form = columns.form;
  row.record = columns.record;
  if (columns.form == EntryForm::verdict || columns.form == EntryForm::erase) {
    // Whose word it is counts, too.
    Result<Row> loaded = load(entry_id);
    if (!loaded) return fail(loaded.error());
    row = std::move(*loaded);
  }
  if (const Status filled = fill_tables(row, entry); !filled) return filled;
  const bool counts = own && context_.home_feed != 0;
  return counts ? came_into(context_.home_feed, row) : Status{};
}

Status Index::store_columns(const Row& row, const EntryColumns& columns, const Entry* entry) {
  Statement statement = database_.prepare(
      "UPDATE entry SET form = :form, kind = :kind, record = :record, misplaced = :misplaced"
      " WHERE entry_id = :entry_id");
  statement.bind(":form", static_cast<std::int64_t>(columns.form));
  statement.bind(":misplaced", columns.misplaced).bind(":entry_id", row.entry_id);
  if (columns.record) {
    statement.bind(":kind", columns.record->kind).bind(":record", columns.record->id);
  }
  if (const Status stored = statement.run(); !stored) return stored;
  if (entry == nullptr || columns.misplaced) return {};
  return database_
      .prepare(
          "UPDATE entry SET log_id = (SELECT log_id FROM log WHERE log = :log), seq = :seq"
          " WHERE entry_id = :entry_id")
      .bind(":log", entry->place.log)
      .bind(":seq", entry->place.seq)
      .bind(":entry_id", row.entry_id)
      .run();
}

Status Index::fill_tables(const Row& row, const Entry& entry) {
  if (const auto* opening = std::get_if<sync::Opening>(&entry.body)) {
    return open_log(entry.place.log, *opening);
  }
  if (const auto* verdict = std::get_if<sync::Verdict>(&entry.body)) {
    return database_
        .prepare("INSERT OR IGNORE INTO verdict (target, entry_id) VALUES (:target, :entry_id)")
        .bind(":target", verdict->target)
        .bind(":entry_id", row.entry_id)
        .run();
  }
  if (const auto* erase = std::get_if<sync::Erase>(&entry.body)) {
    const Status stored =
        database_
            .prepare(
                "INSERT INTO erasure (kind, record, entry_id, counts)"
                " VALUES (:kind, :record, :entry_id, :counts)"
                " ON CONFLICT (kind, record, entry_id) DO UPDATE SET counts = excluded.counts")
            .bind(":kind", erase->record.kind)
            .bind(":record", erase->record.id)
            .bind(":entry_id", row.entry_id)
            .bind(":counts", row.from_hub)
            .run();
    if (!stored || !row.from_hub) return stored;
    return erase_record(erase->record);
  }
  if (row.form != EntryForm::edit) return {};
  const Result<bool> erased = is_erased(*row.record);
  if (!erased) return fail(erased.error());
  if (*erased) return erase_entry(row.entry_id);
  if (row.record->kind != schema::kind::dossier) return {};
  return database_
      .prepare("INSERT OR IGNORE INTO import_event (event, entry_id) VALUES (:event, :entry_id)")
      .bind(":event", *sync::event_name(entry, row.name))
      .bind(":entry_id", row.entry_id)
      .run();
}

// Who brought a log's entries usually says whose it is; where nobody did, its opening does.
Status Index::open_log(const sync::LogId& log, const sync::Opening& opening) {
  Statement unknown =
      database_.prepare("SELECT log_id FROM log WHERE log = :log AND device IS NULL");
  const Result<bool> row = unknown.bind(":log", log).step();
  if (!row) return fail(row.error());
  if (!*row) return {};
  const std::int64_t log_id = unknown.integer("log_id");
  const Status known =
      database_.prepare("UPDATE log SET device = :device, unit = :unit WHERE log_id = :log_id")
          .bind(":device", opening.device)
          .bind_text(":unit", opening.unit)
          .bind(":log_id", log_id)
          .run();
  return known ? log_is_known(log_id) : known;
}

Result<bool> Index::is_erased(const RecordRef& record) {
  Statement statement = database_.prepare(
      "SELECT 1 FROM erasure WHERE kind = :kind AND record = :record AND counts = 1");
  statement.bind(":kind", record.kind).bind(":record", record.id);
  return statement.step();
}

Status Index::erase_entry(std::int64_t entry_id) {
  touched_.bytes_erased();
  const Status dropped =
      database_.prepare("UPDATE entry SET erased = 1, bytes = NULL WHERE entry_id = :entry_id")
          .bind(":entry_id", entry_id)
          .run();
  if (!dropped) return dropped;
  return database_.prepare("DELETE FROM import_event WHERE entry_id = :entry_id")
      .bind(":entry_id", entry_id)
      .run();
}

Status Index::erase_record(const RecordRef& record) {
  const auto entries =
      ids(std::move(database_
                        .prepare("SELECT entry_id FROM entry WHERE kind = :kind"
                                 " AND record = :record AND form = 2 AND erased = 0")
                        .bind(":kind", record.kind)
                        .bind(":record", record.id)),
          "entry_id");
  if (!entries) return fail(entries.error());
  for (const std::int64_t entry_id : *entries) {
    if (const Status erased = erase_entry(entry_id); !erased) return erased;
  }
  const auto scopes =
      ids(std::move(database_
                        .prepare("SELECT feed_id FROM feed CROSS JOIN record USING (feed_id)"
                                 " WHERE kind = :kind AND record = :record")
                        .bind(":kind", record.kind)
                        .bind(":record", record.id)),
          "feed_id");
  if (!scopes) return fail(scopes.error());
  for (const std::int64_t feed_id : *scopes) touched_.changed(feed_id, record);
  return {};
}

Result<std::vector<std::int64_t>> Index::scopes_of(std::int64_t entry_id) {
  auto scopes =
      ids(std::move(database_
                        .prepare("SELECT feed_id FROM feed_entry WHERE entry_id = :entry_id"
                                 " UNION ALL SELECT lost.feed_id FROM lost_entry"
                                 " JOIN lost USING (lost_id) WHERE entry_id = :entry_id"
                                 " UNION ALL SELECT :home_feed FROM entry JOIN log USING (log_id)"
                                 " WHERE entry_id = :entry_id AND own = 1 AND :home_feed <> 0")
                        .bind(":entry_id", entry_id)
                        .bind(":home_feed", context_.home_feed)),
          "feed_id");
  if (!scopes) return scopes;
  std::ranges::sort(*scopes);
  const auto doubled = std::ranges::unique(*scopes);
  scopes->erase(doubled.begin(), doubled.end());
  return scopes;
}

Status Index::came_into(std::int64_t feed_id, std::int64_t entry_id) {
  const Result<Row> row = load(entry_id);
  if (!row) return fail(row.error());
  return came_into(feed_id, *row);
}

Status Index::came_into(std::int64_t feed_id, const Row& row) {
  if (row.misplaced) return {};
  if (row.form == EntryForm::edit && row.record) {
    touched_.arrived(feed_id, *row.record, row.entry_id);
    return {};
  }
  if (row.form != EntryForm::verdict || !row.bytes || !row.from_hub) return {};
  const Result<Entry> entry = sync::decode_entry(*row.bytes);
  if (!entry) return {};
  return touch_target(std::get<sync::Verdict>(entry->body).target, feed_id);
}

Status Index::touch_target(const Name& target, std::int64_t feed_id) {
  Statement statement = database_.prepare(
      "SELECT kind, record FROM entry WHERE name = :name AND form = 2 AND record IS NOT NULL");
  statement.bind(":name", target);
  const Result<bool> found = statement.step();
  if (!found) return fail(found.error());
  if (*found) {
    touched_.changed(feed_id, {static_cast<std::uint32_t>(statement.integer("kind")),
                               statement.array<16>("record")});
  }
  return {};
}

Status Index::log_is_known(std::int64_t log_id) {
  const auto entries =
      ids(std::move(database_.prepare("SELECT DISTINCT entry_id FROM place WHERE log_id = :log_id")
                        .bind(":log_id", log_id)),
          "entry_id");
  if (!entries) return fail(entries.error());
  for (const std::int64_t entry_id : *entries) {
    const Result<Row> row = load(entry_id);
    if (!row) return fail(row.error());
    if (row->form == EntryForm::verdict || row->form == EntryForm::erase) {
      if (const Status settled = settle(entry_id); !settled) return settled;
    }
    if (row->form != EntryForm::edit || !row->record) continue;
    const auto scopes = scopes_of(entry_id);
    if (!scopes) return fail(scopes.error());
    for (const std::int64_t feed_id : *scopes) touched_.changed(feed_id, *row->record);
  }
  return {};
}

Status Index::rebuild(const std::function<void(std::uint64_t)>& progress) {
  for (const char* sql :
       {"DELETE FROM import_event", "DELETE FROM verdict", "DELETE FROM erasure"}) {
    if (const Status dropped = database_.prepare(sql).run(); !dropped) return dropped;
  }
  std::int64_t last = 0;
  for (std::uint64_t done = 0;; ++done) {
    Statement next = database_.prepare(
        "SELECT entry_id FROM entry WHERE entry_id > :last ORDER BY entry_id LIMIT 1");
    const Result<bool> row = next.bind(":last", last).step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    last = next.integer("entry_id");
    if (const Status settled = settle(last); !settled) return settled;
    if (progress) progress(done);
  }
}

}  // namespace tram::store
