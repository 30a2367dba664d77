#include "command/repair_command.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "command/report.hpp"
#include "host/clock.hpp"
#include "host/lock.hpp"
#include "host/terminal.hpp"

namespace tram::command {

using host::ExitCode;
using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

struct Words {
  std::string data;
  bool as_json = false;
};

sync::Result<store::SalvageReport> repair(const RepairKind& kind, const std::string& data) {
  const sync::Result<host::DataLock> lock = host::DataLock::acquire(data);
  if (!lock && lock.error().code == ErrorCode::conflict) {
    return fail(ErrorCode::conflict,
                "the program still works on this folder: stop it first, then repair");
  }
  if (!lock) return fail(ErrorCode::not_enrolled, lock.error().message);
  host::ProgressLine line;
  const auto report =
      kind.repair(data, [&](std::string_view step, std::uint64_t done, std::uint64_t /*total*/) {
        constexpr std::uint64_t shown_every = 256;
        if (done % shown_every != 0) return;
        line.show("repair: " + std::to_string(done) + " " + std::string(step));
      });
  line.clear();
  return report;
}

json report_json(const store::SalvageReport& report) {
  if (!report.needed) return {{"needed", false}};
  return {{"needed", true},
          {"damaged_file", report.damaged.string()},
          {"pages", report.pages},
          {"pages_unreadable", report.pages_unreadable},
          {"entries", report.entries},
          {"entries_without_bytes", report.without_bytes},
          {"entries_not_placed", report.not_placed},
          {"pending_entries", report.pending},
          {"stranded_entries", report.stranded},
          {"feed_entries", report.feed_entries},
          {"feed_entries_gone", report.feed_entries_gone},
          {"settings", report.settings},
          {"bookkeeping_hurt", report.has_holes},
          {"run_lost", report.run_lost},
          {"errors_left", report.errors}};
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

void tell(const store::SalvageReport& report) {
  say(number(report.pages_unreadable) + " of " + number(report.pages) +
      " pages could not be read. The damaged file stays as " + report.damaged.string() + ".");
  say("Kept: " + number(report.entries) + " entries, " + number(report.pending) +
      " of them still to be sent, " + number(report.feed_entries) + " positions in feeds.");
  if (report.without_bytes + report.feed_entries_gone + report.not_placed != 0) {
    say("Comes back at the next exchanges, where the other side holds it: the content of " +
        number(report.without_bytes) + " entries, " + number(report.feed_entries_gone) +
        " positions in feeds.");
  }
  if (report.stranded != 0) {
    say(number(report.stranded) +
        " entries wait for one before them in their log that is gone; it comes back if it was "
        "sent.");
  }
  if (report.has_holes)
    say("Bookkeeping was hurt: unused enrolment codes may have to be made anew.");
  if (report.run_lost) say("The province will ask whether this computer was copied: tell them no.");
}

int run(const RepairKind& kind, const Words& words) {
  const auto report = repair(kind, words.data);
  if (!report) return report_error(kind.program, report.error(), words.as_json);
  if (words.as_json) print_object(report_json(*report), true);
  if (report->needed) {
    tell(*report);
  } else {
    say("Nothing is damaged.");
  }
  return exit_with(ExitCode::ok);
}

}  // namespace

Subcommand add_repair_command(CLI::App& app, RepairKind kind) {
  CLI::App* sub = app.add_subcommand("repair", "Save what can be read of a damaged store");
  const auto words = std::make_shared<Words>();
  sub->add_option("--data", words->data, "The data folder, on which nothing runs")->required();
  sub->add_flag("--json", words->as_json, "One JSON object on stdout");
  return {sub, [kind = std::move(kind), words] { return run(kind, *words); }};
}

std::string repair_suffix() {
  std::string out;
  for (const char letter : host::local_time_text(host::SystemClock().now())) {
    if (letter == '+') break;
    if (letter != '-' && letter != ':') out += letter;
  }
  return out;
}

}  // namespace tram::command
