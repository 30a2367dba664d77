#pragma once

#include <vector>

#include "sync/session/ledger_port.hpp"
#include "sync/wire/batch.hpp"

/// Between the ledger and batches: what either side of an exchange needs to build and to read runs.
namespace tram::sync {

/// What a frame may still take, in bytes before compression. The batches of one message share it.
class Room {
 public:
  /// `bytes` is cut to what leaves a message well below limits::frame_bytes_max.
  explicit Room(std::size_t bytes);

  /// Takes the bytes if they fit. The first thing always fits, so that whatever is larger than the
  /// room still passes, alone.
  [[nodiscard]] bool take(std::size_t bytes);
  [[nodiscard]] bool untouched() const { return used_ == 0; }

 private:
  std::size_t bytes_;
  std::size_t used_ = 0;
};

/// Collects rows in order into runs: a row that goes on where the last one ended joins its run.
class RunBuilder {
 public:
  /// False, and nothing changed, if there is no room or a batch takes no more runs or entries.
  [[nodiscard]] bool add(const Place& place, Row row, Room& room);
  /// The next row begins a run of its own.
  void end_run() { joinable_ = false; }
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  [[nodiscard]] std::vector<EntryRun> take() { return std::move(runs_); }

 private:
  std::vector<EntryRun> runs_;
  std::uint64_t next_seq_ = 0;
  std::uint64_t entries_ = 0;
  bool joinable_ = false;
};

/// Bytes if they are held, else the name alone.
[[nodiscard]] Row row_of(const HeldEntry& entry);

/// How many names one message asks bytes of. What nobody has any more is asked for until the end of
/// days, so an exchange that has nothing else to say asks for one: 32 bytes.
inline constexpr std::size_t wants_max = 128;
inline constexpr std::size_t wants_idle = 1;

/// At most `max` of the names, `offset` into them and round: where nobody has the bytes of the
/// first ones, the others still have their turn.
[[nodiscard]] std::vector<Name> few_of(std::vector<Name> names, std::size_t offset,
                                       std::size_t max = wants_max);

/// A stretch of one branch of a log: its names from `first` on, and the chain value before them.
struct LogBranch {
  std::uint64_t first = 0;
  Digest base{};
  std::vector<Name> names;
};

/// The branch that ends in this tip, from `first` on. Nothing if it is not held without a gap.
[[nodiscard]] std::optional<LogBranch> branch_of(const LedgerReader& ledger, const LogId& log,
                                                 const LogTip& tip, std::uint64_t first);

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
