#pragma once

#include <map>
#include <vector>

#include "sync/session/ledger_port.hpp"

/// Which feeds an accepted entry is due in (DESIGN 7; traces M5, M6). It stands in its author's
/// home feed always. A feed that has once held a record lawfully gets all its entries, past and
/// later, for ever, with the first entry of each log it meets. What a unit writes on a record that
/// it never held stays at home.
namespace tram::sync {

class Router {
 public:
  /// Reads the state before the commit; what the commit itself adds is remembered here.
  Router(const LedgerReader& ledger, Commit& commit) : ledger_(ledger), commit_(commit) {}

  /// Appends the entry to its home feed, and queues it for the other feeds that hold its record.
  /// `bytes` may be absent (name alone): then nothing is known of its record.
  void accept(const FeedId& home, const Name& name, const Place& place,
              const std::optional<Bytes>& bytes);

 private:
  void route_edit(const FeedId& home, const Name& name, const RecordRef& record, const Edit& edit);
  void route_to_holders_of(const FeedId& home, const Name& name, const RecordRef& record);
  std::vector<Holder>& holders(const RecordRef& record);
  void give_history(const FeedId& from, const FeedId& to, const RecordRef& record);
  void deliver(const FeedId& feed, const Name& name);
  [[nodiscard]] std::optional<Name> opening_of(const Name& name) const;

  const LedgerReader& ledger_;
  Commit& commit_;
  std::map<RecordRef, std::vector<Holder>> holders_;
  std::map<RecordRef, std::vector<Name>> accepted_;  // of this commit, by record
  std::map<Name, Place> places_;                     // of this commit
  std::map<LogId, Name> openings_;                   // of this commit
};

}  // namespace tram::sync
