// Goal: whatever a crash or a power cut leaves of a store opens, with all that was acknowledged.
// Method: a node and a hub at work on disks in memory; at each write, sync, truncation, creation
// and removal some of the states that a crash might leave there are opened and compared.
//
//   test_crash_states [--states N] [--seed S] [--replay S] [--light] [--sabotage]
//
// Seeds S, S+1… are run until N distinct states were judged (TRAM_CRASH_STATES sets N, too). The
// last line is `crash_states=N violations=V seed=S`: the seed to go on with. `--replay S` runs that
// seed alone. `--light`: the light cipher, faster. `--sabotage`: the disks lie and are taken for
// honest ones, so that this must find violations; it fails if it finds none.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string_view>

#include "tests/fault/sites.hpp"

namespace tram::fault {

namespace {

using simulation::Change;
using simulation::Disk;
using simulation::Image;
using sync::ErrorCode;
using sync::Status;

struct Tally {
  std::uint64_t states = 0;
  std::uint64_t honest = 0;
  std::uint64_t killed = 0;    ///< of the honest: the process only
  std::uint64_t recovery = 0;  ///< of the honest: a second crash while the first was repaired
  std::uint64_t lying = 0;
  std::uint64_t refused = 0;         ///< of the lying: not opened, `unverified`
  std::uint64_t found = 0;           ///< of the lying: opened, and verify finds the damage
  std::uint64_t went_back = 0;       ///< of the lying: an earlier state, whole
  std::uint64_t older_sessions = 0;  ///< of the lying: whole, but what sessions remember is older
  std::uint64_t points = 0;
  std::uint64_t twice = 0;  ///< states that came up before, not judged again
  std::uint64_t violations = 0;
};

std::uint64_t fingerprint_of(const Image& image) {
  std::uint64_t sum = 1;
  for (const std::string& name : image.names()) {
    sync::Bytes bytes = image.read(name);
    sum = (sum ^ bytes.size()) * 0x9e3779b97f4a7c15U;
    bytes.resize((bytes.size() + 7) / 8 * 8);
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, sizeof word);
      sum = (sum ^ word) * 0xbf58476d1ce4e5b9U;
      sum ^= sum >> 31U;
    }
  }
  return sum;
}

enum class Disks { honest, lying, sabotaged };

struct State {
  Image image;
  std::string point;
  bool killed = false;
};

const char* word_of(simulation::Operation operation) {
  switch (operation) {
    case simulation::Operation::open: return "create";
    case simulation::Operation::write: return "write";
    case simulation::Operation::sync: return "sync";
    case simulation::Operation::truncate: return "truncate";
    case simulation::Operation::remove: return "remove";
    default: return "other";
  }
}

// One store's history, and the crashes that it might have had.
class Witness {
 public:
  Witness(Site& site, std::string who, std::uint64_t seed, Disks disks, Tally& tally)
      : site_(site),
        who_(std::move(who)),
        seed_(seed),
        lying_(disks == Disks::lying),
        dice_(seed * 2 + (who_ == "hub" ? 1 : 0)),
        tally_(tally) {
    site_.disk.on_change([this](const Change& change) { look(change); });
    const bool lies = disks != Disks::honest;
    if (lies) site_.disk.set_faults({.lying_sync_rate = dice_.coin() ? 0.3 : 1.0});
  }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { site_.disk.on_change({}); }

  // Runs one act, which is one transaction or none; false if it failed.
  template <class Act>
  bool act(std::string name, const Act& act) {
    act_ = std::move(name);
    const Status done = act();
    if (!done) {
      violation(act_, "the act itself failed: " + done.error().message);
      return false;
    }
    if (const auto now = fingerprint(*site_.store)) {
      if (history_.empty() || history_.back() != *now) history_.push_back(*now);
      if (lying_) remember_parts();
    } else {
      violation(act_, "not readable: " + now.error().message);
      return false;
    }
    for (const State& state : std::exchange(states_, {})) judge(state);
    acknowledged_ = history_.size() - 1;
    return true;
  }

  // The power goes while nothing is under way: not one acknowledged act may be missing.
  template <class Start>
  bool cut(const Start& start) {
    site_.disk.power_cut(dice_);
    site_.close();
    const std::uint64_t before = history_.back();
    if (!act("start after a power cut", start)) return false;
    if (history_.back() == before) return true;
    violation(act_, "an acknowledged act is gone");
    return false;
  }

 private:
  class Random final : public sync::Random {
   public:
    explicit Random(std::uint64_t seed) : random_(seed) {}
    void fill(std::span<std::uint8_t> out) override { random_.fill(out); }
    std::uint64_t below(std::uint64_t limit) { return random_.below(limit); }
    bool coin() { return random_.below(2) == 0; }

   private:
    sync::test::SeededRandom random_;
  };

  void look(const Change& change) {
    ++tally_.points;
    constexpr std::uint64_t one_point_in = 4;
    if (dice_.below(one_point_in) != 0) return;
    const std::string point = std::string(word_of(change.operation)) + " of " +
                              std::string(change.name) + " at " + std::to_string(change.offset);
    if (!lying_ && dice_.below(8) == 0) {
      states_.push_back({site_.disk.image(), point, true});
      return;
    }
    const std::uint64_t count = 1 + dice_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      states_.push_back({site_.disk.image_after_power_cut(dice_), point, false});
    }
  }

  void judge(const State& state) {
    if (!seen_.insert(fingerprint_of(state.image)).second) {
      ++tally_.twice;
      return;
    }
    ++tally_.states;
    Disk disk(dice_.below(1U << 30U));
    disk.put(state.image);
    const std::string where = act_ + ", " + state.point + (state.killed ? ", killed" : "");
    if (lying_) {
      ++tally_.lying;
      judge_lying(disk, where);
    } else {
      ++tally_.honest;
      tally_.killed += state.killed ? 1 : 0;
      judge_honest(disk, where);
    }
    disk.kill();
  }

  void judge_honest(Disk& disk, const std::string& where) {
    if (dice_.below(4) == 0) crash_in_recovery(disk);
    auto opened = store::Store::open(site_.options(disk));
    if (!opened) return violation(where, "does not open: " + opened.error().message);
    if (!stands(**opened, where)) return;
    if (dice_.below(8) != 0) return;
    opened->reset();
    opened = store::Store::open(site_.options(disk));
    if (!opened) return violation(where, "does not open again: " + opened.error().message);
    if ((*opened)->opening().unclean) violation(where, "closed in order, and found unclean");
    stands(**opened, where + ", opened again");
  }

  // The state before the act or after it, all of it, and without a flaw.
  bool stands(store::Store& store, const std::string& where) {
    const auto now = fingerprint(store);
    if (!now) {
      violation(where, "not readable: " + now.error().message);
      return false;
    }
    const bool before = acknowledged_ < history_.size() && *now == history_[acknowledged_];
    if (!before && *now != history_.back()) {
      const bool older = std::find(history_.begin(), history_.end(), *now) != history_.end();
      violation(where, older ? "an acknowledged act is gone" : "half of an act stands");
      return false;
    }
    return audited(store, where);
  }

  bool audited(store::Store& store, const std::string& where) {
    const auto findings = audit(store);
    if (findings && findings->errors == 0) return true;
    violation(where, findings ? "verify: " + findings->first : findings.error().message);
    return false;
  }

  void crash_in_recovery(Disk& disk) {
    ++tally_.recovery;
    disk.set_faults({.stop_at_change = 1 + dice_.below(24)});
    {
      auto opened = store::Store::open(site_.options(disk));
      // Where the opening got through, the crash comes while it closes, or now.
      if (opened) opened->reset();
      disk.set_faults({});
      disk.power_cut(dice_);
    }
  }

  // A disk that says "saved" and is not: nothing can be promised but that damage is noticed.
  void judge_lying(Disk& disk, const std::string& where) {
    const auto opened = store::Store::open(site_.options(disk));
    if (!opened) {
      ++tally_.refused;
      if (opened.error().code != ErrorCode::unverified) {
        violation(where, "refused as another error: " + opened.error().message);
      }
      return;
    }
    const auto findings = audit(**opened);
    const auto now = fingerprint(**opened);
    if (!findings || findings->errors != 0 || !now) {
      ++tally_.found;
      return;
    }
    const bool whole = std::find(history_.begin(), history_.end(), *now) != history_.end();
    if (whole) {
      ++tally_.went_back;
    } else if (sessions_are_older(**opened)) {
      ++tally_.older_sessions;
    } else {
      violation(where, "a mixture of states that verify does not notice");
    }
  }

  void remember_parts() {
    if (const auto ledger = fingerprint(*site_.store, Tables::ledger)) ledgers_.insert(*ledger);
    if (const auto memory = fingerprint(*site_.store, Tables::sessions)) sessions_.insert(*memory);
  }

  // What sessions remember stands in pages of its own, and nothing else in the store can tell how
  // new it is: the next hello does, as after any rollback.
  bool sessions_are_older(store::Store& store) {
    const auto ledger = fingerprint(store, Tables::ledger);
    const auto memory = fingerprint(store, Tables::sessions);
    return ledger && memory && ledgers_.contains(*ledger) && sessions_.contains(*memory);
  }

  void violation(const std::string& where, const std::string& what) {
    ++tally_.violations;
    std::printf("VIOLATION seed=%llu %s%s: %s: %s\n", static_cast<unsigned long long>(seed_),
                who_.c_str(), lying_ ? " on a lying disk" : "", where.c_str(), what.c_str());
  }

  Site& site_;
  std::string who_;
  std::uint64_t seed_;
  bool lying_;
  Random dice_;
  Tally& tally_;
  std::string act_;
  std::vector<std::uint64_t> history_;  // what each acknowledged act left
  std::set<std::uint64_t> ledgers_;
  std::set<std::uint64_t> sessions_;
  std::size_t acknowledged_ = 0;
  std::vector<State> states_;
  std::set<std::uint64_t> seen_;
};

// One seed: a node and a hub for some thirty acts.
class Run {
 public:
  Run(std::uint64_t seed, bool sabotage, Tally& tally)
      : dice_(seed),
        disks_(sabotage        ? Disks::sabotaged
               : seed % 5 == 0 ? Disks::lying
                               : Disks::honest),
        node_(seed * 2),
        hub_(seed * 2 + 1),
        node_witness_(node_, "node", seed, disks_, tally),
        hub_witness_(hub_, "hub", seed, disks_, tally) {
    simulation::reseed_sqlite(seed);
  }

  void go() {
    if (!start_node() || !start_hub()) return;
    const std::size_t acts = 12 + dice_.below(20);
    for (std::size_t i = 0; i < acts; ++i) {
      if (!act(i)) return;
    }
    if (!exchange()) return;
    close_node();
  }

 private:
  bool start_node() {
    return node_witness_.act("start", [&] { return node_.start(); });
  }
  bool start_hub() {
    return hub_witness_.act("start", [&] { return hub_.start(); });
  }

  bool act(std::size_t number) {
    Witness& node = node_witness_;
    switch (dice_.below(13)) {
      case 0:
      case 1:
      case 2:
        return node.act("save", [&] { return node_.save("dossier " + std::to_string(number)); });
      case 3:
        return node.act("import",
                        [&] { return node_.import(1 + static_cast<int>(dice_.below(12))); });
      case 4: return node.act("disagree", [&] { return node_.disagree(); });
      case 5: return node.act("decide", [&] { return node_.decide(); });
      case 6: return node.act("transfer", [&] { return node_.transfer(); });
      case 7: return checkpoint(dice_.chance(50));
      case 8: return node.act("rebuild", [&] { return node_.rebuild(); });
      case 9: return end_node();
      case 10: return end_hub();
      default: return exchange();
    }
  }

  bool checkpoint(bool truncate) {
    const std::string name = truncate ? "checkpoint, truncating" : "checkpoint";
    if (dice_.chance(50))
      return node_witness_.act(name, [&] { return node_.store->checkpoint(truncate); });
    return hub_witness_.act(name, [&] { return hub_.store->checkpoint(truncate); });
  }

  void close_node() {
    static_cast<void>(node_witness_.act("close and start", [&] {
      node_.close();
      return node_.start();
    }));
  }

  bool end_node() {
    const auto start = [&] { return node_.start(); };
    if (disks_ == Disks::honest && dice_.chance(50)) return node_witness_.cut(start);
    return node_witness_.act("end and start", [&] {
      if (dice_.chance(50)) node_.disk.kill();
      node_.close();
      return node_.start();
    });
  }

  bool end_hub() {
    const auto start = [&] { return hub_.start(); };
    if (disks_ == Disks::honest && dice_.chance(50)) return hub_witness_.cut(start);
    return hub_witness_.act("end and start", [&] {
      if (dice_.chance(50)) hub_.disk.kill();
      hub_.close();
      return hub_.start();
    });
  }

  bool exchange() {
    node_.begin_session();
    for (int i = 0; i < 4; ++i) {
      sync::Bytes frame;
      const auto keep = [&](sync::Result<sync::Bytes> made) -> Status {
        if (!made) return sync::fail(made.error());
        frame = std::move(*made);
        return {};
      };
      const auto ask = [&] { return keep(node_.next_request()); };
      if (!node_witness_.act("next request", ask)) return false;
      const auto accept = [&] { return hub_.accept(node_.device(), frame); };
      if (!hub_witness_.act("accept", accept)) return false;
      if (!hub_witness_.act("reply", [&] { return keep(hub_.reply()); })) return false;
      if (!node_witness_.act("take reply", [&] { return node_.take_reply(frame); })) return false;
      if (!hub_witness_.act("deliver", [&] { return hub_.deliver(); })) return false;
      if (node_.session_done()) return true;
    }
    return true;
  }

  sync::test::SeededRandom dice_;
  Disks disks_;
  NodeSite node_;
  HubSite hub_;
  Witness node_witness_;
  Witness hub_witness_;
};

struct Arguments {
  std::uint64_t states = 4000;
  std::uint64_t seed = 1;
  bool replay = false;
  bool sabotage = false;
};

bool number_of(const char* text, std::uint64_t& out) {
  if (text == nullptr) return false;
  const std::string_view view(text);
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), out);
  return error == std::errc() && end == view.data() + view.size();
}

bool parse(int count, char** words, Arguments& out) {
  if (const char* states = std::getenv("TRAM_CRASH_STATES")) {
    if (!number_of(states, out.states)) return false;
  }
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const char* value = i + 1 < count ? words[i + 1] : nullptr;
    if (word == "--light") {
      simulation::use_light_cipher();
    } else if (word == "--sabotage") {
      out.sabotage = true;
    } else if ((word == "--states" && number_of(value, out.states)) ||
               (word == "--seed" && number_of(value, out.seed))) {
      ++i;
    } else if (word == "--replay" && number_of(value, out.seed)) {
      out.replay = true;
      ++i;
    } else {
      return false;
    }
  }
  return true;
}

void print(const Tally& tally, std::uint64_t next_seed) {
  const auto n = [](std::uint64_t number) { return static_cast<unsigned long long>(number); };
  std::printf("points=%llu seen_before=%llu\n", n(tally.points), n(tally.twice));
  std::printf("honest: states=%llu, of them killed=%llu, crashed in recovery=%llu\n",
              n(tally.honest), n(tally.killed), n(tally.recovery));
  std::printf(
      "lying: states=%llu, refused=%llu found=%llu went_back_whole=%llu older_sessions=%llu\n",
      n(tally.lying), n(tally.refused), n(tally.found), n(tally.went_back),
      n(tally.older_sessions));
  std::printf("crash_states=%llu violations=%llu seed=%llu\n", n(tally.states), n(tally.violations),
              n(next_seed));
}

}  // namespace

int run(int count, char** words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::fputs("test_crash_states [--states N] [--seed S] [--replay S] [--light] [--sabotage]\n",
               stderr);
    return 2;
  }
  Tally tally;
  std::uint64_t seed = arguments.seed;
  do {
    Run(seed, arguments.sabotage, tally).go();
    ++seed;
  } while (!arguments.replay && tally.states < arguments.states);
  print(tally, seed);
  return (tally.violations == 0) != arguments.sabotage && tally.states > 0 ? 0 : 1;
}

}  // namespace tram::fault

int main(int count, char** words) {
  return tram::fault::run(count, words);
}
