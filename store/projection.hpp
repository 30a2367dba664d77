#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/context.hpp"
#include "store/touched.hpp"
#include "sync/merge/record_state.hpp"

/// The state of every record in every scope, kept beside the ledger so that pages need no merge.
/// Always equal to the merge of the scope's entries: `verify` compares them, `rebuild` starts over.
namespace tram::store {

class Database;

/// A record's entries that count in a scope, with everything that the merge asks about them.
struct RecordInput {
  std::vector<sync::MergeEntry> entries;
  sync::Rulings rulings;
};

[[nodiscard]] sync::Result<RecordInput> load_record(Database& database, const Context& context,
                                                    std::int64_t feed_id,
                                                    const sync::RecordRef& record);

/// What the hub's verdicts in the scope say about this name now; nothing if there are none.
[[nodiscard]] sync::Result<std::optional<sync::Verdict::Ruling>> ruling_on(Database& database,
                                                                           const Context& context,
                                                                           std::int64_t feed_id,
                                                                           const sync::Name& name);

/// The newest time that an author wrote on the record.
[[nodiscard]] sync::Instant newest_time(const std::vector<sync::MergeEntry>& entries);

class Projection {
 public:
  Projection(Database& database, const Context& context) : database_(database), context_(context) {}

  /// Follows what a transaction has done. A record that cannot be projected is marked, and stops
  /// nothing; but std::bad_alloc passes unless the record is large.
  [[nodiscard]] sync::Status follow(const Touched& touched);
  /// Starts over.
  [[nodiscard]] sync::Status rebuild(const std::function<void(std::uint64_t)>& progress);

 private:
  struct Row {
    std::optional<std::int64_t> record_id;  // none: the record is new in the scope
    sync::RecordState state;
    sync::Instant updated;
    std::vector<std::string> codes;
    bool whole = false;  // codes are all there are, not only the new ones
  };

  [[nodiscard]] sync::Status project(const Touched::Key& key, const Touched::Work& work);
  [[nodiscard]] sync::Result<bool> is_large(const Touched::Key& key);
  [[nodiscard]] sync::Status mark_unfit(const Touched::Key& key);
  [[nodiscard]] sync::Status drop(const Touched::Key& key);
  /// The row after the arrivals, or nothing where only the slow path can tell.
  [[nodiscard]] sync::Result<std::optional<Row>> advance(const Touched::Key& key,
                                                         const Touched::Work& work);
  /// The row from all entries, or nothing if none counts.
  [[nodiscard]] sync::Result<std::optional<Row>> merge(const Touched::Key& key);
  [[nodiscard]] sync::Status store(const Touched::Key& key, const Row& row);
  [[nodiscard]] sync::Status store_codes(std::int64_t record_id, const Row& row);
  [[nodiscard]] sync::Status store_conflicts(std::int64_t record_id,
                                             const sync::RecordState& state);

  Database& database_;
  const Context& context_;
};

/// The conflicts of a state, as rows: field and time of the newest rival.
struct OpenConflict {
  sync::FieldKey field;
  sync::Instant since;
  friend bool operator==(const OpenConflict&, const OpenConflict&) = default;
};
[[nodiscard]] std::vector<OpenConflict> conflicts_of(const sync::RecordState& state);

}  // namespace tram::store
