#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/index.hpp"
#include "store/verify.hpp"

namespace tram::store {

class Database;
class Statement;

/// One walk over a store. Each part fails only if the store cannot be read.
class Auditor {
 public:
  Auditor(const ReadUnit& unit, const VerifyOptions& options)
      : unit_(unit), database_(unit.database()), options_(options) {}

  [[nodiscard]] sync::Status entries();
  [[nodiscard]] sync::Status derived_rows();
  [[nodiscard]] sync::Status logs();
  [[nodiscard]] sync::Status feeds();
  [[nodiscard]] sync::Status heads();
  [[nodiscard]] sync::Status lost_stretches();
  [[nodiscard]] sync::Status records();

  [[nodiscard]] VerifyReport take_report() { return std::move(report_); }

 private:
  struct EntryRow;
  struct LogRow;
  struct LogWalk;
  struct FeedWalk;

  void found(Finding finding);
  void progress(std::string_view step, std::uint64_t done) const;
  /// Next row, or nothing at the end; the error of a read is kept for `done`.
  [[nodiscard]] bool row(Statement& statement);
  [[nodiscard]] sync::Status done() const;

  void check_entry(const EntryRow& entry);
  void check_name_only(const EntryRow& entry);
  void check_columns(const EntryRow& entry, const sync::Result<sync::Entry>& decoded);
  void check_index(const EntryRow& entry, const sync::Entry& decoded);
  [[nodiscard]] bool exists(Statement& statement);

  void check_log(const LogRow& log);
  void check_place(const LogRow& log, LogWalk& walk, Statement& place);
  void check_chain(const LogRow& log, LogWalk& walk, std::uint64_t seq, const sync::Name& name,
                   const std::optional<sync::Digest>& chain);
  void check_tips(const LogRow& log, const LogWalk& walk);
  void check_log_head(const LogRow& log);
  void check_opening(const LogRow& log);

  void check_feed(const FeedRow& feed, std::int64_t feed_id);
  void check_position(FeedWalk& walk, Statement& position);
  void check_nodes(FeedWalk& walk, const sync::Name& name);
  [[nodiscard]] sync::Status check_head(const std::string& feed, const sync::SignedHead& head,
                                        bool is_void);
  [[nodiscard]] bool signed_by_hub(const sync::SignedHead& head);

  void check_record(std::int64_t feed_id, const sync::RecordRef& record);

  const ReadUnit& unit_;
  Database& database_;
  const VerifyOptions& options_;
  VerifyReport report_;
  std::size_t errors_told_ = 0;
  std::size_t informations_told_ = 0;
  std::optional<sync::Error> error_;
};

}  // namespace tram::store
