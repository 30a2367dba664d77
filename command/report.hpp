#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "host/exit_code.hpp"
#include "sync/core/result.hpp"

/// How every command speaks: data on stdout, talk on stderr; with --json one object on stdout,
/// whatever the exit code.
namespace tram::command {

/// Prints a line of data.
void print_line(const std::string& line);
/// Prints one object of data: compact with `json`, else indented.
void print_object(const nlohmann::json& object, bool json);
/// Tells a person something; not data.
void say(const std::string& line);

/// Ends a failed command: the message on stderr as `PROGRAM: message`, with --json also
/// {"error":{"code","message","exit"}} on stdout. Returns the exit code.
[[nodiscard]] int report_error(const std::string& program, const sync::Error& error, bool json);

[[nodiscard]] inline int exit_with(host::ExitCode code) {
  return static_cast<int>(code);
}

}  // namespace tram::command
