#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "sync/core/ports.hpp"

/// The log: one line an event on stderr, for the service manager to keep.
///
///     2026-11-21T09:00:00+07:00 warn hub.refused reason=revoked device=ab12cd34
///
/// NEVER pass personal data: no names, numbers, addresses, dossier codes, file names of citizens,
/// or bytes of a request. Device ids, counts, sizes, durations, error codes and addresses of
/// machines are what a log is for. An event's name is lower-case words with dots and never varies;
/// what varies is a field.
///
/// Any thread; lines of several threads never mix. Nothing is ever thrown or returned: a log that
/// cannot be written must not stop the work.
namespace tram::host {

enum class Level { debug, info, warn, error };

/// A name and a value. Text is quoted when it has spaces or quotes; control characters (a newline
/// above all) are escaped, so that no value can forge a line; what exceeds 512 bytes is cut.
struct Field {
  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const char* text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const std::string& text) : name(field_name), value(text) {}
  Field(std::string_view field_name, bool flag) : name(field_name), value(flag ? "yes" : "no") {}
  template <std::integral Number>
  Field(std::string_view field_name, Number number)
      : name(field_name), value(std::to_string(number)) {}

  std::string_view name;
  std::string value;
};

void log(Level level, std::string_view event, std::initializer_list<Field> fields = {});

/// What is below is dropped. Starts at `info`.
void set_log_level(Level level);

/// The line that log() prints, without its newline.
[[nodiscard]] std::string format_log_line(sync::Instant at, Level level, std::string_view event,
                                          std::initializer_list<Field> fields);

}  // namespace tram::host
