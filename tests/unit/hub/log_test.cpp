// Goal: what hub and node log can be sent on by anybody: it holds nothing of a citizen.
// Method: stderr is a file while everything happens that is logged; then canaries are looked for.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hub/front.hpp"
#include "hub_folder.hpp"
#include "node/operations.hpp"
#include "node/sync_loop.hpp"

using namespace tram;
using namespace tram::hub;
using hub::test::ask;
using hub::test::blao;
using hub::test::Computer;
using hub::test::create_line;
using hub::test::enrolment_request;
using hub::test::HubFolder;
using hub::test::morning;
using hub::test::start;
using hub::test::update_line;

namespace {

// Everything that this process writes to stderr while it lives.
class CaughtLog {
 public:
  CaughtLog() : before_(::dup(STDERR_FILENO)) {
    const int file = ::open(path().c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    REQUIRE(file >= 0);
    ::dup2(file, STDERR_FILENO);
    ::close(file);
  }
  CaughtLog(const CaughtLog&) = delete;
  CaughtLog& operator=(const CaughtLog&) = delete;
  ~CaughtLog() { give_back(); }

  [[nodiscard]] std::string text() {
    give_back();
    std::ostringstream out;
    out << std::ifstream(path()).rdbuf();
    return out.str();
  }

 private:
  [[nodiscard]] std::string path() const { return (folder_.path() / "log").string(); }
  void give_back() {
    if (before_ < 0) return;
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    before_ = -1;
  }

  tram::test::TempDir folder_;
  int before_;
};

// A hub that serves, and nodes that talk, in every way that leaves a line.
void happen(HubFolder& hub) {
  auto exchanges = start(hub);
  Front front(hub.hub(), *exchanges);
  const auto port = front.start("127.0.0.1:0");
  REQUIRE(port);
  const std::string url = "https://127.0.0.1:" + std::to_string(*port);
  Computer computer(hub, 1, blao, url);
  Computer revoked(hub, 2, blao, url);
  computer.import({create_line("H36.49-250701-0001", morning),
                   update_line("H36.49-250701-0001", morning + 1, R"("notes":"Sổ 86/2004")")});
  revoked.import({create_line("H36.49-250701-0002", morning)});
  node::Link link(computer.node());
  node::LinkReport report;
  REQUIRE(link.run_session(report, {}));
  REQUIRE(hub.hub().revoke(revoked.id()));
  node::Link refused(revoked.node());
  CHECK_FALSE(refused.run_session(report, {}));
  CHECK(node::operations_of(computer.node(), link, {})
            .call("import", {{"lines", {"Đặng Thị Hường", create_line("", morning)}}},
                  [](const nlohmann::json&) { return true; }));

  sync::ExchangeRequest tampered = revoked.request();
  tampered.signatures.front().signature[0] ^= 1U;
  CHECK_FALSE(ask(*exchanges, computer.key(), tampered));
  const NewCode code = hub.code();
  CHECK(hub.hub().enrol(enrolment_request(code.ticket.code, 3, "Máy của chị Hường")));
  CHECK_FALSE(hub.hub().enrol(enrolment_request(code.ticket.code, 4, "Máy của chị Hường")));
  CHECK_FALSE(hub.hub().enrol(
      enrolment_request(sync::EnrolmentCode::draw(hub.hub().random()), 5, "Máy của chị Hường")));
  {
    // The daemon's own thread says how its link is.
    node::SyncLoop loop(revoked.node(), refused);
    while (loop.attempts().last_error.empty()) {
    }
  }
}

}  // namespace

TEST_CASE("no name, number, code or note of a citizen is ever logged") {
  CaughtLog log;
  HubFolder hub;
  const NewCode secret = hub.code();
  happen(hub);
  const std::string text = log.text();
  for (const char* event : {"hub.accepted", "hub.refused", "hub.enrolled", "hub.enrol_refused",
                            "hub.revoked", "node.link_down"}) {
    CAPTURE(event);
    CHECK(text.find(event) != std::string::npos);
  }
  for (const std::string& canary :
       {std::string("Hường"), std::string("0969094693"), std::string("H36.49"),
        std::string("86/2004"), std::string("da_tiep_nhan"), secret.ticket.code.text()}) {
    CAPTURE(canary);
    CHECK(text.find(canary) == std::string::npos);
  }
}
