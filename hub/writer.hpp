#pragma once

#include <map>
#include <string>

#include "store/write_unit.hpp"
#include "sync/ledger/author.hpp"
#include "sync/session/routing.hpp"

/// How the hub itself writes: each decision an entry in a log of this run, one log a feed, since a
/// log of the hub has one audience.
///
/// Call only inside Store::write, one at a time. If the transaction then fails, call `forget`: the
/// next entry opens a new log.
namespace tram::hub {

class HubWriter {
 public:
  HubWriter(const sync::SigningKey& key, sync::Random& random, const sync::Clock& clock)
      : key_(key), random_(random), clock_(clock) {}

  /// Creates a record in a feed.
  [[nodiscard]] sync::Status create_record(store::WriteUnit& unit, const sync::FeedId& feed,
                                           std::uint32_t kind, std::vector<sync::Change> changes);
  /// Changes fields of a record, having seen its present state.
  [[nodiscard]] sync::Status edit_record(store::WriteUnit& unit, const sync::FeedId& feed,
                                         const store::RecordRow& row,
                                         std::vector<sync::Change> changes);

  void forget() { authors_.clear(); }

 private:
  [[nodiscard]] sync::Status write(store::WriteUnit& unit, const sync::FeedId& feed,
                                   sync::EntryBody body);

  const sync::SigningKey& key_;
  sync::Random& random_;
  const sync::Clock& clock_;
  std::map<sync::FeedId, sync::LogAuthor> authors_;
};

}  // namespace tram::hub
