// tram-node: the command line of a commune's computer. Parses words, calls methods, prints; decides
// nothing.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "command/backup_command.hpp"
#include "command/program.hpp"
#include "command/report.hpp"
#include "host/files.hpp"
#include "host/terminal.hpp"
#include "node/backup.hpp"
#include "node/daemon.hpp"
#include "node/enrol.hpp"
#include "node/import_command.hpp"
#include "node/operations.hpp"
#include "node/repair.hpp"

namespace {

using nlohmann::json;
using namespace tram;
using host::ExitCode;

constexpr std::size_t ticket_bytes_max = 4096;

struct Words {
  std::string data;
  std::string code;
  std::string label;
  std::string file;
  std::string record;
  std::string field;
  std::string element;
  std::string entry;
  std::string value;
  bool as_json = false;
};

class OpenedNode final : public command::Opened {
 public:
  explicit OpenedNode(std::unique_ptr<node::Node> opened)
      : node_(std::move(opened)),
        disk_(node_->store(), node_->directory(), node::ballast_bytes(node_->config())),
        link_(*node_),
        methods_(node::operations_of(*node_, link_, {{}, {}, &disk_})) {}
  [[nodiscard]] const command::Methods& methods() const override { return methods_; }

 private:
  std::unique_ptr<node::Node> node_;
  command::DiskGuard disk_;
  node::Link link_;
  command::Methods methods_;
};

// Opens the directory itself when no daemon runs on it.
command::Program program_for(const std::string& data) {
  return {
      "tram-node", [data]() -> sync::Result<std::unique_ptr<command::Opened>> {
        sync::Result<std::unique_ptr<node::Node>> opened = node::Node::open(data);
        if (!opened) return sync::fail(opened.error());
        return std::unique_ptr<command::Opened>(std::make_unique<OpenedNode>(std::move(*opened)));
      }};
}

sync::Status call(const Words& words, std::string_view method, const json& params,
                  const std::function<void(const json&)>& on_item) {
  return program_for(words.data).call(words.data, method, params, on_item);
}

int finish(const sync::Status& status, bool as_json) {
  return program_for({}).finish(status, as_json);
}

// A code on the command line, in a file, or on stdin.
sync::Result<std::string> ticket_from(const std::string& word) {
  sync::Result<sync::Bytes> bytes = sync::fail(sync::ErrorCode::not_found, "");
  std::error_code ignored;
  if (word == "-") {
    bytes = host::read_standard_input(ticket_bytes_max);
  } else if (std::filesystem::is_regular_file(word, ignored)) {
    bytes = host::read_file(word, ticket_bytes_max);
  } else {
    return word;
  }
  if (!bytes) return sync::fail(bytes.error());
  std::string text(sync::as_text(*bytes));
  text.erase(text.find_last_not_of(" \r\n\t") + 1);
  const json document = json::parse(text, nullptr, false);
  if (document.is_object() && document.contains("code") && document["code"].is_string()) {
    return document["code"].get<std::string>();
  }
  return text;
}

int enroll(const Words& words) {
  const sync::Result<std::string> ticket = ticket_from(words.code);
  if (!ticket) return finish(sync::fail(ticket.error()), words.as_json);
  const sync::Result<node::Identity> identity = node::enrol(words.data, *ticket, words.label);
  if (!identity) return finish(sync::fail(identity.error()), words.as_json);
  if (words.as_json) {
    command::print_object({{"unit", identity->unit},
                           {"unit_name", identity->unit_name},
                           {"province", identity->province},
                           {"hub_url", identity->hub_url}},
                          true);
  }
  command::say("This computer is enrolled for " + identity->unit_name + " (" + identity->unit +
               ") at " + identity->hub_url + ".");
  return command::exit_with(ExitCode::ok);
}

int import(const Words& words) {
  sync::Result<command::Access> access = program_for(words.data).access(words.data);
  if (!access) return finish(sync::fail(access.error()), words.as_json);
  const sync::Result<node::ImportTotals> totals = node::import_file(*access, words.file);
  if (!totals) return finish(sync::fail(totals.error()), words.as_json);
  if (words.as_json) {
    command::print_object(
        {{"accepted", totals->accepted}, {"known", totals->known}, {"rejected", totals->rejected}},
        true);
  }
  command::say(std::to_string(totals->accepted) + " events taken, " +
               std::to_string(totals->known) + " known already, " +
               std::to_string(totals->rejected) + " rejected");
  if (totals->rejected == 0) return command::exit_with(ExitCode::ok);
  if (words.file != "-") command::say("Look at " + words.file + ".rejected; the rest is saved.");
  return command::exit_with(ExitCode::needs_person);
}

int export_records(const Words& words) {
  return program_for(words.data).print_export(words.data, json::object());
}

int sync_now(const Words& words) {
  json report = json::object();
  host::ProgressLine progress;
  sync::Status done = call(words, "sync", json::object(), [&](const json& item) {
    if (item.contains("progress")) {
      progress.show("sync: " + item["progress"]["sent"].dump() + " sent, " +
                    item["progress"]["pending"].dump() + " waiting");
    } else if (item.contains("report")) {
      report = item["report"];
    }
  });
  progress.clear();
  int code = command::exit_with(ExitCode::ok);
  if (!done) {
    code = command::exit_with(host::exit_code_for(done.error().code));
    report["error"] = {{"code", sync::to_word(done.error().code)},
                       {"message", done.error().message},
                       {"exit", code}};
    command::say("tram-node: " + done.error().message);
    const bool safe =
        done.error().code != sync::ErrorCode::io && done.error().code != sync::ErrorCode::damaged;
    if (safe) command::say("What was saved here is safe and is sent later.");
  } else if (report.value("copied", false)) {
    code = command::exit_with(ExitCode::needs_person);
    command::say(
        "This computer went back to an older state, or another one works with its "
        "identity: tell the province.");
  }
  if (words.as_json) {
    command::print_object(report, true);
  } else if (done) {
    command::say(report["sent_entries"].dump() + " sent, " + report["received_entries"].dump() +
                 " received" + (report["synced"].get<bool>() ? ", the province has it all" : ""));
  }
  return code;
}

int show_status(const Words& words) {
  json status;
  const sync::Status done =
      call(words, "status", json::object(), [&](const json& item) { status = item; });
  if (!done) return finish(done, words.as_json);
  if (words.as_json) {
    command::print_object(status, true);
    return command::exit_with(ExitCode::ok);
  }
  const auto line = [](const std::string& name, const std::string& value) {
    command::print_line(name + std::string(14 - name.size(), ' ') + value);
  };
  const json& contact = status.at("link").at("last_contact");
  line("unit", status["unit"].get<std::string>() + " " + status["unit_name"].get<std::string>());
  line("waiting",
       status["pending_entries"].dump() + " entries, " + status["pending_bytes"].dump() + " bytes");
  line("conflicts", status["conflicts"].dump());
  if (status.value("entries_without_bytes", 0) != 0) {
    line("incomplete", status["entries_without_bytes"].dump() +
                           " entries without their content, which is asked for at each contact");
  }
  line("last contact", contact.is_string() ? contact.get<std::string>() : "never");
  line("province", status["synced"].get<bool>() ? "has everything, as of the last contact"
                                                : "does not have everything yet");
  if (status["read_only"].get<bool>()) {
    line("disk", "ĐẦY, chỉ đọc / FULL: nothing new is taken until there is room");
  } else {
    line("disk", status["disk_free_bytes"].dump() + " bytes free");
  }
  return command::exit_with(ExitCode::ok);
}

int rebuild(const Words& words) {
  return program_for(words.data).print_rebuild(words.data, words.as_json);
}

int verify(const Words& words) {
  return program_for(words.data).print_verification(words.data, words.as_json);
}

void print_conflict(const json& conflict) {
  command::print_line(conflict.at("code").get<std::string>() + "  " +
                      conflict.at("field").get<std::string>() + "  (" +
                      conflict.at("label_vi").get<std::string>() + ")");
  for (const json& value : conflict.at("values")) {
    command::print_line("    " + value.at("time").get<std::string>() + "  " +
                        value.at("unit").get<std::string>() + "  " + value.at("value").dump() +
                        "  --entry " + value.at("entry").get<std::string>());
  }
}

int list_conflicts(const Words& words) {
  json conflicts = json::array();
  json params = json::object();
  if (!words.record.empty()) params["record"] = words.record;
  const sync::Status done =
      call(words, "conflict.list", params, [&](const json& item) { conflicts.push_back(item); });
  if (!done) return finish(done, words.as_json);
  if (words.as_json) {
    command::print_object({{"conflicts", conflicts}}, true);
    return command::exit_with(ExitCode::ok);
  }
  for (const json& conflict : conflicts) print_conflict(conflict);
  command::say(std::to_string(conflicts.size()) + " fields were changed in two places");
  return command::exit_with(ExitCode::ok);
}

int decide_conflict(const Words& words) {
  json params = {{"record", words.record}, {"field", words.field}};
  if (!words.element.empty()) params["element"] = words.element;
  if (!words.entry.empty()) params["entry"] = words.entry;
  if (!words.value.empty()) params["value"] = words.value;
  const sync::Status done = call(words, "conflict.decide", params, [](const json&) {});
  if (!done) return finish(done, words.as_json);
  if (words.as_json) command::print_object({{"decided", words.record}}, true);
  command::say("Decided. The other places will see it after the next contact.");
  return command::exit_with(ExitCode::ok);
}

std::vector<command::Subcommand> subcommands_of(CLI::App& app, Words& words) {
  CLI::App* join = app.add_subcommand("enroll", "Enrol this computer with a one-time code");
  join->add_option("CODE", words.code, "A code, a file with one, or - for stdin")->required();
  join->add_option("--label", words.label, "How people call this computer");
  CLI::App* serve = app.add_subcommand("run", "Work in the background until told to stop");
  CLI::App* in = app.add_subcommand("import", "Take in change events, one JSON object a line");
  in->add_option("FILE", words.file, "The file, or - for stdin")->required();
  CLI::App* out = app.add_subcommand("export", "State of the commune's dossiers, one a line");
  CLI::App* exchange = app.add_subcommand("sync", "Send and receive now");
  CLI::App* status = app.add_subcommand("status", "What waits, and what the province has");
  CLI::App* check = app.add_subcommand("verify", "Walk every chain, tree, signature and record");
  CLI::App* again = app.add_subcommand("rebuild", "Compute every record again from the ledger");
  CLI::App* conflict = app.add_subcommand("conflict", "Fields that two places changed");
  conflict->require_subcommand(1);
  CLI::App* list = conflict->add_subcommand("list", "All of them");
  CLI::App* show = conflict->add_subcommand("show", "Those of one dossier");
  CLI::App* decide = conflict->add_subcommand("decide", "Settle one");
  for (CLI::App* sub : {show, decide}) {
    sub->add_option("RECORD", words.record, "The dossier's code or id")->required();
  }
  decide->add_option("FIELD", words.field, "As the list shows it")->required();
  decide->add_option("--element", words.element, "Of a list field: which one");
  CLI::Option* keep = decide->add_option("--entry", words.entry, "Keep the value of this entry");
  decide->add_option("--value", words.value, "Or this value, as JSON")->excludes(keep);
  for (CLI::App* sub : {join, serve, in, out, exchange, status, check, again, list, show, decide}) {
    sub->add_option("--data", words.data, "The node's data folder")->required();
    if (sub != serve && sub != out) {
      sub->add_flag("--json", words.as_json, "One JSON object on stdout");
    }
  }
  const auto serve_now = [](const Words& w) { return finish(node::run_daemon(w.data), false); };
  const auto with = [&words](int (*run)(const Words&)) {
    return [&words, run] { return run(words); };
  };
  return {
      {join, with(enroll)},         {serve, with(serve_now)},       {in, with(import)},
      {out, with(export_records)},  {exchange, with(sync_now)},     {status, with(show_status)},
      {check, with(verify)},        {again, with(rebuild)},         {list, with(list_conflicts)},
      {show, with(list_conflicts)}, {decide, with(decide_conflict)}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Tram: the node of a commune", "tram-node");
  app.require_subcommand(1);
  app.set_version_flag("--version", TRAM_VERSION);
  Words words;
  std::vector<command::Subcommand> subcommands = subcommands_of(app, words);
  for (auto& more : command::add_backup_commands(app, node::backup_kind(), program_for)) {
    subcommands.push_back(std::move(more));
  }
  subcommands.push_back(command::add_repair_command(app, {"tram-node", node::repair}));
  return command::run_program(app, subcommands, argc, argv);
}
