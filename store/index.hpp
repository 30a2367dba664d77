#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "store/context.hpp"
#include "store/touched.hpp"
#include "sync/ledger/entry.hpp"
#include "sync/session/ledger_port.hpp"

/// What is read out of an entry's bytes and kept in columns: its form and record, the imported
/// event that it was, what a verdict rules on and an erase entry erases. Tells the projection what
/// has changed.
namespace tram::store {

class Database;

enum class EntryForm : std::int64_t { unknown = 0, opening = 1, edit = 2, verdict = 3, erase = 4 };

/// The columns that an entry's bytes decide, given the places where it stands.
struct EntryColumns {
  EntryForm form = EntryForm::unknown;
  std::optional<sync::RecordRef> record;
  bool misplaced = false;
};

[[nodiscard]] EntryColumns columns_of(const sync::Result<sync::Entry>& entry,
                                      const sync::Name& name, bool stands_at_own_place);

class Index {
 public:
  Index(Database& database, const Context& context, Touched& touched)
      : database_(database), context_(context), touched_(touched) {}

  /// Reads the entry's bytes, at first sight or after its places have changed.
  [[nodiscard]] sync::Status settle(std::int64_t entry_id);
  /// As settle, of an entry that was written just now, with its columns, at its first place.
  [[nodiscard]] sync::Status settle_new(std::int64_t entry_id, const sync::Name& name,
                                        const EntryColumns& columns, const sync::Entry& entry,
                                        bool own);
  /// The log's device or unit is known now, or what its device may say has changed.
  [[nodiscard]] sync::Status log_is_known(std::int64_t log_id);
  /// The entry has come into one more scope.
  [[nodiscard]] sync::Status came_into(std::int64_t feed_id, std::int64_t entry_id);
  /// Every scope in which the entry counts now.
  [[nodiscard]] sync::Result<std::vector<std::int64_t>> scopes_of(std::int64_t entry_id);
  [[nodiscard]] sync::Result<bool> is_erased(const sync::RecordRef& record);

  /// Empties the tables that this class fills and reads every entry again.
  [[nodiscard]] sync::Status rebuild(const std::function<void(std::uint64_t)>& progress);

 private:
  struct Row;
  [[nodiscard]] sync::Result<Row> load(std::int64_t entry_id);
  [[nodiscard]] sync::Status came_into(std::int64_t feed_id, const Row& row);
  [[nodiscard]] sync::Result<bool> stands_at(std::int64_t entry_id, const sync::Place& place);
  [[nodiscard]] sync::Status store_columns(const Row& row, const EntryColumns& columns,
                                           const sync::Entry* entry);
  [[nodiscard]] sync::Status fill_tables(const Row& row, const sync::Entry& entry);
  [[nodiscard]] sync::Status open_log(const sync::LogId& log, const sync::Opening& opening);
  [[nodiscard]] sync::Status touch_target(const sync::Name& target, std::int64_t feed_id);
  [[nodiscard]] sync::Status erase_entry(std::int64_t entry_id);
  [[nodiscard]] sync::Status erase_record(const sync::RecordRef& record);

  Database& database_;
  const Context& context_;
  Touched& touched_;
};

}  // namespace tram::store
