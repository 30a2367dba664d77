#include "command/program.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "command/report.hpp"
#include "host/terminal.hpp"

namespace tram::command {

using host::ExitCode;
using nlohmann::json;

namespace {

std::string text_of(const json& finding) {
  return finding.at("message").get<std::string>();
}

// Where a finding is: the log and the number of the entry, or the feed and the position.
std::string place_of(const json& finding) {
  if (finding.contains("log")) {
    return "log " + finding["log"].get<std::string>() + ", number " + finding["seq"].dump() + ": ";
  }
  if (finding.contains("feed")) {
    return "feed " + finding["feed"].get<std::string>() + ", position " +
           finding["position"].dump() + ": ";
  }
  return "";
}

}  // namespace

int run_program(CLI::App& app, const std::vector<Subcommand>& subcommands, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_with(ExitCode::ok) : exit_with(ExitCode::usage);
  }
  for (const Subcommand& subcommand : subcommands) {
    if (subcommand.app->parsed()) return subcommand.run();
  }
  return exit_with(ExitCode::usage);
}

sync::Result<Access> Program::access(const std::string& data) const {
  return Access::to(data, open_);
}

sync::Status Program::call(const std::string& data, std::string_view method, const json& params,
                           const std::function<void(const json&)>& on_item) const {
  sync::Result<Access> way = access(data);
  if (!way) return sync::fail(way.error());
  return way->call(method, params, on_item);
}

int Program::finish(const sync::Status& status, bool as_json) const {
  if (!status) return report_error(name_, status.error(), as_json);
  return exit_with(ExitCode::ok);
}

int Program::print_export(const std::string& data, const json& params) const {
  const sync::Status done = call(data, "export", params, [](const json& item) {
    for (const json& line : item.at("lines")) print_line(line.get_ref<const std::string&>());
  });
  std::cout.flush();
  return finish(done, false);
}

int Program::print_verification(const std::string& data, bool as_json) const {
  json report;
  const sync::Status done =
      call(data, "verify", json::object(), [&](const json& item) { report = item; });
  if (!done) return finish(done, as_json);
  if (as_json) print_object(report, true);
  for (const json& finding : report.at("findings")) say(place_of(finding) + text_of(finding));
  // A daemon of an older version does not tell.
  if (report.value("entries_without_bytes", 0) != 0) {
    say(report.at("entries_without_bytes").dump() +
        " entries are held by their names alone: what they say is not shown here, and asked for at "
        "each contact");
  }
  say("verified " + report.at("entries").dump() + " entries in " + report.at("logs").dump() +
      " logs, " + report.at("feeds").dump() + " feeds, " + report.at("records").dump() +
      " records: " + report.at("errors").dump() + " errors");
  return exit_with(report.at("ok").get<bool>() ? ExitCode::ok : ExitCode::unverified);
}

int Program::print_rebuild(const std::string& data, bool as_json) const {
  json result;
  host::ProgressLine line;
  const sync::Status done = call(data, "rebuild", json::object(), [&](const json& item) {
    if (!item.contains("progress")) {
      result = item;
      return;
    }
    const json& progress = item["progress"];
    line.show("rebuild: " + progress.at("done").dump() + " " +
              progress.at("step").get<std::string>());
  });
  line.clear();
  if (!done) return finish(done, as_json);
  if (as_json) print_object(result, true);
  say("rebuilt " + result.at("records").dump() + " records from the ledger");
  return exit_with(ExitCode::ok);
}

}  // namespace tram::command
