// Promises A to D and J: whatever links, disks and operators do, once faults stop all is level.
// Random worlds from printed seeds: losses, doubles, delays, restores, copies; then quiet, and
// every feed, entry and holder is compared.
#include <deque>
#include <map>

#include "tests/unit/sync/session/checks.hpp"

namespace tram::sync::test {

namespace {

constexpr std::uint64_t first_seed = 1;
constexpr std::uint64_t seeds = 200;
constexpr int steps = 200;

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), hub_(seed + 1) {
    for (const FeedId& unit : {unit_y, unit_y, unit_z}) add_node(unit);
    hub_copies_.push_back(hub_.snapshot());
  }

  void step();
  void settle();
  void check() const;

 private:
  struct Machine {
    TestNode node;
    std::deque<MemoryLedger> copies;
    std::deque<Bytes> late_requests;
  };

  void add_node(const FeedId& unit) {
    nodes_.push_back({TestNode(random_.next(), unit, hub_), {}, {}});
    hub_.enrol(nodes_.back().node.device(), unit);
  }
  Machine& any() { return nodes_[random_.below(nodes_.size())]; }
  void write(TestNode& node);
  Bytes must_handle(const TestNode& node, const Bytes& request);
  void talk(Machine& machine);
  void copy_machine(const Machine& machine);
  void disturb(Machine& machine);
  void disturb_hub();
  void check_records() const;

  SeededRandom random_;
  TestHub hub_;
  std::deque<Machine> nodes_;
  std::deque<MemoryLedger> hub_copies_;
  std::vector<RecordRef> records_;
  bool honest_ = true;  // no machine was copied or put back
};

void World::write(TestNode& node) {
  const std::string text = std::to_string(random_.next());
  if (records_.empty() || random_.chance(25)) {
    records_.push_back(random_.chance(50) ? node.create(text) : node.import(text));
    return;
  }
  const RecordRef& record = records_[random_.below(records_.size())];
  if (random_.chance(15)) {
    node.transfer(record, random_.chance(50) ? unit_y : unit_z);
  } else {
    node.edit(record, text);
  }
}

Bytes World::must_handle(const TestNode& node, const Bytes& request) {
  Result<Bytes> reply = hub_.handle(node.device(), request);
  INFO((reply ? std::string() : reply.error().message));
  REQUIRE(reply);
  return *std::move(reply);
}

// A few exchanges, each of which may go wrong.
void World::talk(Machine& machine) {
  TestNode& node = machine.node;
  node.frame_bytes = random_.chance(30) ? 1 + random_.below(600) : 256 * 1024;
  hub_.frame_bytes = random_.chance(30) ? 1 + random_.below(600) : 256 * 1024;
  hub_.delivers = random_.chance(50);
  node.begin_session(random_.chance(50));
  for (std::size_t i = random_.below(5); i != 0 && !node.session().done(); --i) {
    const Bytes request = node.request_frame();
    if (random_.chance(10)) machine.late_requests.push_back(request);
    if (random_.chance(10)) continue;
    if (random_.chance(10)) must_handle(machine.node, request);
    const Bytes reply = must_handle(node, request);
    if (random_.chance(10)) continue;
    for (int doubled = random_.chance(10) ? 2 : 1; doubled != 0; --doubled) {
      const Status taken = node.take_reply_frame(reply);
      INFO((taken ? std::string() : taken.error().message));
      REQUIRE(taken);
    }
  }
}

void World::copy_machine(const Machine& machine) {
  if (nodes_.size() > 5) return;
  honest_ = false;
  nodes_.push_back(machine);
  TestNode& copy = nodes_.back().node;
  copy.reseed(random_.next());
  if (random_.chance(60)) copy.restart();  // else it goes on with its memory, and its open log
}

void World::disturb(Machine& machine) {
  TestNode& node = machine.node;
  switch (random_.below(5)) {
    case 0: node.restart(); break;
    case 1: machine.copies.push_back(node.ledger); break;
    case 2:
      if (machine.copies.empty()) break;
      node.ledger = machine.copies[random_.below(machine.copies.size())];
      node.restart();
      honest_ = false;
      break;
    case 3:
      if (random_.chance(30)) copy_machine(machine);
      break;
    default:
      if (machine.late_requests.empty()) break;
      // An old request may ask for what the hub no longer tells; it must not do harm.
      must_handle(node, machine.late_requests[random_.below(machine.late_requests.size())]);
  }
}

void World::disturb_hub() {
  switch (random_.below(4)) {
    case 0: hub_copies_.push_back(hub_.snapshot()); break;
    case 1: hub_.restore(hub_copies_[random_.below(hub_copies_.size())]); break;
    case 2: hub_.start(); break;
    default: {
      Edit edit = notes_edit({7, {}}, {}, std::to_string(random_.next()));
      edit.target = Edit::Target::self;
      hub_.write(province_feed, edit);
    }
  }
}

void World::step() {
  const std::size_t choice = random_.below(100);
  if (choice < 45) {
    write(any().node);
  } else if (choice < 80) {
    talk(any());
  } else if (choice < 92) {
    disturb(any());
  } else {
    disturb_hub();
  }
}

void World::settle() {
  hub_.delivers = true;
  hub_.frame_bytes = 256 * 1024;
  for (int round = 0; round < 4; ++round) {
    for (Machine& machine : nodes_) {
      machine.node.frame_bytes = 256 * 1024;
      machine.node.restart();
      const Outcome outcome = synchronise(machine.node, hub_);
      INFO((outcome.status ? std::string() : outcome.status.error().message));
      REQUIRE(outcome.status.has_value());
      CHECK(outcome.synced);
    }
  }
}

// A feed with standing has the whole record: all that any other with standing has.
void World::check_records() const {
  for (const RecordRef& record : records_) {
    std::map<FeedId, std::set<Name>> whole;
    for (const Holder& holder : hub_.ledger.holders(record)) {
      const std::vector<Name> names = hub_.ledger.record_entries(holder.feed, record);
      if (holder.standing) whole[holder.feed] = {names.begin(), names.end()};
    }
    for (const auto& [feed, names] : whole) CHECK(names == whole.begin()->second);
  }
}

void World::check() const {
  for (const Machine& machine : nodes_) {
    const MemoryLedger& ledger = machine.node.ledger;
    check_level(machine.node, hub_);
    for (const Name& name : ledger.all_names()) {
      const bool stands = stands_in(hub_.ledger, machine.node.unit, name) ||
                          stands_in(hub_.ledger, province_feed, name);
      CHECK(stands);
      CHECK(hub_.ledger.entry(name)->bytes == ledger.entry(name)->bytes);
      CHECK(ledger.entry(name)->bytes.has_value());
    }
    CHECK(ledger.pending_logs().empty());
  }
  for (const FeedId& feed : hub_.ledger.feeds()) {
    const std::vector<Name> names = names_of(hub_.ledger, feed);
    CHECK(std::set<Name>(names.begin(), names.end()).size() == names.size());
  }
  check_records();
  if (honest_) CHECK(hub_.told.empty());
}

}  // namespace

TEST_CASE("Whatever goes wrong, in the quiet after it all is level", "[faults]") {
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    CAPTURE(seed);
    World world(seed);
    for (int i = 0; i < steps; ++i) world.step();
    world.settle();
    world.check();
  }
}

}  // namespace tram::sync::test
