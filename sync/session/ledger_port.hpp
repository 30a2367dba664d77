#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/feed/head.hpp"
#include "sync/ledger/chain.hpp"
#include "sync/ledger/entry.hpp"

/// The engine's one door to a store. It reads through LedgerReader, pinned to one snapshot, and
/// writes only by returning a Commit. `store/` implements both on SQLite; the simulator on memory.
namespace tram::sync {

struct HeldEntry {
  Name name{};
  Place place;
  std::optional<Bytes> bytes;  ///< nothing: held by its name alone (rotten, too big, erased)
};

/// The end of one branch of a log; `count` entries lead to `chain`.
struct LogTip {
  std::uint64_t count = 0;
  Digest chain{};
};

struct LogState {
  PublicKey device{};
  std::string unit;
  std::vector<LogTip> tips;  ///< one unless the log has branches
  bool own = false;          ///< written by this very store
};

/// An own log with entries that no receipt covers: those from `first` on.
struct PendingLog {
  LogId log{};
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// A unit's feed in which a record stands. `standing` tells who may write on: a feed that held the
/// record lawfully before; entries from others stay in their home feed (DESIGN 4, 7).
struct Holder {
  FeedId feed;
  bool standing = false;
};

/// A stretch of a feed that the hub has lost: positions [agreed, head.size) under the head that it
/// signed.
struct LostStretch {
  std::int64_t id = 0;
  SignedHead head;
  std::uint64_t agreed = 0;
  std::uint64_t returned = 0;  ///< progress: positions below are known to be back
};

/// One identity history of a device at the hub. A device with two lineages went back, or was
/// copied.
struct Lineage {
  std::uint32_t number = 1;
  ByteArray<16> last_visit{};
  std::uint64_t count = 0;  ///< visits acknowledged
  bool copied = false;      ///< it has spoken after a newer one did: both are alive
};

/// Read only; every answer from one snapshot. A store that fails latches: it answers with empty
/// values from then on, `status()` says why, and its driver drops the effects instead of committing
/// or sending them.
class LedgerReader {
 public:
  virtual ~LedgerReader() = default;
  [[nodiscard]] virtual Status status() const = 0;

  // Entries.
  [[nodiscard]] virtual std::optional<HeldEntry> entry(const Name& name) const = 0;
  /// All that claim this place: none, one, or one a branch.
  [[nodiscard]] virtual std::vector<Name> names_at(const Place& place) const = 0;
  /// The record that a held entry writes.
  [[nodiscard]] virtual std::optional<RecordRef> record_of(const Name& name) const = 0;
  /// Names in this feed whose bytes are not held and not erased.
  [[nodiscard]] virtual std::vector<Name> names_without_bytes(const FeedId& feed,
                                                              std::size_t max) const = 0;

  // Logs.
  [[nodiscard]] virtual std::optional<LogState> log(const LogId& log) const = 0;
  /// The chain values that `count` entries of the log lead to; several on branches. For count 0 the
  /// caller uses chain_start.
  [[nodiscard]] virtual std::vector<Digest> chains_at(const LogId& log,
                                                      std::uint64_t count) const = 0;
  /// Own logs with entries that no receipt covers, oldest first. Empty at a hub.
  [[nodiscard]] virtual std::vector<PendingLog> pending_logs() const = 0;

  // Feeds. A feed that does not exist has size 0.
  [[nodiscard]] virtual std::uint64_t feed_size(const FeedId& feed) const = 0;
  /// Root of the first `size` names; `size` is at most feed_size.
  [[nodiscard]] virtual Digest feed_root(const FeedId& feed, std::uint64_t size) const = 0;
  /// Hash of a complete subtree of the feed's tree (see feed/merkle.hpp).
  [[nodiscard]] virtual Digest feed_node(const FeedId& feed, unsigned level,
                                         std::uint64_t index) const = 0;
  [[nodiscard]] virtual std::vector<Name> feed_names(const FeedId& feed, std::uint64_t from,
                                                     std::size_t max) const = 0;
  /// Position of a name in a feed, or nothing.
  [[nodiscard]] virtual std::optional<std::uint64_t> feed_position(const FeedId& feed,
                                                                   const Name& name) const = 0;
  /// Node: the head that covers most of this feed in the present lineage; of several that cover as
  /// much, the one of the newest hub time. (Hub times alone may run backwards.)
  [[nodiscard]] virtual std::optional<SignedHead> newest_head(const FeedId& feed) const = 0;

  // After a rewind of the hub. Node only.
  [[nodiscard]] virtual std::vector<LostStretch> lost(const FeedId& feed) const = 0;
  /// All names of the feed as it was under the stretch's head: head.size of them.
  [[nodiscard]] virtual std::vector<Name> lost_feed(const LostStretch& stretch) const = 0;

  // Records in feeds, and devices. Hub only.
  [[nodiscard]] virtual std::vector<Holder> holders(const RecordRef& record) const = 0;
  /// Entries about the record in the feed, in feed order: edits, erasures, and verdicts on its
  /// entries.
  [[nodiscard]] virtual std::vector<Name> record_entries(const FeedId& feed,
                                                         const RecordRef& record) const = 0;
  [[nodiscard]] virtual std::vector<Lineage> lineages(const PublicKey& device) const = 0;
};

struct NewEntry {
  Name name{};
  Place place;
  /// The chain value that ends in this entry, as its device signed it. Where none is given, the
  /// store works one out from the only entry that it holds at the place before. It may be wrong, if
  /// there is a branch that it does not hold; so a given value outranks one that was worked out,
  /// and all that was worked out upon it.
  std::optional<Digest> chain;
  std::optional<Bytes> bytes;
};

struct NewLog {
  LogId log{};
  PublicKey device{};
  std::string unit;
  bool own = false;  ///< written by this very store
};

struct FeedAppend {
  FeedId feed;
  Name name{};
};

/// The feed goes back to `size`, and heads above it are void. What stood above becomes a
/// LostStretch under `head`, which covered all of the feed. A head that did not (the feed was cut
/// before, and no head has come since) makes none: then an earlier stretch has all of it. Earlier
/// stretches of the feed with `agreed` or `returned` above `size` have `size` from now on.
struct FeedCut {
  FeedId feed;
  std::uint64_t size = 0;
  SignedHead head;
};

struct LineageUpdate {
  PublicKey device{};
  Lineage lineage;
  bool opened = false;  ///< a second or later lineage: tell the operator "went back, or copied"
  bool copied = false;  ///< two lineages have spoken in turn, for the first time: tell "copied"
};

/// What a node remembers of its own visits, saved before it is sent (see session/hello.hpp).
struct VisitState {
  ByteArray<16> visit{};
  std::optional<ByteArray<16>> acknowledged_visit;
  std::uint64_t acknowledged_count = 0;
  std::vector<ByteArray<16>> maybe_visits;
  bool acknowledged = false;  ///< the present one
  friend bool operator==(const VisitState&, const VisitState&) = default;
};

/// What a store must make durable in one transaction, in this order, all or nothing; only then may
/// the frame that came with it be sent. Every part is idempotent: what stands already is skipped.
struct Commit {
  std::vector<NewLog> logs;
  std::vector<NewEntry> entries;         ///< a name held without bytes gets its bytes
  std::vector<SignedLogHead> log_heads;  ///< newest by count is kept
  std::vector<FeedCut> cuts;
  std::vector<FeedAppend> appends;     ///< in order; a name that the feed has is skipped
  std::vector<FeedAppend> deliveries;  ///< due in other feeds; a worker appends them later
  std::vector<std::pair<RecordRef, Holder>> holders;
  std::vector<SignedHead> heads;  ///< node: verified receipts
  /// Lost stretch id, progress: the names below stand in the feed again.
  std::vector<std::pair<std::int64_t, std::uint64_t>> returned;
  std::vector<LineageUpdate> lineages;
  std::optional<VisitState> visit_state;

  [[nodiscard]] bool empty() const;
};

}  // namespace tram::sync
