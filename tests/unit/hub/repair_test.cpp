// Goal: one bit that is wrong anywhere in a store is found, and repaired from the other side.
// Method: a random bit of every page of a node's and a hub's store, one at a time, on fresh copies;
// repair, exchange, verify, compare. The seed is printed.
#include <catch2/catch.hpp>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "host/log.hpp"
#include "host/random.hpp"
#include "hub/repair.hpp"
#include "hub_folder.hpp"
#include "node/repair.hpp"
#include "store/sqlite/database.hpp"
#include "store/verify.hpp"

using namespace tram;
using hub::test::blao;
using hub::test::Computer;
using hub::test::create_line;
using hub::test::HubFolder;
using hub::test::morning;
using hub::test::start;
using hub::test::update_line;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t page_bytes = 4096;
constexpr int sent_dossiers = 12;
constexpr int unsent_dossiers = 6;

std::string code_of(int number) {
  return "H36.49-250701-" + std::to_string(1000 + number);
}

// TRAM_SEED repeats a run.
std::uint64_t a_seed() {
  std::uint64_t seed = 0;
  if (const char* given = std::getenv("TRAM_SEED"); given != nullptr) {
    const std::string text = given;
    std::from_chars(text.data(), text.data() + text.size(), seed);
    return seed;
  }
  sync::ByteArray<4> bytes{};
  host::SystemRandom().fill(bytes);
  for (const std::uint8_t byte : bytes) seed = seed << 8U | byte;
  return seed;
}

// Bits that flip in a store's file, at random.
class Damage {
 public:
  explicit Damage(fs::path file)
      : file_(std::move(file)), pages_(fs::file_size(file_) / page_bytes) {}

  [[nodiscard]] std::string seed() const { return "TRAM_SEED=" + std::to_string(seed_); }
  [[nodiscard]] std::size_t pages() const { return pages_; }

  // A quarter of the pages in each run, another one each time; all of them where TRAM_EVERY_PAGE is
  // set.
  std::vector<std::size_t> chosen() {
    const bool all = std::getenv("TRAM_EVERY_PAGE") != nullptr;
    std::vector<std::size_t> out;
    for (std::size_t page = 0; page < pages_; ++page) {
      if (all || page == 0 || random_() % 4 == 0) out.push_back(page);
    }
    return out;
  }

  void flip_bit(std::size_t page) {
    const std::size_t at = page * page_bytes + random_() % page_bytes;
    std::fstream stream(file_, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const int byte = stream.get();
    REQUIRE(byte >= 0);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(static_cast<unsigned>(byte) ^ (1U << random_() % 8)));
    REQUIRE(stream.good());
  }

  // In about one page of so many.
  void flip_bit_in_one_of(std::size_t share) {
    for (std::size_t page = 0; page < pages_; ++page) {
      if (random_() % share == 0) flip_bit(page);
    }
  }

 private:
  fs::path file_;
  std::size_t pages_;
  std::uint64_t seed_ = a_seed();
  std::mt19937_64 random_{seed_};
};

// What `verify` would find in pages of this store.
bool finds_damage(const store::Store& store) {
  const auto findings = store::check_pages(store);
  if (!findings) FAIL(findings.error().message);
  return !findings->empty();
}

bool verifies(const store::Store& store) {
  bool ok = false;
  const sync::Status read = store.read([&](const store::ReadUnit& unit) -> sync::Status {
    const auto report = store::verify(unit, {});
    if (!report) return sync::fail(report.error());
    for (const store::Finding& finding : report->findings) {
      if (!finding.information) UNSCOPED_INFO(finding.message);
    }
    ok = report->ok();
    return {};
  });
  if (!read) UNSCOPED_INFO(read.error().message);
  return read && ok;
}

// Entries that a store knows by name and cannot show.
std::uint64_t lacking(const store::Store& store) {
  std::uint64_t out = 0;
  REQUIRE(store.read([&](const store::ReadUnit& unit) {
    out = unit.counts(blao).without_bytes;
    return unit.status();
  }));
  return out;
}

// A hub and two computers of one commune: one has unsent work, the other holds all that was sent.
struct World {
  HubFolder hub;
  Computer writer{hub, 1};
  Computer other{hub, 2};
  tram::test::TempDir saved{tram::test::TempDir::fast_parent()};

  World() {
    host::set_log_level(host::Level::error);
    auto exchanges = start(hub);
    for (int i = 0; i < sent_dossiers; ++i) {
      writer.import({create_line(code_of(i), morning + i)});
      if (i % 3 == 0) REQUIRE(writer.synchronise(*exchanges).synced);
    }
    REQUIRE(writer.synchronise(*exchanges).synced);
    other.import({create_line(code_of(900), morning)});
    REQUIRE(other.synchronise(*exchanges).synced);
    REQUIRE(writer.synchronise(*exchanges).synced);
    for (int i = 0; i < unsent_dossiers; ++i) {
      writer.import({update_line(code_of(i), morning + 100 + i, R"("status":"dang_xu_ly")")});
      writer.import({create_line(code_of(100 + i), morning + 100 + i)});
    }
    exchanges.reset();
    before = writer.exported();
    save();
  }

  static fs::path file(const fs::path& folder) { return folder / "tram.db"; }
  void close() {
    hub.close();
    writer.close();
    other.close();
  }
  void save() {
    close();
    fs::copy_file(file(hub.path()), saved.path() / "hub");
    fs::copy_file(file(writer.path()), saved.path() / "writer");
    fs::copy_file(file(other.path()), saved.path() / "other");
  }
  void restore() {
    close();
    constexpr auto over = fs::copy_options::overwrite_existing;
    fs::copy_file(saved.path() / "hub", file(hub.path()), over);
    fs::copy_file(saved.path() / "writer", file(writer.path()), over);
    fs::copy_file(saved.path() / "other", file(other.path()), over);
    for (const fs::path& folder : {hub.path(), writer.path(), other.path()}) {
      for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().filename().string().find(".damaged-") != std::string::npos) {
          fs::remove(entry.path());
        }
      }
    }
  }
  void reopen() {
    hub.reopen();
    REQUIRE(writer.reopen());
    REQUIRE(other.reopen());
  }

  // Each requires success.
  store::SalvageReport repair_writer() { return repaired(node::repair(writer.path(), {})); }
  store::SalvageReport repair_hub() { return repaired(hub::repair(hub.path(), {})); }

  // Everybody exchanges until nothing moves.
  std::vector<hub::test::Session> exchange() {
    const auto exchanges = start(hub);
    std::vector<hub::test::Session> sessions;
    for (Computer* computer : {&writer, &other, &writer, &other}) {
      sessions.push_back(computer->synchronise(*exchanges));
      if (!sessions.back().status) FAIL(sessions.back().status.error().message);
    }
    return sessions;
  }
  // After exchanges all hold the same, and everything verifies.
  void check_level() {
    exchange();
    CHECK(writer.pending() == 0);
    CHECK(verifies(hub.hub().store()));
    CHECK(verifies(writer.node().store()));
    CHECK(verifies(other.node().store()));
    CHECK(writer.exported() == hub.exported(blao));
    CHECK(other.exported() == hub.exported(blao));
  }

  std::string before;

 private:
  static store::SalvageReport repaired(sync::Result<store::SalvageReport> report) {
    if (!report) FAIL(report.error().message);
    return std::move(*report);
  }
};

void check_report(const store::SalvageReport& report) {
  REQUIRE(report.needed);
  CHECK(report.pages_unreadable == 1);
  CHECK(report.stranded == 0);
  CHECK(report.not_placed == 0);
  CHECK(report.errors == 0);
  CHECK(fs::exists(report.damaged));
}

}  // namespace

TEST_CASE("repair: every page of a node's store") {
  World world;
  Damage damage(World::file(world.writer.path()));
  std::size_t not_in_use = 0;
  std::size_t hurt_unsent = 0;
  for (const std::size_t page : damage.chosen()) {
    INFO(damage.seed() << ", page " << page + 1 << " of " << damage.pages());
    world.restore();
    damage.flip_bit(page);
    const sync::Status opened = world.writer.reopen();
    if (!opened) CHECK(opened.error().code == sync::ErrorCode::unverified);
    not_in_use += opened && !finds_damage(world.writer.node().store()) ? 1 : 0;
    world.writer.close();
    const auto report = world.repair_writer();
    check_report(report);
    CHECK(report.pending >= 2 * unsent_dossiers);
    world.reopen();
    world.check_level();
    // Only the content of unsent entries that stood in the damaged page is nowhere else.
    if (world.writer.exported() != world.before) {
      CHECK(report.without_bytes != 0);
      ++hurt_unsent;
    }
  }
  WARN(damage.pages() << " pages, " << not_in_use << " not in use, " << hurt_unsent
                      << " with unsent work");
  CHECK(not_in_use < damage.pages() / 4);
  CHECK(hurt_unsent < damage.pages() / 4);
}

TEST_CASE("repair: every page of a hub's store") {
  World world;
  Damage damage(World::file(world.hub.path()));
  std::size_t not_in_use = 0;
  for (const std::size_t page : damage.chosen()) {
    INFO(damage.seed() << ", page " << page + 1 << " of " << damage.pages());
    world.restore();
    damage.flip_bit(page);
    {
      const auto opened = hub::Hub::open(world.hub.path());
      if (!opened) CHECK(opened.error().code == sync::ErrorCode::unverified);
      not_in_use += opened && !finds_damage((*opened)->store()) ? 1 : 0;
    }
    check_report(world.repair_hub());
    world.reopen();
    world.check_level();
    CHECK(world.writer.exported() == world.before);
  }
  WARN(damage.pages() << " pages, " << not_in_use << " not in use");
  CHECK(not_in_use < damage.pages() / 4);
}

TEST_CASE("repair: many pages of a hub's store at once") {
  World world;
  Damage damage(World::file(world.hub.path()));
  for (const std::size_t share : {5U, 10U, 30U}) {
    INFO(damage.seed() << ", one page of " << share);
    world.restore();
    damage.flip_bit_in_one_of(share);
    world.repair_hub();
    world.reopen();
    world.check_level();
    CHECK(world.writer.exported() == world.before);
  }
}

TEST_CASE("repair: many pages of a node's store at once") {
  World world;
  Damage damage(World::file(world.writer.path()));
  for (const std::size_t share : {2U, 5U, 10U, 30U}) {
    INFO(damage.seed() << ", one page of " << share);
    world.restore();
    // All of it is at the hub: what is damaged is nobody's only copy.
    world.reopen();
    world.check_level();
    const std::string whole = world.writer.exported();
    world.writer.close();
    damage.flip_bit_in_one_of(share);
    world.repair_writer();
    REQUIRE(world.writer.reopen());
    world.check_level();
    CHECK(lacking(world.writer.node().store()) == 0);
    CHECK(world.writer.exported() == whole);
  }
}

TEST_CASE("repair: unsent work among many damaged pages goes out, and raises no alarm") {
  World world;
  Damage damage(World::file(world.writer.path()));
  for (const std::size_t share : {3U, 10U}) {
    INFO(damage.seed() << ", one page of " << share);
    world.restore();
    damage.flip_bit_in_one_of(share);
    const auto report = world.repair_writer();
    world.reopen();
    for (const auto& session : world.exchange()) {
      CHECK_FALSE(session.copied);  // what comes back into its logs was its own
    }
    CHECK(verifies(world.hub.hub().store()));
    // Behind an unsent entry of which not even the name is left, the log cannot be sent on; that
    // was told, and `verify` tells it too.
    if (world.writer.pending() != 0) {
      CHECK(report.stranded != 0);
      CHECK_FALSE(verifies(world.writer.node().store()));
      continue;
    }
    CHECK(verifies(world.writer.node().store()));
    CHECK(lacking(world.writer.node().store()) == lacking(world.hub.hub().store()));
    CHECK(world.writer.exported() == world.hub.exported(blao));
  }
}

TEST_CASE("repair: the first pages of a store that came out of a backup") {
  World world;
  const fs::path file = World::file(world.writer.path());
  Damage damage(file);
  INFO(damage.seed());
  const sync::Bytes key(32, 1);
  {
    const auto database = store::Database::open({.path = file, .key = key});
    REQUIRE(database);
    REQUIRE((*database)->execute("VACUUM"));
  }
  damage.flip_bit(0);
  const auto report = world.repair_writer();
  check_report(report);
  CHECK_FALSE(report.has_holes);
  CHECK(report.feed_entries_gone == 0);
  world.reopen();
  CHECK(world.writer.exported() == world.before);
  world.check_level();
}

TEST_CASE("repair: a key that does not fit is told from damage") {
  World world;
  store::SalvageOptions options;
  const sync::Bytes wrong(32, 0x77);
  options.store.path = World::file(world.hub.path());
  options.store.key = wrong;
  options.store.role = store::Role::hub;
  options.suffix = "x";
  const auto report = store::salvage(options);
  REQUIRE_FALSE(report);
  CHECK(report.error().code == sync::ErrorCode::unverified);
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(world.hub.path())) {
    files += entry.path().filename().string().rfind("tram.db", 0) == 0 ? 1 : 0;
  }
  CHECK(files == 1);
}

TEST_CASE("repair: nothing is done where nothing is damaged") {
  World world;
  const auto node = node::repair(world.writer.path(), {});
  REQUIRE(node);
  CHECK_FALSE(node->needed);
  const auto hub = hub::repair(world.hub.path(), {});
  REQUIRE(hub);
  CHECK_FALSE(hub->needed);
}
