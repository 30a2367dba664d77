// Goal: a file of any kind is imported to its end, and what is refused is put where it is found.
// Method: files in a folder, imported without a daemon and through a control server beside it.
#include "node/import_command.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "node/operations.hpp"
#include "node_folder.hpp"

using namespace tram;
using namespace tram::node;
using nlohmann::json;
using node::test::create_line;
using node::test::morning;
using node::test::NodeFolder;
using node::test::update_line;
using sync::ErrorCode;

namespace {

// The node's methods, in this process or behind a control channel.
class Importer {
 public:
  explicit Importer(bool by_daemon)
      : link_(folder_.node()),
        methods_(operations_of(folder_.node(), link_, {{}, [this] { ++work_came; }})) {
    if (!by_daemon) return;
    auto server = host::ControlServer::start(folder_.path(), command::control_handler(methods_));
    REQUIRE(server);
    server_ = std::move(*server);
  }

  [[nodiscard]] sync::Result<ImportTotals> run(const std::string& file) {
    auto access = command::Access::to(
        folder_.path(), [this]() -> sync::Result<std::unique_ptr<command::Opened>> {
          return std::unique_ptr<command::Opened>(std::make_unique<Here>(methods_));
        });
    REQUIRE(access);
    return import_file(*access, file);
  }
  [[nodiscard]] ImportTotals import(const std::string& text) {
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << text;
    const sync::Result<ImportTotals> totals = run(file());
    if (!totals) FAIL(totals.error().message);
    return *totals;
  }
  [[nodiscard]] std::string file() const { return (folder_.path() / "events.jsonl").string(); }
  [[nodiscard]] std::vector<json> rejected() const {
    std::vector<json> out;
    std::ifstream in(file() + ".rejected");
    for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
    return out;
  }
  [[nodiscard]] NodeFolder& folder() { return folder_; }

  int work_came = 0;

 private:
  class Here final : public command::Opened {
   public:
    explicit Here(const command::Methods& methods) : methods_(methods) {}
    [[nodiscard]] const command::Methods& methods() const override { return methods_; }

   private:
    const command::Methods& methods_;
  };

  NodeFolder folder_;
  Link link_;
  command::Methods methods_;
  std::optional<host::ControlServer> server_;
};

void check_totals(const ImportTotals& totals, std::uint64_t accepted, std::uint64_t known,
                  std::uint64_t rejected) {
  CHECK(totals.accepted == accepted);
  CHECK(totals.known == known);
  CHECK(totals.rejected == rejected);
}

std::string code_of(int number) {
  return "H36.49-250701-" + std::to_string(1000 + number);
}

}  // namespace

TEST_CASE("a file is imported to its end, the refused lines stand beside it") {
  const bool by_daemon = GENERATE(false, true);
  Importer importer(by_daemon);
  const std::string text = create_line(code_of(1), morning) + "\r\n\n" + "{\"t\":1}\n" +
                           create_line(code_of(2), morning) + "\n" +
                           update_line(code_of(2), morning + 1, R"("copies":2)");
  check_totals(importer.import(text), 3, 0, 1);
  CHECK(importer.work_came == 1);
  const std::vector<json> rejected = importer.rejected();
  REQUIRE(rejected.size() == 1);
  CHECK(rejected[0]["line"] == 3);
  CHECK(rejected[0]["text"] == "{\"t\":1}");
  CHECK(rejected[0]["reason"].is_string());
  const auto mode = std::filesystem::status(importer.file() + ".rejected").permissions();
  CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  check_totals(importer.import(text), 0, 3, 1);
  CHECK(importer.rejected().size() == 1);
  CHECK(importer.work_came == 1);
}

TEST_CASE("nothing refused leaves no file, also where one was") {
  Importer importer(false);
  check_totals(importer.import("x\n"), 0, 0, 1);
  check_totals(importer.import(create_line(code_of(1), morning)), 1, 0, 0);
  CHECK_FALSE(std::filesystem::exists(importer.file() + ".rejected"));
  check_totals(importer.import(""), 0, 0, 0);
}

TEST_CASE("bytes that are no UTF-8 are refused, with a daemon as without, and change nothing") {
  const bool by_daemon = GENERATE(false, true);
  Importer importer(by_daemon);
  std::string broken = create_line(code_of(1), morning);
  broken.replace(broken.find("Đặng"), 1, "\xff");
  check_totals(importer.import(broken + "\n" + create_line(code_of(2), morning) + "\n"), 1, 0, 1);
  REQUIRE(importer.rejected().size() == 1);
  CHECK(importer.rejected()[0]["line"] == 1);
  CHECK_THAT(importer.rejected()[0]["reason"].get<std::string>(), Catch::Contains("UTF-8"));
  CHECK(importer.folder().pending() == 1);
}

TEST_CASE("long lines and zeros stop nothing, and keep their numbers") {
  const bool by_daemon = GENERATE(false, true);
  Importer importer(by_daemon);
  std::string text = create_line(code_of(1), morning) + "\n";
  for (int i = 0; i < 80; ++i) text += std::string(65'536, '\0') + "\n";
  text += std::string(70'000, 'x') + "\n" + create_line(code_of(2), morning) + "\n";
  check_totals(importer.import(text), 2, 0, 81);
  const std::vector<json> rejected = importer.rejected();
  REQUIRE(rejected.size() == 81);
  for (std::size_t i = 0; i < rejected.size(); ++i) CHECK(rejected[i]["line"] == i + 2);
  CHECK_THAT(rejected.back()["reason"].get<std::string>(), Catch::Contains("64 KiB"));
  CHECK(rejected.back()["text"].get<std::string>().size() == 65'536);
}

TEST_CASE("a file of several batches keeps its order") {
  const bool by_daemon = GENERATE(false, true);
  Importer importer(by_daemon);
  std::string text;
  for (int i = 0; i < 1'203; ++i) {
    text += i % 400 == 399 ? "no\n" : create_line(code_of(i), morning + i) + "\n";
  }
  check_totals(importer.import(text), 1'200, 0, 3);
  const std::vector<json> rejected = importer.rejected();
  REQUIRE(rejected.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(rejected[i]["line"] == (i + 1) * 400);
}

TEST_CASE("from stdin the refused lines are told, not kept") {
  Importer importer(false);
  std::istringstream in(create_line(code_of(1), morning) + "\nno\n");
  std::ostringstream err;
  std::streambuf* const in_before = std::cin.rdbuf(in.rdbuf());
  std::streambuf* const err_before = std::cerr.rdbuf(err.rdbuf());
  const sync::Result<ImportTotals> totals = importer.run("-");
  std::cin.rdbuf(in_before);
  std::cerr.rdbuf(err_before);
  REQUIRE(totals);
  check_totals(*totals, 1, 0, 1);
  CHECK(json::parse(err.str())["line"] == 2);
  CHECK_FALSE(std::filesystem::exists("-.rejected"));
}

TEST_CASE("what cannot be read as a file is usage") {
  Importer importer(false);
  for (const std::string& file : {importer.file(), importer.folder().path().string()}) {
    const sync::Result<ImportTotals> totals = importer.run(file);
    REQUIRE_FALSE(totals);
    CHECK(totals.error().code == ErrorCode::usage);
  }
}
