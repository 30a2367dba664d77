// Goal: readers, the writer and the checkpoint work beside each other, each on whole transactions.
// Method: threads that write and read a growing feed; every snapshot must agree with itself.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "sync/feed/merkle.hpp"
#include "tests/unit/store/world.hpp"

namespace tram::store::test {

namespace {

constexpr int entries_written = 60;

// True iff the snapshot's names compute to its root.
bool agrees(const ReadUnit& unit) {
  const std::uint64_t size = unit.feed_size(home);
  const auto names = unit.feed_names(home, 0, size);
  std::vector<sync::Digest> leaves;
  for (const auto& name : names) leaves.push_back(sync::merkle::leaf_hash(name));
  return names.size() == size && sync::merkle::root_of(leaves) == unit.feed_root(home, size);
}

}  // namespace

TEST_CASE("concurrency: every reader sees whole transactions") {
  TestStore node;
  node.extra.readers = GENERATE(2U, 0U);  // with none, reads take turns with the writer
  node.extra.background_checkpoints = true;
  node.extra.checkpoint_pages = 20;
  node.reopen();
  TestLog log(1, device_key(1), home, true);
  std::atomic<bool> writing = true;
  std::atomic<int> wrong = 0;
  const auto reader = [&] {
    do {
      const sync::Status read = node.store().read([&](const ReadUnit& unit) -> sync::Status {
        if (!agrees(unit)) ++wrong;
        return {};
      });
      if (!read) ++wrong;
    } while (writing);
  };
  std::thread first(reader);
  std::thread second(reader);
  std::thread third(reader);
  for (int i = 0; i < entries_written; ++i) {
    const auto& entry = log.write(create({text_change(3, "a")}), i);
    sync::Commit commit = log.commit();
    commit.entries.erase(commit.entries.begin(), commit.entries.end() - (i == 0 ? 2 : 1));
    commit.appends.push_back({home, entry.name});
    const sync::Status done =
        node.store().write([&](WriteUnit& unit) { return unit.apply(commit); });
    if (!done) ++wrong;
  }
  writing = false;
  first.join();
  second.join();
  third.join();
  CHECK(wrong == 0);
  node.read([&](const ReadUnit& unit) { CHECK(unit.feed_size(home) == entries_written); });
  CHECK(node.audit().ok());
}

}  // namespace tram::store::test
