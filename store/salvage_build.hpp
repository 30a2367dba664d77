#pragma once

#include <optional>
#include <vector>

#include "store/salvage.hpp"
#include "store/salvage_stage.hpp"
#include "store/verify.hpp"

namespace tram::store {

/// Writes what was staged into a new store, in the order in which it proves itself: logs and
/// entries, feeds, heads, what the hub lost, bookkeeping. The new store's own rules judge each
/// part; what they refuse is left out and counted.
class SalvageBuild {
 public:
  SalvageBuild(SalvageStage& stage, Store& fresh, const SalvageOptions& options,
               SalvageReport& report)
      : stage_(stage.database()), fresh_(fresh), options_(options), report_(report) {}

  [[nodiscard]] sync::Status run();

 private:
  [[nodiscard]] sync::Status settings();
  [[nodiscard]] sync::Status entries();
  [[nodiscard]] sync::Status put_entry(WriteUnit& unit, const Statement& row);
  [[nodiscard]] sync::Status erasures();
  [[nodiscard]] sync::Status log_heads();
  [[nodiscard]] sync::Status feeds();
  [[nodiscard]] sync::Status node_feed(std::int64_t feed_id, const std::string& feed);
  [[nodiscard]] sync::Status hub_feed(std::int64_t feed_id, const std::string& feed);
  [[nodiscard]] sync::Result<std::uint64_t> provable_size(std::int64_t feed_id);
  [[nodiscard]] sync::Status append(const std::string& feed, const std::vector<sync::Name>& names);
  [[nodiscard]] sync::Status heads(std::int64_t feed_id, const std::string& feed,
                                   std::uint64_t size);
  [[nodiscard]] sync::Status lost_stretches();
  [[nodiscard]] sync::Status put_lost(WriteUnit& unit, const Statement& row,
                                      const std::vector<sync::Name>& names);
  [[nodiscard]] sync::Status sessions();
  [[nodiscard]] sync::Status routing();
  [[nodiscard]] sync::Status mark_mended();
  [[nodiscard]] sync::Status count();

  Database& stage_;
  Store& fresh_;
  const SalvageOptions& options_;
  SalvageReport& report_;
};

}  // namespace tram::store
