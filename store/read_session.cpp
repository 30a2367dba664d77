#include "store/read_unit.hpp"
#include "store/sqlite/database.hpp"
#include "sync/core/codec.hpp"

// The engine's port: heads, what a hub lost, and what sessions remember.
namespace tram::store {

using sync::FeedId;
using sync::Name;

namespace {

sync::Result<sync::SignedHead> decode_head(sync::ByteView bytes) {
  sync::Reader in(bytes);
  sync::SignedHead head = sync::read_head(in);
  if (const sync::Status done = in.finish("stored head"); !done) return sync::fail(done.error());
  return head;
}

}  // namespace

std::optional<sync::SignedHead> ReadUnit::newest_head(const FeedId& feed) const {
  Statement statement = database_.prepare(
      "SELECT bytes FROM head JOIN feed USING (feed_id) WHERE feed = :feed AND void = 0"
      " ORDER BY head.size DESC, hub_time DESC, head_id DESC LIMIT 1");
  statement.bind_text(":feed", feed);
  if (!row(statement)) return std::nullopt;
  const auto head = decode_head(statement.blob("bytes"));
  if (!head) {
    latch(head.error());
    return std::nullopt;
  }
  return *head;
}

std::vector<sync::SignedHead> ReadUnit::heads(const FeedId& feed, std::size_t max) const {
  Statement statement = database_.prepare(
      "SELECT bytes FROM head JOIN feed USING (feed_id) WHERE feed = :feed"
      " ORDER BY hub_time, head.size, head_id LIMIT :max");
  statement.bind_text(":feed", feed).bind(":max", max);
  std::vector<sync::SignedHead> heads;
  while (row(statement)) {
    const auto head = decode_head(statement.blob("bytes"));
    if (!head) {
      latch(head.error());
      return {};
    }
    heads.push_back(*head);
  }
  return heads;
}

std::vector<sync::LostStretch> ReadUnit::lost(const FeedId& feed) const {
  Statement statement = database_.prepare(
      "SELECT lost_id, head, agreed, returned FROM lost JOIN feed USING (feed_id)"
      " WHERE feed = :feed ORDER BY lost_id");
  statement.bind_text(":feed", feed);
  std::vector<sync::LostStretch> stretches;
  while (row(statement)) {
    const auto head = decode_head(statement.blob("head"));
    if (!head) {
      latch(head.error());
      return {};
    }
    stretches.push_back({statement.integer("lost_id"), *head, statement.number("agreed"),
                         statement.number("returned")});
  }
  return stretches;
}

std::vector<Name> ReadUnit::lost_feed(const sync::LostStretch& stretch) const {
  Statement statement = database_.prepare(
      "SELECT name FROM ("
      " SELECT position, entry_id FROM lost JOIN feed_entry USING (feed_id)"
      " WHERE lost_id = :lost_id AND position < kept_from"
      " UNION ALL SELECT position, entry_id FROM lost_entry WHERE lost_id = :lost_id)"
      " JOIN entry USING (entry_id) WHERE position < :size ORDER BY position");
  statement.bind(":lost_id", stretch.id).bind(":size", stretch.head.size);
  std::vector<Name> names;
  while (row(statement)) names.push_back(statement.array<32>("name"));
  return names;
}

std::vector<sync::Holder> ReadUnit::holders(const sync::RecordRef& record) const {
  Statement statement = database_.prepare(
      "SELECT feed, standing FROM holder JOIN feed USING (feed_id)"
      " WHERE kind = :kind AND record = :record ORDER BY feed_id");
  statement.bind(":kind", record.kind).bind(":record", record.id);
  std::vector<sync::Holder> holders;
  while (row(statement)) holders.push_back({statement.text("feed"), statement.flag("standing")});
  return holders;
}

std::vector<sync::Lineage> ReadUnit::lineages(const sync::PublicKey& device) const {
  Statement statement = database_.prepare(
      "SELECT number, last_run, count, copied FROM lineage WHERE device = :device"
      " ORDER BY number");
  statement.bind(":device", device);
  std::vector<sync::Lineage> lineages;
  while (row(statement)) {
    lineages.push_back({static_cast<std::uint32_t>(statement.integer("number")),
                        statement.array<16>("last_run"), statement.number("count"),
                        statement.flag("copied")});
  }
  return lineages;
}

std::vector<DoubtfulDevice> ReadUnit::doubtful_devices() const {
  Statement statement = database_.prepare(
      "SELECT device, count(*) AS lineages, max(copied) AS copied FROM lineage"
      " WHERE device IN (SELECT device FROM lineage WHERE number > 1)"
      " GROUP BY device ORDER BY device");
  std::vector<DoubtfulDevice> devices;
  while (row(statement)) {
    devices.push_back({statement.array<32>("device"),
                       static_cast<std::uint32_t>(statement.integer("lineages")),
                       statement.flag("copied")});
  }
  return devices;
}

std::optional<sync::VisitState> ReadUnit::visit_state() const {
  Statement statement = database_.prepare(
      "SELECT run, acknowledged_run, acknowledged_count, maybe_runs, acknowledged FROM run_state");
  if (!row(statement)) return std::nullopt;
  sync::VisitState state;
  state.visit = statement.array<16>("run");
  if (!statement.is_null("acknowledged_run")) {
    state.acknowledged_visit = statement.array<16>("acknowledged_run");
  }
  state.acknowledged_count = statement.number("acknowledged_count");
  sync::Reader runs(statement.blob("maybe_runs"));
  while (runs.left() >= sizeof(state.visit)) state.maybe_visits.push_back(runs.array<16>());
  state.acknowledged = statement.flag("acknowledged");
  return state;
}

std::vector<FeedRow> ReadUnit::feeds() const {
  Statement statement = database_.prepare("SELECT feed, size FROM feed ORDER BY feed");
  std::vector<FeedRow> feeds;
  while (row(statement)) feeds.push_back({statement.text("feed"), statement.number("size")});
  return feeds;
}

std::vector<Delivery> ReadUnit::deliveries(std::size_t max) const {
  Statement statement = database_.prepare(
      "SELECT feed, name FROM delivery JOIN feed USING (feed_id) JOIN entry USING (entry_id)"
      " ORDER BY delivery_id LIMIT :max");
  statement.bind(":max", max);
  std::vector<Delivery> deliveries;
  while (row(statement)) {
    deliveries.push_back({statement.text("feed"), statement.array<32>("name")});
  }
  return deliveries;
}

std::optional<Name> ReadUnit::imported_as(const sync::Digest& event) const {
  Statement statement = database_.prepare(
      "SELECT name FROM import_event JOIN entry USING (entry_id) WHERE event = :event");
  statement.bind(":event", event);
  if (!row(statement)) return std::nullopt;
  return statement.array<32>("name");
}

bool ReadUnit::is_erased(const sync::RecordRef& record) const {
  Statement statement = database_.prepare(
      "SELECT 1 FROM erasure WHERE kind = :kind AND record = :record AND counts = 1");
  statement.bind(":kind", record.kind).bind(":record", record.id);
  return row(statement);
}

std::optional<sync::Bytes> ReadUnit::meta(std::string_view key) const {
  Statement statement = database_.prepare("SELECT value FROM meta WHERE key = :key");
  statement.bind_text(":key", key);
  if (!row(statement)) return std::nullopt;
  return sync::to_bytes(statement.blob("value"));
}

}  // namespace tram::store
