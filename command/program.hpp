#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "command/access.hpp"

namespace CLI {
class App;
}

/// What the command lines of node and hub share: from words to a method, from its answer to stdout
/// and an exit code.
namespace tram::command {

/// A subcommand and what it does; `run` gives the exit code.
struct Subcommand {
  CLI::App* app;
  std::function<int()> run;
};

/// Parses and runs. Help and version are 0, words that do not fit are 2.
[[nodiscard]] int run_program(CLI::App& app, const std::vector<Subcommand>& subcommands, int argc,
                              char** argv);

/// One program's way to its data directory.
class Program {
 public:
  Program(std::string name, Open open) : name_(std::move(name)), open_(std::move(open)) {}

  [[nodiscard]] sync::Result<Access> access(const std::string& data) const;
  [[nodiscard]] sync::Status call(const std::string& data, std::string_view method,
                                  const nlohmann::json& params,
                                  const std::function<void(const nlohmann::json&)>& on_item) const;

  /// The exit code of a finished command; a failure is reported as report_error says.
  [[nodiscard]] int finish(const sync::Status& status, bool as_json) const;

  /// `export`: prints the lines that the method gives.
  [[nodiscard]] int print_export(const std::string& data, const nlohmann::json& params) const;
  /// `verify`: prints the report; exit code 6 if anything is wrong.
  [[nodiscard]] int print_verification(const std::string& data, bool as_json) const;

  /// `rebuild`: shows how far it is, then how many records there are.
  [[nodiscard]] int print_rebuild(const std::string& data, bool as_json) const;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  Open open_;
};

}  // namespace tram::command
