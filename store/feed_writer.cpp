#include "store/feed_writer.hpp"

#include <algorithm>
#include <array>

#include "store/sqlite/database.hpp"
#include "sync/feed/merkle.hpp"

namespace tram::store {

using sync::Digest;
using sync::ErrorCode;
using sync::fail;
using sync::FeedAppend;
using sync::Result;
using sync::Status;

Result<Digest> feed_node(Database& database, std::int64_t feed_id, unsigned level,
                         std::uint64_t index) {
  Statement statement = level == 0
                            ? database.prepare(
                                  "SELECT name AS hash FROM feed_entry JOIN entry USING (entry_id)"
                                  " WHERE feed_id = :feed_id AND position = :idx")
                            : database.prepare(
                                  "SELECT hash FROM feed_node"
                                  " WHERE feed_id = :feed_id AND level = :level AND idx = :idx");
  statement.bind(":feed_id", feed_id).bind(":idx", index);
  if (level != 0) statement.bind(":level", level);
  const Result<bool> row = statement.step();
  if (!row) return fail(row.error());
  if (!*row) return fail(ErrorCode::damaged, "a feed lacks a node: run `repair`");
  if (level == 0) return sync::merkle::leaf_hash(statement.blob("hash"));
  return statement.array<32>("hash");
}

Result<FeedWriter::Feed> FeedWriter::feed_of(const sync::FeedId& feed) {
  Statement found = database_.prepare("SELECT feed_id, size FROM feed WHERE feed = :feed");
  const Result<bool> row = found.bind_text(":feed", feed).step();
  if (!row) return fail(row.error());
  if (*row) return Feed{found.integer("feed_id"), found.number("size")};
  const Status added =
      database_.prepare("INSERT INTO feed (feed) VALUES (:feed)").bind_text(":feed", feed).run();
  if (!added) return fail(added.error());
  return Feed{database_.last_row_id(), 0};
}

Result<std::int64_t> FeedWriter::entry_id_of(const sync::Name& name) {
  Statement found = database_.prepare("SELECT entry_id FROM entry WHERE name = :name");
  const Result<bool> row = found.bind(":name", name).step();
  if (!row) return fail(row.error());
  if (!*row) return fail(ErrorCode::not_found, "feed: a name that the store does not hold");
  return found.integer("entry_id");
}

Result<bool> FeedWriter::stands_in(const Feed& feed, std::int64_t entry_id) {
  Statement found = database_.prepare(
      "SELECT 1 FROM feed_entry WHERE entry_id = :entry_id AND feed_id = :feed_id");
  return found.bind(":entry_id", entry_id).bind(":feed_id", feed.feed_id).step();
}

Status FeedWriter::append(const FeedAppend& append) {
  const Result<Feed> feed = feed_of(append.feed);
  if (!feed) return fail(feed.error());
  const auto entry_id = entry_id_of(append.name);
  if (!entry_id) return fail(entry_id.error());
  if (const Status dropped = drop_delivery(append); !dropped) return dropped;
  const Result<bool> stands = stands_in(*feed, *entry_id);
  if (!stands) return fail(stands.error());
  if (*stands) return {};
  const auto scopes = index_.scopes_of(*entry_id);
  if (!scopes) return fail(scopes.error());
  const Status added = database_
                           .prepare(
                               "INSERT INTO feed_entry (feed_id, position, entry_id)"
                               " VALUES (:feed_id, :position, :entry_id)")
                           .bind(":feed_id", feed->feed_id)
                           .bind(":position", feed->size)
                           .bind(":entry_id", *entry_id)
                           .run();
  if (!added) return added;
  if (const Status nodes = add_nodes(*feed, append.name); !nodes) return nodes;
  const Status grown = database_.prepare("UPDATE feed SET size = size + 1 WHERE feed_id = :feed_id")
                           .bind(":feed_id", feed->feed_id)
                           .run();
  if (!grown) return grown;
  if (feed->feed_id == context_.home_feed) {
    const Status covered =
        database_.prepare("UPDATE entry SET pending = 0 WHERE entry_id = :entry_id AND pending = 1")
            .bind(":entry_id", *entry_id)
            .run();
    if (!covered) return covered;
  }
  const bool counted = std::find(scopes->begin(), scopes->end(), feed->feed_id) != scopes->end();
  return counted ? Status{} : index_.came_into(feed->feed_id, *entry_id);
}

Status FeedWriter::add_nodes(const Feed& feed, const sync::Name& name) {
  Status read;
  const auto completed = sync::merkle::append(
      feed.size, sync::merkle::leaf_hash(name), [&](unsigned level, std::uint64_t index) {
        const Result<Digest> node = feed_node(database_, feed.feed_id, level, index);
        if (!node) read = fail(node.error());
        return node.value_or(Digest{});
      });
  if (!read) return read;
  for (const sync::merkle::CompletedNode& node : completed) {
    if (node.level == 0) continue;
    const Status added = database_
                             .prepare(
                                 "INSERT INTO feed_node (feed_id, level, idx, hash)"
                                 " VALUES (:feed_id, :level, :idx, :hash)")
                             .bind(":feed_id", feed.feed_id)
                             .bind(":level", node.level)
                             .bind(":idx", node.index)
                             .bind(":hash", node.hash)
                             .run();
    if (!added) return added;
  }
  return {};
}

Status FeedWriter::cut(const sync::FeedCut& cut) {
  const Result<Feed> feed = feed_of(cut.feed);
  if (!feed) return fail(feed.error());
  if (feed->size <= cut.size) return {};
  sync::Writer head;
  sync::write_head(head, cut.head);
  {
    // The same commit once more, after the feed has grown again.
    Statement known = database_.prepare(
        "SELECT 1 FROM lost WHERE feed_id = :feed_id AND agreed = :agreed AND head = :head");
    known.bind(":feed_id", feed->feed_id).bind(":agreed", cut.size).bind(":head", head.view());
    const Result<bool> row = known.step();
    if (!row) return fail(row.error());
    if (*row) return {};
  }
  if (const Status kept = keep_lost(*feed, cut, head.view()); !kept) return kept;
  return drop_above(*feed, cut.size);
}

Status FeedWriter::keep_lost(const Feed& feed, const sync::FeedCut& cut, sync::ByteView head) {
  // What earlier stretches still borrow from the feed is about to leave it.
  const Status earlier =
      database_
          .prepare(
              "INSERT INTO lost_entry (lost_id, position, entry_id)"
              " SELECT lost_id, position, entry_id FROM lost JOIN feed_entry USING (feed_id)"
              " WHERE feed_id = :feed_id AND position >= :size AND position < kept_from")
          .bind(":feed_id", feed.feed_id)
          .bind(":size", cut.size)
          .run();
  if (!earlier) return earlier;
  // And what was given back is lost again. Where the same part was cut here before, that row
  // serves.
  constexpr std::array steps{
      "UPDATE lost SET kept_from = min(kept_from, :size), returned = min(returned, :size)"
      " WHERE feed_id = :feed_id",
      "UPDATE OR IGNORE lost SET agreed = min(agreed, :size) WHERE feed_id = :feed_id",
  };
  for (const char* step : steps) {
    Statement statement = database_.prepare(step);
    statement.bind(":feed_id", feed.feed_id).bind(":size", cut.size);
    if (const Status lowered = statement.run(); !lowered) return lowered;
  }
  // Above the last cut no head has come yet: the stretches of earlier ones have it all.
  if (cut.head.size <= cut.size) return {};
  const Status added = database_
                           .prepare(
                               "INSERT INTO lost (feed_id, head, agreed, kept_from, returned)"
                               " VALUES (:feed_id, :head, :size, :size, :size)")
                           .bind(":feed_id", feed.feed_id)
                           .bind(":head", head)
                           .bind(":size", cut.size)
                           .run();
  if (!added) return added;
  return database_
      .prepare(
          "INSERT INTO lost_entry (lost_id, position, entry_id)"
          " SELECT :lost_id, position, entry_id FROM feed_entry"
          " WHERE feed_id = :feed_id AND position >= :size")
      .bind(":lost_id", database_.last_row_id())
      .bind(":feed_id", feed.feed_id)
      .bind(":size", cut.size)
      .run();
}

Status FeedWriter::drop_above(const Feed& feed, std::uint64_t size) {
  if (feed.feed_id == context_.home_feed) {
    // Own entries above are covered by no receipt any more.
    const Status pending =
        database_
            .prepare(
                "UPDATE entry SET pending = 1 WHERE entry_id IN ("
                " SELECT gone.entry_id FROM feed_entry AS gone JOIN entry AS held USING (entry_id)"
                " JOIN log USING (log_id)"
                " WHERE feed_id = :feed_id AND position >= :size AND own = 1)")
            .bind(":feed_id", feed.feed_id)
            .bind(":size", size)
            .run();
    if (!pending) return pending;
  }
  constexpr std::array steps{
      "DELETE FROM feed_entry WHERE feed_id = :feed_id AND position >= :size",
      "DELETE FROM feed_node WHERE feed_id = :feed_id AND (idx + 1) << level > :size",
      "UPDATE feed SET size = :size WHERE feed_id = :feed_id",
      "UPDATE head SET void = 1 WHERE feed_id = :feed_id AND size > :size",
  };
  for (const char* step : steps) {
    Statement statement = database_.prepare(step);
    statement.bind(":feed_id", feed.feed_id).bind(":size", size);
    if (const Status done = statement.run(); !done) return done;
  }
  return {};
}

Status FeedWriter::deliver(const FeedAppend& delivery) {
  const Result<Feed> feed = feed_of(delivery.feed);
  if (!feed) return fail(feed.error());
  const auto entry_id = entry_id_of(delivery.name);
  if (!entry_id) return fail(entry_id.error());
  const Result<bool> stands = stands_in(*feed, *entry_id);
  if (!stands) return fail(stands.error());
  if (*stands) return {};
  return database_
      .prepare("INSERT OR IGNORE INTO delivery (feed_id, entry_id) VALUES (:feed_id, :entry_id)")
      .bind(":feed_id", feed->feed_id)
      .bind(":entry_id", *entry_id)
      .run();
}

Status FeedWriter::drop_delivery(const FeedAppend& delivery) {
  if (context_.home_feed != 0) return {};  // only a hub delivers
  return database_
      .prepare(
          "DELETE FROM delivery"
          " WHERE feed_id = (SELECT feed_id FROM feed WHERE feed = :feed)"
          " AND entry_id = (SELECT entry_id FROM entry WHERE name = :name)")
      .bind_text(":feed", delivery.feed)
      .bind(":name", delivery.name)
      .run();
}

Status FeedWriter::hold(const sync::RecordRef& record, const sync::Holder& holder) {
  const Result<Feed> feed = feed_of(holder.feed);
  if (!feed) return fail(feed.error());
  return database_
      .prepare(
          "INSERT INTO holder (kind, record, feed_id, standing)"
          " VALUES (:kind, :record, :feed_id, :standing)"
          " ON CONFLICT (kind, record, feed_id)"
          " DO UPDATE SET standing = max(standing, excluded.standing)")
      .bind(":kind", record.kind)
      .bind(":record", record.id)
      .bind(":feed_id", feed->feed_id)
      .bind(":standing", holder.standing)
      .run();
}

Status FeedWriter::put(const sync::SignedHead& head) {
  const Result<Feed> feed = feed_of(head.feed);
  if (!feed) return fail(feed.error());
  sync::Writer bytes;
  sync::write_head(bytes, head);
  // Said again later, a head that was void counts again: the hub has found its way back to it.
  return database_
      .prepare(
          "INSERT INTO head (feed_id, epoch, size, root, hub_time, bytes)"
          " VALUES (:feed_id, :epoch, :size, :root, :hub_time, :bytes)"
          " ON CONFLICT (feed_id, epoch, size, root) DO UPDATE SET"
          " hub_time = excluded.hub_time, bytes = excluded.bytes, void = 0"
          " WHERE excluded.hub_time > hub_time")
      .bind(":feed_id", feed->feed_id)
      .bind(":epoch", head.epoch)
      .bind(":size", head.size)
      .bind(":root", head.root)
      .bind(":hub_time", head.hub_time.ms)
      .bind(":bytes", bytes.view())
      .run();
}

Status FeedWriter::returned(std::int64_t lost_id, std::uint64_t progress) {
  return database_
      .prepare(
          "UPDATE lost SET returned = :progress"
          " WHERE lost_id = :lost_id AND returned < :progress")
      .bind(":progress", progress)
      .bind(":lost_id", lost_id)
      .run();
}

}  // namespace tram::store
