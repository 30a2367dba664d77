#include <algorithm>
#include <tuple>

#include "store/context.hpp"
#include "store/projection.hpp"
#include "store/read_unit.hpp"
#include "store/sqlite/database.hpp"

// Reads of the projection.
namespace tram::store {

using sync::RecordRef;

namespace {

// Selected as: kind, record, state, code, custody, conflicts, missing, updated.
RecordRow record_row(const Statement& statement) {
  RecordRow out;
  out.record = {static_cast<std::uint32_t>(statement.integer("kind")),
                statement.array<16>("record")};
  out.state = sync::to_bytes(statement.blob("state"));
  out.code = statement.text("code");
  out.custody = statement.text("custody");
  out.conflicts = static_cast<std::uint32_t>(statement.integer("conflicts"));
  out.missing = statement.flag("missing");
  out.updated.ms = statement.integer("updated");
  return out;
}

ConflictRow conflict_row(const Statement& statement) {
  ConflictRow out;
  out.record = {static_cast<std::uint32_t>(statement.integer("kind")),
                statement.array<16>("record")};
  out.field.field.number = static_cast<std::uint32_t>(statement.integer("number"));
  out.field.field.name = statement.text("field_name");
  out.field.field.type = static_cast<sync::ValueType>(statement.integer("type"));
  out.field.field.policy = static_cast<sync::Policy>(statement.integer("policy"));
  out.field.element = statement.text("element");
  out.code = statement.text("code");
  out.custody = statement.text("custody");
  out.since.ms = statement.integer("since");
  return out;
}

bool earlier(const TimelineEntry& a, const TimelineEntry& b) {
  const auto rank = [](const TimelineEntry& item) {
    return std::tuple(!item.entry, item.entry ? item.entry->time.ms : 0, item.held.place.log,
                      item.held.place.seq, item.held.name);
  };
  return rank(a) < rank(b);
}

}  // namespace

std::optional<RecordRow> ReadUnit::record(const Scope& scope, const RecordRef& record) const {
  Statement statement = database_.prepare(
      "SELECT kind, record, state, code, custody, conflicts, missing, updated"
      " FROM record JOIN feed USING (feed_id)"
      " WHERE feed = :scope AND kind = :kind AND record = :record AND needs_rebuild = 0");
  statement.bind_text(":scope", scope).bind(":kind", record.kind).bind(":record", record.id);
  if (!row(statement)) return std::nullopt;
  return record_row(statement);
}

std::vector<RecordRow> ReadUnit::find_record_by_code(const Scope& scope, std::uint32_t kind,
                                                     std::string_view code) const {
  // CROSS JOIN: begin at the code. Left alone, the planner walks all records for the order's sake.
  Statement statement = database_.prepare(
      "SELECT kind, record, state, record.code, custody, conflicts, missing, updated"
      " FROM record_code CROSS JOIN record USING (record_id) JOIN feed USING (feed_id)"
      " WHERE record_code.code = :code AND feed = :scope AND kind = :kind"
      " AND needs_rebuild = 0 ORDER BY record");
  statement.bind_text(":code", code).bind_text(":scope", scope).bind(":kind", kind);
  std::vector<RecordRow> rows;
  while (row(statement)) rows.push_back(record_row(statement));
  return rows;
}

void ReadUnit::for_each_record(const Scope& scope, std::uint32_t kind,
                               const std::optional<std::string>& custody,
                               const std::function<bool(const RecordRow&)>& visit) const {
  // Two statements, so that each walks its own index and nothing is sorted in memory.
  Statement statement =
      custody ? database_.prepare(
                    "SELECT kind, record, state, code, custody, conflicts, missing, updated"
                    " FROM record WHERE feed_id = (SELECT feed_id FROM feed WHERE feed = :scope)"
                    " AND kind = :kind AND custody = :custody AND needs_rebuild = 0"
                    " ORDER BY record")
              : database_.prepare(
                    "SELECT kind, record, state, code, custody, conflicts, missing, updated"
                    " FROM record WHERE feed_id = (SELECT feed_id FROM feed WHERE feed = :scope)"
                    " AND kind = :kind AND needs_rebuild = 0 ORDER BY record");
  statement.bind_text(":scope", scope).bind(":kind", kind);
  if (custody) statement.bind_text(":custody", *custody);
  while (row(statement)) {
    if (!visit(record_row(statement))) return;
  }
}

void ReadUnit::for_each_newest(const Scope& scope, std::uint32_t kind,
                               const std::function<bool(const RecordRow&)>& visit) const {
  Statement statement = database_.prepare(
      "SELECT kind, record, state, code, custody, conflicts, missing, updated"
      " FROM record WHERE feed_id = (SELECT feed_id FROM feed WHERE feed = :scope)"
      " AND kind = :kind AND needs_rebuild = 0 ORDER BY updated DESC, record DESC");
  statement.bind_text(":scope", scope).bind(":kind", kind);
  while (row(statement)) {
    if (!visit(record_row(statement))) return;
  }
}

ConflictPage ReadUnit::conflicts(const Scope& scope, const std::optional<std::string>& custody,
                                 const ConflictCursor& from, std::size_t max) const {
  Statement statement = database_.prepare(
      "SELECT conflict_id, kind, record, number, field_name, type, policy, element, since, code,"
      " custody FROM conflict CROSS JOIN record USING (record_id) JOIN feed USING (feed_id)"
      " WHERE conflict_id > :from AND feed = :scope"
      " AND (:any_custody = 1 OR custody = :custody) ORDER BY conflict_id LIMIT :max");
  statement.bind(":from", from.row).bind_text(":scope", scope).bind(":max", max);
  statement.bind(":any_custody", !custody).bind_text(":custody", custody.value_or(""));
  ConflictPage page;
  while (row(statement)) {
    page.conflicts.push_back(conflict_row(statement));
    page.next = ConflictCursor{statement.integer("conflict_id")};
  }
  if (page.conflicts.size() < max) page.next.reset();
  return page;
}

Counts ReadUnit::counts(const Scope& scope) const {
  Counts counts;
  Statement of_scope = database_.prepare(
      "SELECT size, (SELECT count(*) FROM record WHERE record.feed_id = feed.feed_id) AS records,"
      " (SELECT count(*) FROM conflict CROSS JOIN record USING (record_id)"
      "  WHERE record.feed_id = feed.feed_id) AS conflicts FROM feed WHERE feed = :scope");
  of_scope.bind_text(":scope", scope);
  if (row(of_scope)) {
    counts.feed_entries = of_scope.number("size");
    counts.records = of_scope.number("records");
    counts.conflicts = of_scope.number("conflicts");
  }
  Statement pending = database_.prepare(
      "SELECT count(*) AS entries, coalesce(sum(length(bytes)), 0) AS bytes FROM entry"
      " WHERE pending = 1 AND seq <> 0");
  if (row(pending)) {
    counts.pending_entries = pending.number("entries");
    counts.pending_bytes = pending.number("bytes");
  }
  Statement unfit =
      database_.prepare("SELECT count(*) AS records FROM record WHERE needs_rebuild = 1");
  if (row(unfit)) counts.records_to_rebuild = unfit.number("records");
  Statement bare =
      database_.prepare("SELECT count(*) AS entries FROM entry WHERE bytes IS NULL AND erased = 0");
  if (row(bare)) counts.without_bytes = bare.number("entries");
  return counts;
}

std::vector<TimelineEntry> ReadUnit::timeline(const Scope& scope, const RecordRef& record) const {
  Statement statement = database_.prepare(
      "SELECT feed.feed_id, name, log, seq, bytes, misplaced, pending, unit, device"
      " FROM feed CROSS JOIN entry JOIN log USING (log_id)"
      " WHERE feed = :scope AND kind = :kind AND record = :record AND ("
      " EXISTS (SELECT 1 FROM feed_entry WHERE feed_entry.entry_id = entry.entry_id"
      "  AND feed_entry.feed_id = feed.feed_id)"
      " OR (own = 1 AND feed.feed_id = :home_feed)"
      " OR EXISTS (SELECT 1 FROM lost_entry JOIN lost USING (lost_id)"
      "  WHERE lost_entry.entry_id = entry.entry_id AND lost.feed_id = feed.feed_id))");
  statement.bind_text(":scope", scope).bind(":kind", record.kind).bind(":record", record.id);
  statement.bind(":home_feed", context_.home_feed);
  std::vector<TimelineEntry> timeline;
  while (row(statement)) {
    TimelineEntry item;
    item.held.name = statement.array<32>("name");
    item.held.place = {statement.array<16>("log"), statement.number("seq")};
    if (!statement.is_null("bytes")) {
      item.held.bytes = sync::to_bytes(statement.blob("bytes"));
      if (auto entry = sync::decode_entry(*item.held.bytes)) item.entry = std::move(*entry);
    }
    item.unit = statement.text("unit");
    if (!statement.is_null("device")) item.device = statement.array<32>("device");
    item.pending = statement.flag("pending");
    item.misplaced = statement.flag("misplaced");
    const auto ruling =
        ruling_on(database_, context_, statement.integer("feed_id"), item.held.name);
    if (!ruling) latch(ruling.error());
    if (ruling) item.ruling = *ruling;
    timeline.push_back(std::move(item));
  }
  std::sort(timeline.begin(), timeline.end(), earlier);
  return timeline;
}

}  // namespace tram::store
