#include "command/backup_command.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "command/report.hpp"
#include "host/clock.hpp"
#include "host/files.hpp"
#include "host/terminal.hpp"

namespace tram::command {

using host::ExitCode;
using nlohmann::json;
using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::size_t page_bytes_max = 16 * 1024;
constexpr std::uint64_t progress_bytes = std::uint64_t{4} * 1024 * 1024;
constexpr std::uint64_t verify_steps = 1000;
constexpr std::uint64_t megabyte = 1'000'000;

struct Words {
  std::string data;
  std::string file;
  std::string recovery_key;
  bool force = false;
  bool as_json = false;
};

struct Commands {
  BackupKind kind;
  std::function<Program(const std::string&)> program;
  Words words;
};

json report_json(const BackupReport& report) {
  json feeds = json::object();
  for (const host::BackupFeed& feed : report.header.feeds) feeds[feed.feed] = feed.size;
  return {{"role", host::to_word(report.header.role)},
          {"unit", report.header.unit},
          {"unit_name", report.unit_name},
          {"device", sync::to_hex(sync::ByteView(report.header.signer).first(16))},
          {"made_at", host::local_time_text(report.header.made_at)},
          {"feeds", std::move(feeds)},
          {"bytes", report.bytes}};
}

std::string whose(const json& report) {
  const std::string name = report.at("unit_name");
  return "the " + report.at("role").get<std::string>() + " of " + (name.empty() ? "" : name + " ") +
         "(" + report.at("unit").get<std::string>() + "), computer " +
         report.at("device").get<std::string>() + ", as of " +
         report.at("made_at").get<std::string>();
}

void show(host::ProgressLine& line, const std::string& step, std::uint64_t done,
          std::uint64_t total) {
  // What is over in a moment needs no line.
  if (total == 0 ? done < verify_steps && step != "copy" : total < progress_bytes) return;
  if (step == "verify") {
    line.show("backup: verify " + std::to_string(done));
  } else if (total == 0) {
    line.show("backup: " + step);
  } else {
    line.show("backup: " + step + " " + std::to_string(done / megabyte) + " of " +
              std::to_string(total / megabyte) + " MB");
  }
}

BackupProgress shown_on(host::ProgressLine& line) {
  return [&line](std::string_view step, std::uint64_t done, std::uint64_t total) {
    show(line, std::string(step), done, total);
  };
}

sync::Result<host::Secret> recovery_key_at(const std::string& word) {
  auto bytes = word == "-" ? host::read_standard_input(page_bytes_max)
                           : host::read_file(word, page_bytes_max);
  if (!bytes) return fail(bytes.error());
  const host::Secret page(std::move(*bytes));
  return recovery_key_from(page.text());
}

int create(const Commands& commands) {
  const Words& words = commands.words;
  const Program program = commands.program(words.data);
  std::error_code error;
  // The daemon's working folder is another.
  const std::filesystem::path file = std::filesystem::absolute(words.file, error);
  json report;
  host::ProgressLine line;
  const sync::Status done =
      program.call(words.data, "backup.create", {{"file", file.string()}, {"force", words.force}},
                   [&](const json& item) {
                     if (!item.contains("progress")) {
                       report = item;
                       return;
                     }
                     const json& progress = item["progress"];
                     show(line, progress.at("step"), progress.at("done"), progress.at("total"));
                   });
  line.clear();
  if (!done) return program.finish(done, words.as_json);
  // A service may have a /tmp of its own.
  if (std::filesystem::file_size(file, error) != report.at("bytes").get<std::uintmax_t>()) {
    return program.finish(fail(ErrorCode::io,
                               "the daemon saved it in a folder that only it can "
                               "see: choose another one than " +
                                   file.parent_path().string()),
                          words.as_json);
  }
  if (words.as_json) print_object(report, true);
  say("Saved " + whose(report) + ": " + report.at("bytes").dump() + " bytes in " + file.string() +
      ".");
  say("Keep it away from this computer. Only the province's recovery key opens it.");
  return exit_with(ExitCode::ok);
}

int print_verified(const Commands& commands, const BackupVerification& verified) {
  json out = report_json(verified.backup);
  out["opened"] = true;
  out["ok"] = verified.store.ok();
  out["errors"] = verified.store.errors;
  out["entries"] = verified.store.entries;
  out["logs"] = verified.store.logs;
  out["records"] = verified.store.records;
  if (commands.words.as_json) print_object(out, true);
  for (const store::Finding& finding : verified.store.findings) {
    if (!finding.information) say(finding.message);
  }
  say("Whole, and opened: " + whose(out) + ".");
  say("verified " + out["entries"].dump() + " entries in " + out["logs"].dump() + " logs, " +
      std::to_string(verified.store.feeds) + " feeds, " + out["records"].dump() +
      " records: " + out["errors"].dump() + " errors");
  return exit_with(verified.store.ok() ? ExitCode::ok : ExitCode::unverified);
}

int verify(const Commands& commands) {
  const Words& words = commands.words;
  const Program program = commands.program({});
  host::ProgressLine line;
  if (words.recovery_key.empty()) {
    const auto proved = prove_backup(words.file, shown_on(line));
    line.clear();
    if (!proved) return program.finish(fail(proved.error()), words.as_json);
    json out = report_json(*proved);
    out["opened"] = false;
    out["ok"] = true;
    if (words.as_json) print_object(out, true);
    say("Whole: " + whose(out) + ".");
    say("Its content was not opened: that takes --recovery-key.");
    return exit_with(ExitCode::ok);
  }
  const auto key = recovery_key_at(words.recovery_key);
  if (!key) return program.finish(fail(key.error()), words.as_json);
  const auto verified = verify_backup(commands.kind, words.file, *key, shown_on(line));
  line.clear();
  if (!verified) return program.finish(fail(verified.error()), words.as_json);
  return print_verified(commands, *verified);
}

int restore(const Commands& commands) {
  const Words& words = commands.words;
  const Program program = commands.program({});
  const auto key = recovery_key_at(words.recovery_key);
  if (!key) return program.finish(fail(key.error()), words.as_json);
  host::ProgressLine line;
  const auto restored = restore_backup(commands.kind, words.data, words.file, *key, shown_on(line));
  line.clear();
  if (!restored) return program.finish(fail(restored.error()), words.as_json);
  json out = report_json(*restored);
  out["data"] = words.data;
  if (words.as_json) print_object(out, true);
  say("Restored " + whose(out) + ", in " + words.data + ".");
  const bool is_hub = commands.kind.role == host::BackupRole::hub;
  say("Now `run` it: nothing else is to be done. Work newer than " +
      out.at("made_at").get<std::string>() + " comes back by itself " +
      (is_hub ? "as the communes' computers make contact, so far as one of them has it; what only "
                "the lost disk had is gone."
              : "at the next sync, so far as the province or another computer has it; what only "
                "the lost disk had is gone."));
  // Both of a pair would go on, and the province would be asked which one is real.
  say("The computer that this was must not be used again as it is" +
      std::string(is_hub ? "." : ": the province will be told that this one went back."));
  return exit_with(ExitCode::ok);
}

}  // namespace

Method backup_method(BackupKind kind, std::filesystem::path folder) {
  return [kind = std::move(kind), folder = std::move(folder)](const json& params,
                                                              const Emit& emit) -> sync::Status {
    const std::filesystem::path file = params.at("file").get<std::string>();
    if (!file.is_absolute()) return fail(ErrorCode::usage, "the file's whole path is needed");
    const auto existing = params.value("force", false) ? host::LargeFileWriter::Existing::replace
                                                       : host::LargeFileWriter::Existing::keep;
    std::uint64_t told = 0;
    const auto progress = [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
      if (done < told + progress_bytes && done != 0) return;
      told = done;
      emit({{"progress", {{"step", step}, {"done", done}, {"total", total}}}});
    };
    const auto report = create_backup(kind, folder, file, existing, progress);
    if (!report) return fail(report.error());
    json out = report_json(*report);
    out["file"] = file.string();
    emit(out);
    return {};
  };
}

std::vector<Subcommand> add_backup_commands(
    CLI::App& app, BackupKind kind, std::function<Program(const std::string& data)> program) {
  const auto commands =
      std::make_shared<Commands>(Commands{std::move(kind), std::move(program), {}});
  Words& words = commands->words;
  CLI::App* backup = app.add_subcommand("backup", "One sealed file that brings this computer back");
  backup->require_subcommand(1);
  CLI::App* make = backup->add_subcommand("create", "Save all, also beside a running daemon");
  CLI::App* check = backup->add_subcommand("verify", "Prove that a backup is whole, and whose");
  CLI::App* again = backup->add_subcommand("restore", "Make a data folder out of a backup");
  make->add_option("--data", words.data, "The data folder")->required();
  make->add_flag("--force", words.force, "Replace a file that is there");
  check->add_option("--recovery-key", words.recovery_key,
                    "The province's recovery key, to open it too: a file, or - for stdin");
  again->add_option("--data", words.data, "A folder that is empty or does not exist")->required();
  again
      ->add_option("--recovery-key", words.recovery_key,
                   "The province's recovery key: a file, or - for stdin")
      ->required();
  for (CLI::App* sub : {make, check, again}) {
    sub->add_option("FILE", words.file, "The backup")->required();
    sub->add_flag("--json", words.as_json, "One JSON object on stdout");
  }
  const auto with = [&commands](int (*run)(const Commands&)) {
    return [commands, run] { return run(*commands); };
  };
  return {{make, with(create)}, {check, with(verify)}, {again, with(restore)}};
}

}  // namespace tram::command
