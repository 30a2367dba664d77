// Goal: who a computer is survives restarts, and damage to it is named and never guessed around.
// Method: an identity is saved, cut, and changed field by field; the last contact likewise.
#include "node/identity.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "node/contact.hpp"
#include "node_folder.hpp"

using namespace tram;
using namespace tram::node;
using nlohmann::json;
using sync::ErrorCode;

namespace {

Identity an_identity() {
  Identity identity;
  identity.hub_url = "https://hub.example.vn:7443";
  identity.unit = "24829";
  identity.unit_name = "Phường B'Lao";
  identity.province = "68";
  identity.certificate = "-----BEGIN CERTIFICATE-----\n";
  identity.authority = "-----BEGIN";
  identity.hub_key.fill(7);
  identity.recovery_key.fill(8);
  return identity;
}

void write(const std::filesystem::path& folder, const std::string& text) {
  std::ofstream(folder / "identity.json", std::ios::binary | std::ios::trunc) << text;
}

json saved(const std::filesystem::path& folder) {
  return json::parse(std::ifstream(folder / "identity.json"));
}

void check_not_enrolled(const std::filesystem::path& folder) {
  const sync::Result<Identity> identity = load_identity(folder);
  REQUIRE_FALSE(identity);
  CHECK(identity.error().code == ErrorCode::not_enrolled);
}

}  // namespace

TEST_CASE("an identity comes back as it was saved, for nobody else to read") {
  const tram::test::TempDir folder;
  REQUIRE(save_identity(folder.path(), an_identity()));
  const Identity identity = load_identity(folder.path()).value();
  CHECK(identity.hub_url == an_identity().hub_url);
  CHECK(identity.unit == an_identity().unit);
  CHECK(identity.unit_name == an_identity().unit_name);
  CHECK(identity.province == an_identity().province);
  CHECK(identity.certificate == an_identity().certificate);
  CHECK(identity.authority == an_identity().authority);
  CHECK(identity.hub_key == an_identity().hub_key);
  CHECK(identity.recovery_key == an_identity().recovery_key);
  const auto mode = std::filesystem::status(folder.path() / "identity.json").permissions();
  CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("without an identity a computer is not enrolled, and is told how to be") {
  const tram::test::TempDir folder;
  check_not_enrolled(folder.path());
  CHECK_THAT(load_identity(folder.path()).error().message, Catch::Contains("tram-node enroll"));
  check_not_enrolled(folder.path() / "none");
  CHECK(Node::open(folder.path()).error().code == ErrorCode::not_enrolled);
}

TEST_CASE("a damaged identity is named, wherever the damage is") {
  const tram::test::TempDir folder;
  REQUIRE(save_identity(folder.path(), an_identity()));
  const json whole = saved(folder.path());
  const std::string text = whole.dump();
  for (std::size_t size = 0; size < text.size(); size += 7) {
    write(folder.path(), text.substr(0, size));
    check_not_enrolled(folder.path());
  }
  for (const auto& [key, value] : whole.items()) {
    CAPTURE(key);
    json without = whole;
    without.erase(key);
    write(folder.path(), without.dump());
    check_not_enrolled(folder.path());
    CHECK_THAT(load_identity(folder.path()).error().message, Catch::Contains("damaged"));
    json wrong = whole;
    wrong[key] = 5;
    write(folder.path(), wrong.dump());
    check_not_enrolled(folder.path());
  }
  for (const char* key : {"hub_key", "recovery_key"}) {
    json wrong = whole;
    wrong[key] = std::string(62, 'a');
    write(folder.path(), wrong.dump());
    check_not_enrolled(folder.path());
    wrong[key] = std::string(64, 'x');
    write(folder.path(), wrong.dump());
    check_not_enrolled(folder.path());
  }
  for (const char* other : {"[]", "null", "5", "\xff"}) {
    write(folder.path(), other);
    check_not_enrolled(folder.path());
  }
  write(folder.path(), text + std::string(70'000, ' '));
  check_not_enrolled(folder.path());
}

TEST_CASE("a folder whose keys are gone is not enrolled") {
  node::test::NodeFolder folder;
  folder.close();
  for (const char* name : {"store.sealed", "device.sealed"}) {
    std::filesystem::remove(folder.path() / "keys" / name);
    const auto node = Node::open(folder.path());
    REQUIRE_FALSE(node);
    CHECK(node.error().code == ErrorCode::not_enrolled);
  }
}

TEST_CASE("a wrong configuration keeps a node from opening") {
  node::test::NodeFolder folder;
  folder.close();
  std::ofstream(folder.path() / "node.toml") << "[link]\nframe_kib = 64\n";
  CHECK(Node::open(folder.path()).value()->config().frame_kib == 64);
  std::ofstream(folder.path() / "node.toml") << "[link]\nframe_kib = 1\n";
  CHECK(Node::open(folder.path()).error().code == ErrorCode::not_enrolled);
}

TEST_CASE("the last contact comes back as it was saved") {
  node::test::NodeFolder folder;
  folder.read([](const store::ReadUnit& unit) { CHECK_FALSE(last_contact(unit)); });
  for (int flags = 0; flags < 8; ++flags) {
    const Contact contact{{1'751'331'480'000}, {-5},
                          INT64_MIN + flags,   (flags & 1) != 0,
                          (flags & 2) != 0,    (flags & 4) != 0};
    REQUIRE(
        folder.node().write([&](store::WriteUnit& unit) { return save_contact(unit, contact); }));
    folder.reopen();
    folder.read([&](const store::ReadUnit& unit) {
      const std::optional<Contact> read = last_contact(unit);
      REQUIRE(read);
      CHECK(read->at == contact.at);
      CHECK(read->hub_time == contact.hub_time);
      CHECK(read->clock_offset_ms == contact.clock_offset_ms);
      CHECK(read->level == contact.level);
      CHECK(read->hub_went_back == contact.hub_went_back);
      CHECK(read->copied == contact.copied);
    });
  }
}

TEST_CASE("a contact that cannot be read counts as none") {
  node::test::NodeFolder folder;
  for (const sync::Bytes& bytes : {sync::Bytes{}, sync::Bytes{1, 2}, sync::Bytes(30, 0xff)}) {
    REQUIRE(folder.node().write(
        [&](store::WriteUnit& unit) { return unit.set_meta(meta::contact, bytes); }));
    folder.read([](const store::ReadUnit& unit) { CHECK_FALSE(last_contact(unit)); });
    CHECK(folder.status()["link"]["last_contact"].is_null());
  }
}

TEST_CASE("the clock orders things only where the hub agreed with it") {
  node::test::NodeFolder folder;
  const auto trusted = [&](std::int64_t offset) {
    REQUIRE(folder.node().write([&](store::WriteUnit& unit) {
      return save_contact(unit, {{0}, {0}, offset, true, false, false});
    }));
    bool answer = false;
    folder.read(
        [&](const store::ReadUnit& unit) { answer = folder.node().clock_is_trusted(unit); });
    return answer;
  };
  folder.read(
      [&](const store::ReadUnit& unit) { CHECK_FALSE(folder.node().clock_is_trusted(unit)); });
  CHECK(trusted(0));
  CHECK(trusted(120'000));
  CHECK(trusted(-120'000));
  CHECK_FALSE(trusted(120'001));
  CHECK_FALSE(trusted(-120'001));
  CHECK_FALSE(trusted(INT64_MIN));
}
