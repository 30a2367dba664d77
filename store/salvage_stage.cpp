#include "store/salvage_stage.hpp"

#include <vector>

#include "store/leaf_rows.hpp"
#include "store/sqlite/page_file.hpp"
#include "sync/ledger/entry.hpp"

namespace tram::store {

using sync::ByteView;
using sync::fail;
using sync::Result;
using sync::Status;

namespace {

constexpr const char* tables = R"sql(
CREATE TABLE s_log (log_id INTEGER PRIMARY KEY, log BLOB NOT NULL UNIQUE, device BLOB, unit TEXT,
  own INTEGER, head_count INTEGER, head_chain BLOB, head_signature BLOB) STRICT;
CREATE TABLE s_entry (entry_id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, log_id INTEGER,
  erased INTEGER NOT NULL DEFAULT 0, kind INTEGER, record BLOB,
  pending INTEGER NOT NULL DEFAULT 0,  -- of an own log, then
  lost INTEGER NOT NULL DEFAULT 0,  -- its bytes, if there were any, are gone
  kept INTEGER NOT NULL DEFAULT 0, bytes BLOB) STRICT;
CREATE INDEX s_entry_log ON s_entry (log_id);
CREATE TABLE s_place (log_id INTEGER, seq INTEGER, entry_id INTEGER, chain BLOB,
  PRIMARY KEY (log_id, seq, entry_id)) STRICT, WITHOUT ROWID;
CREATE INDEX s_place_entry ON s_place (entry_id);
CREATE TABLE s_pending (log_id INTEGER, seq INTEGER, entry_id INTEGER,
  PRIMARY KEY (log_id, seq, entry_id)) STRICT, WITHOUT ROWID;
CREATE TABLE s_feed (feed_id INTEGER PRIMARY KEY, feed TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE s_position (feed_id INTEGER, position INTEGER, entry_id INTEGER,
  PRIMARY KEY (feed_id, position)) STRICT, WITHOUT ROWID;
CREATE TABLE s_head (head_id INTEGER PRIMARY KEY, feed_id INTEGER, size INTEGER, void INTEGER,
  bytes BLOB) STRICT;
CREATE TABLE s_lost (lost_id INTEGER PRIMARY KEY, feed_id INTEGER, head BLOB, agreed INTEGER,
  kept_from INTEGER, returned INTEGER) STRICT;
CREATE TABLE s_lost_position (lost_id INTEGER, position INTEGER, entry_id INTEGER,
  PRIMARY KEY (lost_id, position)) STRICT, WITHOUT ROWID;
CREATE TABLE s_delivery (feed_id INTEGER, entry_id INTEGER, delivery_id INTEGER,
  PRIMARY KEY (feed_id, entry_id)) STRICT, WITHOUT ROWID;
CREATE TABLE s_holder (kind INTEGER, record BLOB, feed_id INTEGER, standing INTEGER,
  PRIMARY KEY (kind, record, feed_id)) STRICT, WITHOUT ROWID;
CREATE TABLE s_lineage (device BLOB, number INTEGER, last_run BLOB, count INTEGER, copied INTEGER,
  PRIMARY KEY (device, number)) STRICT, WITHOUT ROWID;
CREATE TABLE s_run_state (one INTEGER PRIMARY KEY, run BLOB, acknowledged_run BLOB,
  acknowledged_count INTEGER, maybe_runs BLOB, acknowledged INTEGER) STRICT;
CREATE TABLE s_meta (key TEXT PRIMARY KEY, value BLOB) STRICT, WITHOUT ROWID;
CREATE TABLE s_hub_key (device BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
)sql";

bool is_number_or_null(const LeafValue& value) {
  return value.is_null() || value.is_integer();
}
bool is_blob_or_null(const LeafValue& value, std::size_t size) {
  return value.is_null() || value.is_blob(size);
}
bool all_numbers(const LeafRow& row, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    if (!row.values[i].is_integer()) return false;
  }
  return true;
}

// The shapes of the schema's tables (schema/sql); no two have the same.
bool is_entry(const LeafRow& row) {
  const auto& v = row.values;
  return v.size() == 11 && v[1].is_blob(32) && all_numbers(row, 2, 5) && is_number_or_null(v[5]) &&
         is_blob_or_null(v[6], 16) && all_numbers(row, 7, 10) &&
         (v[10].is_null() || v[10].kind == LeafValue::Kind::blob);
}
bool is_log(const LeafRow& row) {
  const auto& v = row.values;
  return v.size() == 8 && v[1].is_blob(16) && is_blob_or_null(v[2], 32) &&
         (v[3].is_null() || v[3].kind == LeafValue::Kind::text) && v[4].is_integer() &&
         is_number_or_null(v[5]) && is_blob_or_null(v[6], 32) && is_blob_or_null(v[7], 64);
}
bool is_head(const LeafRow& row) {
  const auto& v = row.values;
  return v.size() == 8 && v[1].is_integer() && v[2].is_blob(8) && v[3].is_integer() &&
         v[4].is_blob(32) && all_numbers(row, 5, 7) && v[7].kind == LeafValue::Kind::blob;
}
bool is_feed(const LeafRow& row) {
  const auto& v = row.values;
  return v.size() == 3 && v[1].kind == LeafValue::Kind::text && v[2].is_integer();
}
bool is_delivery(const LeafRow& row) {
  return row.values.size() == 3 && all_numbers(row, 1, 3);
}
bool is_lost(const LeafRow& row) {
  const auto& v = row.values;
  return v.size() == 6 && v[1].is_integer() && v[2].kind == LeafValue::Kind::blob &&
         all_numbers(row, 3, 6);
}
bool is_run_state(const LeafRow& row) {
  const auto& v = row.values;
  return v.size() == 6 && v[1].is_blob(16) && is_blob_or_null(v[2], 16) && v[3].is_integer() &&
         v[4].kind == LeafValue::Kind::blob && v[5].is_integer();
}

Statement& bind(Statement& statement, std::string_view parameter, const LeafValue& value) {
  switch (value.kind) {
    case LeafValue::Kind::null: return statement.bind_null(parameter);
    case LeafValue::Kind::integer: return statement.bind(parameter, value.integer);
    case LeafValue::Kind::blob: return statement.bind(parameter, value.bytes);
    case LeafValue::Kind::text: return statement.bind_text(parameter, sync::as_text(value.bytes));
  }
  return statement;
}

}  // namespace

Result<std::unique_ptr<SalvageStage>> SalvageStage::create(const std::filesystem::path& path,
                                                           ByteView key) {
  DatabaseOptions options;
  options.path = path;
  options.key = key;
  auto database = Database::open(options);
  if (!database) return fail(database.error());
  if (const Status made = (*database)->execute(tables); !made) return fail(made.error());
  if (const Status begun = (*database)->prepare("BEGIN").run(); !begun) return fail(begun.error());
  return std::unique_ptr<SalvageStage>(new SalvageStage(std::move(*database)));
}

// --- tables with row ids ---

Status SalvageStage::scan(PageFile& file, const std::function<void(std::uint64_t)>& page) {
  pages_ = file.pages();
  for (std::uint32_t number = 1; number <= file.pages(); ++number) {
    const bool readable =
        for_each_leaf_row(file, number, [this](const LeafRow& row) { keep(row); });
    if (!readable) ++pages_unreadable_;
    if (!kept_) return kept_;
    if (page) page(number);
  }
  return {};
}

void SalvageStage::keep(const LeafRow& row) {
  if (!kept_ || row.values.empty() || !row.values.front().is_null()) return;
  kept_ = is_entry(row) ? keep_entry(row) : keep_small(row);
}

Status SalvageStage::keep_entry(const LeafRow& row) {
  const auto& v = row.values;
  const LeafValue& bytes = v[10];
  // Bytes that another hand changed are no better than none.
  const bool sound =
      bytes.is_null() || sync::name_of(bytes.bytes) == *sync::to_array<32>(v[1].bytes);
  Statement statement = database_->prepare(
      "INSERT OR IGNORE INTO s_entry"
      " (entry_id, name, log_id, erased, kind, record, pending, lost, bytes)"
      " VALUES (:entry_id, :name, :log_id, :erased, :kind, :record, :pending, :lost, :bytes)");
  statement.bind(":entry_id", row.row_id).bind(":name", v[1].bytes);
  statement.bind(":erased", v[8].integer).bind(":pending", v[9].integer).bind(":lost", !sound);
  // The log of a misplaced entry is not the one that its bytes name.
  const bool misplaced = v[7].integer != 0;
  bind(statement, ":log_id", misplaced ? LeafValue{} : v[2]);
  bind(bind(statement, ":kind", v[5]), ":record", v[6]);
  return bind(statement, ":bytes", sound ? bytes : LeafValue{}).run();
}

Status SalvageStage::keep_small(const LeafRow& row) {
  const auto& v = row.values;
  const auto keep_as = [&](const char* sql, const std::vector<const char*>& parameters) {
    Statement statement = database_->prepare(sql);
    statement.bind(":id", row.row_id);
    for (std::size_t i = 0; i < parameters.size(); ++i) bind(statement, parameters[i], v[i + 1]);
    return statement.run();
  };
  if (is_log(row)) {
    return keep_as("INSERT OR IGNORE INTO s_log VALUES (:id, :a, :b, :c, :d, :e, :f, :g)",
                   {":a", ":b", ":c", ":d", ":e", ":f", ":g"});
  }
  if (is_head(row)) {
    Statement statement = database_->prepare(
        "INSERT OR IGNORE INTO s_head (head_id, feed_id, size, void, bytes)"
        " VALUES (:head_id, :feed_id, :size, :void, :bytes)");
    statement.bind(":head_id", row.row_id).bind(":feed_id", v[1].integer);
    statement.bind(":size", v[3].integer).bind(":void", v[6].integer);
    return statement.bind(":bytes", v[7].bytes).run();
  }
  if (is_feed(row)) {
    Statement statement =
        database_->prepare("INSERT OR IGNORE INTO s_feed (feed_id, feed) VALUES (:feed_id, :feed)");
    statement.bind(":feed_id", row.row_id).bind_text(":feed", sync::as_text(v[1].bytes));
    return statement.run();
  }
  if (is_delivery(row)) {
    return keep_as(
        "INSERT OR IGNORE INTO s_delivery (delivery_id, feed_id, entry_id) VALUES (:id, :a, :b)",
        {":a", ":b"});
  }
  if (is_lost(row)) {
    return keep_as("INSERT OR IGNORE INTO s_lost VALUES (:id, :a, :b, :c, :d, :e)",
                   {":a", ":b", ":c", ":d", ":e"});
  }
  if (is_run_state(row)) {
    return keep_as("INSERT OR IGNORE INTO s_run_state VALUES (:id, :a, :b, :c, :d, :e)",
                   {":a", ":b", ":c", ":d", ":e"});
  }
  return {};
}

}  // namespace tram::store
