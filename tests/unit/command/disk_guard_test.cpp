// Goal: a full disk is met by the ballast once, then nothing new is taken until there is room.
// Method: a limit on the size of files stands for the end of the disk; a store in a folder.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "command/disk_guard.hpp"
#include "host/log.hpp"
#include "tests/support/temp_dir.hpp"

using namespace tram;
using command::DiskGuard;
using host::Ballast;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

// While it lives no file of this process grows above so many bytes.
class FileLimit {
 public:
  explicit FileLimit(std::uint64_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

struct Folder {
  test::TempDir folder{test::TempDir::fast_parent()};
  sync::Bytes key = sync::Bytes(32, 0x5a);
  std::unique_ptr<store::Store> store;

  Folder() {
    host::set_log_level(host::Level::error);
    store::StoreOptions options;
    options.path = folder.path() / "tram.db";
    options.key = key;
    options.role = store::Role::hub;
    options.background_checkpoints = false;
    auto opened = store::Store::open(options);
    if (!opened) FAIL(opened.error().message);
    store = std::move(*opened);
  }
  sync::Status write(const std::string& name, std::size_t bytes) const {
    return store->write(
        [&](store::WriteUnit& unit) { return unit.set_meta(name, sync::Bytes(bytes, 7)); });
  }
  bool holds(const std::string& name) const {
    bool held = false;
    REQUIRE(store->read([&](const store::ReadUnit& unit) {
      held = unit.meta(name).has_value();
      return unit.status();
    }));
    return held;
  }
};

}  // namespace

TEST_CASE("disk guard: what meets the end is tried once more, then refused until there is room") {
  const Folder folder;
  DiskGuard guard(*folder.store, folder.folder.path(), mib);
  CHECK(Ballast(folder.folder.path(), mib).state() == Ballast::State::ready);
  CHECK_FALSE(guard.read_only());
  int tries = 0;
  const auto save = [&] {
    ++tries;
    return folder.write("large", 4 * mib);
  };
  {
    const FileLimit limit(2 * mib);
    const sync::Status saved = guard.run(save);
    REQUIRE_FALSE(saved);
    CHECK(tries == 2);
    CHECK(saved.error().code == sync::ErrorCode::io);
    CHECK_THAT(saved.error().message, Catch::Contains("ổ đĩa đã đầy"));
    CHECK_THAT(saved.error().message, Catch::Contains("The disk is full"));
    CHECK_FALSE(folder.holds("large"));
    CHECK_FALSE(folder.store->is_broken());
    REQUIRE(guard.run([&] { return folder.write("small", 10); }));
  }
  CHECK_FALSE(guard.read_only());
  REQUIRE(guard.run(save));
  CHECK(tries == 3);
  CHECK(folder.holds("large"));
}

TEST_CASE("disk guard: a folder whose ballast was freed takes nothing new while there is no room") {
  const Folder folder;
  // More than any disk has: it is never made again.
  constexpr std::uint64_t huge = std::uint64_t{1} << 60U;
  {
    DiskGuard guard(*folder.store, folder.folder.path(), huge);
    CHECK_FALSE(guard.read_only());  // none was ever made, and the disk was never full
  }
  REQUIRE(Ballast(folder.folder.path(), huge).free());
  DiskGuard guard(*folder.store, folder.folder.path(), huge);
  CHECK(guard.read_only());
  CHECK_FALSE(guard.admit());
  bool ran = false;
  CHECK_FALSE(guard.run([&]() -> sync::Status {
    ran = true;
    return {};
  }));
  CHECK_FALSE(ran);
}

TEST_CASE("disk guard: other failures are passed on, and tried once") {
  const Folder folder;
  DiskGuard guard(*folder.store, folder.folder.path(), mib);
  int tries = 0;
  const sync::Status done = guard.run([&]() -> sync::Status {
    ++tries;
    return sync::fail(sync::ErrorCode::conflict, "somebody was first");
  });
  CHECK(tries == 1);
  CHECK(done.error().message == "somebody was first");
  CHECK_FALSE(guard.read_only());
}
