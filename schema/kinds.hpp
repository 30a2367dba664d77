#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// What a record can be. The number stands in every entry and is never used for anything else, also
/// not when a kind is given up; the engine gives it no meaning. A kind from a newer version is
/// carried and merged like any other: it just has no fields that this version can name.
namespace tram::schema {

namespace kind {
inline constexpr std::uint32_t dossier = 1;
inline constexpr std::uint32_t unit = 2;       ///< an administrative unit or a department
inline constexpr std::uint32_t procedure = 3;  ///< a row of the province's catalogue
inline constexpr std::uint32_t device = 4;     ///< an enrolled computer
inline constexpr std::uint32_t account = 5;    ///< a person who signs in
inline constexpr std::uint32_t setting = 6;
inline constexpr std::uint32_t holiday = 7;     ///< one day of the working calendar
inline constexpr std::uint32_t form = 8;        ///< reserved: printed forms
inline constexpr std::uint32_t feed = 9;        ///< reserved: merges of feeds
inline constexpr std::uint32_t enrolment = 10;  ///< reserved: one-time codes
}  // namespace kind

/// One kind, as people and JSON call it.
struct KindWord {
  std::uint32_t number = 0;
  std::string_view word;  ///< "dossier"; stable, for logs, JSON and command lines
  std::string_view label_vi;
  std::string_view label_en;
  bool reference = false;  ///< written by the province only, and needed by every commune
};

/// Every kind that has a number, also the reserved ones, by number.
[[nodiscard]] std::span<const KindWord> kinds();

/// nullptr for a number that this version has never heard of.
[[nodiscard]] const KindWord* find_kind(std::uint32_t number);
[[nodiscard]] const KindWord* find_kind(std::string_view word);

}  // namespace tram::schema
