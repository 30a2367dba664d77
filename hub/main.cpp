// tram-hub: the operator's command line. Parses words, calls methods, prints; decides nothing.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "command/backup_command.hpp"
#include "command/program.hpp"
#include "command/report.hpp"
#include "host/files.hpp"
#include "hub/backup.hpp"
#include "hub/daemon.hpp"
#include "hub/operations.hpp"
#include "hub/repair.hpp"

namespace {

using nlohmann::json;
using namespace tram;
using host::ExitCode;

constexpr std::size_t units_file_bytes_max = 8 * 1024 * 1024;

struct Words {
  std::string data;
  std::string province;
  std::string units;
  std::string commune;
  std::string hub_url;
  std::string listen;
  std::string device;
  std::int64_t hours = 24;
  std::int64_t slot = 250;
  bool as_json = false;
};

class OpenedHub final : public command::Opened {
 public:
  explicit OpenedHub(std::unique_ptr<hub::Hub> opened)
      : hub_(std::move(opened)),
        disk_(hub_->store(), hub_->province().store_file().parent_path(),
              hub::ballast_bytes(hub_->config())),
        methods_(hub::operations_of(*hub_, {{}, {}, &disk_})) {}
  [[nodiscard]] const command::Methods& methods() const override { return methods_; }

 private:
  std::unique_ptr<hub::Hub> hub_;
  command::DiskGuard disk_;
  command::Methods methods_;
};

// Opens the directory itself when no daemon runs on it.
command::Program program_for(const std::string& data) {
  return {
      "tram-hub", [data]() -> sync::Result<std::unique_ptr<command::Opened>> {
        sync::Result<std::unique_ptr<hub::Hub>> opened = hub::Hub::open(data);
        if (!opened) return sync::fail(opened.error());
        return std::unique_ptr<command::Opened>(std::make_unique<OpenedHub>(std::move(*opened)));
      }};
}

sync::Status call(const Words& words, std::string_view method, const json& params,
                  const std::function<void(const json&)>& on_item) {
  return program_for(words.data).call(words.data, method, params, on_item);
}

int finish(const sync::Status& status, bool as_json) {
  return program_for({}).finish(status, as_json);
}

int init(const Words& words) {
  std::optional<std::vector<schema::Unit>> units;
  if (!words.units.empty()) {
    const sync::Result<sync::Bytes> text = host::read_file(words.units, units_file_bytes_max);
    if (!text) return finish(sync::fail(text.error()), words.as_json);
    sync::Result<std::vector<schema::Unit>> read = schema::read_units(sync::as_text(*text));
    if (!read) return finish(sync::fail(read.error()), words.as_json);
    units = std::move(*read);
  }
  const sync::Status made = hub::Hub::init(words.data, words.province, units);
  if (!made) return finish(made, words.as_json);
  const std::string recovery = (std::filesystem::path(words.data) / "recovery-key.txt").string();
  if (words.as_json) {
    command::print_object({{"data", words.data}, {"recovery_key_file", recovery}}, true);
  }
  command::say("The province is set up in " + words.data + ".");
  command::say("Now print " + recovery + ", lock the page away, and delete the file.");
  return command::exit_with(ExitCode::ok);
}

int create_code(const Words& words) {
  json code;
  const sync::Status done = call(words, "code.create",
                                 {{"commune", words.commune},
                                  {"hub_url", words.hub_url},
                                  {"hours", words.hours},
                                  {"slot", words.slot}},
                                 [&](const json& item) { code = item; });
  if (!done) return finish(done, words.as_json);
  if (words.as_json) {
    command::print_object(code, true);
  } else {
    command::print_line(code.at("code"));
    command::say("For one computer of " + code.at("name").get<std::string>() + ", until " +
                 code.at("expires_at").get<std::string>() + ".");
    command::say("To type it by hand: " + code.at("typed").get<std::string>());
  }
  return command::exit_with(ExitCode::ok);
}

int list_nodes(const Words& words) {
  json nodes = json::array();
  const sync::Status done = call(words, "node.list", {{"device", words.device}},
                                 [&](const json& item) { nodes.push_back(item); });
  if (!done) return finish(done, words.as_json);
  if (words.as_json) {
    command::print_object({{"nodes", nodes}}, true);
    return command::exit_with(ExitCode::ok);
  }
  for (const json& node : nodes) {
    std::string line = node.at("device").get<std::string>() + "  " +
                       node.at("unit").get<std::string>() + "  " +
                       node.at("state").get<std::string>();
    if (node.at("last_contact").is_string()) {
      line += "  " + node.at("last_contact").get<std::string>();
    }
    if (node.at("doubt").is_string()) line += "  !! " + node.at("doubt").get<std::string>();
    command::print_line(line);
  }
  command::say(std::to_string(nodes.size()) + " computers");
  return command::exit_with(ExitCode::ok);
}

int revoke_node(const Words& words) {
  const sync::Status done =
      call(words, "node.revoke", {{"device", words.device}}, [](const json&) {});
  if (!done) return finish(done, words.as_json);
  if (words.as_json) command::print_object({{"revoked", words.device}}, true);
  command::say("Computer " + words.device + " is revoked: its next contact is refused.");
  return command::exit_with(ExitCode::ok);
}

int export_unit(const Words& words) {
  return program_for(words.data).print_export(words.data, {{"commune", words.commune}});
}

int verify(const Words& words) {
  return program_for(words.data).print_verification(words.data, words.as_json);
}

int rebuild(const Words& words) {
  return program_for(words.data).print_rebuild(words.data, words.as_json);
}

int show_status(const Words& words) {
  json status;
  const sync::Status done =
      call(words, "status", json::object(), [&](const json& item) { status = item; });
  if (!done) return finish(done, words.as_json);
  command::print_object(status, words.as_json);
  return command::exit_with(ExitCode::ok);
}

void add_data(CLI::App* app, Words& words) {
  app->add_option("--data", words.data, "The hub's data folder")->required();
}

void add_json(CLI::App* app, Words& words) {
  app->add_flag("--json", words.as_json, "One JSON object on stdout");
}

std::vector<command::Subcommand> subcommands_of(CLI::App& app, Words& words) {
  CLI::App* make = app.add_subcommand("init", "Make the province's authority, keys and store");
  make->add_option("--province", words.province, "Code of the province, e.g. 68")->required();
  make->add_option("--units", words.units, "CSV with the communes, instead of the built-in list");
  CLI::App* serve = app.add_subcommand("run", "Serve the communes until told to stop");
  serve->add_option("--listen", words.listen, "HOST:PORT (port 0: any free one)");
  CLI::App* code = app.add_subcommand("code", "One-time enrolment codes");
  code->require_subcommand(1);
  CLI::App* create = code->add_subcommand("create", "Make a code for one computer");
  create->add_option("--commune", words.commune, "Code of the commune")->required();
  create->add_option("--hub-url", words.hub_url, "Where nodes reach this hub")->required();
  create->add_option("--hours", words.hours, "How long the code is good")
      ->check(CLI::Range(0, 24 * 31))
      ->capture_default_str();
  create->add_option("--slot", words.slot, "Dossier numbers a day for this computer")
      ->check(CLI::Range(0, 9999))
      ->capture_default_str();
  CLI::App* node = app.add_subcommand("node", "The communes' computers");
  node->require_subcommand(1);
  CLI::App* list = node->add_subcommand("list", "All computers");
  CLI::App* show = node->add_subcommand("show", "One computer");
  CLI::App* revoke = node->add_subcommand("revoke", "Shut a computer out");
  show->add_option("DEVICE", words.device, "As `node list` shows it")->required();
  revoke->add_option("DEVICE", words.device, "As `node list` shows it")->required();
  CLI::App* out = app.add_subcommand("export", "State of a commune's dossiers, one a line");
  out->add_option("--commune", words.commune, "Code of the commune")->required();
  CLI::App* check = app.add_subcommand("verify", "Walk every chain, tree, signature and record");
  CLI::App* again = app.add_subcommand("rebuild", "Compute every record again from the ledger");
  CLI::App* status = app.add_subcommand("status", "Feeds and their roots");
  for (CLI::App* sub : {make, serve, create, list, show, revoke, out, check, again, status}) {
    add_data(sub, words);
    if (sub != serve && sub != out) add_json(sub, words);
  }
  const auto serve_now = [](const Words& w) {
    return finish(
        hub::run_daemon(w.data, w.listen.empty() ? std::nullopt : std::optional(w.listen)), false);
  };
  const auto with = [&words](int (*run)(const Words&)) {
    return [&words, run] { return run(words); };
  };
  return {{make, with(init)},         {serve, with(serve_now)}, {create, with(create_code)},
          {list, with(list_nodes)},   {show, with(list_nodes)}, {revoke, with(revoke_node)},
          {out, with(export_unit)},   {check, with(verify)},    {again, with(rebuild)},
          {status, with(show_status)}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Tram: the hub of a province", "tram-hub");
  app.require_subcommand(1);
  app.set_version_flag("--version", TRAM_VERSION);
  Words words;
  std::vector<command::Subcommand> subcommands = subcommands_of(app, words);
  for (auto& more : command::add_backup_commands(app, hub::backup_kind(), program_for)) {
    subcommands.push_back(std::move(more));
  }
  subcommands.push_back(command::add_repair_command(app, {"tram-hub", hub::repair}));
  return command::run_program(app, subcommands, argc, argv);
}
