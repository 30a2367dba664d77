#include <algorithm>

#include "store/salvage_build.hpp"
#include "sync/core/codec.hpp"
#include "sync/feed/merkle.hpp"
#include "sync/session/routing.hpp"

// What a salvaged store remembers beside entries and feeds, and what it comes to.
namespace tram::store {

using sync::fail;
using sync::Name;
using sync::Result;
using sync::Status;

namespace {

constexpr std::size_t entries_a_step = 500;

template <class Visit>
Status each(Statement& statement, const Visit& visit) {
  while (true) {
    const Result<bool> row = statement.step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    if (const Status visited = visit(); !visited) return visited;
  }
}

bool is_signed(const sync::SignedHead& head, const std::vector<sync::PublicKey>& keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const sync::PublicKey& key) { return sync::verify_head(key, head); });
}

}  // namespace

// What the hub lost and this node gives back: only whole, under the head that proves it.
Status SalvageBuild::lost_stretches() {
  Statement rows = stage_.prepare(
      "SELECT lost_id, s_lost.feed_id, feed, head, agreed, kept_from, returned"
      " FROM s_lost JOIN s_feed USING (feed_id) ORDER BY lost_id");
  return fresh_.write([&](WriteUnit& unit) {
    return each(rows, [&]() -> Status {
      sync::Reader in(rows.blob("head"));
      const sync::SignedHead head = sync::read_head(in);
      if (!in.finish("head") || !is_signed(head, options_.store.hub_keys)) return {};
      Statement positions = stage_.prepare(
          "SELECT position, name FROM ("
          " SELECT position, entry_id FROM s_position"
          "  WHERE feed_id = :feed_id AND position < :kept_from"
          " UNION ALL SELECT position, entry_id FROM s_lost_position WHERE lost_id = :lost_id)"
          " JOIN s_entry USING (entry_id) WHERE kept = 1 AND position < :size ORDER BY position");
      positions.bind(":feed_id", rows.integer("feed_id")).bind(":lost_id", rows.integer("lost_id"));
      positions.bind(":kept_from", rows.integer("kept_from")).bind(":size", head.size);
      std::vector<Name> names;
      std::vector<sync::Digest> leaves;
      const Status read = each(positions, [&]() -> Status {
        names.push_back(positions.array<32>("name"));
        leaves.push_back(sync::merkle::leaf_hash(names.back()));
        return {};
      });
      if (!read) return read;
      if (names.size() != head.size || sync::merkle::root_of(leaves) != head.root) return {};
      return put_lost(unit, rows, names);
    });
  });
}

Status SalvageBuild::put_lost(WriteUnit& unit, const Statement& row,
                              const std::vector<Name>& names) {
  const std::string feed = row.text("feed");
  const std::uint64_t size = unit.feed_size(feed);
  const std::uint64_t kept_from = std::min(row.number("kept_from"), size);
  Database& database = unit.database();
  const Status put =
      database
          .prepare(
              "INSERT INTO lost (lost_id, feed_id, head, agreed, kept_from, returned)"
              " SELECT :lost_id, feed_id, :head, :agreed, :kept_from, :returned"
              " FROM feed WHERE feed = :feed")
          .bind(":lost_id", row.integer("lost_id"))
          .bind(":head", row.blob("head"))
          .bind(":agreed", std::min(row.number("agreed"), size))
          .bind(":kept_from", kept_from)
          .bind(":returned", std::min(row.number("returned"), size))
          .bind_text(":feed", feed)
          .run();
  if (!put) return put;
  for (std::uint64_t position = kept_from; position < names.size(); ++position) {
    const Status placed =
        database
            .prepare(
                "INSERT INTO lost_entry (lost_id, position, entry_id)"
                " SELECT :lost_id, :position, entry_id FROM entry WHERE name = :name")
            .bind(":lost_id", row.integer("lost_id"))
            .bind(":position", position)
            .bind(":name", names[position])
            .run();
    if (!placed) return placed;
  }
  return unit.status();
}

Status SalvageBuild::sessions() {
  sync::Commit commit;
  Statement lineages =
      stage_.prepare("SELECT device, number, last_run, count, copied FROM s_lineage");
  Status read = each(lineages, [&]() -> Status {
    sync::LineageUpdate update;
    update.device = lineages.array<32>("device");
    update.lineage = {static_cast<std::uint32_t>(lineages.integer("number")),
                      lineages.array<16>("last_run"), lineages.number("count")};
    update.copied = lineages.flag("copied");
    commit.lineages.push_back(update);
    return {};
  });
  if (!read) return read;
  Statement holders = stage_.prepare(
      "SELECT kind, record, feed, standing FROM s_holder JOIN s_feed USING (feed_id)");
  read = each(holders, [&]() -> Status {
    commit.holders.emplace_back(sync::RecordRef{static_cast<std::uint32_t>(holders.integer("kind")),
                                                holders.array<16>("record")},
                                sync::Holder{holders.text("feed"), holders.flag("standing")});
    return {};
  });
  if (!read) return read;
  Statement due = stage_.prepare(
      "SELECT feed, name FROM s_delivery JOIN s_feed USING (feed_id)"
      " JOIN s_entry USING (entry_id) WHERE kept = 1 ORDER BY delivery_id");
  read = each(due, [&]() -> Status {
    commit.deliveries.push_back({due.text("feed"), due.array<32>("name")});
    return {};
  });
  if (!read) return read;
  Statement run = stage_.prepare(
      "SELECT run, acknowledged_run, acknowledged_count, maybe_runs, acknowledged FROM "
      "s_run_state");
  report_.run_lost = options_.store.role == Role::node;
  read = each(run, [&]() -> Status {
    report_.run_lost = false;
    sync::VisitState state;
    state.visit = run.array<16>("run");
    if (!run.is_null("acknowledged_run"))
      state.acknowledged_visit = run.array<16>("acknowledged_run");
    state.acknowledged_count = run.number("acknowledged_count");
    sync::Reader runs(run.blob("maybe_runs"));
    while (runs.left() >= sizeof(state.visit)) state.maybe_visits.push_back(runs.array<16>());
    state.acknowledged = run.flag("acknowledged");
    commit.visit_state = state;
    return {};
  });
  if (!read) return read;
  return fresh_.write([&](WriteUnit& unit) { return unit.apply(commit); });
}

// Who holds a record, and what is due where, follows from what stands in which feed.
Status SalvageBuild::routing() {
  if (options_.store.role == Role::node) return {};
  std::vector<FeedRow> feeds;
  const Status read = fresh_.read([&](const ReadUnit& unit) {
    feeds = unit.feeds();
    return unit.status();
  });
  if (!read) return read;
  for (const FeedRow& feed : feeds) {
    for (std::uint64_t from = 0; from < feed.size; from += entries_a_step) {
      const Status routed = fresh_.write([&](WriteUnit& unit) -> Status {
        sync::Commit commit;
        sync::Router router(unit, commit);
        for (const Name& name : unit.feed_names(feed.feed, from, entries_a_step)) {
          const auto entry = unit.entry(name);
          if (!entry) continue;
          const auto log = unit.log(entry->place.log);
          const std::string home = log ? log->unit : std::string();
          router.restore(feed.feed, home, name, entry->place, entry->bytes);
        }
        if (const Status sound = unit.status(); !sound) return sound;
        return unit.apply(commit);
      });
      if (!routed) return routed;
    }
  }
  return {};
}

// The last of the logs that may have holes (ReadUnit::log): the next run begins one of its own.
Status SalvageBuild::mark_mended() {
  return fresh_.write([](WriteUnit& unit) -> Status {
    Statement last = unit.database().prepare("SELECT coalesce(max(log_id), 0) AS last FROM log");
    const Result<bool> row = last.step();
    if (!row) return fail(row.error());
    const std::string number = std::to_string(last.number("last"));
    return unit.set_meta("store.mended_logs", sync::as_bytes(number));
  });
}

Status SalvageBuild::count() {
  if (const Status rebuilt = fresh_.write([](WriteUnit& unit) { return unit.rebuild(); });
      !rebuilt) {
    return rebuilt;
  }
  return fresh_.read([&](const ReadUnit& unit) -> Status {
    Statement counts = unit.database().prepare(
        "SELECT count(*) AS entries, coalesce(sum(bytes IS NULL AND erased = 0), 0) AS bare,"
        " coalesce(sum(pending), 0) AS pending,"
        " coalesce(sum(pending = 1 AND EXISTS (SELECT 1 FROM place WHERE"
        "  place.entry_id = entry.entry_id AND chain IS NULL)), 0) AS stranded FROM entry");
    const Result<bool> row = counts.step();
    if (!row) return fail(row.error());
    report_.entries = counts.number("entries");
    report_.without_bytes = counts.number("bare");
    report_.pending = counts.number("pending");
    report_.stranded = counts.number("stranded");
    const Result<VerifyReport> verified = verify(unit, {});
    if (!verified) return fail(verified.error());
    report_.errors = verified->errors;
    return {};
  });
}

}  // namespace tram::store
