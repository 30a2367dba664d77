#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sync/session/ledger_port.hpp"

/// Which feeds an accepted entry is due in (DESIGN 7; traces M5, M6). It stands in its author's
/// home feed always. A feed that has once held a record lawfully ("has standing") gets all its
/// entries, past and later, for ever, with the first entry of each log it meets. What a unit writes
/// on a record that it never held stays at home.
///
/// Standing comes from creating the record, or from a change of custody by a unit that has it;
/// never from merely writing, nor from an id that another unit's importer will compute: a stolen
/// key must not reach other communes' dossiers by being early.
namespace tram::sync {

class Router {
 public:
  /// Reads the state before the commit; what the commit itself adds is remembered here. So one
  /// router serves a whole commit, and both arguments outlive it.
  Router(const LedgerReader& ledger, Commit& commit) : ledger_(ledger), commit_(commit) {}

  /// Appends the entry to its home feed, and queues it for the other feeds that have standing.
  /// `bytes` may be absent (name alone): then nothing is known of its record. Call it again when
  /// the bytes have come.
  void accept(const FeedId& home, const Name& name, const Place& place,
              const std::optional<Bytes>& bytes);

  /// The same for an entry that stood in `feed` before the hub lost it. `home` is the unit of its
  /// log, empty if nobody knows. An entry that stood in two feeds, or in one that is not its home,
  /// had been delivered: so both had standing, and it goes back to both.
  void restore(const FeedId& feed, const FeedId& home, const Name& name, const Place& place,
               const std::optional<Bytes>& bytes);

 private:
  void take(const FeedId& feed, const Name& name, const Place& place);
  void route_edit(const FeedId& home, const Name& name, const RecordRef& record, const Edit& edit);
  void route_ruling(const FeedId& home, const Name& name, const RecordRef& record);
  void stood_in_both(const FeedId& feed, const FeedId& home, const Name& name,
                     const RecordRef& record);
  /// The unit gets the record's history, the others get what it wrote, and its own changes of
  /// custody count from now on.
  void give_standing(const FeedId& feed, const RecordRef& record);
  [[nodiscard]] bool has_standing(const FeedId& feed, const RecordRef& record);
  void deliver_to_others(const FeedId& home, const Name& name, const RecordRef& record);
  void give_history(const FeedId& from, const FeedId& to, const RecordRef& record);
  [[nodiscard]] std::vector<Name> history(const FeedId& feed, const RecordRef& record);
  [[nodiscard]] std::optional<std::string> custody_by(const Name& name) const;
  [[nodiscard]] std::optional<RecordRef> record_of_target(const Name& target) const;
  std::vector<Holder>& holders(const RecordRef& record);
  void deliver(const FeedId& feed, const Name& name);
  [[nodiscard]] std::optional<Name> opening_of(const Name& name) const;

  const LedgerReader& ledger_;
  Commit& commit_;
  std::map<RecordRef, std::vector<Holder>> holders_;
  // Of this commit.
  std::map<std::pair<FeedId, RecordRef>, std::vector<Name>> accepted_;
  std::map<Name, std::string> custody_;
  std::map<Name, RecordRef> records_;
  std::map<Name, Place> places_;
  std::map<LogId, Name> openings_;
};

}  // namespace tram::sync
