#include "schema/kinds.hpp"
#include "store/auditor.hpp"
#include "store/context.hpp"
#include "store/sqlite/database.hpp"

// Entries by themselves: name against bytes, columns against bytes, place, pending, derived rows.
namespace tram::store {

using sync::Entry;
using sync::Result;
using sync::Status;

struct Auditor::EntryRow {
  std::int64_t entry_id = 0;
  sync::Name name{};
  sync::LogId log{};
  std::uint64_t seq = 0;
  EntryColumns columns;
  bool erased = false;
  bool pending = false;
  bool own = false;
  bool from_hub = false;
  bool covered = false;  // stands in the home feed
  bool placed = false;   // a place row says the same
  std::optional<sync::Bytes> bytes;

  [[nodiscard]] Finding finding(FindingKind kind, std::string message) const {
    Finding out;
    out.kind = kind;
    out.log = sync::to_hex(log);
    out.seq = seq;
    out.message = std::move(message);
    return out;
  }
};

Status Auditor::entries() {
  Statement statement = database_.prepare(
      "SELECT entry_id, name, log, entry.seq, form, kind, record, misplaced, erased, pending,"
      " bytes, coalesce(own, 0) AS own,"
      " coalesce(device IN (SELECT device FROM hub_key), 0) AS from_hub,"
      " EXISTS (SELECT 1 FROM feed_entry WHERE feed_entry.entry_id = entry.entry_id"
      "  AND feed_id = :home_feed) AS covered,"
      " EXISTS (SELECT 1 FROM place WHERE place.log_id = entry.log_id AND place.seq = entry.seq"
      "  AND place.entry_id = entry.entry_id) AS placed"
      " FROM entry LEFT JOIN log USING (log_id) ORDER BY entry_id");
  statement.bind(":home_feed", unit_.context().home_feed);
  while (row(statement)) {
    EntryRow entry;
    entry.entry_id = statement.integer("entry_id");
    entry.name = statement.array<32>("name");
    entry.log = statement.array<16>("log");
    entry.seq = statement.number("seq");
    entry.columns.form = static_cast<EntryForm>(statement.integer("form"));
    if (!statement.is_null("record")) {
      entry.columns.record = {static_cast<std::uint32_t>(statement.integer("kind")),
                              statement.array<16>("record")};
    }
    entry.columns.misplaced = statement.flag("misplaced");
    entry.erased = statement.flag("erased");
    entry.pending = statement.flag("pending");
    entry.own = statement.flag("own");
    entry.from_hub = statement.flag("from_hub");
    entry.covered = statement.flag("covered");
    entry.placed = statement.flag("placed");
    if (!statement.is_null("bytes")) entry.bytes = sync::to_bytes(statement.blob("bytes"));
    if (statement.is_null("log")) {
      found(entry.finding(FindingKind::entry_place, "the entry's log has no row"));
    }
    check_entry(entry);
    progress("entries", ++report_.entries);
  }
  return done();
}

void Auditor::check_entry(const EntryRow& entry) {
  if (!entry.placed) {
    found(entry.finding(FindingKind::entry_place, "the entry's place is gone"));
  }
  const bool at_node = unit_.context().home_feed != 0;
  if (entry.pending != (at_node && entry.own && !entry.covered)) {
    found(entry.finding(FindingKind::pending, entry.pending ? "pending, but covered or not own"
                                                            : "not covered, but not pending"));
  }
  if (!entry.bytes) {
    check_name_only(entry);
    return;
  }
  if (entry.erased) {
    found(entry.finding(FindingKind::entry_bytes, "marked as erased, but its bytes are held"));
  }
  if (sync::name_of(*entry.bytes) != entry.name) {
    found(entry.finding(FindingKind::entry_bytes, "the bytes are not those of the name"));
    return;
  }
  const Result<Entry> decoded = sync::decode_entry(*entry.bytes);
  check_columns(entry, decoded);
  if (decoded && !entry.columns.misplaced) check_index(entry, *decoded);
}

void Auditor::check_name_only(const EntryRow& entry) {
  if (!entry.erased) {
    Finding held = entry.finding(FindingKind::name_only, "held by its name alone");
    held.information = true;
    ++report_.without_bytes;
    found(std::move(held));
    return;
  }
  if (!entry.columns.record || !unit_.is_erased(*entry.columns.record)) {
    found(entry.finding(FindingKind::entry_bytes, "the bytes are gone without an erasure"));
  }
}

void Auditor::check_columns(const EntryRow& entry, const Result<Entry>& decoded) {
  bool at_own_place = false;
  if (decoded) {
    Statement place = database_.prepare(
        "SELECT 1 FROM place JOIN log USING (log_id)"
        " WHERE entry_id = :entry_id AND log = :log AND place.seq = :seq");
    place.bind(":entry_id", entry.entry_id).bind(":log", decoded->place.log);
    place.bind(":seq", decoded->place.seq);
    at_own_place = exists(place);
  }
  const EntryColumns expected = columns_of(decoded, entry.name, at_own_place);
  const bool elsewhere = decoded && !expected.misplaced &&
                         (decoded->place.log != entry.log || decoded->place.seq != entry.seq);
  if (expected.misplaced != entry.columns.misplaced || elsewhere) {
    found(entry.finding(FindingKind::entry_place, "the entry stands where its bytes do not say"));
  }
  if (expected.form != entry.columns.form || expected.record != entry.columns.record) {
    found(entry.finding(FindingKind::entry_index, "form or record differ from the bytes"));
  }
}

void Auditor::check_index(const EntryRow& entry, const Entry& decoded) {
  if (const auto* verdict = std::get_if<sync::Verdict>(&decoded.body)) {
    Statement statement =
        database_.prepare("SELECT 1 FROM verdict WHERE target = :target AND entry_id = :entry_id");
    statement.bind(":target", verdict->target).bind(":entry_id", entry.entry_id);
    if (!exists(statement)) found(entry.finding(FindingKind::index, "the verdict has no row"));
  } else if (const auto* erase = std::get_if<sync::Erase>(&decoded.body)) {
    Statement statement = database_.prepare(
        "SELECT 1 FROM erasure WHERE kind = :kind AND record = :record AND entry_id = :entry_id"
        " AND counts = :counts");
    statement.bind(":kind", erase->record.kind).bind(":record", erase->record.id);
    statement.bind(":entry_id", entry.entry_id).bind(":counts", entry.from_hub);
    if (!exists(statement)) found(entry.finding(FindingKind::index, "the erasure has no row"));
  } else if (const auto event = sync::event_name(decoded, entry.name)) {
    if (entry.columns.record->kind == schema::kind::dossier && !unit_.imported_as(*event)) {
      found(entry.finding(FindingKind::index, "the imported event has no row"));
    }
    if (unit_.is_erased(*entry.columns.record)) {
      found(entry.finding(FindingKind::entry_bytes, "the record is erased, its bytes are held"));
    }
  }
}

Status Auditor::derived_rows() {
  Statement events = database_.prepare(
      "SELECT event, name, bytes, log, entry.seq FROM import_event LEFT JOIN entry USING (entry_id)"
      " LEFT JOIN log USING (log_id)");
  while (row(events)) {
    const auto decoded = sync::decode_entry(events.blob("bytes"));
    const auto event =
        decoded ? sync::event_name(*decoded, events.array<32>("name")) : std::nullopt;
    if (event && *event == events.array<32>("event")) continue;
    EntryRow entry;
    entry.log = events.array<16>("log");
    entry.seq = events.number("seq");
    found(entry.finding(FindingKind::index, "an imported event's row names another entry"));
  }
  Statement erasures = database_.prepare(
      "SELECT entry.kind AS entry_kind, entry.record AS entry_record, erasure.kind, erasure.record,"
      " form, log, entry.seq FROM erasure LEFT JOIN entry USING (entry_id)"
      " LEFT JOIN log USING (log_id)");
  while (row(erasures)) {
    const bool fits = !erasures.is_null("form") && erasures.integer("form") == 4 &&
                      erasures.integer("entry_kind") == erasures.integer("kind") &&
                      erasures.array<16>("entry_record") == erasures.array<16>("record");
    if (fits) continue;
    EntryRow entry;
    entry.log = erasures.array<16>("log");
    entry.seq = erasures.number("seq");
    found(entry.finding(FindingKind::index, "an erasure's row has no such entry"));
  }
  return done();
}

}  // namespace tram::store
