#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/session/ledger_port.hpp"

/// The engine's port in memory: slow, plain, and as sync/session/ledger_port.hpp says, for nodes
/// and for a hub. A value: copying it takes a snapshot, assigning it restores one. The twin that
/// the store on SQLite is compared with.
namespace tram::sync::test {

class MemoryLedger final : public LedgerReader {
 public:
  struct Options {
    FeedId home;                      ///< a node's; empty at a hub
    std::vector<PublicKey> hub_keys;  ///< whose erasures count
  };
  explicit MemoryLedger(Options options) : options_(std::move(options)) {}

  /// Makes all of the commit stand. Asserts what a store would refuse: a name that is not the hash
  /// of its bytes, a feed that is to hold a name which is not held.
  void apply(const Commit& commit);

  /// The hub's worker: appends up to `max` of what is due in other feeds. True if any was.
  bool deliver(std::size_t max);
  [[nodiscard]] const std::vector<FeedAppend>& deliveries() const { return deliveries_; }

  [[nodiscard]] std::optional<VisitState> visit_state() const { return visit_state_; }
  [[nodiscard]] std::vector<FeedId> feeds() const;
  [[nodiscard]] std::vector<Name> all_names() const;
  [[nodiscard]] std::vector<SignedLogHead> log_heads() const;
  [[nodiscard]] std::vector<SignedHead> heads(const FeedId& feed) const;
  /// The newest entry that this store wrote itself.
  [[nodiscard]] std::optional<Name> newest_own_entry() const;
  [[nodiscard]] bool has_been_copied(const PublicKey& device) const;

  /// The disk rots: the entry's bytes are gone, its name stays.
  void lose_bytes(const Name& name);
  /// Every later read fails.
  void break_down() { broken_ = true; }

  [[nodiscard]] Status status() const override;
  [[nodiscard]] std::optional<HeldEntry> entry(const Name& name) const override;
  [[nodiscard]] std::vector<Name> names_at(const Place& place) const override;
  [[nodiscard]] std::optional<RecordRef> record_of(const Name& name) const override;
  [[nodiscard]] std::vector<Name> names_without_bytes(const FeedId& feed,
                                                      std::size_t max) const override;
  [[nodiscard]] std::optional<LogState> log(const LogId& log) const override;
  [[nodiscard]] std::vector<Digest> chains_at(const LogId& log, std::uint64_t count) const override;
  [[nodiscard]] std::vector<PendingLog> pending_logs() const override;
  [[nodiscard]] std::uint64_t feed_size(const FeedId& feed) const override;
  [[nodiscard]] Digest feed_root(const FeedId& feed, std::uint64_t size) const override;
  [[nodiscard]] Digest feed_node(const FeedId& feed, unsigned level,
                                 std::uint64_t index) const override;
  [[nodiscard]] std::vector<Name> feed_names(const FeedId& feed, std::uint64_t from,
                                             std::size_t max) const override;
  [[nodiscard]] std::optional<std::uint64_t> feed_position(const FeedId& feed,
                                                           const Name& name) const override;
  [[nodiscard]] std::optional<SignedHead> newest_head(const FeedId& feed) const override;
  [[nodiscard]] std::vector<LostStretch> lost(const FeedId& feed) const override;
  [[nodiscard]] std::vector<Name> lost_feed(const LostStretch& stretch) const override;
  [[nodiscard]] std::vector<Holder> holders(const RecordRef& record) const override;
  [[nodiscard]] std::vector<Name> record_entries(const FeedId& feed,
                                                 const RecordRef& record) const override;
  [[nodiscard]] std::vector<Lineage> lineages(const PublicKey& device) const override;

 private:
  struct Held {
    Place place;  ///< where its bytes say, or, without bytes, the first place that it came under
    std::optional<Bytes> bytes;
    std::optional<Entry> entry;  ///< if the bytes decode; kept when they are erased
    bool erased = false;
  };
  struct Standing {  ///< an entry at a place
    Name name{};
    std::optional<Digest> chain;   ///< that ends here
    std::optional<Digest> before;  ///< that it goes on from
    bool given = false;            ///< not worked out here
  };
  struct Log {
    PublicKey device{};
    std::string unit;
    bool own = false;
    std::map<std::uint64_t, std::vector<Standing>> places;
  };
  struct Lost {
    LostStretch stretch;
    std::vector<Name> names;
  };

  Log& log_of(const LogId& log);
  void put(const NewLog& log);
  void put(const NewEntry& entry);
  void put(const FeedCut& cut);
  void append(const FeedAppend& append);
  static void take_chain(const LogId& id, Log& log, const Place& place, Standing& standing,
                         const Digest& chain);
  static void extend_chains(const LogId& id, Log& log, std::uint64_t from);
  static std::vector<Digest> bases_at(const LogId& id, const Log& log, std::uint64_t seq);
  void erase_what_is_due();
  [[nodiscard]] bool is_hubs(const LogId& log) const;

  Options options_;
  std::map<Name, Held> entries_;
  std::map<LogId, Log> logs_;
  std::vector<LogId> log_order_;
  std::map<LogId, SignedLogHead> log_heads_;
  std::map<FeedId, std::vector<Name>> feeds_;
  std::map<FeedId, std::vector<Digest>> leaves_;
  std::map<FeedId, std::map<Name, std::uint64_t>> positions_;
  std::map<FeedId, std::vector<SignedHead>> heads_;  ///< void ones are taken out
  std::vector<Lost> lost_;
  std::int64_t next_lost_ = 1;
  std::vector<FeedAppend> deliveries_;
  std::map<RecordRef, std::vector<Holder>> holders_;
  std::map<PublicKey, std::vector<Lineage>> lineages_;
  std::set<PublicKey> copied_;
  std::optional<VisitState> visit_state_;
  bool broken_ = false;
};

}  // namespace tram::sync::test
