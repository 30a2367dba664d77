// Goal: exit codes and the split of data and talk are what scripts rely on.
// Method: stdout and stderr are caught; the program's methods are stand-ins.
#include "command/program.hpp"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "command/report.hpp"
#include "talk.hpp"
#include "tests/support/temp_dir.hpp"

using namespace tram;
using command::Emit;
using command::Methods;
using command::test::Talk;
using nlohmann::json;
using sync::ErrorCode;

namespace {

constexpr std::pair<ErrorCode, int> exit_codes[] = {
    {ErrorCode::malformed, 1},    {ErrorCode::limit, 1},     {ErrorCode::unverified, 6},
    {ErrorCode::refused, 7},      {ErrorCode::not_found, 1}, {ErrorCode::unavailable, 4},
    {ErrorCode::conflict, 1},     {ErrorCode::usage, 2},     {ErrorCode::io, 1},
    {ErrorCode::not_enrolled, 3}, {ErrorCode::damaged, 6},   {ErrorCode::failed, 1},
};

class Opened final : public command::Opened {
 public:
  explicit Opened(Methods methods) : methods_(std::move(methods)) {}
  [[nodiscard]] const Methods& methods() const override { return methods_; }

 private:
  Methods methods_;
};

command::Program program_with(Methods methods) {
  return {"tram-test", [methods]() -> sync::Result<std::unique_ptr<command::Opened>> {
            return std::unique_ptr<command::Opened>(std::make_unique<Opened>(methods));
          }};
}

Methods method(const std::string& name, command::Method work) {
  Methods methods;
  methods.add(name, std::move(work));
  return methods;
}

int run(std::vector<std::string> words, int inner_code) {
  CLI::App app("A program", "tram-test");
  app.require_subcommand(1);
  app.set_version_flag("--version", "1.2.3");
  CLI::App* first = app.add_subcommand("first", "The first");
  CLI::App* second = app.add_subcommand("second", "The second");
  std::string data;
  second->add_option("--data", data, "A folder")->required();
  words.insert(words.begin(), "tram-test");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return command::run_program(app,
                              {{first, [] { return 40; }}, {second, [=] { return inner_code; }}},
                              static_cast<int>(argv.size()), argv.data());
}

}  // namespace

TEST_CASE("an error is told on stderr, with --json as one object on stdout as well") {
  for (const auto& [code, exit] : exit_codes) {
    CAPTURE(exit);
    {
      const Talk talk;
      CHECK(command::report_error("tram-node", {code, "so it is"}, false) == exit);
      CHECK(talk.out().empty());
      CHECK(talk.err() == "tram-node: so it is\n");
    }
    const Talk talk;
    CHECK(command::report_error("tram-node", {code, "đĩa đầy \"x\" \xff"}, true) == exit);
    const std::string out = talk.out();
    CHECK(out.find('\n') == out.size() - 1);
    const json object = json::parse(out);
    CHECK(object.size() == 1);
    CHECK(object["error"].size() == 3);
    CHECK(object["error"]["code"] == sync::to_word(code));
    CHECK(object["error"]["message"] == "đĩa đầy \"x\" \xef\xbf\xbd");
    CHECK(object["error"]["exit"] == exit);
  }
}

TEST_CASE("words that do not fit are usage, help and version are not") {
  const Talk talk;
  CHECK(run({"first"}, 0) == 40);
  CHECK(run({"second", "--data", "x"}, 41) == 41);
  CHECK(talk.out().empty());
  CHECK(run({}, 0) == 2);
  CHECK(run({"third"}, 0) == 2);
  CHECK(run({"second"}, 0) == 2);
  CHECK(run({"first", "--nobody"}, 0) == 2);
  CHECK(talk.out().empty());
  CHECK(run({"--help"}, 0) == 0);
  CHECK(run({"second", "--help"}, 0) == 0);
  CHECK(run({"--version"}, 0) == 0);
  CHECK_THAT(talk.out(), Catch::Contains("1.2.3"));
}

TEST_CASE("an export prints the lines as they are, and nothing else on stdout") {
  const test::TempDir folder;
  const command::Program program =
      program_with(method("export", [](const json& params, const Emit& emit) -> sync::Status {
        CHECK(params == json{{"commune", "24829"}});
        emit({{"lines", {"{\"a\":1}", "{\"b\":\"đ\"}"}}});
        emit({{"lines", json::array()}});
        emit({{"lines", {"{}"}}});
        return {};
      }));
  const Talk talk;
  CHECK(program.print_export(folder.path().string(), {{"commune", "24829"}}) == 0);
  CHECK(talk.out() == "{\"a\":1}\n{\"b\":\"đ\"}\n{}\n");
  CHECK(talk.err().empty());
}

TEST_CASE("a verification ends with 6 if anything is wrong") {
  const test::TempDir folder;
  const auto report = [](bool ok) {
    return method("verify", [ok](const json&, const Emit& emit) -> sync::Status {
      json findings = json::array();
      if (!ok) findings.push_back({{"kind", "log_chain"}, {"message", "the chain is broken"}});
      emit({{"ok", ok},
            {"errors", ok ? 0 : 1},
            {"entries", 5},
            {"logs", 2},
            {"feeds", 1},
            {"records", 3},
            {"findings", findings}});
      return {};
    });
  };
  const std::string data = folder.path().string();
  {
    const Talk talk;
    CHECK(program_with(report(true)).print_verification(data, true) == 0);
    CHECK(json::parse(talk.out())["ok"] == true);
    CHECK(talk.err() == "verified 5 entries in 2 logs, 1 feeds, 3 records: 0 errors\n");
  }
  const Talk talk;
  CHECK(program_with(report(false)).print_verification(data, false) == 6);
  CHECK(talk.out().empty());
  CHECK_THAT(talk.err(), Catch::StartsWith("the chain is broken\n"));
}

TEST_CASE("a failed method is reported in the program's name, with its exit code") {
  const test::TempDir folder;
  const std::string data = folder.path().string();
  const command::Program program =
      program_with(method("export", [](const json&, const Emit&) -> sync::Status {
        return sync::fail(ErrorCode::unavailable, "busy");
      }));
  const Talk talk;
  CHECK(program.print_export(data, json::object()) == 4);
  CHECK(talk.err() == "tram-test: busy\n");
  CHECK(program.print_export(data + "/none", json::object()) == 3);
  CHECK(program.print_verification(data, false) == 2);
  CHECK(program.finish({}, true) == 0);
  CHECK(talk.out().empty());
}
