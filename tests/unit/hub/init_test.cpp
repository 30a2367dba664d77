// Goal: a new province has all that its communes need, and its secrets can be opened again.
// Method: hubs are made in folders of their own, with good lists and bad, whole and cut off.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "host/keys.hpp"
#include "host/lock.hpp"
#include "host/recovery.hpp"
#include "hub/daemon.hpp"
#include "hub_folder.hpp"
#include "schema/field.hpp"
#include "schema/holidays.hpp"
#include "schema/kinds.hpp"
#include "schema/procedures.hpp"
#include "store/record_export.hpp"

using namespace tram;
using namespace tram::hub;
using hub::test::blao;
using hub::test::HubFolder;
using sync::ErrorCode;
namespace fs = std::filesystem;

namespace {

std::map<std::uint32_t, int> records_by_kind(const store::ReadUnit& unit) {
  std::map<std::uint32_t, int> out;
  for (const schema::KindWord& kind : schema::kinds()) {
    unit.for_each_record(sync::province_feed, kind.number, std::nullopt,
                         [&](const store::RecordRow&) {
                           ++out[kind.number];
                           return true;
                         });
  }
  return out;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

host::Secret recovery_key_in(const fs::path& folder) {
  std::string text = text_of(folder / "recovery-key.txt");
  REQUIRE_FALSE(text.empty());
  text.pop_back();
  const std::string hex = text.substr(text.rfind('\n') + 1);
  auto bytes = sync::from_hex(hex);
  REQUIRE(bytes);
  REQUIRE(bytes->size() == 32);
  return host::Secret(std::move(*bytes));
}

ErrorCode init_error(const fs::path& folder, const std::string& province,
                     const std::optional<std::vector<schema::Unit>>& units = std::nullopt) {
  const sync::Status done = Hub::init(folder, province, units);
  REQUIRE_FALSE(done);
  return done.error().code;
}

schema::Unit unit_row(const std::string& code, const std::string& province = "68") {
  schema::Unit unit;
  unit.code = code;
  unit.name = "B'Lao";
  unit.type = "phường";
  unit.full_name = "Phường B'Lao";
  unit.province_code = province;
  return unit;
}

}  // namespace

TEST_CASE("a new hub holds the province's reference data and itself, and verifies") {
  HubFolder folder;
  folder.read([](const store::ReadUnit& unit) {
    std::map<std::uint32_t, int> records = records_by_kind(unit);
    CHECK(records[schema::kind::unit] == 124);
    CHECK(records[schema::kind::procedure] == 110);
    CHECK(records[schema::kind::procedure] == static_cast<int>(schema::procedures().size()));
    CHECK(records[schema::kind::holiday] == static_cast<int>(schema::holidays().size()));
    CHECK(records[schema::kind::holiday] > 0);
    CHECK(records[schema::kind::device] == 1);
    CHECK(unit_name(unit, blao) == "Phường B'Lao");
    CHECK_FALSE(unit_name(unit, "00004"));
  });
  CHECK(folder.devices().empty());
  folder.read([&](const store::ReadUnit& unit) {
    const auto own = find_device(unit, folder.hub().province().hub_key().public_key());
    REQUIRE(own);
    REQUIRE(*own);
    CHECK((*own)->unit == sync::province_feed);
    CHECK((*own)->state == "active");
  });
  CHECK(folder.hub().province().code() == "68");
  folder.check_verified();
}

TEST_CASE("the recovery key is for its owner alone, and opens what is sealed") {
  HubFolder folder;
  const fs::path file = folder.path() / "recovery-key.txt";
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  const host::Secret recovery = recovery_key_in(folder.path());
  const auto vault = host::KeyVault::open(folder.path());
  REQUIRE(vault);
  for (const char* name : {"authority", "hub", "store"}) {
    CAPTURE(name);
    const std::string wrapped = text_of(folder.path() / "keys" / (std::string(name) + ".recovery"));
    const auto opened = host::unwrap_with_recovery_key(recovery, sync::as_bytes(wrapped));
    REQUIRE(opened);
    const auto sealed = vault->load(name);
    REQUIRE(sealed);
    CHECK(opened->text() == sealed->text());
    CHECK(opened->size() == 32);
  }
  // Without the paper the folder holds no way to the private half.
  const std::string hex = sync::to_hex(recovery.view());
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    if (!entry.is_regular_file() || entry.path() == file) continue;
    const std::string text = text_of(entry.path());
    CHECK(text.find(hex) == std::string::npos);
    CHECK(text.find(recovery.text()) == std::string::npos);
  }
}

TEST_CASE("a second init changes nothing") {
  HubFolder folder;
  const std::string before = text_of(folder.path() / "province.json");
  const std::string recovery = text_of(folder.path() / "recovery-key.txt");
  CHECK(init_error(folder.path(), "68") == ErrorCode::conflict);
  folder.close();
  CHECK(init_error(folder.path(), "68") == ErrorCode::conflict);
  CHECK(init_error(folder.path(), "01") == ErrorCode::conflict);
  CHECK(text_of(folder.path() / "province.json") == before);
  CHECK(text_of(folder.path() / "recovery-key.txt") == recovery);
  folder.reopen();
  folder.check_verified();
}

TEST_CASE("beside a running hub an init does not touch its store") {
  HubFolder folder;
  const auto lock = host::DataLock::acquire(folder.path());
  REQUIRE(lock);
  CHECK(init_error(folder.path(), "68") == ErrorCode::conflict);
}

TEST_CASE("an init that was cut off is finished by the next") {
  const tram::test::TempDir folder;
  host::SystemRandom random;
  REQUIRE(Province::create(folder.path(), "68", host::SystemClock().now(), random));
  CHECK(init_error(folder.path(), "01") == ErrorCode::conflict);
  REQUIRE(Hub::init(folder.path(), "68", std::nullopt));
  CHECK(init_error(folder.path(), "68") == ErrorCode::conflict);
  const auto hub = Hub::open(folder.path());
  REQUIRE(hub);
  REQUIRE((*hub)->store().read([](const store::ReadUnit& unit) {
    CHECK(records_by_kind(unit)[schema::kind::unit] == 124);
    return unit.status();
  }));
}

TEST_CASE("a province that does not exist is usage, and makes nothing") {
  const tram::test::TempDir folder;
  const fs::path path = folder.path() / "hub";
  for (const char* code : {"", "6", "99", "068", "Lâm Đồng"}) {
    CHECK(init_error(path, code) == ErrorCode::usage);
    CHECK_FALSE(fs::exists(path));
  }
}

TEST_CASE("a folder without a province is told so") {
  const tram::test::TempDir folder;
  CHECK(Hub::open(folder.path()).error().code == ErrorCode::not_enrolled);
  CHECK(Hub::open(folder.path() / "none").error().code == ErrorCode::not_enrolled);
  CHECK(run_daemon(folder.path() / "none", std::nullopt).error().code == ErrorCode::not_enrolled);
}

TEST_CASE("a damaged province is named") {
  HubFolder folder;
  folder.close();
  const fs::path file = folder.path() / "province.json";
  const std::string whole = text_of(file);
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), whole.substr(0, whole.size() / 2)}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    const auto hub = Hub::open(folder.path());
    REQUIRE_FALSE(hub);
    CHECK(hub.error().code == ErrorCode::not_enrolled);
    CHECK_THAT(hub.error().message, Catch::Contains("province.json"));
  }
  std::ofstream(file, std::ios::binary | std::ios::trunc) << whole;
  folder.reopen();
}

TEST_CASE("an operator's own list of units is taken instead of the built-in one") {
  const tram::test::TempDir folder;
  const auto units = schema::read_units(
      "code,name,type,full_name,province_code,more\n"
      "24829,B'Lao,phường,Phường B'Lao,68,x\n"
      "25084,Bảo Lâm 2,xã,Xã Bảo Lâm 2,68,y\n");
  REQUIRE(units);
  REQUIRE(Hub::init(folder.path() / "hub", "68", *units));
  const auto hub = Hub::open(folder.path() / "hub");
  REQUIRE(hub);
  REQUIRE((*hub)->store().read([](const store::ReadUnit& unit) {
    CHECK(records_by_kind(unit)[schema::kind::unit] == 2);
    CHECK(unit_name(unit, "25084") == "Xã Bảo Lâm 2");
    return unit.status();
  }));
  CHECK((*hub)->create_code("25084", "https://hub.example.vn", 24, 250));
  CHECK((*hub)->create_code("22918", "https://hub.example.vn", 24, 250).error().code ==
        ErrorCode::usage);
}

TEST_CASE("a list that fits no province is refused before anything is made") {
  const tram::test::TempDir folder;
  const fs::path path = folder.path() / "hub";
  using Units = std::vector<schema::Unit>;
  for (const Units& units : {Units{}, Units{unit_row("24829"), unit_row("00004", "01")},
                             Units{unit_row("")}, Units{unit_row("24829"), unit_row("province")}}) {
    CHECK(init_error(path, "68", units) == ErrorCode::usage);
    CHECK_FALSE(fs::exists(path));
  }
  for (const char* csv :
       {"", "code,name\n24829,x\n", "code,name,type,full_name,province_code\n24829,x\n",
        "code,name,type,full_name,province_code\n1,a,b,c,68\n1,a,b,c,68\n"}) {
    CAPTURE(csv);
    const auto units = schema::read_units(csv);
    if (units) CHECK(init_error(path, "68", *units) == ErrorCode::usage);
    CHECK_FALSE(fs::exists(path));
  }
}
