#include "store/ledger_writer.hpp"

#include <vector>

#include "store/sqlite/database.hpp"
#include "sync/limits.hpp"

namespace tram::store {

using sync::Digest;
using sync::ErrorCode;
using sync::fail;
using sync::LogId;
using sync::NewEntry;
using sync::Result;
using sync::Status;

Result<LedgerWriter::Log> LedgerWriter::log_of(const LogId& log) {
  Statement found = database_.prepare("SELECT log_id, own FROM log WHERE log = :log");
  const Result<bool> row = found.bind(":log", log).step();
  if (!row) return fail(row.error());
  if (*row) return Log{found.integer("log_id"), found.flag("own")};
  const Status added =
      database_.prepare("INSERT INTO log (log) VALUES (:log)").bind(":log", log).run();
  if (!added) return fail(added.error());
  return Log{database_.last_row_id(), false};
}

Status LedgerWriter::put(const sync::NewLog& log) {
  // An opening that does not decode says nothing: the log stays unknown.
  if (log.device == sync::PublicKey{}) return {};
  const auto known_log = log_of(log.log);
  if (!known_log) return fail(known_log.error());
  const std::int64_t log_id = known_log->log_id;
  Statement known = database_.prepare(
      "UPDATE log SET device = :device, unit = :unit, own = :own"
      " WHERE log_id = :log_id AND device IS NULL");
  known.bind(":device", log.device).bind_text(":unit", log.unit).bind(":own", log.own);
  if (const Status done = known.bind(":log_id", log_id).run(); !done) return done;
  if (database_.changes() == 0) return {};
  if (log.own && context_.home_feed != 0) {
    const Status pending =
        database_
            .prepare(
                "UPDATE entry SET pending = 1 WHERE log_id = :log_id AND entry_id IN ("
                " SELECT entry_id FROM place WHERE place.log_id = :log_id) AND NOT EXISTS ("
                " SELECT 1 FROM feed_entry WHERE feed_entry.entry_id = entry.entry_id"
                " AND feed_id = :home_feed)")
            .bind(":log_id", log_id)
            .bind(":home_feed", context_.home_feed)
            .run();
    if (!pending) return pending;
  }
  return index_.log_is_known(log_id);
}

Status LedgerWriter::put(const NewEntry& entry) {
  if (entry.bytes) {
    if (entry.bytes->size() > sync::limits::entry_bytes_max) {
      return fail(ErrorCode::limit, "entry: larger than an entry may be");
    }
    if (sync::name_of(*entry.bytes) != entry.name) {
      return fail(ErrorCode::unverified, "entry: its name is not the hash of its bytes");
    }
  }
  const auto log = log_of(entry.place.log);
  if (!log) return fail(log.error());
  const auto held = find_entry(entry.name);
  if (!held) return fail(held.error());
  if (!*held) return put_new(entry, *log);
  return put_again(entry, {log->log_id, entry.place.seq, (*held)->entry_id}, **held);
}

Status LedgerWriter::put_new(const NewEntry& entry, const Log& log) {
  std::optional<Result<sync::Entry>> decoded;
  EntryColumns columns;
  if (entry.bytes) {
    decoded.emplace(sync::decode_entry(*entry.bytes));
    columns = columns_of(*decoded, entry.name, *decoded && (*decoded)->place == entry.place);
  }
  Statement row = database_.prepare(
      "INSERT INTO entry (name, log_id, seq, form, kind, record, misplaced, pending, bytes)"
      " VALUES (:name, :log_id, :seq, :form, :kind, :record, :misplaced, :pending, :bytes)");
  row.bind(":name", entry.name).bind(":log_id", log.log_id).bind(":seq", entry.place.seq);
  row.bind(":form", static_cast<std::int64_t>(columns.form)).bind(":misplaced", columns.misplaced);
  row.bind(":pending", log.own && context_.home_feed != 0).bind_maybe(":bytes", entry.bytes);
  if (columns.record) row.bind(":kind", columns.record->kind).bind(":record", columns.record->id);
  if (const Status added = row.run(); !added) return added;
  const At at{log.log_id, entry.place.seq, database_.last_row_id()};

  const auto link = link_to(entry.place.log, at, entry.name, entry.chain);
  if (!link) return fail(link.error());
  Statement place = database_.prepare(
      "INSERT INTO place (log_id, seq, entry_id, chain)"
      " VALUES (:log_id, :seq, :entry_id, :chain)");
  place.bind(":log_id", at.log_id).bind(":seq", at.seq).bind(":entry_id", at.entry_id);
  if (*link) place.bind(":chain", (*link)->chain);
  if (const Status added = place.run(); !added) return added;
  if (*link) {
    if (const Status moved = move_tip(at, **link); !moved) return moved;
    const auto waiting = waiting_for(at);
    if (!waiting) return fail(waiting.error());
    for (const At& next : *waiting) {
      const Status chained = chain_from(entry.place.log, next, std::nullopt);
      if (!chained) return chained;
    }
  }
  if (!decoded || !*decoded) return {};
  return index_.settle_new(at.entry_id, entry.name, columns, **decoded, log.own);
}

Status LedgerWriter::put_again(const NewEntry& entry, const At& at, const Held& held) {
  const Result<bool> new_place = put_place(entry, at);
  if (!new_place) return fail(new_place.error());
  if (const Status chained = chain_from(entry.place.log, at, entry.chain); !chained) return chained;
  const bool brought = entry.bytes && !held.bytes && !held.erased;
  if (brought) {
    const Status kept =
        database_.prepare("UPDATE entry SET bytes = :bytes WHERE entry_id = :entry_id")
            .bind(":bytes", *entry.bytes)
            .bind(":entry_id", at.entry_id)
            .run();
    if (!kept) return kept;
  }
  if (brought || (*new_place && held.misplaced)) {
    if (const Status settled = index_.settle(at.entry_id); !settled) return settled;
  }
  return *new_place || brought ? mark_pending(at.entry_id) : Status{};
}

Result<std::optional<LedgerWriter::Held>> LedgerWriter::find_entry(const sync::Name& name) {
  Statement found = database_.prepare(
      "SELECT entry_id, bytes IS NOT NULL AS held, misplaced, erased FROM entry"
      " WHERE name = :name");
  const Result<bool> row = found.bind(":name", name).step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Held>{};
  return std::optional<Held>{Held{found.integer("entry_id"), found.flag("held"),
                                  found.flag("misplaced"), found.flag("erased")}};
}

Result<bool> LedgerWriter::put_place(const NewEntry& entry, const At& at) {
  const Status added = database_
                           .prepare(
                               "INSERT OR IGNORE INTO place (log_id, seq, entry_id)"
                               " VALUES (:log_id, :seq, :entry_id)")
                           .bind(":log_id", at.log_id)
                           .bind(":seq", entry.place.seq)
                           .bind(":entry_id", at.entry_id)
                           .run();
  if (!added) return fail(added.error());
  return database_.changes() != 0;
}

// The entry's standing place tells whose it is, so this comes after its bytes have settled it.
Status LedgerWriter::mark_pending(std::int64_t entry_id) {
  if (context_.home_feed == 0) return {};
  return database_
      .prepare(
          "UPDATE entry SET pending = 1 WHERE entry_id = :entry_id AND pending = 0"
          " AND (SELECT own FROM log WHERE log.log_id = entry.log_id) = 1"
          " AND NOT EXISTS (SELECT 1 FROM feed_entry WHERE feed_entry.entry_id = :entry_id"
          " AND feed_id = :home_feed)")
      .bind(":entry_id", entry_id)
      .bind(":home_feed", context_.home_feed)
      .run();
}

Status LedgerWriter::chain_from(const LogId& log, const At& at,
                                const std::optional<Digest>& given) {
  std::vector<At> next{at};
  std::optional<Digest> value = given;
  while (!next.empty()) {
    const At here = next.back();
    next.pop_back();
    const auto link = link_of(log, here, value);
    value.reset();
    if (!link) return fail(link.error());
    if (!*link) continue;
    if (const Status set = set_chain(here, **link); !set) return set;
    const auto waiting = waiting_for(here);
    if (!waiting) return fail(waiting.error());
    next.insert(next.end(), waiting->begin(), waiting->end());
  }
  return {};
}

Result<std::vector<LedgerWriter::At>> LedgerWriter::waiting_for(const At& at) {
  Statement waiting = database_.prepare(
      "SELECT entry_id FROM place WHERE log_id = :log_id AND seq = :seq AND chain IS NULL");
  waiting.bind(":log_id", at.log_id).bind(":seq", at.seq + 1);
  std::vector<At> out;
  for (;;) {
    const Result<bool> row = waiting.step();
    if (!row) return fail(row.error());
    if (!*row) return out;
    out.push_back({at.log_id, at.seq + 1, waiting.integer("entry_id")});
  }
}

Result<std::optional<LedgerWriter::Link>> LedgerWriter::link_of(
    const LogId& log, const At& at, const std::optional<Digest>& given) {
  Statement own = database_.prepare(
      "SELECT place.chain, entry.name FROM place JOIN entry USING (entry_id)"
      " WHERE place.log_id = :log_id AND place.seq = :seq AND place.entry_id = :entry_id");
  own.bind(":log_id", at.log_id).bind(":seq", at.seq).bind(":entry_id", at.entry_id);
  const Result<bool> row = own.step();
  if (!row) return fail(row.error());
  if (!*row || !own.is_null("chain")) return std::optional<Link>{};
  return link_to(log, at, own.array<32>("name"), given);
}

Result<std::optional<LedgerWriter::Link>> LedgerWriter::link_to(
    const LogId& log, const At& at, const sync::Name& name, const std::optional<Digest>& given) {
  std::vector<std::optional<Digest>> before;
  if (at.seq == 0) {
    before.emplace_back(sync::chain_start(log));
  } else {
    Statement places =
        database_.prepare("SELECT chain FROM place WHERE log_id = :log_id AND seq = :seq");
    places.bind(":log_id", at.log_id).bind(":seq", at.seq - 1);
    for (;;) {
      const Result<bool> place = places.step();
      if (!place) return fail(place.error());
      if (!*place) break;
      before.emplace_back();
      if (!places.is_null("chain")) before.back() = places.array<32>("chain");
    }
  }
  for (const std::optional<Digest>& value : before) {
    if (!value) continue;
    const Link link{*value, sync::chain_next(*value, name)};
    // On a log with branches only the sender knows on which one the entry stands.
    if (given ? link.chain == *given : before.size() == 1) return std::optional<Link>{link};
  }
  if (given) {
    return fail(ErrorCode::unverified, "entry: its chain value does not follow from its log");
  }
  return std::optional<Link>{};
}

Status LedgerWriter::set_chain(const At& at, const Link& link) {
  const Status set = database_
                         .prepare(
                             "UPDATE place SET chain = :chain"
                             " WHERE log_id = :log_id AND seq = :seq AND entry_id = :entry_id")
                         .bind(":chain", link.chain)
                         .bind(":log_id", at.log_id)
                         .bind(":seq", at.seq)
                         .bind(":entry_id", at.entry_id)
                         .run();
  return set ? move_tip(at, link) : set;
}

Status LedgerWriter::move_tip(const At& at, const Link& link) {
  const Status moved =
      database_
          .prepare(
              "DELETE FROM log_tip WHERE log_id = :log_id AND count = :count AND chain = :chain")
          .bind(":log_id", at.log_id)
          .bind(":count", at.seq)
          .bind(":chain", link.before)
          .run();
  if (!moved) return moved;
  return database_
      .prepare(
          "INSERT OR IGNORE INTO log_tip (log_id, count, chain)"
          " VALUES (:log_id, :count, :chain)")
      .bind(":log_id", at.log_id)
      .bind(":count", at.seq + 1)
      .bind(":chain", link.chain)
      .run();
}

Status LedgerWriter::put(const sync::SignedLogHead& head) {
  const auto log = log_of(head.log);
  if (!log) return fail(log.error());
  return database_
      .prepare(
          "UPDATE log SET head_count = :count, head_chain = :chain, head_signature = :signature"
          " WHERE log_id = :log_id AND (head_count IS NULL OR head_count < :count)")
      .bind(":count", head.count)
      .bind(":chain", head.chain)
      .bind(":signature", head.signature)
      .bind(":log_id", log->log_id)
      .run();
}

}  // namespace tram::store
