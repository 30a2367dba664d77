// Goal: every line of an import is saved once, known, or reported; and a batch is whole or nothing.
// Method: batches of events on a real store; a full disk is played by a limit on file sizes.
#include "node/import.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "node_folder.hpp"
#include "store/verify.hpp"
#include "sync/limits.hpp"

using namespace tram;
using namespace tram::node;
using node::test::create_line;
using node::test::home;
using node::test::morning;
using node::test::NodeFolder;
using node::test::other_unit;
using node::test::OtherDevice;
using node::test::update_line;
using sync::ErrorCode;

namespace {

const std::string code = "H36.49-250701-0001";
const std::string code2 = "H36.49-250701-0002";

const sync::Edit& edit_of(const sync::Entry& entry) {
  return std::get<sync::Edit>(entry.body);
}

void check_verified(NodeFolder& folder) {
  folder.read([](const store::ReadUnit& unit) {
    const auto report = store::verify(unit, {});
    REQUIRE(report);
    CHECK(report->ok());
  });
}

void check_counts(const ImportResult& result, std::uint64_t accepted, std::uint64_t known,
                  std::size_t rejected) {
  CHECK(result.accepted == accepted);
  CHECK(result.known == known);
  CHECK(result.rejected.size() == rejected);
}

// Every file that grows fails, as on a full disk.
class FullDisk {
 public:
  FullDisk() : handler_before_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit none = before_;
    none.rlim_cur = 1;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_before_);
  }

 private:
  rlimit before_{};
  void (*handler_before_)(int);
};

}  // namespace

TEST_CASE("lines are saved, known or reported by their index, whatever stands beside them") {
  NodeFolder folder;
  check_counts(folder.import({}), 0, 0, 0);
  const ImportResult result = folder.import({
      create_line(code, morning),
      "not JSON",
      create_line(code, morning),
      update_line(code, morning + 1000, R"("status":"dang_xu_ly")"),
      update_line(code, morning + 2000, R"("copies":"many")"),
      create_line(code2, morning + 3000),
      "",
  });
  check_counts(result, 3, 1, 3);
  REQUIRE(result.rejected.size() == 3);
  CHECK(result.rejected[0].index == 1);
  CHECK(result.rejected[1].index == 4);
  CHECK(result.rejected[2].index == 6);
  CHECK_THAT(result.rejected[1].reason, Catch::Contains("copies"));
  for (const RejectedLine& line : result.rejected) {
    CHECK_FALSE(line.reason.empty());
    CHECK(line.reason.find('\n') == std::string::npos);
    CHECK(line.reason.find("many") == std::string::npos);
  }
  CHECK(folder.pending() == 3);
  check_verified(folder);
}

TEST_CASE("an imported entry carries the event's time, capacity and record") {
  NodeFolder folder;
  folder.import({create_line(code, morning),
                 update_line(code, morning + 60'000, R"("status":"dang_xu_ly")")});
  const std::vector<sync::Entry> entries = folder.entries_of(code);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].time.ms == morning);
  CHECK(entries[0].time_trusted);
  CHECK(entries[0].capacity == sync::Capacity::owner);
  CHECK_FALSE(entries[0].actor);
  CHECK(edit_of(entries[0]).target == sync::Edit::Target::created_as);
  CHECK(edit_of(entries[0]).id == sync::imported_record_id(home, code));
  CHECK(edit_of(entries[0]).parents.empty());
  CHECK(edit_of(entries[1]).target == sync::Edit::Target::existing);
  CHECK(edit_of(entries[1]).parents.size() == 1);
  CHECK(entries[1].place.log == entries[0].place.log);
}

TEST_CASE("the same events in any grouping and any order are taken once") {
  const std::vector<std::string> lines{
      create_line(code, morning), update_line(code, morning + 1, R"("status":"dang_xu_ly")"),
      update_line(code, morning + 2, R"("copies":3)"), create_line(code2, morning + 3),
      update_line(code2, morning + 4, R"("copies":4)")};
  NodeFolder folder;
  check_counts(folder.import(lines), 5, 0, 0);
  const std::string state = folder.exported();
  check_counts(folder.import(lines), 0, 5, 0);
  std::vector<std::string> reversed(lines.rbegin(), lines.rend());
  check_counts(folder.import(reversed), 0, 5, 0);
  folder.reopen();
  for (const std::string& line : lines) check_counts(folder.import({line}), 0, 1, 0);
  CHECK(folder.pending() == 5);
  CHECK(folder.exported() == state);
  check_verified(folder);
}

TEST_CASE("an event that came by another computer under another order is known") {
  const std::vector<std::string> lines{update_line(code, morning + 2, R"("copies":3)"),
                                       create_line(code, morning),
                                       update_line(code, morning + 1, R"("status":"dang_xu_ly")")};
  NodeFolder first(1);
  first.import(lines);
  NodeFolder second(2);
  sync::Commit brought;
  first.read([&](const store::ReadUnit& unit) {
    const sync::PendingLog log = unit.pending_logs().front();
    brought.logs.push_back({log.log, unit.log(log.log)->device, home, false});
    for (std::uint64_t seq = 0; seq < log.count; ++seq) {
      const sync::Name name = unit.names_at({log.log, seq}).front();
      const auto held = unit.entry(name);
      brought.entries.push_back({name, held->place, std::nullopt, held->bytes});
      brought.appends.push_back({home, name});
    }
  });
  second.apply(brought);
  check_counts(second.import({lines[1], lines[2], lines[0]}), 0, 3, 0);
  CHECK(second.pending() == 0);
  CHECK(second.exported() == first.exported());
}

TEST_CASE("an update may come before its create, and a create after updates still creates") {
  NodeFolder folder;
  const std::string update = update_line(code, morning + 60'000, R"("status":"dang_xu_ly")");
  check_counts(folder.import({update}), 1, 0, 0);
  check_counts(folder.import({update}), 0, 1, 0);
  check_counts(folder.import({create_line(code, morning)}), 1, 0, 0);
  const std::vector<sync::Entry> entries = folder.entries_of(code);
  REQUIRE(entries.size() == 2);
  CHECK(edit_of(entries[0]).target == sync::Edit::Target::created_as);
  CHECK(edit_of(entries[1]).target == sync::Edit::Target::existing);
  CHECK(edit_of(entries[1]).parents.empty());
  CHECK_THAT(folder.exported(), Catch::Contains("dang_xu_ly"));
  check_counts(folder.import({create_line(code, morning), update}), 0, 2, 0);

  NodeFolder in_order;
  in_order.import({create_line(code, morning), update});
  CHECK(in_order.exported() == folder.exported());
}

TEST_CASE("a second create of a code changes the record that is there") {
  NodeFolder folder;
  folder.import({create_line(code, morning)});
  check_counts(folder.import({create_line(code, morning + 5000, R"("copies":2)")}), 1, 0, 0);
  const std::vector<sync::Entry> entries = folder.entries_of(code);
  REQUIRE(entries.size() == 2);
  CHECK(edit_of(entries[1]).target == sync::Edit::Target::existing);
  CHECK(edit_of(entries[1]).parents.size() == 1);
  CHECK(folder.status()["records"] == 1);
}

TEST_CASE("a record that was not imported is found by its code") {
  NodeFolder folder;
  folder.import({create_line(code, morning)});
  // Somebody creates a dossier on a screen: its id comes from its entry.
  sync::Edit made = edit_of(folder.entries_of(code).front());
  made.target = sync::Edit::Target::self;
  made.id = {};
  for (sync::Change& change : made.changes) {
    if (change.field.number == sync::field_number::code) change.value = sync::encode_text(code2);
  }
  REQUIRE(folder.node().write([&](store::WriteUnit& unit) -> sync::Status {
    const auto name =
        folder.node().author(unit, {{morning}, true, sync::Capacity::owner, std::nullopt, made});
    return name ? sync::Status() : sync::fail(name.error());
  }));
  const sync::RecordId id = folder.record(code2).record.id;
  check_counts(folder.import({update_line(code2, morning + 1, R"("copies":7)")}), 1, 0, 0);
  CHECK(id != sync::imported_record_id(home, code2));
  CHECK(folder.record(code2).record.id == id);
  CHECK(folder.entries_of(code2).size() == 2);
}

TEST_CASE("who has a dossier in custody writes as owner, everybody else as other") {
  NodeFolder folder;
  const std::string away = std::string(R"("custody":")") + other_unit + "\"";
  const std::string back = std::string(R"("custody":")") + home + "\"";
  folder.import({create_line(code, morning), update_line(code, morning + 1, away),
                 update_line(code, morning + 2, R"("copies":2)"),
                 update_line(code, morning + 3, back)});
  const std::vector<sync::Entry> entries = folder.entries_of(code);
  REQUIRE(entries.size() == 4);
  CHECK(entries[1].capacity == sync::Capacity::owner);
  CHECK(entries[2].capacity == sync::Capacity::other);
  CHECK(entries[3].capacity == sync::Capacity::other);
}

TEST_CASE("what is too large for an entry is reported, and the rest of its batch is saved") {
  NodeFolder folder;
  std::string fields = R"("notes":")" + std::string(16'000, 'x') + "\"";
  for (int i = 0; i < 3; ++i) {
    fields += ",\"more" + std::to_string(i) + "\":\"" + std::string(15'000, 'y') + "\"";
  }
  const std::string large = update_line(code, morning, fields);
  const std::string larger =
      update_line(code, morning, R"("notes":")" + std::string(70'000, 'x') + "\"");
  const ImportResult result =
      folder.import({larger, large, create_line(code2, morning), larger, large});
  CHECK(result.accepted + result.known + result.rejected.size() == 5);
  CHECK(result.rejected.size() >= 2);
  CHECK(result.accepted >= 1);
  for (const RejectedLine& line : result.rejected) CHECK(line.reason.size() < 200);
  CHECK(folder.entries_of(code2).size() == 1);
  check_verified(folder);
}

TEST_CASE("more tips than an entry can name are merged as far as it can") {
  NodeFolder folder;
  folder.import({create_line(code, morning)});
  const store::RecordRow row = folder.record(code);
  const std::size_t devices = sync::limits::parents_max + 3;
  for (std::size_t i = 0; i < devices; ++i) {
    OtherDevice other(static_cast<std::uint8_t>(50 + i));
    folder.apply(other.edit(row, R"("copies":)" + std::to_string(i), morning + 1000));
  }
  check_counts(folder.import({update_line(code, morning + 2000, R"("copies":9)")}), 1, 0, 0);
  CHECK(edit_of(folder.entries_of(code).back()).parents.size() == sync::limits::parents_max);
  check_counts(folder.import({update_line(code, morning + 3000, R"("copies":8)")}), 1, 0, 0);
  CHECK(edit_of(folder.entries_of(code).back()).parents.size() == 4);
}

TEST_CASE("a batch that cannot be saved leaves nothing behind, and can be imported again") {
  NodeFolder folder;
  folder.import({create_line(code, morning)});
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i) {
    lines.push_back(create_line("H36.49-250702-" + std::to_string(1000 + i), morning + i));
  }
  const std::vector<std::string_view> views(lines.begin(), lines.end());
  {
    const FullDisk full;
    const sync::Result<ImportResult> result = import_batch(folder.node(), views);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::io);
  }
  CHECK(folder.pending() == 1);
  folder.reopen();
  CHECK(folder.pending() == 1);
  check_counts(folder.import(lines), 200, 0, 0);
  CHECK(folder.pending() == 201);
  check_verified(folder);
}

TEST_CASE("a transaction that fails ends its log") {
  NodeFolder folder;
  folder.import({create_line(code, morning)});
  const sync::Edit again = edit_of(folder.entries_of(code).front());
  sync::LogId failed{};
  const sync::Status refused = folder.node().write([&](store::WriteUnit& unit) -> sync::Status {
    sync::Edit edit = again;
    edit.target = sync::Edit::Target::existing;
    const auto name = folder.node().author(
        unit, {{morning + 1}, true, sync::Capacity::owner, std::nullopt, edit});
    REQUIRE(name);
    failed = unit.entry(*name)->place.log;
    return sync::fail(ErrorCode::failed, "on purpose");
  });
  CHECK(refused.error().message == "on purpose");
  CHECK(folder.pending() == 1);
  folder.import({update_line(code, morning + 2, R"("copies":2)")});
  const std::vector<sync::Entry> entries = folder.entries_of(code);
  REQUIRE(entries.size() == 2);
  CHECK(entries[1].place.log != failed);
  CHECK(entries[1].place.seq == 1);
  check_verified(folder);
}

TEST_CASE("a node that learns of a second branch of its log begins another log") {
  NodeFolder folder;
  folder.import({create_line(code, morning), update_line(code, morning + 1, R"("copies":2)")});
  sync::Entry twin = folder.entries_of(code).back();
  const sync::LogId log = twin.place.log;
  twin.time.ms += 1;
  sync::Commit commit;
  const sync::Bytes bytes = sync::encode_entry(twin);
  commit.entries.push_back({sync::name_of(bytes), twin.place, std::nullopt, bytes});
  commit.appends.push_back({home, commit.entries.back().name});
  folder.apply(commit);
  std::size_t tips = 0;
  folder.read([&](const store::ReadUnit& unit) { tips = unit.log(log)->tips.size(); });
  CHECK(tips == 2);
  folder.import({update_line(code, morning + 5, R"("copies":5)")});
  CHECK(folder.entries_of(code).back().place.log != log);
}
