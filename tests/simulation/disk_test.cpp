// Goal: the disk of the simulator does to a store what real disks do, and only that.
// Method: small stores and plain databases on it, cut off, filled, failed and rotten at will.
#include "tests/simulation/disk.hpp"

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <set>

#include "store/sqlite/database.hpp"
#include "store/store.hpp"
#include "store/verify.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::simulation {

using store::ReadUnit;
using store::Store;
using store::WriteUnit;
using store::test::create;
using store::test::device_key;
using store::test::TestLog;
using store::test::text_change;
using sync::ErrorCode;
using sync::Status;

namespace {

const sync::Bytes key(32, 0x5a);

class SeededRandom final : public sync::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      byte = static_cast<std::uint8_t>(state_ >> 56U);
    }
  }

 private:
  std::uint64_t state_;
};

store::StoreOptions options_on(const Disk& disk) {
  store::StoreOptions options;
  options.path = disk.path("tram.db");
  options.key = key;
  options.home_unit = store::test::home;
  options.hub_keys = {store::test::hub_key().public_key()};
  options.readers = 2;
  options.background_checkpoints = false;
  options.vfs = vfs();
  return options;
}

std::unique_ptr<Store> open_on(const Disk& disk) {
  auto opened = Store::open(options_on(disk));
  if (!opened) FAIL(opened.error().message);
  return std::move(*opened);
}

Status put(Store& store, const sync::Commit& commit) {
  return store.write([&](WriteUnit& unit) { return unit.apply(commit); });
}

bool holds(Store& store, const sync::NewEntry& entry) {
  bool held = false;
  REQUIRE(store.read([&](const ReadUnit& unit) -> Status {
    held = unit.entry(entry.name).has_value();
    return {};
  }));
  return held;
}

bool sound(Store& store) {
  bool ok = false;
  const Status read = store.read([&](const ReadUnit& unit) -> Status {
    const auto report = verify(unit, {});
    if (!report) return sync::fail(report.error());
    ok = report->ok();
    return {};
  });
  return read && ok;
}

// A log whose entries are saved one by one.
struct Clerk {
  TestLog log{1, device_key(1), store::test::home, true};
  const sync::NewEntry& write(int number) {
    return log.write(create({text_change(3, "hồ sơ " + std::to_string(number))}), number);
  }
};

}  // namespace

TEST_CASE("disk: a store on it keeps what was saved, through closing and opening") {
  Disk disk;
  Clerk clerk;
  const auto entry = clerk.write(1);
  {
    const auto store = open_on(disk);
    CHECK(store->opening().created);
    REQUIRE(put(*store, clerk.log.commit()));
    CHECK(disk.exists("tram.db-wal"));
  }
  CHECK_FALSE(disk.exists("tram.db-wal"));
  const auto store = open_on(disk);
  CHECK_FALSE(store->opening().unclean);
  CHECK(holds(*store, entry));
  CHECK(sound(*store));
  CHECK(disk.counters().slept_ms == 0);
}

TEST_CASE("disk: what is on it is encrypted, and a VFS without encryption is refused") {
  Disk disk;
  Clerk clerk;
  clerk.write(1);
  {
    const auto store = open_on(disk);
    REQUIRE(put(*store, clerk.log.commit()));
  }
  const sync::Bytes bytes = disk.image().read("tram.db");
  CHECK(sync::as_text(bytes).substr(0, 15) != "SQLite format 3");
  auto plain = options_on(disk);
  plain.path = disk.path("plain.db");
  plain.vfs = "tram-sim";
  const auto refused = Store::open(plain);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::failed);
  plain.vfs = "no such one";
  CHECK(Store::open(plain).error().code == ErrorCode::failed);
}

TEST_CASE("disk: an image is a clone, and later writes do not show in it") {
  Disk disk;
  Clerk clerk;
  const auto first = clerk.write(1);
  auto store = open_on(disk);
  REQUIRE(put(*store, clerk.log.commit()));
  const Image before = disk.image();
  CHECK(before == disk.image());
  const auto second = clerk.write(2);
  REQUIRE(put(*store, clerk.log.commit()));
  CHECK_FALSE(before == disk.image());
  Disk copy;
  copy.put(before);
  const auto clone = open_on(copy);
  CHECK(clone->opening().unclean);
  CHECK(holds(*clone, first));
  CHECK_FALSE(holds(*clone, second));
  CHECK(holds(*store, second));
  CHECK(sound(*clone));
  CHECK(sound(*store));
}

TEST_CASE("disk: after a kill the old handles are dead, and the next process has all") {
  Disk disk;
  Clerk clerk;
  const auto first = clerk.write(1);
  auto dead = open_on(disk);
  REQUIRE(put(*dead, clerk.log.commit()));
  disk.kill();
  const auto second = clerk.write(2);
  CHECK_FALSE(put(*dead, clerk.log.commit()));
  auto store = open_on(disk);
  CHECK(store->opening().unclean);
  CHECK(holds(*store, first));
  CHECK_FALSE(holds(*store, second));
  dead.reset();  // takes no lock away from the living, and writes nothing
  REQUIRE(put(*store, clerk.log.commit()));
  CHECK(sound(*store));
  store.reset();
  CHECK(holds(*open_on(disk), second));
}

TEST_CASE("disk: power cuts lose nothing that was acknowledged") {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Disk disk(seed);
    Clerk clerk;
    std::vector<sync::NewEntry> acknowledged;
    auto store = open_on(disk);
    for (int i = 0; i < 3; ++i) {
      const auto entry = clerk.write(i);
      REQUIRE(put(*store, clerk.log.commit()));
      acknowledged.push_back(entry);
    }
    if (seed % 3 == 0) REQUIRE(store->checkpoint(seed % 2 == 0));
    disk.set_faults({.stop_at_change = 1 + seed % 7});
    clerk.write(99);
    static_cast<void>(put(*store, clerk.log.commit()));
    disk.set_faults({});
    disk.power_cut(random);
    store.reset();
    sizes.insert(disk.used_bytes());
    store = open_on(disk);
    CHECK(sound(*store));
    for (const auto& entry : acknowledged) CHECK(holds(*store, entry));
  }
  CHECK(sizes.size() > 3);
}

namespace {

// One file, written through SQLite's own interface to a VFS: what is there after a power cut?
class RawFile {
 public:
  explicit RawFile(Disk& disk, const char* name, int kind = SQLITE_OPEN_MAIN_DB)
      : path_(disk.path(name).string()), vfs_(sqlite3_vfs_find("tram-sim")) {
    REQUIRE(vfs_ != nullptr);
    room_.resize(static_cast<std::size_t>(vfs_->szOsFile) / sizeof(std::max_align_t) + 1);
    file_ = static_cast<sqlite3_file*>(static_cast<void*>(room_.data()));
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | kind;
    REQUIRE(vfs_->xOpen(vfs_, path_.c_str(), file_, flags, nullptr) == SQLITE_OK);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile() { file_->pMethods->xClose(file_); }

  int write(std::size_t count, char letter, std::int64_t offset) {
    const std::string bytes(count, letter);
    return file_->pMethods->xWrite(file_, bytes.data(), static_cast<int>(count), offset);
  }
  int sync() { return file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL); }
  int truncate(std::int64_t size) { return file_->pMethods->xTruncate(file_, size); }
  int read(std::string& out, std::int64_t offset) {
    return file_->pMethods->xRead(file_, out.data(), static_cast<int>(out.size()), offset);
  }

 private:
  std::string path_;
  sqlite3_vfs* vfs_;
  std::vector<std::max_align_t> room_;
  sqlite3_file* file_ = nullptr;
};

// How often each outcome came up over many cuts of the same disk.
template <class Classify>
std::map<std::string, int> outcomes(const Disk& disk, const Classify& classify) {
  std::map<std::string, int> counts;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SeededRandom random(seed);
    ++counts[classify(disk.image_after_power_cut(random))];
  }
  return counts;
}

std::string letters_of(const Image& image, std::string_view name) {
  const sync::Bytes bytes = image.read(name);
  std::string seen;
  for (const std::uint8_t byte : bytes) {
    const char letter = byte == 0                      ? '0'
                        : (byte == 'a' || byte == 'b') ? static_cast<char>(byte)
                                                       : '?';
    if (seen.empty() || seen.back() != letter) seen.push_back(letter);
  }
  return seen;
}

}  // namespace

TEST_CASE("disk: a store whose power goes while its first page is written is made anew") {
  Disk first(1);
  SeededRandom random(1);
  std::vector<Image> cut;
  first.on_change([&](const Change& change) {
    if (change.operation != Operation::sync || change.name != "tram.db" || !cut.empty()) return;
    for (int i = 0; i < 400; ++i) cut.push_back(first.image_after_power_cut(random));
  });
  open_on(first).reset();
  first.on_change({});
  std::size_t unfinished = 0;
  for (const Image& image : cut) {
    const std::size_t size = image.read("tram.db").size();
    if (size == 0 || size >= 4096) continue;
    ++unfinished;
    Disk disk(2);
    disk.put(image);
    open_on(disk).reset();
    open_on(disk).reset();
  }
  CHECK(unfinished > 10);
}

TEST_CASE("disk: what was synced stands; a later write is kept, lost or torn by the sector") {
  static_cast<void>(vfs());
  Disk disk;
  RawFile file(disk, "f", SQLITE_OPEN_WAL);
  REQUIRE(file.write(512, 'a', 0) == SQLITE_OK);
  REQUIRE(file.sync() == SQLITE_OK);
  const auto synced = outcomes(disk, [](const Image& image) { return letters_of(image, "f"); });
  CHECK(synced == std::map<std::string, int>{{"a", 400}});
  REQUIRE(file.write(512, 'b', 0) == SQLITE_OK);
  auto seen = outcomes(disk, [](const Image& image) { return letters_of(image, "f"); });
  CHECK(seen["a"] > 20);
  CHECK(seen["b"] > 20);
  CHECK(seen["ab"] > 2);
  CHECK(seen["ba"] > 2);
  REQUIRE(file.sync() == SQLITE_OK);
  seen = outcomes(disk, [](const Image& image) { return letters_of(image, "f"); });
  CHECK(seen["b"] == 400);
  // The system showed the newest all along.
  CHECK(letters_of(disk.image(), "f") == "b");
}

TEST_CASE("disk: bytes that no write touched do not change, in the same sector or not") {
  static_cast<void>(vfs());
  Disk disk;
  RawFile file(disk, "f", SQLITE_OPEN_WAL);
  REQUIRE(file.write(1000, 'a', 0) == SQLITE_OK);
  REQUIRE(file.sync() == SQLITE_OK);
  REQUIRE(file.write(100, 'b', 1000) == SQLITE_OK);
  const auto seen = outcomes(disk, [](const Image& image) {
    const sync::Bytes bytes = image.read("f");
    const std::size_t old = bytes.size() < 1000 ? bytes.size() : 1000;
    return std::to_string(old) +
           (std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(old),
                        [](std::uint8_t byte) { return byte == 'a'; })
                ? " same"
                : " changed");
  });
  CHECK(seen == std::map<std::string, int>{{"1000 same", 400}});
}

TEST_CASE("disk: sizes, truncation and creation may be undone until they are synced") {
  static_cast<void>(vfs());
  Disk disk;
  RawFile file(disk, "f", SQLITE_OPEN_MAIN_DB);
  REQUIRE(file.write(5000, 'a', 0) == SQLITE_OK);
  REQUIRE(file.sync() == SQLITE_OK);
  // Synced, but its name is not: only a journal or WAL brings its folder along.
  auto seen = outcomes(disk, [](const Image& image) { return letters_of(image, "f"); });
  CHECK(seen["a"] > 50);
  CHECK(seen[""] > 50);
  CHECK(seen["a"] + seen[""] == 400);
  RawFile journal(disk, "f-journal", SQLITE_OPEN_MAIN_JOURNAL);
  REQUIRE(journal.sync() == SQLITE_OK);
  const auto size = [](const Image& image) { return std::to_string(image.read("f").size()); };
  CHECK(outcomes(disk, size)["5000"] == 400);
  REQUIRE(file.truncate(100) == SQLITE_OK);
  CHECK(disk.size("f") == 100);
  seen = outcomes(disk, size);
  CHECK(seen["100"] > 20);
  CHECK(seen["5000"] > 20);
  REQUIRE(file.write(100, 'b', 4900) == SQLITE_OK);
  CHECK(letters_of(disk.image(), "f") == "a0b");
  REQUIRE(file.sync() == SQLITE_OK);
  seen = outcomes(disk, [](const Image& image) { return letters_of(image, "f"); });
  CHECK(seen["a0b"] == 400);
}

TEST_CASE("disk: a removed file may come back until its folder is synced") {
  static_cast<void>(vfs());
  Disk disk;
  const sync::Bytes bytes(700, 'a');
  disk.write_file("f", bytes);
  sqlite3_vfs* const own = sqlite3_vfs_find("tram-sim");
  const std::string path = disk.path("f").string();
  REQUIRE(own->xDelete(own, path.c_str(), 0) == SQLITE_OK);
  CHECK(own->xDelete(own, path.c_str(), 0) == SQLITE_IOERR_DELETE_NOENT);
  CHECK_FALSE(disk.exists("f"));
  const auto there = [](const Image& image) { return std::to_string(image.names().size()); };
  auto seen = outcomes(disk, there);
  CHECK(seen["0"] > 50);
  CHECK(seen["1"] > 50);
  disk.write_file("g", bytes);
  const std::string other = disk.path("g").string();
  REQUIRE(own->xDelete(own, other.c_str(), 1) == SQLITE_OK);
  CHECK(outcomes(disk, there)["0"] == 400);
}

TEST_CASE("disk: one that lies about syncing loses what it said was saved") {
  Disk disk(7);
  disk.set_faults({.lying_sync_rate = 1});
  Clerk clerk;
  auto store = open_on(disk);
  const auto entry = clerk.write(1);
  REQUIRE(put(*store, clerk.log.commit()));
  CHECK(holds(*store, entry));
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SeededRandom random(seed);
    Disk after;
    after.put(disk.image_after_power_cut(random));
    const auto opened = Store::open(options_on(after));
    if (!opened || !holds(**opened, entry)) ++lost;
  }
  CHECK(lost > 5);
  CHECK(disk.counters().injected > 0);
}

TEST_CASE("disk: a failed sync may lose its pages for good, whatever later ones say") {
  static_cast<void>(vfs());
  int given_up = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Disk disk(seed);
    RawFile file(disk, "f", SQLITE_OPEN_WAL);
    REQUIRE(file.write(600, 'a', 0) == SQLITE_OK);
    REQUIRE(file.sync() == SQLITE_OK);
    REQUIRE(file.write(600, 'b', 0) == SQLITE_OK);
    disk.set_faults({.failures = {{Operation::sync, 1}}});
    CHECK(file.sync() == SQLITE_IOERR_FSYNC);
    CHECK(file.sync() == SQLITE_OK);
    CHECK(letters_of(disk.image(), "f") == "b");
    const auto seen = outcomes(disk, [](const Image& image) { return letters_of(image, "f"); });
    REQUIRE(seen.size() == 1);
    given_up += seen.begin()->first == "a" ? 1 : 0;
    // Written anew and synced, it is there.
    REQUIRE(file.write(600, 'b', 0) == SQLITE_OK);
    REQUIRE(file.sync() == SQLITE_OK);
    CHECK(outcomes(disk, [](const Image& image) { return letters_of(image, "f"); })["b"] == 400);
  }
  CHECK(given_up > 3);
  CHECK(given_up < 17);
}

TEST_CASE("disk: a full one refuses the write, keeps what was, and goes on when there is room") {
  Disk disk;
  Clerk clerk;
  auto store = open_on(disk);
  const auto first = clerk.write(1);
  REQUIRE(put(*store, clerk.log.commit()));
  const sync::Bytes ballast(100000, 1);
  disk.write_file("ballast", ballast);
  disk.set_faults({.capacity_bytes = disk.used_bytes() + 20000});
  bool full = false;
  int saved = 1;
  while (!full) {
    clerk.write(++saved);
    const Status done = put(*store, clerk.log.commit());
    full = !done;
    if (!full) continue;
    CHECK(done.error().code == ErrorCode::io);
    CHECK(done.error().message.find("full") != std::string::npos);
  }
  CHECK(disk.used_bytes() <= disk.faults().capacity_bytes);
  CHECK(holds(*store, first));
  disk.remove_file("ballast");
  CHECK(put(*store, clerk.log.commit()));
  CHECK(sound(*store));
}

TEST_CASE("disk: the n-th operation fails, once or from then on") {
  static_cast<void>(vfs());
  Disk disk;
  RawFile file(disk, "f");
  std::string out(10, ' ');
  REQUIRE(file.write(10, 'a', 0) == SQLITE_OK);
  disk.set_faults({.failures = {{Operation::read, 2},
                                {Operation::write, 1, Failure::full},
                                {Operation::sync, 2, Failure::out_of_memory, true}}});
  CHECK(file.read(out, 0) == SQLITE_OK);
  CHECK(file.read(out, 0) == SQLITE_IOERR_READ);
  CHECK(file.read(out, 0) == SQLITE_OK);
  CHECK(out == "aaaaaaaaaa");
  CHECK(file.read(out, 5) == SQLITE_IOERR_SHORT_READ);
  CHECK(out == std::string("aaaaa") + std::string(5, '\0'));
  CHECK(file.write(10, 'b', 0) == SQLITE_FULL);
  CHECK(file.write(10, 'b', 0) == SQLITE_OK);
  CHECK(file.sync() == SQLITE_OK);
  CHECK(file.sync() == SQLITE_IOERR_NOMEM);
  CHECK(file.sync() == SQLITE_IOERR_NOMEM);
  CHECK(disk.counters().injected == 4);
  CHECK(disk.counters().of(Operation::read) == 4);
  disk.set_faults({});
  CHECK(file.sync() == SQLITE_OK);
}

TEST_CASE("disk: it stops at the change that it was told, and the write in flight is partly done") {
  static_cast<void>(vfs());
  std::set<std::uint64_t> sizes;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Disk disk(seed);
    RawFile file(disk, "f");
    std::uint64_t looks = 0;
    disk.on_change([&](const Change& change) {
      ++looks;
      CHECK(change.name == "f");
      CHECK(inside_disk());
    });
    disk.set_faults({.stop_at_change = 2});
    CHECK(file.write(100, 'a', 0) == SQLITE_OK);
    CHECK_FALSE(disk.stopped());
    CHECK(file.write(1000, 'b', 100) == SQLITE_IOERR_WRITE);
    CHECK(disk.stopped());
    CHECK(file.sync() == SQLITE_IOERR_FSYNC);
    CHECK(looks == 2);
    CHECK(disk.counters().changes == looks + 1);  // and the creation
    sizes.insert(disk.size("f"));
    disk.kill();
    CHECK_FALSE(disk.stopped());
    CHECK(file.write(1, 'c', 0) == SQLITE_IOERR_WRITE);
  }
  CHECK_FALSE(inside_disk());
  CHECK(sizes.size() > 10);
}

TEST_CASE("disk: rot, in the file or on the way, is found by the store") {
  Disk disk;
  Clerk clerk;
  for (int i = 0; i < 20; ++i) clerk.write(i);
  {
    const auto store = open_on(disk);
    REQUIRE(put(*store, clerk.log.commit()));
  }
  CHECK_FALSE(disk.flip_bit("tram.db", disk.size("tram.db"), 0));
  const Image sane = disk.image();
  int found = 0;
  for (std::uint64_t page = 1; page * 4096 < disk.size("tram.db"); page += 7) {
    disk.put(sane);
    REQUIRE(disk.flip_bit("tram.db", page * 4096 + 100, 3));
    const auto opened = Store::open(options_on(disk));
    found += !opened || !sound(**opened) ? 1 : 0;
  }
  CHECK(found > 0);
  disk.put(sane);
  disk.set_faults({.rotten_read_rate = 1});
  CHECK_FALSE(Store::open(options_on(disk)));
  disk.set_faults({});
  CHECK(sound(*open_on(disk)));
}

TEST_CASE("disk: errors at a rate never pass for success") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Disk disk(seed);
    Clerk clerk;
    auto store = open_on(disk);
    std::vector<sync::NewEntry> acknowledged;
    disk.set_faults({.read_error_rate = 0.02, .write_error_rate = 0.02, .sync_error_rate = 0.05});
    for (int i = 0; i < 20; ++i) {
      const auto entry = clerk.write(i);
      if (put(*store, clerk.log.commit())) acknowledged.push_back(entry);
    }
    disk.set_faults({});
    disk.kill();
    store = open_on(disk);
    for (const auto& entry : acknowledged) CHECK(holds(*store, entry));
    CHECK(sound(*store));
  }
}

TEST_CASE("disk: the same seed gives the same operations") {
  const auto run = [](std::uint64_t seed) {
    reseed_sqlite(seed);
    SeededRandom random(seed);
    Disk disk(seed);
    std::string trace;
    disk.on_change([&](const Change& change) {
      trace += std::to_string(static_cast<int>(change.operation)) + std::string(change.name) + "@" +
               std::to_string(change.offset) + "+" + std::to_string(change.bytes) + "\n";
    });
    Clerk clerk;
    disk.set_faults({.write_error_rate = 0.01, .sync_error_rate = 0.01});
    for (int i = 0; i < 10; ++i) {
      auto opened = Store::open(options_on(disk));
      for (int k = 0; k < 5 && opened; ++k) {
        clerk.write(i * 10 + k);
        trace += put(**opened, clerk.log.commit()) ? "+" : "-";
      }
      disk.power_cut(random);
    }
    return trace + std::to_string(disk.counters().bytes_read);
  };
  CHECK(run(1) == run(1));
  CHECK(run(2) == run(2));
  CHECK(run(1) != run(2));
}

}  // namespace tram::simulation
