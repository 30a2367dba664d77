#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/read_unit.hpp"
#include "store/store.hpp"
#include "store/write_unit.hpp"

/// The auditor: walks everything that a store holds and computes it again (promise F). It trusts
/// nothing that is stored beside the bytes of entries, the signatures and the hub's keys; it
/// changes nothing.
namespace tram::store {

/// What is wrong. The words are stable: tools and the manual name them.
enum class FindingKind {
  page,           ///< a part of the database file cannot be read: `repair` mends it
  entry_bytes,    ///< bytes that do not have their name
  entry_missing,  ///< a place or a feed position names an entry that is gone
  entry_place,    ///< place, row and bytes disagree
  entry_index,    ///< a column that is taken from the bytes differs from them
  log_gap,        ///< a sequence number that must be held is not
  log_chain,      ///< the chain computes to something else
  log_head,       ///< the signed head does not fit the log or its device
  log_row,        ///< device, unit or tips of a log differ from its entries
  feed_position,  ///< positions with a gap, or a size that does not fit
  feed_tree,      ///< Merkle nodes or a root compute to something else
  feed_head,      ///< a head's signature does not verify, or its root is not this feed's
  pending,        ///< an entry is counted as covered and is not, or the reverse
  record,         ///< a record's stored state is not the merge of its entries
  index,          ///< another derived row is wrong or missing: `rebuild` mends it
  name_only,      ///< information: held by its name alone
};

[[nodiscard]] std::string_view to_word(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::entry_bytes;
  bool information = false;  ///< worth telling, nothing is wrong
  std::string log;           ///< hex; empty where no log is concerned
  std::uint64_t seq = 0;
  std::string feed;  ///< empty where no feed is concerned
  std::uint64_t position = 0;
  std::string message;  ///< one line; no personal data
};

struct VerifyOptions {
  /// Findings that are described, of errors and of information each; the rest is counted.
  std::size_t findings_max = 100;
  Progress progress;
};

struct VerifyReport {
  std::vector<Finding> findings;
  std::uint64_t errors = 0;         ///< all of them, also those beyond `findings_max`
  std::uint64_t without_bytes = 0;  ///< of `name_only`, all of them: what this store cannot show
  std::uint64_t entries = 0;
  std::uint64_t logs = 0;
  std::uint64_t feeds = 0;
  std::uint64_t records = 0;
  [[nodiscard]] bool ok() const { return errors == 0; }
};

/// Fails only if the store cannot be read; what is wrong in it stands in the report.
[[nodiscard]] sync::Result<VerifyReport> verify(const ReadUnit& unit, const VerifyOptions& options);

/// Reads every page in use, and names for each table the first thing that is wrong with it or its
/// indexes. While there is anything, no walk over the store tells the truth about the rest. Pages
/// that hold nothing are not asked. Each table has a snapshot of its own.
[[nodiscard]] sync::Result<std::vector<Finding>> check_pages(const Store& store);

}  // namespace tram::store
