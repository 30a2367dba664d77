// Goal: a restored hub is the province that was saved, and its computers bring back the rest.
// Method: a backup of a hub beside its open store, restored elsewhere, visited by real nodes.
#include "hub/backup.hpp"

#include <catch2/catch.hpp>

#include "host/files.hpp"
#include "hub_folder.hpp"

using namespace tram;
using namespace tram::hub;
using host::LargeFileWriter;
using hub::test::bao_lam_2;
using hub::test::blao;
using hub::test::Computer;
using hub::test::create_line;
using hub::test::HubFolder;
using hub::test::morning;
using hub::test::start;
using sync::ErrorCode;

namespace {

void ignore(std::string_view, std::uint64_t, std::uint64_t) {}

host::Secret recovery_key_of(const HubFolder& hub) {
  const auto page = host::read_file(hub.path() / "recovery-key.txt", 10'000);
  REQUIRE(page);
  auto key = command::recovery_key_from(sync::as_text(*page));
  if (!key) FAIL(key.error().message);
  return std::move(*key);
}

void synchronise(HubFolder& hub, Computer& computer) {
  auto exchanges = start(hub);
  const auto session = computer.synchronise(*exchanges);
  if (!session.status) FAIL(session.status.error().message);
}

}  // namespace

TEST_CASE("hub backup: the restored hub is the province, and gets back what came later") {
  HubFolder hub;
  tram::test::TempDir around{tram::test::TempDir::fast_parent()};
  const host::Secret key = recovery_key_of(hub);
  Computer first(hub, 1);
  first.import({create_line("H36.49-250701-0001", morning)});
  synchronise(hub, first);
  const auto file = around.path() / "file";
  const auto made = command::create_backup(backup_kind(), hub.path(), file,
                                           LargeFileWriter::Existing::keep, ignore);
  if (!made) FAIL(made.error().message);
  CHECK(made->header.unit == hub::test::province_code);
  CHECK(made->header.signer == hub.hub().province().hub_key().public_key());
  first.import({create_line("H36.49-250701-0002", morning)});
  Computer second(hub, 2, bao_lam_2);
  synchronise(hub, first);
  synchronise(hub, second);
  const std::string state = hub.exported(blao);
  const sync::Bytes authority = hub.hub().province().authority();

  const auto place = around.path() / "place";
  const auto restored = command::restore_backup(backup_kind(), place, file, key, ignore);
  if (!restored) FAIL(restored.error().message);
  CHECK_FALSE(std::filesystem::exists(place / "recovery-key.txt"));
  for (const char* name : {"authority", "hub", "store"}) {
    CHECK(std::filesystem::exists(place / "keys" / (std::string(name) + ".recovery")));
  }
  hub.restore_from(place);
  CHECK(hub.hub().province().authority() == authority);
  CHECK(hub.devices().size() == 1);
  CHECK(hub.exported(blao) != state);
  for (Computer* computer : {&first, &second, &first, &second}) synchronise(hub, *computer);
  CHECK(hub.exported(blao) == state);
  CHECK(hub.devices().size() == 2);
  hub.check_verified();
}

TEST_CASE("hub backup: the keys of another province open nothing") {
  HubFolder hub;
  tram::test::TempDir around{tram::test::TempDir::fast_parent()};
  const auto file = around.path() / "file";
  REQUIRE(command::create_backup(backup_kind(), hub.path(), file, LargeFileWriter::Existing::keep,
                                 ignore));
  const auto place = around.path() / "place";
  const host::Secret wrong(sync::Bytes(32, 9));
  const auto restored = command::restore_backup(backup_kind(), place, file, wrong, ignore);
  REQUIRE_FALSE(restored);
  CHECK(restored.error().code == ErrorCode::unverified);
  CHECK_FALSE(std::filesystem::exists(place));
  const auto verified = command::verify_backup(backup_kind(), file, recovery_key_of(hub), ignore);
  if (!verified) FAIL(verified.error().message);
  CHECK(verified->store.ok());
  CHECK(verified->store.entries > 100);
}
