#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "store/store.hpp"

/// A new store from what can still be read of a damaged one (promise A). It reads pages by
/// themselves and believes only what proves itself: an entry whose bytes have its name, a chain
/// that computes, a head that the hub signed. It invents nothing: what is gone comes back from the
/// other side, at the next exchange.
namespace tram::store {

struct SalvageOptions {
  /// As for Store::open. Nobody else may have the file open; the caller holds the folder's lock.
  StoreOptions store;
  /// Node: its own key. Its logs are own, also where that is not written any more.
  std::optional<sync::PublicKey> device;
  /// For the name of the damaged file that stays: PATH.damaged-SUFFIX.
  std::string suffix;
  Progress progress;
};

struct SalvageReport {
  /// False: the store opens and verifies, and nothing was done. The rest is empty then.
  bool needed = false;
  std::filesystem::path damaged;  ///< where the damaged file stands now
  std::uint64_t pages = 0;
  std::uint64_t pages_unreadable = 0;
  std::uint64_t entries = 0;        ///< held in the new store, openings among them
  std::uint64_t without_bytes = 0;  ///< of these: the name is held, the bytes are gone
  std::uint64_t pending = 0;        ///< own entries that no receipt covers now
  std::uint64_t stranded = 0;       ///< of these: an entry before them in their log is gone
  std::uint64_t not_placed = 0;     ///< entries that could not be put anywhere
  std::uint64_t feed_entries = 0;
  std::uint64_t feed_entries_gone = 0;  ///< positions of feeds that come back from the other side
  std::uint64_t settings = 0;           ///< small settings that were kept
  bool has_holes = false;    ///< bookkeeping was hurt; what follows from entries was made anew
  bool run_lost = false;     ///< node: the hub will ask whether this computer was copied
  std::uint64_t errors = 0;  ///< of a verification of the new store: entries that must come back
};

/// Builds the new store beside the damaged one, verifies it, and puts it in its place; the damaged
/// file stays as it was, under another name. Needs as much space again as the store has.
///
/// Killed at any moment, it leaves either the damaged store in its place, or the new one: run it
/// again. `unverified` if no page opens with the key; `io` for want of space.
[[nodiscard]] sync::Result<SalvageReport> salvage(const SalvageOptions& options);

}  // namespace tram::store
