// Goal: what is inside a backup is taken only where it belongs together; hostile parts are refused.
// Method: backups sealed and signed as they should be, with content that no program would write.
#include "command/backup.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "command/backup_command.hpp"
#include "command/backup_content.hpp"
#include "host/files.hpp"
#include "host/recovery.hpp"
#include "sync/core/codec.hpp"
#include "tests/support/temp_dir.hpp"

#include <nlohmann/json.hpp>

using namespace tram;
using command::BackupIdentity;
using command::BackupKind;
using host::LargeFileWriter;
using sync::ErrorCode;
using sync::Status;

namespace {

constexpr const char* unit = "24829";

const host::RecoveryKey& recovery_key() {
  static const auto key = host::generate_recovery_key();
  REQUIRE(key);
  return *key;
}

sync::Bytes seed_of(std::uint8_t number) {
  return sync::Bytes(32, number);
}

const sync::SigningKey& maker() {
  static const auto key = sync::SigningKey::from_seed(seed_of(7));
  REQUIRE(key);
  return *key;
}

// A program with an identity file of one line: its unit.
BackupKind small_kind() {
  BackupKind kind;
  kind.identity = "identity";
  kind.config = "settings";
  kind.secrets = {"device", "store"};
  kind.wrapped = {"store"};
  kind.signing = "device";
  kind.identify = [](const std::filesystem::path& folder,
                     const sync::PublicKey&) -> sync::Result<BackupIdentity> {
    const auto bytes = host::read_file(folder / "identity", 1000);
    if (!bytes) return sync::fail(bytes.error());
    BackupIdentity out;
    out.unit = sync::as_text(*bytes);
    out.recovery_key = recovery_key().public_key;
    out.store.home_unit = out.unit;
    return out;
  };
  kind.open = [](const std::filesystem::path& folder,
                 const std::function<Status(const store::Store&)>& look) -> Status {
    const auto vault = host::KeyVault::open(folder);
    if (!vault) return sync::fail(vault.error());
    const auto key = vault->load("store");
    if (!key) return sync::fail(key.error());
    store::StoreOptions options;
    options.path = folder / "tram.db";
    options.key = key->view();
    options.home_unit = unit;
    const auto store = store::Store::open(options);
    if (!store) return sync::fail(store.error());
    return look(**store);
  };
  return kind;
}

class Folder {
 public:
  Folder() {
    auto vault = host::KeyVault::open(path());
    REQUIRE(vault);
    REQUIRE(vault->store("device", host::Secret(seed_of(7))));
    REQUIRE(vault->store("store", host::Secret(seed_of(0x5a))));
    REQUIRE(host::write_file_atomically(path() / "identity", sync::as_bytes(unit),
                                        host::FileMode::owner_only));
    REQUIRE(small_kind().open(path(), [](const store::Store&) { return Status(); }));
  }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path around() const { return around_.path(); }

 private:
  tram::test::TempDir folder_{tram::test::TempDir::fast_parent()};
  tram::test::TempDir around_{tram::test::TempDir::fast_parent()};
};

void ignore(std::string_view, std::uint64_t, std::uint64_t) {}

struct Part {
  std::uint8_t kind;
  std::string name;
  sync::Bytes content;
  std::uint64_t size_told;
};

Part part(std::uint8_t kind, std::string name, sync::Bytes content) {
  const std::uint64_t size = content.size();
  return {kind, std::move(name), std::move(content), size};
}

std::vector<host::BackupFeed> feeds_in(const std::filesystem::path& folder) {
  std::vector<host::BackupFeed> out;
  const Status opened = small_kind().open(folder, [&](const store::Store& store) {
    return store.read([&](const store::ReadUnit& read) {
      for (const store::FeedRow& row : read.feeds()) out.push_back({row.feed, row.size});
      return read.status();
    });
  });
  REQUIRE(opened);
  return out;
}

// Sealed and signed as it should be.
std::filesystem::path save(const Folder& folder, const std::vector<Part>& parts,
                           const sync::Bytes& after) {
  const auto file = folder.around() / "file";
  auto place = LargeFileWriter::create(file, LargeFileWriter::Existing::replace);
  REQUIRE(place);
  auto out = host::BackupWriter::begin(
      std::move(*place),
      {host::BackupRole::node, unit, maker().public_key(), {1}, feeds_in(folder.path())},
      recovery_key().public_key);
  REQUIRE(out);
  for (const Part& one : parts) {
    sync::Writer head;
    head.u8(one.kind);
    head.string(one.name);
    head.varint(one.size_told);
    sync::Writer whole;
    whole.bytes(head.view());
    REQUIRE(out->write(whole.view()));
    REQUIRE(out->write(one.content));
  }
  REQUIRE(out->write(after));
  REQUIRE(
      out->publish([](sync::ByteView message) { return maker().sign("tram backup", message); }));
  return file;
}

const sync::Bytes end{3, 0, 0, 0};  // a head of three bytes: kind 0, no name, size 0

std::vector<Part> honest_parts(const Folder& folder) {
  const auto store = host::read_file(folder.path() / "tram.db", 16 << 20);
  REQUIRE(store);
  return {part(1, "identity", sync::to_bytes(std::string_view(unit))),
          part(2, "device", seed_of(7)), part(2, "store", seed_of(0x5a)),
          part(3, "tram.db", *store)};
}

ErrorCode restore_error(const Folder& folder, const std::filesystem::path& file) {
  const auto place = folder.around() / "place";
  const auto restored =
      command::restore_backup(small_kind(), place, file, recovery_key().private_key, ignore);
  REQUIRE_FALSE(restored);
  CHECK_FALSE(std::filesystem::exists(place));
  CHECK_FALSE(std::filesystem::exists(folder.around() / ".place.filling"));
  return restored.error().code;
}

}  // namespace

TEST_CASE("backup: what was saved is restored, with its keys sealed anew") {
  const Folder folder;
  std::ofstream(folder.path() / "settings") << "interval = 1\n";
  const auto file = folder.around() / "file";
  const auto made = command::create_backup(small_kind(), folder.path(), file,
                                           LargeFileWriter::Existing::keep, ignore);
  if (!made) FAIL(made.error().message);
  CHECK(made->bytes == std::filesystem::file_size(file));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "backup.copy"));
  const auto proved = command::prove_backup(file, ignore);
  REQUIRE(proved);
  CHECK(proved->header.unit == unit);
  const auto verified =
      command::verify_backup(small_kind(), file, recovery_key().private_key, ignore);
  if (!verified) FAIL(verified.error().message);
  CHECK(verified->store.ok());

  const auto place = folder.around() / "place";
  const auto restored =
      command::restore_backup(small_kind(), place, file, recovery_key().private_key, ignore);
  if (!restored) FAIL(restored.error().message);
  const auto vault = host::KeyVault::open(place);
  REQUIRE(vault);
  CHECK(vault->load("device")->view()[0] == 7);
  CHECK(host::read_file(place / "settings", 100).value() ==
        sync::to_bytes(std::string_view("interval = 1\n")));
  const auto wrapped = host::read_file(place / "keys" / "store.recovery", 1000);
  REQUIRE(wrapped);
  CHECK(host::unwrap_with_recovery_key(recovery_key().private_key, *wrapped)->view()[0] == 0x5a);
  CHECK_FALSE(std::filesystem::exists(place / "keys" / "device.recovery"));
  // Sealed to this folder's own master key: the two do not open each other's.
  CHECK(host::read_file(place / "keys" / "master.key", 100).value() !=
        host::read_file(folder.path() / "keys" / "master.key", 100).value());
}

TEST_CASE("backup: content that no program writes is unverified, though signed") {
  const Folder folder;
  const std::vector<Part> honest = honest_parts(folder);
  const auto with = [&](auto change) {
    std::vector<Part> parts = honest;
    change(parts);
    return restore_error(folder, save(folder, parts, end));
  };
  const auto restored =
      command::restore_backup(small_kind(), folder.around() / "honest", save(folder, honest, end),
                              recovery_key().private_key, ignore);
  if (!restored) FAIL(restored.error().message);
  CHECK(with([](auto& parts) { parts[3].content[5000] ^= 1; }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts[0].name = "../identity"; }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts[0].name = "other"; }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts[3].name = "../tram.db"; }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts[1].name = "master"; }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts[1].kind = 9; }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts.push_back(parts[0]); }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts.push_back(parts[1]); }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts.push_back(parts[3]); }) == ErrorCode::unverified);
  for (std::size_t missing = 0; missing < 4; ++missing) {
    CHECK(with([&](auto& parts) { parts.erase(parts.begin() + static_cast<int>(missing)); }) ==
          ErrorCode::unverified);
  }
  for (const std::uint64_t size : {honest[3].content.size() + 1, 1UL << 40, UINT64_MAX}) {
    CHECK(with([&](auto& parts) { parts[3].size_told = size; }) == ErrorCode::unverified);
    CHECK(with([&](auto& parts) { parts[0].size_told = size << 10; }) == ErrorCode::unverified);
    CHECK(with([&](auto& parts) { parts[1].size_told = size << 10; }) == ErrorCode::unverified);
  }
  // Keys of another computer than the one that signed; another unit than the header's.
  CHECK(with([](auto& parts) { parts[1].content = seed_of(8); }) == ErrorCode::unverified);
  CHECK(with([](auto& parts) { parts[0].content = sync::Bytes(5, '1'); }) == ErrorCode::unverified);
  sync::Bytes longer = end;
  longer.push_back(0);
  for (const sync::Bytes& after : {longer, sync::Bytes{}, sync::Bytes{255}, sync::Bytes{0}}) {
    CHECK(restore_error(folder, save(folder, honest, after)) == ErrorCode::unverified);
  }
  // A folder that the program cannot work on is none that was restored.
  const auto file = save(folder, honest, end);
  BackupKind other = small_kind();
  other.open = [](const std::filesystem::path&, const auto&) -> Status {
    return sync::fail(ErrorCode::unverified, "does not open");
  };
  const auto unopened = command::restore_backup(other, folder.around() / "place", file,
                                                recovery_key().private_key, ignore);
  CHECK(unopened.error().code == ErrorCode::unverified);
  CHECK_FALSE(std::filesystem::exists(folder.around() / "place"));
}

TEST_CASE("backup: one at a time, and what a killed one left is not in the way") {
  const Folder folder;
  const auto copies = folder.path() / "backup.copy";
  const auto create = [&] {
    return command::create_backup(small_kind(), folder.path(), folder.around() / "file",
                                  LargeFileWriter::Existing::replace, ignore);
  };
  std::filesystem::create_directory(copies);
  std::filesystem::permissions(copies, std::filesystem::perms::owner_all);
  std::ofstream(copies / "tram.db") << "half a copy";
  {
    const auto lock = host::DataLock::acquire(copies);
    REQUIRE(lock);
    CHECK(create().error().code == ErrorCode::conflict);
  }
  CHECK_FALSE(std::filesystem::exists(folder.around() / "file"));
  const auto made = create();
  if (!made) FAIL(made.error().message);
  CHECK_FALSE(std::filesystem::exists(copies));
}

TEST_CASE("backup: the method wants a whole path, and a place") {
  const Folder folder;
  const auto method = command::backup_method(small_kind(), folder.path());
  const auto emit = [](const nlohmann::json&) { return true; };
  const auto error_of = [&](const nlohmann::json& params) {
    const Status done = method(params, emit);
    REQUIRE_FALSE(done);
    return done.error().code;
  };
  CHECK(error_of({{"file", "relative"}}) == ErrorCode::usage);
  CHECK(error_of({{"file", (folder.around() / "none" / "file").string()}}) == ErrorCode::not_found);
  CHECK(error_of({{"file", folder.around().string()}, {"force", true}}) == ErrorCode::conflict);
}

TEST_CASE("recovery key: the one line of the page that is a key") {
  const std::string digits(64, 'a');
  const auto first_byte = [](const std::string& page) {
    const auto key = command::recovery_key_from(page);
    if (!key) FAIL(key.error().message);
    REQUIRE(key->size() == 32);
    return key->view()[0];
  };
  const auto error_of = [](const std::string& page) {
    const auto key = command::recovery_key_from(page);
    REQUIRE_FALSE(key);
    return key.error().code;
  };
  CHECK(first_byte(digits) == 0xaa);
  CHECK(first_byte("TRAM - KHOA\r\n\r\nabc\r\n" + digits + "\r\n") == 0xaa);
  CHECK(first_byte("  AAAA " + std::string(60, 'A') + "\n") == 0xaa);
  CHECK(error_of("") == ErrorCode::usage);
  CHECK(error_of(std::string(63, 'a')) == ErrorCode::usage);
  CHECK(error_of(std::string(65, 'a')) == ErrorCode::usage);
  CHECK(error_of(std::string(64, 'g')) == ErrorCode::usage);
  CHECK(error_of(digits + "\n" + digits) == ErrorCode::usage);
}
