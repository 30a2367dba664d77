#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "store/read_unit.hpp"

namespace tram::store {

/// Told how far a long piece of work is; `total` may be 0 where it is not known.
using Progress =
    std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)>;

/// The one writing transaction. It reads what it wrote itself. Exists only inside Store::write.
class WriteUnit final : public ReadUnit {
 public:
  WriteUnit(Database& database, const Context& context);

  /// Makes everything in the commit stand, and the projection of every record concerned with it, or
  /// nothing of it: after an error the unit is as it was before the call. Idempotent in every part.
  ///
  /// Errors: `unverified` if a name is not the hash of its bytes; `limit` for an entry above 64
  /// KiB; `not_found` if a feed is to hold a name that the store does not; else as Database.
  [[nodiscard]] sync::Status apply(const sync::Commit& commit);

  /// Runs `work` so that it can be undone alone: what it wrote is gone if it returns an error, and
  /// the unit goes on. So one bad batch in the hub's group commit does not take the others with it.
  [[nodiscard]] sync::Status savepoint(const std::function<sync::Status(WriteUnit&)>& work);

  /// Drops a delivery that is not to be made. Appending the name to its feed drops it by itself.
  [[nodiscard]] sync::Status drop_delivery(const Delivery& delivery);

  /// Small settings of the machine that stand or fall with the ledger. Keys that begin with
  /// "store." are the store's own.
  [[nodiscard]] sync::Status set_meta(std::string_view key, sync::ByteView value);
  [[nodiscard]] sync::Status drop_meta(std::string_view key);

  /// From now on the verdicts and erasures in this key's logs count, also those held already.
  [[nodiscard]] sync::Status add_hub_key(const sync::PublicKey& key);

  /// Drops the whole projection and computes it again from the ledger. Takes seconds for a
  /// commune-year.
  [[nodiscard]] sync::Status rebuild(const Progress& progress = {});

  /// Bytes were taken out of the ledger, which still stand in the WAL once this is committed.
  [[nodiscard]] bool erased_bytes() const { return erased_bytes_; }

 private:
  bool erased_bytes_ = false;
};

}  // namespace tram::store
