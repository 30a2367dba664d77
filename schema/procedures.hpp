#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/ledger/entry.hpp"

/// The commune-level procedures to start with: sample data with national limits, *not* a legal
/// catalogue (data/README.md says what of it was checked). The province loads its own and corrects
/// these by entries.
namespace tram::schema {

struct Procedure {
  std::string code;  ///< "1.001193"
  std::string name;
  std::string sector;
  /// Twice the limit, because provinces cut limits to halves of days. Nothing: not found, ask the
  /// law.
  std::optional<std::int64_t> limit_halves;
  std::string limit_unit;  ///< same_day, working_day, day, hour, none; or empty
  std::string limit_text;
  std::vector<std::string> papers;
  std::string result;
  std::string confidence;  ///< how code and limit were checked: "VV", "VM", "V"
  std::string note;
};

/// Ascending by code. Constant after the first use: any thread.
[[nodiscard]] std::span<const Procedure> procedures();

/// nullptr if there is none. Only the first two groups of a code count: the rest (`.000.00.00.H56`)
/// says who offers the procedure.
[[nodiscard]] const Procedure* find_procedure(std::string_view code);

/// What creates the procedure's record, in canonical order.
[[nodiscard]] std::vector<sync::Change> procedure_changes(const Procedure& procedure);

}  // namespace tram::schema
