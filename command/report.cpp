#include "command/report.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

namespace tram::command {

using nlohmann::json;

void print_line(const std::string& line) {
  std::cout << line << '\n';
}

void print_object(const json& object, bool compact) {
  std::cout << object.dump(compact ? -1 : 2, ' ', false, json::error_handler_t::replace) << '\n';
}

void say(const std::string& line) {
  std::cerr << line << '\n';
}

int report_error(const std::string& program, const sync::Error& error, bool as_json) {
  const int code = exit_with(host::exit_code_for(error.code));
  if (as_json) {
    print_object(
        {{"error",
          {{"code", sync::to_word(error.code)}, {"message", error.message}, {"exit", code}}}},
        true);
  }
  say(program + ": " + error.message);
  return code;
}

}  // namespace tram::command
