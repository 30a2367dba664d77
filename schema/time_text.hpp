#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sync/core/result.hpp"

/// Dates and moments as text. Vietnam has one zone and no summer time, so local time is +07:00,
/// always. Pure arithmetic: no time-zone database, no environment.
namespace tram::schema {

/// Seconds that local time is ahead of UTC.
inline constexpr std::int64_t local_offset_s = std::int64_t{7} * 3600;

/// "2025-07-01T07:34:19+07:00" → seconds since 1970 UTC. The zone is required (Z or ±hh:mm),
/// because a time without one was read wrongly before. A fraction must be zero: a moment has whole
/// seconds, and cutting off the rest would be a silent loss. Years 1000 to 9999.
[[nodiscard]] sync::Result<std::int64_t> parse_instant(std::string_view text);

/// The same in local time, with "+07:00". Nothing if the year does not have four digits.
[[nodiscard]] std::optional<std::string> format_instant(std::int64_t seconds);

/// "1956-04-30" → days since 1970-01-01. Only days that exist. An incomplete date is no date: old
/// books that give a year or a month go into a field of their own (`dob_partial`).
[[nodiscard]] sync::Result<std::int64_t> parse_date(std::string_view text);

[[nodiscard]] std::optional<std::string> format_date(std::int64_t days);

/// "1956" or "1956-04": what an old book says when it does not know the day.
[[nodiscard]] bool is_partial_date(std::string_view text);

}  // namespace tram::schema
