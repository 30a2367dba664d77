#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.hpp"
#include "sync/session/ledger_port.hpp"

namespace tram::store {

class Database;
class Statement;
struct Context;

/// One pinned snapshot of the store: the engine's LedgerReader, and the reads that pages, import
/// and export need. Exists only inside Store::read and Store::write; never keep it.
///
/// Reads latch as LedgerReader says: after a failure every answer is empty and `status()` says why,
/// so a caller checks once, before it uses what it read. Names, unit codes and record ids that are
/// not held are no failure.
class ReadUnit : public sync::LedgerReader {
 public:
  ReadUnit(Database& database, const Context& context);

  // --- sync::LedgerReader ---
  [[nodiscard]] sync::Status status() const override;
  [[nodiscard]] std::optional<sync::HeldEntry> entry(const sync::Name& name) const override;
  [[nodiscard]] std::vector<sync::Name> names_at(const sync::Place& place) const override;
  [[nodiscard]] std::optional<sync::RecordRef> record_of(const sync::Name& name) const override;
  [[nodiscard]] std::vector<sync::Name> names_without_bytes(const sync::FeedId& feed,
                                                            std::size_t max) const override;
  [[nodiscard]] std::optional<sync::LogState> log(const sync::LogId& log) const override;
  [[nodiscard]] std::vector<sync::Digest> chains_at(const sync::LogId& log,
                                                    std::uint64_t count) const override;
  [[nodiscard]] std::vector<sync::PendingLog> pending_logs() const override;
  [[nodiscard]] std::uint64_t feed_size(const sync::FeedId& feed) const override;
  [[nodiscard]] sync::Digest feed_root(const sync::FeedId& feed, std::uint64_t size) const override;
  [[nodiscard]] sync::Digest feed_node(const sync::FeedId& feed, unsigned level,
                                       std::uint64_t index) const override;
  [[nodiscard]] std::vector<sync::Name> feed_names(const sync::FeedId& feed, std::uint64_t from,
                                                   std::size_t max) const override;
  [[nodiscard]] std::optional<std::uint64_t> feed_position(const sync::FeedId& feed,
                                                           const sync::Name& name) const override;
  [[nodiscard]] std::optional<sync::SignedHead> newest_head(
      const sync::FeedId& feed) const override;
  [[nodiscard]] std::vector<sync::LostStretch> lost(const sync::FeedId& feed) const override;
  [[nodiscard]] std::vector<sync::Name> lost_feed(const sync::LostStretch& stretch) const override;
  [[nodiscard]] std::vector<sync::Holder> holders(const sync::RecordRef& record) const override;
  [[nodiscard]] std::vector<sync::Name> record_entries(
      const sync::FeedId& feed, const sync::RecordRef& record) const override;
  [[nodiscard]] std::vector<sync::Lineage> lineages(const sync::PublicKey& device) const override;

  // --- more of the ledger ---
  [[nodiscard]] std::optional<sync::SignedLogHead> log_head(const sync::LogId& log) const;
  /// Every verified head of the feed, also of lineages that the hub has lost, oldest first.
  [[nodiscard]] std::vector<sync::SignedHead> heads(const sync::FeedId& feed,
                                                    std::size_t max) const;
  [[nodiscard]] std::vector<FeedRow> feeds() const;
  [[nodiscard]] std::optional<sync::VisitState> visit_state() const;
  /// Oldest first.
  [[nodiscard]] std::vector<Delivery> deliveries(std::size_t max) const;
  [[nodiscard]] std::vector<DoubtfulDevice> doubtful_devices() const;
  /// The newest entry that this store's own logs hold: what a new run's opening continues from.
  [[nodiscard]] std::optional<sync::Name> newest_own_entry() const;
  /// The entry that an imported event became (sync::event_name), whoever brought it.
  [[nodiscard]] std::optional<sync::Name> imported_as(const sync::Digest& event) const;
  [[nodiscard]] bool is_erased(const sync::RecordRef& record) const;
  [[nodiscard]] std::optional<sync::Bytes> meta(std::string_view key) const;

  // --- records ---
  [[nodiscard]] std::optional<RecordRow> record(const Scope& scope,
                                                const sync::RecordRef& record) const;
  /// All records that bear, or ever bore, this code: codes are labels, and an old slip must be
  /// found.
  [[nodiscard]] std::vector<RecordRow> find_record_by_code(const Scope& scope, std::uint32_t kind,
                                                           std::string_view code) const;
  /// Streams records ascending by id, all or those in one unit's custody, until `visit` returns
  /// false.
  void for_each_record(const Scope& scope, std::uint32_t kind,
                       const std::optional<std::string>& custody,
                       const std::function<bool(const RecordRow&)>& visit) const;
  /// Streams records of one kind, the last written first, until `visit` returns false.
  void for_each_newest(const Scope& scope, std::uint32_t kind,
                       const std::function<bool(const RecordRow&)>& visit) const;
  /// Conflicts in the order in which they were found; `custody` narrows to one unit's list.
  [[nodiscard]] ConflictPage conflicts(const Scope& scope,
                                       const std::optional<std::string>& custody,
                                       const ConflictCursor& from, std::size_t max) const;
  [[nodiscard]] Counts counts(const Scope& scope) const;
  /// Every held entry of the record in the scope, by (time, log, seq, name); those that do not
  /// decode last.
  [[nodiscard]] std::vector<TimelineEntry> timeline(const Scope& scope,
                                                    const sync::RecordRef& record) const;

  /// For the store's own parts (verify, projection).
  [[nodiscard]] Database& database() const { return database_; }
  [[nodiscard]] const Context& context() const { return context_; }

 protected:
  /// True while a row stands; latches an error and is false from then on.
  [[nodiscard]] bool row(Statement& statement) const;
  void latch(const sync::Error& error) const;

  Database& database_;
  const Context& context_;

 private:
  [[nodiscard]] std::optional<std::int64_t> feed_id_of(const sync::FeedId& feed) const;
  [[nodiscard]] sync::Digest node_of(std::int64_t feed_id, unsigned level,
                                     std::uint64_t index) const;

  mutable std::optional<sync::Error> error_;
};

}  // namespace tram::store
