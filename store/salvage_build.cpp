#include "store/salvage_build.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "sync/core/codec.hpp"
#include "sync/feed/merkle.hpp"
#include "sync/session/routing.hpp"

namespace tram::store {

using sync::Digest;
using sync::ErrorCode;
using sync::fail;
using sync::Name;
using sync::Result;
using sync::SignedHead;
using sync::Status;

namespace {

// Entries a transaction: one flush of the disk for many, and a bounded journal.
constexpr int entries_a_step = 500;

std::optional<SignedHead> head_in(sync::ByteView bytes) {
  sync::Reader in(bytes);
  SignedHead head = sync::read_head(in);
  if (!in.finish("head")) return std::nullopt;
  return head;
}

bool is_store_setting(std::string_view key) {
  return key.substr(0, 6) == "store.";
}

// The disk's own failures end the work; what a rule refuses is left out.
bool is_refused(const Status& status) {
  return !status && status.error().code != ErrorCode::io &&
         status.error().code != ErrorCode::damaged;
}

// The root of a growing list of names: every left sibling is the last complete node of its level.
class GrowingRoot {
 public:
  void add(const Name& name) {
    const auto newest = [this](unsigned level, std::uint64_t) { return newest_[level]; };
    for (const auto& node : sync::merkle::append(size_++, sync::merkle::leaf_hash(name), newest)) {
      newest_[node.level] = node.hash;
    }
  }
  [[nodiscard]] Digest root() const {
    return sync::merkle::root(size_,
                              [this](unsigned level, std::uint64_t) { return newest_[level]; });
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::uint64_t size_ = 0;
  std::array<Digest, 64> newest_{};
};

// Steps through a query of the scratch database until `visit` fails or it ends.
template <class Visit>
Status each(Statement& statement, const Visit& visit) {
  while (true) {
    const Result<bool> row = statement.step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    if (const Status visited = visit(); !visited) return visited;
  }
}

}  // namespace

Status SalvageBuild::run() {
  using Part = Status (SalvageBuild::*)();
  for (const Part part :
       {&SalvageBuild::settings, &SalvageBuild::entries, &SalvageBuild::erasures,
        &SalvageBuild::log_heads, &SalvageBuild::feeds, &SalvageBuild::lost_stretches,
        &SalvageBuild::sessions, &SalvageBuild::routing, &SalvageBuild::mark_mended,
        &SalvageBuild::count}) {
    if (const Status done = (this->*part)(); !done) return done;
  }
  return {};
}

Status SalvageBuild::settings() {
  return fresh_.write([&](WriteUnit& unit) -> Status {
    Statement keys = stage_.prepare("SELECT device FROM s_hub_key");
    const Status added = each(keys, [&] { return unit.add_hub_key(keys.array<32>("device")); });
    if (!added) return added;
    Statement settings = stage_.prepare("SELECT key, value FROM s_meta");
    return each(settings, [&]() -> Status {
      const std::string key = settings.text("key");
      if (is_store_setting(key)) return {};
      ++report_.settings;
      return unit.set_meta(key, settings.blob("value"));
    });
  });
}

// --- logs and entries ---

Status SalvageBuild::entries() {
  Statement rows = stage_.prepare(
      "SELECT s_entry.entry_id, log, seq, chain, name, bytes, device, unit, own, erased, lost"
      " FROM s_place JOIN s_log USING (log_id) JOIN s_entry USING (entry_id)"
      " ORDER BY s_place.log_id, seq");
  bool more = true;
  std::uint64_t walked = 0;
  while (more) {
    const Status written = fresh_.write([&](WriteUnit& unit) -> Status {
      for (int i = 0; more && i < entries_a_step; ++i) {
        const Result<bool> row = rows.step();
        if (!row) return fail(row.error());
        more = *row;
        if (!more) break;
        if (const Status put = put_entry(unit, rows); !put) return put;
        if (options_.progress) options_.progress("entries", ++walked, 0);
      }
      return {};
    });
    if (!written) return written;
  }
  return {};
}

// With the chain value that was stored; without, where the entries before are gone.
Status SalvageBuild::put_entry(WriteUnit& unit, const Statement& row) {
  sync::Commit commit;
  sync::NewEntry entry;
  entry.name = row.array<32>("name");
  entry.place = {row.array<16>("log"), row.number("seq")};
  if (!row.is_null("chain")) entry.chain = row.array<32>("chain");
  if (!row.is_null("bytes")) entry.bytes = sync::to_bytes(row.blob("bytes"));
  if (!row.is_null("device")) {
    commit.logs.push_back(
        {entry.place.log, row.array<32>("device"), row.text("unit"), row.flag("own")});
  }
  commit.entries.push_back(std::move(entry));
  Status put = unit.apply(commit);
  if (is_refused(put)) {
    commit.entries.front().chain.reset();
    put = unit.apply(commit);
  }
  if (is_refused(put)) {
    ++report_.not_placed;
    return {};
  }
  if (!put) return put;
  return stage_.prepare("UPDATE s_entry SET kept = 1 WHERE entry_id = :entry_id")
      .bind(":entry_id", row.integer("entry_id"))
      .run();
}

// What was erased stays erased: its erase entry is held, so nobody is asked for the bytes again.
Status SalvageBuild::erasures() {
  Statement rows =
      stage_.prepare("SELECT name, kind, record FROM s_entry WHERE erased = 1 AND kept = 1");
  return fresh_.write([&](WriteUnit& unit) {
    return each(rows, [&]() -> Status {
      if (rows.is_null("record")) return {};
      const sync::RecordRef record{static_cast<std::uint32_t>(rows.integer("kind")),
                                   rows.array<16>("record")};
      if (!unit.is_erased(record)) return {};
      return unit.database()
          .prepare(
              "UPDATE entry SET erased = 1, form = 2, kind = :kind, record = :record"
              " WHERE name = :name AND bytes IS NULL")
          .bind(":kind", record.kind)
          .bind(":record", record.id)
          .bind(":name", rows.array<32>("name"))
          .run();
    });
  });
}

Status SalvageBuild::log_heads() {
  Statement rows = stage_.prepare(
      "SELECT log, device, head_count, head_chain, head_signature FROM s_log"
      " WHERE head_count IS NOT NULL AND device IS NOT NULL");
  return fresh_.write([&](WriteUnit& unit) {
    return each(rows, [&]() -> Status {
      const sync::SignedLogHead head{rows.array<16>("log"), rows.number("head_count"),
                                     rows.array<32>("head_chain"),
                                     rows.array<64>("head_signature")};
      const std::vector<Digest> chains = unit.chains_at(head.log, head.count);
      const bool fits = std::find(chains.begin(), chains.end(), head.chain) != chains.end() &&
                        sync::verify_log_head(rows.array<32>("device"), head);
      if (!fits) return {};
      sync::Commit commit;
      commit.log_heads.push_back(head);
      return unit.apply(commit);
    });
  });
}

// --- feeds ---

Status SalvageBuild::feeds() {
  std::map<std::int64_t, std::string> feeds;
  Statement rows = stage_.prepare("SELECT feed_id, feed FROM s_feed");
  const Status read = each(rows, [&]() -> Status {
    feeds[rows.integer("feed_id")] = rows.text("feed");
    return {};
  });
  if (!read) return read;
  for (const auto& [feed_id, feed] : feeds) {
    const Status built =
        options_.store.role == Role::node ? node_feed(feed_id, feed) : hub_feed(feed_id, feed);
    if (!built) return built;
  }
  return {};
}

// A node's copy goes as far as it is whole and the hub's signature proves it; the rest comes again.
Status SalvageBuild::node_feed(std::int64_t feed_id, const std::string& feed) {
  const Result<std::uint64_t> size = provable_size(feed_id);
  if (!size) return fail(size.error());
  Statement rows = stage_.prepare(
      "SELECT position, name FROM s_position JOIN s_entry USING (entry_id)"
      " WHERE feed_id = :feed_id ORDER BY position");
  rows.bind(":feed_id", feed_id);
  std::vector<Name> names;
  const Status read = each(rows, [&]() -> Status {
    if (rows.number("position") >= *size) {
      ++report_.feed_entries_gone;
      return {};
    }
    names.push_back(rows.array<32>("name"));
    if (names.size() < entries_a_step) return {};
    return append(feed, std::exchange(names, {}));
  });
  if (!read) return read;
  if (const Status appended = append(feed, names); !appended) return appended;
  return heads(feed_id, feed, *size);
}

// The hub's feed keeps its order and closes its gaps. Nodes see that it went back to the first of
// them, take what stands above, and give back what is gone under the hub's own old head.
Status SalvageBuild::hub_feed(std::int64_t feed_id, const std::string& feed) {
  Statement rows = stage_.prepare(
      "SELECT name, kept, lost FROM s_position LEFT JOIN s_entry USING (entry_id)"
      " WHERE feed_id = :feed_id ORDER BY position");
  rows.bind(":feed_id", feed_id);
  std::vector<Name> names;
  const Status read = each(rows, [&]() -> Status {
    // Who may read is written in the province's feed: a computer whose enrolment has lost its bytes
    // could not be asked for them, but it may give them back.
    const bool gap = rows.is_null("name") || !rows.flag("kept") ||
                     (feed == sync::province_feed && rows.flag("lost"));
    if (gap) {
      ++report_.feed_entries_gone;
      return {};
    }
    names.push_back(rows.array<32>("name"));
    if (names.size() < entries_a_step) return {};
    return append(feed, std::exchange(names, {}));
  });
  if (!read) return read;
  return append(feed, names);
}

Status SalvageBuild::append(const std::string& feed, const std::vector<Name>& names) {
  if (names.empty()) return {};
  sync::Commit commit;
  for (const Name& name : names) commit.appends.push_back({feed, name});
  report_.feed_entries += names.size();
  return fresh_.write([&](WriteUnit& unit) { return unit.apply(commit); });
}

// The greatest size at which the names that are left compute to a root that the hub has signed.
Result<std::uint64_t> SalvageBuild::provable_size(std::int64_t feed_id) {
  std::multimap<std::uint64_t, SignedHead> heads;
  Statement stored = stage_.prepare("SELECT bytes FROM s_head WHERE feed_id = :feed_id");
  stored.bind(":feed_id", feed_id);
  const Status read = each(stored, [&]() -> Status {
    if (const auto head = head_in(stored.blob("bytes"))) heads.emplace(head->size, *head);
    return {};
  });
  if (!read) return fail(read.error());
  const auto is_signed = [this](const SignedHead& head) {
    const auto& keys = options_.store.hub_keys;
    return std::any_of(keys.begin(), keys.end(),
                       [&](const sync::PublicKey& key) { return sync::verify_head(key, head); });
  };
  GrowingRoot grown;
  std::uint64_t size = 0;
  bool whole = true;
  Statement rows = stage_.prepare(
      "SELECT position, name FROM s_position JOIN s_entry USING (entry_id)"
      " WHERE feed_id = :feed_id AND kept = 1 ORDER BY position");
  rows.bind(":feed_id", feed_id);
  const Status walked = each(rows, [&]() -> Status {
    whole = whole && rows.number("position") == grown.size();
    if (!whole) return {};
    grown.add(rows.array<32>("name"));
    const auto [first, last] = heads.equal_range(grown.size());
    for (auto at = first; at != last; ++at) {
      if (at->second.root == grown.root() && is_signed(at->second)) size = grown.size();
    }
    return {};
  });
  if (!walked) return fail(walked.error());
  return size;
}

// Every head is kept as evidence; those that the feed does not reach count again when the hub says
// them again.
Status SalvageBuild::heads(std::int64_t feed_id, const std::string& feed, std::uint64_t size) {
  Statement rows =
      stage_.prepare("SELECT void, bytes FROM s_head WHERE feed_id = :feed_id ORDER BY head_id");
  rows.bind(":feed_id", feed_id);
  return fresh_.write([&](WriteUnit& unit) {
    return each(rows, [&]() -> Status {
      const auto head = head_in(rows.blob("bytes"));
      const auto& keys = options_.store.hub_keys;
      const bool ours = head && head->feed == feed &&
                        std::any_of(keys.begin(), keys.end(), [&](const sync::PublicKey& key) {
                          return sync::verify_head(key, *head);
                        });
      if (!ours) return {};
      sync::Commit commit;
      commit.heads.push_back(*head);
      if (const Status put = unit.apply(commit); !put) return put;
      const bool counts = !rows.flag("void") && head->size <= size &&
                          unit.feed_root(feed, head->size) == head->root;
      if (counts) return unit.status();
      return unit.database()
          .prepare(
              "UPDATE head SET void = 1 WHERE epoch = :epoch AND size = :size AND root = :root"
              " AND feed_id = (SELECT feed_id FROM feed WHERE feed = :feed)")
          .bind(":epoch", head->epoch)
          .bind(":size", head->size)
          .bind(":root", head->root)
          .bind_text(":feed", feed)
          .run();
    });
  });
}

}  // namespace tram::store
