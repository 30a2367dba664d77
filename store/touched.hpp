#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "sync/ledger/entry.hpp"

/// What a transaction has done to records, and the projection has not yet followed.
namespace tram::store {

class Touched {
 public:
  struct Work {
    std::vector<std::int64_t> arrivals;  ///< entry_ids that came into the scope, in this order
    bool whole = false;                  ///< something else happened: merge all entries again
  };
  using Key = std::pair<std::int64_t, sync::RecordRef>;  ///< feed_id of the scope, record

  void arrived(std::int64_t feed_id, const sync::RecordRef& record, std::int64_t entry_id) {
    if (!muted_) works_[{feed_id, record}].arrivals.push_back(entry_id);
  }
  void changed(std::int64_t feed_id, const sync::RecordRef& record) {
    if (!muted_) works_[{feed_id, record}].whole = true;
  }
  /// Bytes were taken out of the ledger: they still stand in the WAL.
  void bytes_erased() { erased_ = true; }
  [[nodiscard]] bool erased() const { return erased_; }
  /// Forgets what comes: for a rebuild, which follows every record anyway.
  void mute() { muted_ = true; }
  [[nodiscard]] const std::map<Key, Work>& works() const { return works_; }

 private:
  std::map<Key, Work> works_;
  bool muted_ = false;
  bool erased_ = false;
};

}  // namespace tram::store
