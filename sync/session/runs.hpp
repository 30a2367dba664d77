#pragma once

#include <vector>

#include "sync/session/ledger_port.hpp"
#include "sync/wire/batch.hpp"

/// Between the ledger and batches: what either side of an exchange needs to build and to read runs.
namespace tram::sync {

/// Collects rows in order into runs: a row that goes on where the last one ended joins its run.
class RunBuilder {
 public:
  void add(const Place& place, Row row);
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  [[nodiscard]] std::vector<EntryRun> take() { return std::move(runs_); }

 private:
  std::vector<EntryRun> runs_;
  std::uint64_t next_seq_ = 0;
};

/// Bytes if they are held, else the name alone.
[[nodiscard]] Row row_of(const HeldEntry& entry);
/// What a row weighs in a frame, before compression.
[[nodiscard]] std::size_t weight_of(const Row& row);

/// A row of bytes or of a name, taken out of its run.
struct PlacedRow {
  Place place;
  Name name{};
  std::optional<Bytes> bytes;
};

/// The rows of a run, names computed. Held stretches are looked up: nothing if one of their places
/// is not held exactly once.
[[nodiscard]] std::optional<std::vector<PlacedRow>> rows_of(const LedgerReader& ledger,
                                                            const EntryRun& run);

/// Reads batches by what this ledger holds.
[[nodiscard]] BatchDecoder decoder_for(const LedgerReader& ledger);

/// Writes for a peer that holds the first `size` names of a feed.
[[nodiscard]] BatchEncoder encoder_for(const LedgerReader& ledger, const FeedId& feed,
                                       std::uint64_t size);

[[nodiscard]] NewEntry new_entry(const PlacedRow& row);
[[nodiscard]] bool is_opening(const PlacedRow& row);
/// The log that an opening opens; `unit` is empty and `device` zero if the bytes are none.
[[nodiscard]] NewLog log_opened_by(const PlacedRow& row);

}  // namespace tram::sync
