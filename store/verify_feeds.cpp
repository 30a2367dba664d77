#include <array>

#include "store/auditor.hpp"
#include "store/sqlite/database.hpp"
#include "sync/core/codec.hpp"
#include "sync/feed/merkle.hpp"

// Feeds: positions, Merkle nodes, heads, and what the hub has lost.
namespace tram::store {

using sync::Digest;
using sync::SignedHead;
using sync::Status;

namespace {

Finding finding(FindingKind kind, const std::string& feed, std::uint64_t position,
                std::string message) {
  Finding out;
  out.kind = kind;
  out.feed = feed;
  out.position = position;
  out.message = std::move(message);
  return out;
}

std::optional<SignedHead> head_in(sync::ByteView bytes) {
  sync::Reader in(bytes);
  SignedHead head = sync::read_head(in);
  if (!in.finish("head")) return std::nullopt;
  return head;
}

}  // namespace

struct Auditor::FeedWalk {
  std::string feed;
  std::int64_t feed_id = 0;
  std::uint64_t next = 0;
  std::uint64_t nodes = 0;
  bool broken = false;              // positions or names are off: nodes mean nothing above
  std::array<Digest, 64> newest{};  // the last complete subtree of each level
};

Status Auditor::feeds() {
  Statement statement = database_.prepare("SELECT feed_id, feed, size FROM feed ORDER BY feed");
  while (row(statement)) {
    check_feed({statement.text("feed"), statement.number("size")}, statement.integer("feed_id"));
    progress("feeds", ++report_.feeds);
  }
  return done();
}

void Auditor::check_feed(const FeedRow& feed, std::int64_t feed_id) {
  FeedWalk walk;
  walk.feed = feed.feed;
  walk.feed_id = feed_id;
  Statement positions = database_.prepare(
      "SELECT position, name FROM feed_entry LEFT JOIN entry USING (entry_id)"
      " WHERE feed_id = :feed_id ORDER BY position");
  positions.bind(":feed_id", feed_id);
  while (row(positions)) check_position(walk, positions);
  if (walk.next != feed.size) {
    found(finding(FindingKind::feed_position, feed.feed, walk.next,
                  "the feed does not have as many entries as its size says"));
    return;
  }
  Statement nodes =
      database_.prepare("SELECT count(*) AS nodes FROM feed_node WHERE feed_id = :feed_id");
  nodes.bind(":feed_id", feed_id);
  if (row(nodes) && !walk.broken && nodes.number("nodes") != walk.nodes) {
    found(finding(FindingKind::feed_tree, feed.feed, feed.size, "the tree has nodes too many"));
  }
}

void Auditor::check_position(FeedWalk& walk, Statement& position) {
  const std::uint64_t at = position.number("position");
  if (at != walk.next) {
    found(finding(FindingKind::feed_position, walk.feed, walk.next, "a position is gone"));
    walk.broken = true;
  }
  walk.next = at + 1;
  if (position.is_null("name")) {
    found(finding(FindingKind::entry_missing, walk.feed, at, "the entry that stands here is gone"));
    walk.broken = true;
  }
  if (!walk.broken) check_nodes(walk, position.array<32>("name"));
}

void Auditor::check_nodes(FeedWalk& walk, const sync::Name& name) {
  const std::uint64_t index = walk.next - 1;
  // Left siblings are always the last complete subtree of their level.
  const auto completed =
      sync::merkle::append(index, sync::merkle::leaf_hash(name),
                           [&](unsigned level, std::uint64_t) { return walk.newest[level]; });
  for (const sync::merkle::CompletedNode& node : completed) {
    walk.newest[node.level] = node.hash;
    if (node.level == 0) continue;
    ++walk.nodes;
    Statement stored = database_.prepare(
        "SELECT hash FROM feed_node WHERE feed_id = :feed_id AND level = :level AND idx = :idx");
    stored.bind(":feed_id", walk.feed_id).bind(":level", node.level).bind(":idx", node.index);
    if (row(stored) && stored.array<32>("hash") == node.hash) continue;
    found(finding(FindingKind::feed_tree, walk.feed, index, "the tree computes to something else"));
    walk.broken = true;
    return;
  }
}

bool Auditor::signed_by_hub(const SignedHead& head) {
  Statement keys = database_.prepare("SELECT device FROM hub_key");
  while (row(keys)) {
    if (sync::verify_head(keys.array<32>("device"), head)) return true;
  }
  return false;
}

Status Auditor::heads() {
  Statement statement = database_.prepare(
      "SELECT feed, epoch, head.size, root, hub_time, void, bytes"
      " FROM head JOIN feed USING (feed_id) ORDER BY head_id");
  std::uint64_t walked = 0;
  while (row(statement)) {
    const std::string feed = statement.text("feed");
    const auto head = head_in(statement.blob("bytes"));
    const bool fits = head && head->feed == feed && head->epoch == statement.array<8>("epoch") &&
                      head->size == statement.number("size") &&
                      head->root == statement.array<32>("root") &&
                      head->hub_time.ms == statement.integer("hub_time");
    if (!fits) {
      found(finding(FindingKind::feed_head, feed, statement.number("size"),
                    "a head's row differs from the head"));
    } else if (const Status read = check_head(feed, *head, statement.flag("void")); !read) {
      return read;
    }
    progress("heads", ++walked);
  }
  return done();
}

Status Auditor::check_head(const std::string& feed, const SignedHead& head, bool is_void) {
  if (!signed_by_hub(head)) {
    found(finding(FindingKind::feed_head, feed, head.size, "a head is not signed by the hub"));
    return {};
  }
  if (is_void) return {};  // evidence of a lineage that the hub has lost
  if (head.size > unit_.feed_size(feed)) {
    found(finding(FindingKind::feed_position, feed, head.size,
                  "the feed is shorter than the hub's head of it"));
    return {};
  }
  const ReadUnit fresh(database_, unit_.context());  // a node that is gone must not end the walk
  const Digest root = fresh.feed_root(feed, head.size);
  const Status read = fresh.status();
  if (!read && read.error().code == sync::ErrorCode::io) return read;  // nobody could look
  if (!read || root != head.root) {
    found(finding(FindingKind::feed_head, feed, head.size,
                  "the feed does not compute to the root that the hub has signed"));
  }
  return {};
}

Status Auditor::lost_stretches() {
  Statement statement = database_.prepare(
      "SELECT lost_id, feed, head, agreed FROM lost JOIN feed USING (feed_id) ORDER BY lost_id");
  while (row(statement)) {
    const std::string feed = statement.text("feed");
    const auto head = head_in(statement.blob("head"));
    if (!head || !signed_by_hub(*head)) {
      found(finding(FindingKind::feed_head, feed, statement.number("agreed"),
                    "the head of a lost part is not signed by the hub"));
      continue;
    }
    const auto names =
        unit_.lost_feed({statement.integer("lost_id"), *head, statement.number("agreed"), 0});
    std::vector<Digest> leaves;
    leaves.reserve(names.size());
    for (const sync::Name& name : names) leaves.push_back(sync::merkle::leaf_hash(name));
    if (leaves.size() != head->size || sync::merkle::root_of(leaves) != head->root) {
      found(finding(FindingKind::feed_head, feed, head->size,
                    "a lost part does not compute to the root that the hub has signed"));
    }
  }
  return done();
}

}  // namespace tram::store
