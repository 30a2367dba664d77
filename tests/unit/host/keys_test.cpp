// Goal: a sealed secret opens only here, unchanged, under its own name; recovery opens it
// elsewhere. Method: store, then copy, rename, cut, flip and re-mode the files, and load again.
#include "host/keys.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "host/files.hpp"
#include "host/recovery.hpp"
#include "tests/support/temp_dir.hpp"

using namespace tram;
namespace fs = std::filesystem;
using host::Secret;
using sync::ErrorCode;
using tram::test::TempDir;

namespace {

/// Sets a variable of the environment for as long as it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { ::unsetenv(name_); }

 private:
  const char* name_;
};

host::KeyVault vault_in(const TempDir& folder) {
  auto vault = host::KeyVault::open(folder.path());
  REQUIRE(vault);
  return std::move(*vault);
}

}  // namespace

TEST_CASE("a secret comes back, also from a vault opened later") {
  const TempDir folder;
  auto vault = vault_in(folder);
  CHECK_FALSE(vault.exists("device"));
  CHECK(vault.load("device").error().code == ErrorCode::not_found);
  REQUIRE(vault.store("device", Secret::copy_of("first")));
  REQUIRE(vault.store("device", Secret::copy_of("second")));
  REQUIRE(vault.store("empty", Secret()));
  const auto again = vault_in(folder);
  CHECK(again.exists("device"));
  CHECK(again.load("device")->text() == "second");
  CHECK(again.load("empty")->empty());
  REQUIRE(vault.remove("device"));
  REQUIRE(vault.remove("device"));
  CHECK_FALSE(again.exists("device"));
}

TEST_CASE("names and sizes are bounded") {
  const TempDir folder;
  auto vault = vault_in(folder);
  for (const char* name : {"", "../x", "a/b", "A", "a.b"}) {
    CHECK(vault.store(name, Secret()).error().code == ErrorCode::usage);
    CHECK(vault.load(name).error().code == ErrorCode::usage);
    CHECK_FALSE(vault.exists(name));
  }
  const auto large = Secret::zeros(host::KeyVault::secret_bytes_max + 1);
  CHECK(vault.store("a", large).error().code == ErrorCode::limit);
}

TEST_CASE("a sealed file that was changed, cut, renamed or moved does not open") {
  const TempDir folder;
  auto vault = vault_in(folder);
  REQUIRE(vault.store("device", Secret::copy_of("secret words")));
  const auto path = folder.path() / "keys" / "device.sealed";
  const auto good = host::read_file(path, 1000).value();
  CHECK(sync::as_text(good).find("secret") == std::string_view::npos);
  const auto put = [](const fs::path& to, const sync::Bytes& bytes) {
    REQUIRE(host::write_file_atomically(to, bytes, host::FileMode::owner_only));
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto flipped = good;
    flipped[i] ^= 1U;
    put(path, flipped);
    CHECK(vault.load("device").error().code == ErrorCode::unverified);
    put(path, sync::Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(i)));
    CHECK(vault.load("device").error().code == ErrorCode::unverified);
  }
  put(folder.path() / "keys" / "other.sealed", good);
  CHECK(vault.load("other").error().code == ErrorCode::unverified);
  const TempDir elsewhere;
  const auto stranger = vault_in(elsewhere);
  put(elsewhere.path() / "keys" / "device.sealed", good);
  CHECK(stranger.load("device").error().code == ErrorCode::unverified);
}

TEST_CASE("keys that others could read are refused") {
  const TempDir folder;
  auto vault = vault_in(folder);
  REQUIRE(vault.store("device", Secret::copy_of("x")));
  const auto keys = folder.path() / "keys";
  fs::permissions(keys / "device.sealed", fs::perms::group_read, fs::perm_options::add);
  CHECK(vault.load("device").error().code == ErrorCode::refused);
  fs::permissions(keys / "master.key", fs::perms::others_read, fs::perm_options::add);
  CHECK(host::KeyVault::open(folder.path()).error().code == ErrorCode::refused);
  fs::permissions(keys / "master.key", fs::perms::others_read, fs::perm_options::remove);
  CHECK(host::KeyVault::open(folder.path()));
  fs::permissions(keys, fs::perms::others_write, fs::perm_options::add);
  CHECK(host::KeyVault::open(folder.path()).error().code == ErrorCode::refused);
}

TEST_CASE("a master key of the wrong size is not used and not replaced") {
  const TempDir folder;
  { auto vault = vault_in(folder); }
  const auto master = folder.path() / "keys" / "master.key";
  for (const std::size_t size : {0U, 31U, 33U}) {
    REQUIRE(host::write_file_atomically(master, sync::Bytes(size), host::FileMode::owner_only));
    CHECK(host::KeyVault::open(folder.path()).error().code == ErrorCode::malformed);
  }
}

TEST_CASE("the service manager's credential is the master key if there is one") {
  const TempDir folder;
  const TempDir credentials;
  const Environment set("CREDENTIALS_DIRECTORY", credentials.path().string());
  const sync::Bytes key(32, 5);
  REQUIRE(host::write_file_atomically(credentials.path() / "tram-master", key,
                                      host::FileMode::owner_only));
  auto vault = vault_in(folder);
  REQUIRE(vault.store("device", Secret::copy_of("x")));
  CHECK_FALSE(fs::exists(folder.path() / "keys" / "master.key"));
  // Without the credential the folder gets a key of its own, which opens nothing from before.
  REQUIRE(host::remove_file(credentials.path() / "tram-master"));
  CHECK(vault_in(folder).load("device").error().code == ErrorCode::unverified);
}

TEST_CASE("secrets move and are empty afterwards") {
  auto first = Secret::copy_of("words");
  auto second = std::move(first);
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that is the promise
  CHECK(second.text() == "words");
  first = second.clone();
  CHECK(first.text() == second.text());
  host::erase_bytes(first.writable());
  CHECK(first.text() == std::string_view("\0\0\0\0\0", 5));
}

TEST_CASE("a secret wrapped to the recovery key opens with it alone") {
  const auto key = host::generate_recovery_key().value();
  const auto other = host::generate_recovery_key().value();
  for (const std::size_t size : {0U, 1U, 32U, 5000U}) {
    const sync::Bytes secret(size, 9);
    const auto wrapped = host::wrap_to_recovery_key(key.public_key, secret).value();
    const auto opened = host::unwrap_with_recovery_key(key.private_key, wrapped);
    REQUIRE(opened);
    CHECK(sync::to_bytes(opened->view()) == secret);
    CHECK(host::unwrap_with_recovery_key(other.private_key, wrapped).error().code ==
          ErrorCode::unverified);
    CHECK(host::wrap_to_recovery_key(key.public_key, secret).value() != wrapped);
  }
}

TEST_CASE("a damaged wrap is told from a good one") {
  const auto key = host::generate_recovery_key().value();
  const auto wrapped = host::wrap_to_recovery_key(key.public_key, sync::as_bytes("abc")).value();
  for (std::size_t i = 0; i < wrapped.size(); ++i) {
    auto flipped = wrapped;
    flipped[i] ^= 1U;
    CHECK_FALSE(host::unwrap_with_recovery_key(key.private_key, flipped));
    CHECK_FALSE(host::unwrap_with_recovery_key(key.private_key, sync::ByteView(wrapped).first(i)));
  }
  CHECK(host::wrap_to_recovery_key(sync::Bytes(31), {}).error().code == ErrorCode::malformed);
  CHECK(host::wrap_to_recovery_key(sync::Bytes(32), {}).error().code == ErrorCode::malformed);
  CHECK(host::unwrap_with_recovery_key(Secret::zeros(31), wrapped).error().code ==
        ErrorCode::malformed);
}
