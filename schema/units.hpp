#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/core/result.hpp"
#include "sync/ledger/entry.hpp"

/// The administrative units of the country, built in: 34 provinces, 3,321 communes, with every
/// known spelling and with the units that they were made of (data/README.md).
///
/// A unit is its code; a name is only how somebody spells it. Since the merger most codes mean a
/// unit of another name than before, so a predecessor is (old code, old name), never the code
/// alone.
///
/// The built-in lists are read at their first use and then constant: any thread, pointers stay
/// valid.
namespace tram::schema {

struct Province {
  std::string code;  ///< two digits, as text: "68"
  std::string name;
  std::string full_name;
  std::string type;
  std::uint32_t communes = 0;
};

struct Spelling {
  std::string system;  ///< who spells it so: "gso_2026", "cas_address"
  std::string text;    ///< the full name in that spelling
};

struct Predecessor {
  std::string code;  ///< empty for the five island districts that had no communes
  std::string name;  ///< of the old commune, or of the district if it had none
  std::string district;
  std::string province;
  bool whole = true;  ///< false: the old unit went into several new ones
};

struct Unit {
  std::string code;  ///< five digits, as text: "24829"
  std::string name;
  std::string type;  ///< xã, phường, đặc khu
  std::string full_name;
  std::string province_code;
  std::vector<Spelling> spellings;  ///< only for units that are spelt in more than one way
  std::vector<Predecessor> predecessors;
};

[[nodiscard]] std::span<const Province> provinces();
/// Ascending by (province, code).
[[nodiscard]] std::span<const Unit> all_units();

/// nullptr if there is none.
[[nodiscard]] const Province* find_province(std::string_view code);
[[nodiscard]] const Unit* find_unit(std::string_view code);
/// Empty for an unknown province.
[[nodiscard]] std::span<const Unit> units_of_province(std::string_view code);

/// The units of a province that somebody may mean by this name, with or without "xã", in any
/// spelling: "BLao" finds B'Lao. More than one is possible: ask, never guess.
[[nodiscard]] std::vector<const Unit*> units_spelt(std::string_view province_code,
                                                   std::string_view name);

/// An operator's own list (`tram-hub init --units FILE`): CSV with the columns code, name, type,
/// full_name, province_code; others are ignored. Codes must be unique and every text must fit its
/// field.
[[nodiscard]] sync::Result<std::vector<Unit>> read_units(std::string_view csv);

/// What creates the unit's record, in canonical order. Custody is not written: the record belongs
/// to the feed in which it is created, the province's.
[[nodiscard]] std::vector<sync::Change> unit_changes(const Unit& unit);

}  // namespace tram::schema
