// Goal: a restored node is the one that was saved: who it is, what it holds, what it still owes.
// Method: a backup of a folder of a real node, beside its open store, restored elsewhere.
#include "node/backup.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "host/recovery.hpp"
#include "node_folder.hpp"

using namespace tram;
using namespace tram::node;
using host::LargeFileWriter;
using node::test::create_line;
using node::test::morning;
using node::test::NodeFolder;
using sync::ErrorCode;

namespace {

void ignore(std::string_view, std::uint64_t, std::uint64_t) {}

// A node whose province has a recovery key that the test knows.
class Province {
 public:
  Province() {
    auto key = host::generate_recovery_key();
    REQUIRE(key);
    key_ = std::move(*key);
    Identity identity = node_.node().identity();
    identity.recovery_key = key_.public_key;
    REQUIRE(save_identity(node_.path(), identity));
    node_.reopen();
  }
  [[nodiscard]] NodeFolder& node() { return node_; }
  [[nodiscard]] const host::Secret& key() const { return key_.private_key; }
  [[nodiscard]] std::filesystem::path file() const { return around_.path() / "file"; }
  [[nodiscard]] std::filesystem::path place() const { return around_.path() / "place"; }

  void save() {
    const auto made = command::create_backup(backup_kind(), node_.path(), file(),
                                             LargeFileWriter::Existing::replace, ignore);
    if (!made) FAIL(made.error().message);
    CHECK(made->unit_name == "Phường B'Lao");
  }

 private:
  NodeFolder node_;
  host::RecoveryKey key_;
  tram::test::TempDir around_{tram::test::TempDir::fast_parent()};
};

}  // namespace

TEST_CASE("node backup: the restored node is the one that was saved, to the moment") {
  Province province;
  NodeFolder& saved = province.node();
  std::ofstream(saved.path() / "node.toml") << "[link]\nretry_first_s = 77\n";
  saved.import({create_line("H36.49-250701-0001", morning)});
  saved.receive_receipt();
  saved.import({create_line("H36.49-250701-0002", morning)});
  const std::string state = saved.exported();
  province.save();
  saved.import({create_line("H36.49-250701-0003", morning)});
  CHECK(saved.exported() != state);

  const auto restored = command::restore_backup(backup_kind(), province.place(), province.file(),
                                                province.key(), ignore);
  if (!restored) FAIL(restored.error().message);
  CHECK(restored->header.unit == node::test::home);
  CHECK(restored->header.signer == saved.node().device_key().public_key());
  const auto node = Node::open(province.place());
  if (!node) FAIL(node.error().message);
  CHECK((*node)->device_key().public_key() == saved.node().device_key().public_key());
  CHECK((*node)->config().retry_first_s == 77);
  CHECK((*node)->identity().hub_url == saved.node().identity().hub_url);
  CHECK((*node)->identity().recovery_key == saved.node().identity().recovery_key);
  REQUIRE((*node)->store().read([&](const store::ReadUnit& unit) {
    CHECK(unit.counts(node::test::home).pending_entries == 1);
    return unit.status();
  }));
}

TEST_CASE("node backup: settings that are broken keep nothing else from coming back") {
  Province province;
  const auto settings = province.node().path() / "node.toml";
  std::ofstream(settings) << "what = 'is this";
  province.save();
  const auto restored = command::restore_backup(backup_kind(), province.place(), province.file(),
                                                province.key(), ignore);
  if (!restored) FAIL(restored.error().message);
  CHECK(Node::open(province.place()).error().code == ErrorCode::not_enrolled);
  std::filesystem::remove(province.place() / "node.toml");
  CHECK(Node::open(province.place()));
}

TEST_CASE("node backup: its store is walked whole, and what is wrong in it is told") {
  Province province;
  province.node().import({create_line("H36.49-250701-0001", morning)});
  province.save();
  const auto verified =
      command::verify_backup(backup_kind(), province.file(), province.key(), ignore);
  if (!verified) FAIL(verified.error().message);
  CHECK(verified->store.ok());
  CHECK(verified->store.entries == 2);  // with the opening of the log
  CHECK(verified->store.records == 1);
  const auto other = host::generate_recovery_key();
  REQUIRE(other);
  CHECK(command::verify_backup(backup_kind(), province.file(), other->private_key, ignore)
            .error()
            .code == ErrorCode::unverified);
}
