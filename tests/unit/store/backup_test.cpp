// Goal: a copy of a store is what was committed when it began, and complete by itself.
// Method: copies of stores that are open, being written, closed, damaged; the auditor walks them.
#include "store/backup.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/unit/store/world.hpp"

namespace tram::store::test {

using sync::ErrorCode;

namespace {

std::filesystem::path copy_of(const TestStore& node) {
  return node.file().parent_path() / "copy.db";
}

// What the auditor says about a copy.
VerifyReport audit_of(const TestStore& node, const std::filesystem::path& copy) {
  StoreOptions options = node.options();
  options.path = copy;
  const auto store = Store::open(options);
  if (!store) FAIL(store.error().message);
  VerifyReport report;
  REQUIRE((*store)->read([&](const ReadUnit& unit) -> sync::Status {
    auto verified = verify(unit, {});
    if (!verified) return sync::fail(verified.error());
    report = std::move(*verified);
    return {};
  }));
  return report;
}

}  // namespace

TEST_CASE("store copy: it holds all that the open store holds, and verifies") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  for (int i = 0; i < 50; ++i) log.write(create({text_change(1, "H36.49-" + std::to_string(i))}));
  node.apply(log.commit());
  std::vector<sync::Name> names;
  for (const auto& entry : log.entries()) names.push_back(entry.name);
  node.append(home, names);
  const auto feeds = copy_store(node.file(), node.options().key, copy_of(node));
  if (!feeds) FAIL(feeds.error().message);
  std::vector<FeedRow> expected;
  node.read([&](const ReadUnit& unit) { expected = unit.feeds(); });
  REQUIRE(feeds->size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK((*feeds)[i].feed == expected[i].feed);
    CHECK((*feeds)[i].size == expected[i].size);
  }
  CHECK(std::any_of(feeds->begin(), feeds->end(), [&](const FeedRow& row) {
    return row.feed == home && row.size == names.size();
  }));
  CHECK_FALSE(std::filesystem::exists(copy_of(node).string() + "-wal"));
  const VerifyReport report = audit_of(node, copy_of(node));
  CHECK(report.entries == log.entries().size());
  CHECK(report.errors == node.audit().errors);
  CHECK(report.errors == 0);
}

TEST_CASE("store copy: it is encrypted under the same key and no other") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  log.write(create({text_change(1, "a word that must not be seen")}));
  node.apply(log.commit());
  REQUIRE(copy_store(node.file(), node.options().key, copy_of(node)));
  std::ifstream in(copy_of(node), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  CHECK(bytes.size() > 4096);
  CHECK(bytes.find("must not be seen") == std::string::npos);
  CHECK(bytes.find("SQLite format 3") == std::string::npos);
  CHECK(bytes.find("CREATE TABLE") == std::string::npos);
  StoreOptions options = node.options();
  options.path = copy_of(node);
  const sync::Bytes wrong(32, 1);
  options.key = wrong;
  const auto opened = Store::open(options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::unverified);
  CHECK(copy_store(node.file(), wrong, node.file().parent_path() / "other.db").error().code ==
        ErrorCode::unverified);
}

TEST_CASE("store copy: it is one moment of a store that is being written") {
  TestStore node;
  TestLog log(1, device_key(1), home, true);
  log.write(create({text_change(1, "first")}));
  node.apply(log.commit());
  std::atomic<bool> stop{false};
  std::atomic<int> committed{0};
  std::atomic<bool> failed{false};
  // Each write is of two entries: a copy between them would have an odd number.
  std::thread writer([&] {
    for (std::uint8_t i = 2; !stop && i < 250; ++i) {
      TestLog more(i, device_key(1), home, true);
      more.write(create({text_change(1, std::to_string(i))}));
      const sync::Commit commit = more.commit();
      if (!node.store().write([&](WriteUnit& unit) { return unit.apply(commit); })) failed = true;
      ++committed;
    }
  });
  for (int i = 0; i < 8; ++i) {
    const auto copy = node.file().parent_path() / ("copy" + std::to_string(i));
    const int before = committed;
    const auto feeds = copy_store(node.file(), node.options().key, copy);
    if (!feeds) {
      stop = true;
      writer.join();
      FAIL(feeds.error().message);
    }
    const int after = committed;
    const VerifyReport report = audit_of(node, copy);
    CHECK(report.errors == 0);
    CHECK(report.entries % 2 == 0);
    CHECK(report.entries >= 2 + 2 * static_cast<std::uint64_t>(before));
    CHECK(report.entries <= 2 + 2 * static_cast<std::uint64_t>(after + 1));
  }
  stop = true;
  writer.join();
  CHECK_FALSE(failed);
  CHECK(node.audit().errors == 0);
}

TEST_CASE("store copy: what is not there, is there already, or is damaged is refused") {
  TestStore node;
  node.close();
  const auto folder = node.file().parent_path();
  CHECK(copy_store(folder / "none.db", node.options().key, copy_of(node)).error().code ==
        ErrorCode::not_found);
  CHECK_FALSE(std::filesystem::exists(folder / "none.db"));
  {
    std::ofstream out(copy_of(node));
    out << "something";
  }
  CHECK(copy_store(node.file(), node.options().key, copy_of(node)).error().code ==
        ErrorCode::conflict);
  std::filesystem::remove(copy_of(node));
  {
    std::fstream file(node.file(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(node.file()) / 2));
    file << std::string(4096, 'x');
  }
  const auto damaged = copy_store(node.file(), node.options().key, copy_of(node));
  REQUIRE_FALSE(damaged);
  CHECK((damaged.error().code == ErrorCode::unverified ||
         damaged.error().code == ErrorCode::damaged));
}

}  // namespace tram::store::test
