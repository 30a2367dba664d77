#include <algorithm>

#include "store/context.hpp"
#include "store/feed_writer.hpp"
#include "store/read_unit.hpp"
#include "store/sqlite/database.hpp"
#include "sync/feed/merkle.hpp"

// The engine's port: entries, logs and feeds.
namespace tram::store {

using sync::Digest;
using sync::FeedId;
using sync::LogId;
using sync::Name;
using sync::Place;
using sync::RecordRef;

ReadUnit::ReadUnit(Database& database, const Context& context)
    : database_(database), context_(context) {}

sync::Status ReadUnit::status() const {
  if (error_) return sync::fail(*error_);
  return {};
}

void ReadUnit::latch(const sync::Error& error) const {
  if (!error_) error_ = error;
}

bool ReadUnit::row(Statement& statement) const {
  if (error_) return false;
  const sync::Result<bool> stands = statement.step();
  if (!stands) latch(stands.error());
  return stands.value_or(false);
}

std::optional<sync::HeldEntry> ReadUnit::entry(const Name& name) const {
  Statement statement = database_.prepare(
      "SELECT log, seq, bytes FROM entry JOIN log USING (log_id) WHERE name = :name");
  statement.bind(":name", name);
  if (!row(statement)) return std::nullopt;
  sync::HeldEntry held;
  held.name = name;
  held.place = {statement.array<16>("log"), statement.number("seq")};
  if (!statement.is_null("bytes")) held.bytes = sync::to_bytes(statement.blob("bytes"));
  return held;
}

std::vector<Name> ReadUnit::names_at(const Place& place) const {
  Statement statement = database_.prepare(
      "SELECT name FROM place JOIN log USING (log_id) JOIN entry USING (entry_id)"
      " WHERE log = :log AND place.seq = :seq");
  statement.bind(":log", place.log).bind(":seq", place.seq);
  std::vector<Name> names;
  while (row(statement)) names.push_back(statement.array<32>("name"));
  std::ranges::sort(names);  // nearly always one: SQLite would set up a sorter for each call
  return names;
}

std::optional<RecordRef> ReadUnit::record_of(const Name& name) const {
  Statement statement =
      database_.prepare("SELECT kind, record FROM entry WHERE name = :name AND record IS NOT NULL");
  statement.bind(":name", name);
  if (!row(statement)) return std::nullopt;
  return RecordRef{static_cast<std::uint32_t>(statement.integer("kind")),
                   statement.array<16>("record")};
}

std::vector<Name> ReadUnit::names_without_bytes(const FeedId& feed, std::size_t max) const {
  // Nearly always there is none; sorting nothing would still make a table.
  Statement any = database_.prepare("SELECT 1 FROM entry WHERE bytes IS NULL AND erased = 0");
  if (!row(any)) return {};
  // From the few entries without bytes to their feeds, never through the whole feed.
  Statement statement = database_.prepare(
      "SELECT name FROM entry CROSS JOIN feed_entry USING (entry_id) JOIN feed USING (feed_id)"
      " WHERE bytes IS NULL AND erased = 0 AND feed = :feed ORDER BY position LIMIT :max");
  statement.bind_text(":feed", feed).bind(":max", max);
  std::vector<Name> names;
  while (row(statement)) names.push_back(statement.array<32>("name"));
  return names;
}

std::optional<sync::LogState> ReadUnit::log(const LogId& log) const {
  // This very store wrote no log from before a repair: there may be holes in those, and what fills
  // them again is no sign of a copy.
  Statement statement = database_.prepare(
      "SELECT log_id, device, unit, own = 1 AND log_id > coalesce((SELECT CAST(value AS INTEGER)"
      " FROM meta WHERE key = 'store.mended_logs'), 0) AS own FROM log WHERE log = :log");
  statement.bind(":log", log);
  if (!row(statement)) return std::nullopt;
  sync::LogState state;
  if (!statement.is_null("device")) state.device = statement.array<32>("device");
  state.unit = statement.text("unit");
  state.own = statement.flag("own");
  Statement tips = database_.prepare("SELECT count, chain FROM log_tip WHERE log_id = :log_id");
  tips.bind(":log_id", statement.integer("log_id"));
  while (row(tips)) state.tips.push_back({tips.number("count"), tips.array<32>("chain")});
  std::ranges::sort(state.tips, [](const sync::LogTip& a, const sync::LogTip& b) {
    return a.count != b.count ? a.count > b.count : a.chain < b.chain;
  });
  return state;
}

std::vector<Digest> ReadUnit::chains_at(const LogId& log, std::uint64_t count) const {
  if (count == 0) return {};
  Statement statement = database_.prepare(
      "SELECT chain FROM place JOIN log USING (log_id)"
      " WHERE log = :log AND seq = :seq AND chain IS NOT NULL");
  statement.bind(":log", log).bind(":seq", count - 1);
  std::vector<Digest> chains;
  while (row(statement)) chains.push_back(statement.array<32>("chain"));
  std::ranges::sort(chains);
  return chains;
}

std::vector<sync::PendingLog> ReadUnit::pending_logs() const {
  Statement statement = database_.prepare(
      "SELECT log, first, (SELECT max(seq) + 1 FROM place"
      " WHERE place.log_id = waiting.log_id) AS count"
      " FROM (SELECT log_id, min(seq) AS first FROM entry WHERE pending = 1 GROUP BY log_id)"
      " AS waiting JOIN log USING (log_id) ORDER BY log_id");
  std::vector<sync::PendingLog> logs;
  while (row(statement)) {
    logs.push_back(
        {statement.array<16>("log"), statement.number("first"), statement.number("count")});
  }
  return logs;
}

std::optional<sync::SignedLogHead> ReadUnit::log_head(const LogId& log) const {
  Statement statement = database_.prepare(
      "SELECT head_count, head_chain, head_signature FROM log"
      " WHERE log = :log AND head_count IS NOT NULL");
  statement.bind(":log", log);
  if (!row(statement)) return std::nullopt;
  return sync::SignedLogHead{log, statement.number("head_count"), statement.array<32>("head_chain"),
                             statement.array<64>("head_signature")};
}

std::optional<Name> ReadUnit::newest_own_entry() const {
  Statement statement = database_.prepare(
      "SELECT name FROM place JOIN entry USING (entry_id)"
      " WHERE place.log_id = (SELECT max(log_id) FROM log WHERE own = 1"
      " AND EXISTS (SELECT 1 FROM place WHERE place.log_id = log.log_id))"
      " ORDER BY place.seq DESC LIMIT 1");
  if (!row(statement)) return std::nullopt;
  return statement.array<32>("name");
}

std::uint64_t ReadUnit::feed_size(const FeedId& feed) const {
  Statement statement = database_.prepare("SELECT size FROM feed WHERE feed = :feed");
  statement.bind_text(":feed", feed);
  return row(statement) ? statement.number("size") : 0;
}

std::optional<std::int64_t> ReadUnit::feed_id_of(const FeedId& feed) const {
  Statement statement = database_.prepare("SELECT feed_id FROM feed WHERE feed = :feed");
  statement.bind_text(":feed", feed);
  if (!row(statement)) return std::nullopt;
  return statement.integer("feed_id");
}

Digest ReadUnit::node_of(std::int64_t feed_id, unsigned level, std::uint64_t index) const {
  const auto node = store::feed_node(database_, feed_id, level, index);
  if (!node) latch(node.error());
  return node.value_or(Digest{});
}

Digest ReadUnit::feed_node(const FeedId& feed, unsigned level, std::uint64_t index) const {
  const std::optional<std::int64_t> feed_id = feed_id_of(feed);
  return feed_id ? node_of(*feed_id, level, index) : Digest{};
}

Digest ReadUnit::feed_root(const FeedId& feed, std::uint64_t size) const {
  const std::optional<std::int64_t> feed_id = feed_id_of(feed);
  return sync::merkle::root(size, [&](unsigned level, std::uint64_t index) {
    return feed_id ? node_of(*feed_id, level, index) : Digest{};
  });
}

std::vector<Name> ReadUnit::feed_names(const FeedId& feed, std::uint64_t from,
                                       std::size_t max) const {
  Statement statement = database_.prepare(
      "SELECT name FROM feed_entry JOIN feed USING (feed_id) JOIN entry USING (entry_id)"
      " WHERE feed = :feed AND position >= :from ORDER BY position LIMIT :max");
  statement.bind_text(":feed", feed).bind(":from", from).bind(":max", max);
  std::vector<Name> names;
  while (row(statement)) names.push_back(statement.array<32>("name"));
  return names;
}

std::optional<std::uint64_t> ReadUnit::feed_position(const FeedId& feed, const Name& name) const {
  Statement statement = database_.prepare(
      "SELECT position FROM entry JOIN feed_entry USING (entry_id) JOIN feed USING (feed_id)"
      " WHERE name = :name AND feed = :feed");
  statement.bind(":name", name).bind_text(":feed", feed);
  if (!row(statement)) return std::nullopt;
  return statement.number("position");
}

std::vector<Name> ReadUnit::record_entries(const FeedId& feed, const RecordRef& record) const {
  // From the record's few entries to their feeds, never through the whole feed.
  Statement statement = database_.prepare(
      "WITH about (entry_id) AS ("
      " SELECT entry_id FROM entry WHERE kind = :kind AND record = :record"
      " UNION SELECT verdict.entry_id FROM entry JOIN verdict ON target = name"
      "  WHERE kind = :kind AND record = :record)"
      " SELECT name FROM about CROSS JOIN entry USING (entry_id) CROSS JOIN feed_entry"
      " USING (entry_id) JOIN feed USING (feed_id) WHERE feed = :feed ORDER BY position");
  statement.bind(":kind", record.kind).bind(":record", record.id).bind_text(":feed", feed);
  std::vector<Name> names;
  while (row(statement)) names.push_back(statement.array<32>("name"));
  return names;
}

}  // namespace tram::store
