#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/context.hpp"
#include "store/index.hpp"
#include "store/touched.hpp"
#include "sync/session/ledger_port.hpp"

namespace tram::store {

class Database;

/// Writes logs, entries and places. Every call is idempotent: what stands already is skipped.
class LedgerWriter {
 public:
  LedgerWriter(Database& database, const Context& context, Touched& touched)
      : database_(database), context_(context), index_(database, context, touched) {}

  [[nodiscard]] sync::Status put(const sync::NewLog& log);
  [[nodiscard]] sync::Status put(const sync::NewEntry& entry);
  [[nodiscard]] sync::Status put(const sync::SignedLogHead& head);

 private:
  struct At {
    std::int64_t log_id = 0;
    std::uint64_t seq = 0;
    std::int64_t entry_id = 0;
  };
  struct Held {
    std::int64_t entry_id = 0;
    bool bytes = false;
    bool misplaced = false;
    bool erased = false;
  };

  struct Log {
    std::int64_t log_id = 0;
    bool own = false;
  };

  [[nodiscard]] sync::Result<Log> log_of(const sync::LogId& log);
  [[nodiscard]] sync::Result<std::optional<Held>> find_entry(const sync::Name& name);
  /// Of a name that the store meets for the first time, at its first place: nearly always.
  [[nodiscard]] sync::Status put_new(const sync::NewEntry& entry, const Log& log);
  /// Of a name that is held: bytes that came later, or another place.
  [[nodiscard]] sync::Status put_again(const sync::NewEntry& entry, const At& at, const Held& held);
  /// True if the place is new.
  [[nodiscard]] sync::Result<bool> put_place(const sync::NewEntry& entry, const At& at);
  [[nodiscard]] sync::Status mark_pending(std::int64_t entry_id);

  // The chain of a log, as far as its entries are held without a gap.
  [[nodiscard]] sync::Status chain_from(const sync::LogId& log, const At& at,
                                        const std::optional<sync::Digest>& given);
  /// The chain value that ends here, if what stands before leaves no doubt about it; with the value
  /// before.
  struct Link {
    sync::Digest before{};
    sync::Digest chain{};
  };
  [[nodiscard]] sync::Result<std::optional<Link>> link_of(const sync::LogId& log, const At& at,
                                                          const std::optional<sync::Digest>& given);
  [[nodiscard]] sync::Result<std::optional<Link>> link_to(const sync::LogId& log, const At& at,
                                                          const sync::Name& name,
                                                          const std::optional<sync::Digest>& given);
  [[nodiscard]] sync::Status set_chain(const At& at, const Link& link);
  [[nodiscard]] sync::Status move_tip(const At& at, const Link& link);
  /// Entries that waited for this one.
  [[nodiscard]] sync::Result<std::vector<At>> waiting_for(const At& at);

  Database& database_;
  const Context& context_;
  Index index_;
};

}  // namespace tram::store
