#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sync/ledger/entry.hpp"

/// The days on which the working calendar differs from the week: data that the province corrects by
/// entries as the yearly notices come out. What follows from them for a deadline is not decided
/// here.
namespace tram::schema {

struct Holiday {
  std::int64_t date = 0;  ///< days since 1970-01-01
  std::string type;  ///< holiday, substitute, swap_off (a weekday off), swap_work (a day worked)
  std::string name;
  std::string source;
  std::string confidence;  ///< verified-secondary, computed, derived: load the official notice
  std::string note;
};

/// Ascending by date, one a day. Constant after the first use: any thread.
[[nodiscard]] std::span<const Holiday> holidays();

/// What creates the day's record, in canonical order. Its code is the date, "2026-01-02".
[[nodiscard]] std::vector<sync::Change> holiday_changes(const Holiday& holiday);

}  // namespace tram::schema
