#include "schema/time_text.hpp"

#include <chrono>

namespace tram::schema {

namespace {

using sync::ErrorCode;
using sync::fail;
using sync::Result;

constexpr std::int64_t day_s = 86400;

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  return value;
}

std::optional<std::int64_t> days_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  if (!year || !month || !day || *year < 1000) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

/// "07:34:19" → seconds of the day. No leap seconds: no clock of ours shows one.
std::optional<std::int64_t> seconds_of(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = number(text.substr(0, 2));
  const auto minute = number(text.substr(3, 2));
  const auto second = number(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  return std::int64_t{*hour} * 3600 + std::int64_t{*minute} * 60 + *second;
}

/// "Z", "+07:00" → seconds ahead of UTC. Offsets end at 14 hours.
std::optional<std::int64_t> offset_of(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hour = number(text.substr(1, 2));
  const auto minute = number(text.substr(4, 2));
  if (!hour || !minute || *minute > 59) return std::nullopt;
  const std::int64_t offset = std::int64_t{*hour} * 3600 + std::int64_t{*minute} * 60;
  if (offset > std::int64_t{14} * 3600) return std::nullopt;
  return text[0] == '-' ? -offset : offset;
}

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  out.append(width - digits.size(), '0').append(digits);
}

}  // namespace

Result<std::int64_t> parse_instant(std::string_view text) {
  const char* shape = "not a moment like 2025-07-01T07:34:19+07:00";
  if (text.size() < 20 || text[10] != 'T') return fail(ErrorCode::malformed, shape);
  std::string_view zone = text.substr(19);
  if (zone[0] == '.') {
    const std::size_t end = zone.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) return fail(ErrorCode::malformed, shape);
    if (zone.substr(1, end - 1).find_first_not_of('0') != std::string_view::npos) {
      return fail(ErrorCode::malformed, "fractions of a second are not kept");
    }
    zone.remove_prefix(end);
  }
  const auto days = days_of(text.substr(0, 10));
  const auto seconds = seconds_of(text.substr(11, 8));
  const auto offset = offset_of(zone);
  if (!days || !seconds || !offset) return fail(ErrorCode::malformed, shape);
  const std::int64_t moment = *days * day_s + *seconds - *offset;
  // What could not be shown again in local time is refused, at both ends of the calendar.
  if (!format_instant(moment)) return fail(ErrorCode::malformed, shape);
  return moment;
}

std::optional<std::string> format_instant(std::int64_t seconds) {
  // Far beyond year 9999, where adding the offset could overflow.
  constexpr std::int64_t bound = std::int64_t{1} << 48;
  if (seconds > bound || seconds < -bound) return std::nullopt;
  const std::int64_t local = seconds + local_offset_s;
  std::int64_t days = local / day_s;
  std::int64_t rest = local % day_s;
  if (rest < 0) {
    rest += day_s;
    days -= 1;
  }
  std::optional<std::string> out = format_date(days);
  if (!out) return std::nullopt;
  out->push_back('T');
  append_padded(*out, rest / 3600, 2);
  out->push_back(':');
  append_padded(*out, rest / 60 % 60, 2);
  out->push_back(':');
  append_padded(*out, rest % 60, 2);
  return *out + "+07:00";
}

Result<std::int64_t> parse_date(std::string_view text) {
  if (const auto days = days_of(text)) return *days;
  if (is_partial_date(text)) {
    return fail(ErrorCode::malformed,
                "an incomplete date; a year or month alone has its own field");
  }
  return fail(ErrorCode::malformed, "not a date like 2025-07-01");
}

std::optional<std::string> format_date(std::int64_t days) {
  // 1000-01-01 and 9999-12-31: outside, a year does not have four digits.
  if (days < -354285 || days > 2932896) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
  std::string out;
  append_padded(out, int{date.year()}, 4);
  out.push_back('-');
  append_padded(out, unsigned{date.month()}, 2);
  out.push_back('-');
  append_padded(out, unsigned{date.day()}, 2);
  return out;
}

bool is_partial_date(std::string_view text) {
  if (text.size() != 4 && text.size() != 7) return false;
  const auto year = number(text.substr(0, 4));
  if (!year || *year < 1000) return false;
  if (text.size() == 4) return true;
  const auto month = number(text.substr(5, 2));
  return text[4] == '-' && month && *month >= 1 && *month <= 12;
}

}  // namespace tram::schema
