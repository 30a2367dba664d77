// Goal: any one read, write, sync, lock or allocation may fail in any core operation of a store:
// the result is success or a plain error, and afterwards nothing is lost, doubled or half done.
// Method: each scenario is done again and again, and the n-th operation of a kind fails, for every
// n until the scenario passes without it; then the store is looked at, killed and opened again.
//
//   test_failure_loops [--all | --every-io] [--most N] [--seed S] [--only SCENARIO] [--verbose]
//
// By default a seeded choice of at most 12 n of each kind in each scenario. `--every-io` takes
// every n of what the disk does, `--all` (or TRAM_FAILURES=all) every allocation, too: an hour or
// two. The last line is `scenarios=… failures_injected=… violations=…`.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <new>
#include <string_view>

#include "store/write_unit.hpp"
#include "tests/fault/allocations.hpp"
#include "tests/fault/scenarios.hpp"

namespace tram::fault {

namespace {

using simulation::Failure;
using simulation::Image;
using simulation::Operation;
using sync::ErrorCode;
using sync::Status;

// What fails: an operation of the disk, or an allocation.
struct Kind {
  const char* word;
  bool allocation;
  Operation operation;
  Failure failure;
  Allocator allocator;
};
constexpr std::array kinds{
    Kind{"open", false, Operation::open, Failure::io_error, Allocator::sqlite},
    Kind{"read", false, Operation::read, Failure::io_error, Allocator::sqlite},
    Kind{"write", false, Operation::write, Failure::io_error, Allocator::sqlite},
    Kind{"write, full", false, Operation::write, Failure::full, Allocator::sqlite},
    Kind{"sync", false, Operation::sync, Failure::io_error, Allocator::sqlite},
    Kind{"truncate", false, Operation::truncate, Failure::io_error, Allocator::sqlite},
    Kind{"remove", false, Operation::remove, Failure::io_error, Allocator::sqlite},
    Kind{"size", false, Operation::size, Failure::io_error, Allocator::sqlite},
    Kind{"lock", false, Operation::lock, Failure::io_error, Allocator::sqlite},
    Kind{"shared memory", false, Operation::map_shared, Failure::out_of_memory, Allocator::sqlite},
    Kind{"allocation of SQLite", true, {}, {}, Allocator::sqlite},
    Kind{"allocation of C++", true, {}, {}, Allocator::cpp},
};

struct Attempt {
  const Kind* kind = nullptr;  // none: nothing fails
  std::uint64_t nth = 0;
  bool lasting = false;
};

struct Arguments {
  std::uint64_t most = 12;
  bool every_io = false;
  std::uint64_t seed = 1;
  std::string only;
  bool verbose = false;
};

struct Tally {
  std::uint64_t injected = 0;
  std::uint64_t violations = 0;
  std::uint64_t errors = 0;
  std::uint64_t thrown = 0;  // std::bad_alloc came out of an act, for its caller
  std::uint64_t ended = 0;   // the process ended in a destructor of JSON
  std::map<std::string, std::uint64_t> messages;
};

constexpr std::uint64_t setup_seed = 101;
constexpr std::uint64_t attempt_seed = 201;

// For the last words of a process that ends in the middle.
std::array<char, 256> under_test;

void last_words(int signal) {
  std::fprintf(stderr, "VIOLATION %s: the process ended (signal %d)\n", under_test.data(), signal);
  std::_Exit(1);
}

class Loop {
 public:
  Loop(const Scenario& scenario, const Arguments& arguments)
      : scenario_(scenario), arguments_(arguments), dice_(arguments.seed) {}

  Tally run() {
    {
      World world(setup_seed);
      const Status set = scenario_.setup(world);
      if (!set) return end("set-up: " + set.error().message);
      world.node.close();
      world.hub.close();
      node_ = world.node.disk.image();
      hub_ = world.hub.disk.image();
    }
    if (!measure()) return tally_;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      const bool every = arguments_.every_io && !kinds.at(i).allocation;
      for (const std::uint64_t nth : choose(totals_.at(i), every ? UINT64_MAX : arguments_.most)) {
        const bool may_end = scenario_.writes_json && kinds.at(i).allocator == Allocator::cpp;
        if (may_end) {
          attempt_apart({&kinds.at(i), nth, false});
          continue;
        }
        attempt({&kinds.at(i), nth, false});
        if (dice_.below(4) == 0) attempt({&kinds.at(i), nth, true});
      }
    }
    return tally_;
  }

 private:
  Tally end(const std::string& what) {
    ++tally_.violations;
    std::printf("VIOLATION %s: %s\n", scenario_.name.c_str(), what.c_str());
    return tally_;
  }

  void violation(const Attempt& attempt, const std::string& what) {
    ++tally_.violations;
    std::printf("VIOLATION %s, %s %llu%s: %s\n", scenario_.name.c_str(), attempt.kind->word,
                static_cast<unsigned long long>(attempt.nth), attempt.lasting ? " and on" : "",
                what.c_str());
  }

  std::vector<std::uint64_t> choose(std::uint64_t total, std::uint64_t most) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t nth = 1; nth <= total; ++nth) all.push_back(nth);
    while (all.size() > most) {
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(dice_.below(all.size())));
    }
    return all;
  }

  bool prepare(World& world) {
    world.node.disk.put(node_);
    world.hub.disk.put(hub_);
    const Status ready = scenario_.ready(world);
    if (!ready) end("ready: " + ready.error().message);
    return ready.has_value();
  }

  // Without a failure: how many operations there are, and what comes out.
  bool measure() {
    World world(attempt_seed);
    if (!prepare(world)) return false;
    Site& site = site_of(world, scenario_);
    if (site.store) before_ = fingerprint(*site.store).value_or(0);
    const simulation::DiskCounters from = site.disk.counters();
    fail_allocation(Allocator::sqlite, 0, false);
    fail_allocation(Allocator::cpp, 0, false);
    const Status done = scenario_.act(world);
    stop_failing();
    if (!done) {
      end("without a failure: " + done.error().message);
      return false;
    }
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      const Kind& kind = kinds.at(i);
      totals_.at(i) = kind.allocation
                          ? allocations(kind.allocator)
                          : site.disk.counters().of(kind.operation) - from.of(kind.operation);
    }
    answer_ = world.answer;
    if (!site.store && !site.open()) return false;
    after_ = fingerprint(*site.store).value_or(0);
    if (!before_) before_ = after_;
    if (scenario_.in_parts) parts_ = {*before_, after_};
    return !scenario_.other_act || measure_other();
  }

  // What is left where one part failed: the other alone.
  bool measure_other() {
    World world(attempt_seed);
    if (!prepare(world)) return false;
    if (const Status done = scenario_.other_act(world); !done) return false;
    Site& site = site_of(world, scenario_);
    parts_.push_back(fingerprint(*site.store).value_or(0));
    World second(attempt_seed);
    if (!prepare(second)) return false;
    if (const Status done = second.hub.accept(second.node.device(), second.frame); !done) {
      return false;
    }
    parts_.push_back(fingerprint(*second.hub.store).value_or(0));
    return true;
  }

  bool may_stand(std::uint64_t now, const Status& done) const {
    if (done) return now == after_;
    return now == *before_ || std::find(parts_.begin(), parts_.end(), now) != parts_.end();
  }

  void arm(Site& site, const Attempt& attempt) {
    if (attempt.kind->allocation) {
      fail_allocation(attempt.kind->allocator, attempt.nth, attempt.lasting);
      return;
    }
    simulation::DiskFaults faults;
    faults.failures.push_back(
        {attempt.kind->operation, attempt.nth, attempt.kind->failure, attempt.lasting});
    site.disk.set_faults(std::move(faults));
  }

  // In a process of its own, which may end where JSON's destructor gets no memory: as by a kill,
  // and what stands after a kill the crash states tell.
  void attempt_apart(const Attempt& failing) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      std::signal(SIGABRT, SIG_DFL);
      const std::uint64_t before = tally_.violations;
      attempt(failing);
      std::fflush(nullptr);
      std::_Exit(tally_.violations == before ? 0 : 1);
    }
    int status = 0;
    const bool waited = child > 0 && ::waitpid(child, &status, 0) == child;
    ++tally_.injected;
    const bool ended = waited && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    const bool fine = waited && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (ended) ++tally_.ended;
    if (!ended && !fine) ++tally_.violations;  // its own words stand above
  }

  void attempt(const Attempt& attempt) {
    std::snprintf(under_test.data(), under_test.size(), "%s, %s %llu%s", scenario_.name.c_str(),
                  attempt.kind->word, static_cast<unsigned long long>(attempt.nth),
                  attempt.lasting ? " and on" : "");
    World world(attempt_seed);
    if (!prepare(world)) return;
    Site& site = site_of(world, scenario_);
    const std::uint64_t injected_before = site.disk.counters().injected;
    fail_allocation(Allocator::sqlite, 0, false);
    fail_allocation(Allocator::cpp, 0, false);
    arm(site, attempt);
    Status done;
    try {
      done = scenario_.act(world);
    } catch (const std::bad_alloc&) {
      stop_failing();
      ++tally_.thrown;
      done = sync::fail(ErrorCode::failed, "std::bad_alloc, thrown");
      if (site.store_threw) violation(attempt, "an exception left the store");
    }
    stop_failing();
    site.disk.set_faults({});
    tally_.injected += site.disk.counters().injected - injected_before + failed_allocations();
    judge(world, attempt, done);
  }

  void judge(World& world, const Attempt& attempt, const Status& done) {
    Site& site = site_of(world, scenario_);
    if (!done) {
      ++tally_.errors;
      ++tally_
            .messages[std::string(sync::to_word(done.error().code)) + ": " + done.error().message];
      if (done.error().message.empty()) violation(attempt, "an error without words");
      if (!is_plain(done.error().code)) violation(attempt, "alarms: " + done.error().message);
    } else if (world.answer != answer_) {
      violation(attempt, "a wrong answer");
    }
    const bool probed = look_alive(site, attempt, done);
    if (attempt.nth % 2 == 0) {
      site.disk.power_cut(dice_);
    } else {
      site.disk.kill();
    }
    site.close();
    look_again(site, attempt, done, probed);
  }

  // What went wrong is the machine's: nobody must be told of forgery, damage or rules.
  static bool is_plain(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::failed || code == ErrorCode::unavailable;
  }

  // The process goes on: a store that is not broken has the old state, reads, and writes.
  bool look_alive(Site& site, const Attempt& attempt, const Status& done) {
    if (!site.store || site.store->is_broken()) return false;
    const auto now = fingerprint(*site.store);
    if (!now) {
      violation(attempt, "not readable afterwards: " + now.error().message);
    } else if (!may_stand(*now, done)) {
      violation(attempt, done ? "done, and it does not show" : "failed, and something shows");
    }
    const Status probe = site.store->write(
        [](store::WriteUnit& unit) { return unit.set_meta(probe_key, sync::as_bytes("there")); });
    if (!probe) violation(attempt, "not writable afterwards: " + probe.error().message);
    return probe.has_value();
  }

  void look_again(Site& site, const Attempt& attempt, const Status& done, bool probed) {
    if (const Status opened = site.open(); !opened) {
      return violation(attempt, "does not open again: " + opened.error().message);
    }
    const auto now = fingerprint(*site.store);
    if (!now) return violation(attempt, "not readable: " + now.error().message);
    // A commit that failed may be on the disk all the same: only this opening can tell.
    if (*now != after_ && !may_stand(*now, done)) {
      violation(attempt, done ? "done, and it is gone" : "half of it stands");
    }
    const auto findings = audit(*site.store);
    if (!findings) return violation(attempt, "audit: " + findings.error().message);
    if (findings->errors != 0) violation(attempt, "verify: " + findings->first);
    bool there = false;
    static_cast<void>(site.store->read([&](const store::ReadUnit& unit) {
      there = unit.meta(probe_key).has_value();
      return unit.status();
    }));
    if (probed && !there) violation(attempt, "what was saved after the failure is gone");
  }

  const Scenario& scenario_;
  const Arguments& arguments_;
  sync::test::SeededRandom dice_;
  Tally tally_;
  Image node_;
  Image hub_;
  std::array<std::uint64_t, kinds.size()> totals_{};
  std::optional<std::uint64_t> before_;
  std::uint64_t after_ = 0;
  std::vector<std::uint64_t> parts_;
  std::uint64_t answer_ = 0;
};

bool number_of(const char* text, std::uint64_t& out) {
  if (text == nullptr) return false;
  const std::string_view view(text);
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), out);
  return error == std::errc() && end == view.data() + view.size();
}

bool parse(int count, char** words, Arguments& out) {
  const char* all = std::getenv("TRAM_FAILURES");
  if (all != nullptr && std::string_view(all) == "all") out.most = UINT64_MAX;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const char* value = i + 1 < count ? words[i + 1] : nullptr;
    if (word == "--all") {
      out.most = UINT64_MAX;
    } else if (word == "--every-io") {
      out.every_io = true;
    } else if (word == "--verbose") {
      out.verbose = true;
    } else if (word == "--only" && value != nullptr) {
      out.only = words[++i];
    } else if ((word == "--most" && number_of(value, out.most)) ||
               (word == "--seed" && number_of(value, out.seed))) {
      ++i;
    } else {
      return false;
    }
  }
  return true;
}

void print(const Scenario& scenario, const Tally& tally, bool verbose) {
  const auto n = [](std::uint64_t number) { return static_cast<unsigned long long>(number); };
  std::printf("%-28s injected=%llu errors=%llu thrown=%llu ended=%llu violations=%llu\n",
              scenario.name.c_str(), n(tally.injected), n(tally.errors), n(tally.thrown),
              n(tally.ended), n(tally.violations));
  if (!verbose) return;
  for (const auto& [message, count] : tally.messages) {
    std::printf("  %6llu  %s\n", n(count), message.c_str());
  }
}

}  // namespace

int run(int count, char** words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::fputs(
        "test_failure_loops [--all | --every-io] [--most N] [--seed S] [--only SCENARIO]"
        " [--verbose]\n",
        stderr);
    return 2;
  }
  if (!install_allocator()) return 1;
  static_cast<void>(std::setvbuf(stdout, nullptr, _IOLBF, 0));
  std::signal(SIGABRT, last_words);
  std::signal(SIGSEGV, last_words);
  Tally sum;
  std::size_t done = 0;
  for (const Scenario& scenario : scenarios()) {
    if (!arguments.only.empty() && scenario.name != arguments.only) continue;
    ++done;
    const Tally tally = Loop(scenario, arguments).run();
    print(scenario, tally, arguments.verbose);
    sum.injected += tally.injected;
    sum.violations += tally.violations;
  }
  const auto n = [](std::uint64_t number) { return static_cast<unsigned long long>(number); };
  std::printf("scenarios=%llu failures_injected=%llu violations=%llu\n", n(done), n(sum.injected),
              n(sum.violations));
  return sum.violations == 0 && sum.injected > 0 ? 0 : 1;
}

}  // namespace tram::fault

int main(int count, char** words) {
  return tram::fault::run(count, words);
}
