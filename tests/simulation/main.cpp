// Goal: seeds by the thousand from a command line.
// Method: one run after the other; a seed that fails is printed with its replay.
#include <mimalloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include "host/log.hpp"
#include "tests/simulation/swarm.hpp"
#include "tests/simulation/trials.hpp"

// tram-sim: a province by chance, from a seed. Exit 0, or 1 with the seeds that broke a promise.
namespace {

using namespace tram::simulation;

constexpr double seconds_between_lines = 60;

struct Totals {
  std::uint64_t seeds = 0;
  double commune_years = 0;
  std::uint64_t entries = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t gone = 0;
  std::uint64_t violations = 0;
  std::uint64_t trace = 0;
  std::vector<std::uint64_t> failed;
};

void print_run(const RunOptions& options, const RunReport& report, bool details) {
  if (details) {
    for (const auto& [fault, count] : report.faults) {
      std::printf("%s=%llu ", fault.c_str(), static_cast<unsigned long long>(count));
    }
    std::printf("\n");
  }
  if (details || !report.violations.empty()) {
    std::printf("replay: tram-sim --seed %llu --communes %zu --days %lld\n",
                static_cast<unsigned long long>(options.seed), options.communes,
                static_cast<long long>(options.days));
  }
  std::size_t shown = 0;
  for (const Violation& violation : report.violations) {
    if (++shown > 8) break;
    std::printf("seed %llu breaks %c: %s\n", static_cast<unsigned long long>(options.seed),
                violation.promise, violation.what.c_str());
  }
  std::fflush(stdout);
}

void add(Totals& totals, const RunOptions& options, const RunReport& report) {
  ++totals.seeds;
  totals.commune_years += report.commune_years;
  totals.entries += report.entries;
  totals.exchanges += report.exchanges;
  totals.gone += report.gone;
  totals.violations += report.violations.size();
  totals.trace = (totals.trace * 0x100000001b3ULL) ^ report.trace;
  if (!report.violations.empty()) totals.failed.push_back(options.seed);
}

// An assertion or a crash ends the process: it is a finding, and its seed must not be lost.
volatile std::sig_atomic_t seed_now = 0;

extern "C" void tell_seed(int signal_number) {
  std::array<char, 64> line{};
  const int size = std::snprintf(line.data(), line.size(), "seed %lld ends with signal %d\n",
                                 static_cast<long long>(seed_now), signal_number);
  if (size > 0)
    static_cast<void>(!::write(STDOUT_FILENO, line.data(), static_cast<std::size_t>(size)));
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void print_totals(const Totals& totals, const char* before) {
  std::printf("%sseeds=%llu commune_years=%.1f entries=%llu violations=%llu trace=%s\n", before,
              static_cast<unsigned long long>(totals.seeds), totals.commune_years,
              static_cast<unsigned long long>(totals.entries),
              static_cast<unsigned long long>(totals.violations), hash_text(totals.trace).c_str());
  std::fflush(stdout);
}

void run_one(const RunOptions& options, bool twice, bool details, Totals& totals) {
  seed_now = static_cast<std::sig_atomic_t>(options.seed);
  RunReport report = run(options);
  if (twice && run(options).trace != report.trace) {
    report.violations.push_back({'D', "the same seed came to another trace"});
  }
  print_run(options, report, details);
  add(totals, options, report);
}

/// Trials until there are `count` of what the trial counts; exit 0 if all is as it must be.
int run_trials(const std::string& trial, std::uint64_t seed, std::uint64_t count) {
  constexpr std::uint64_t contacts_a_province = 500;
  TrialReport all;
  const bool counts_contacts = trial == "contacts";
  while ((counts_contacts ? all.contacts : all.trials) < count) {
    seed_now = static_cast<std::sig_atomic_t>(seed);
    const TrialReport report =
        trial == "copies" ? try_copy(seed)
        : counts_contacts
            ? try_clean_contacts(seed, std::min(contacts_a_province, count - all.contacts))
            : try_hub_restore(seed);
    const bool missed = trial == "copies" && report.found != report.trials;
    if (missed || report.alarms != 0 || !report.violations.empty()) {
      std::printf("seed %llu: found %llu, alarms %llu\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(report.found),
                  static_cast<unsigned long long>(report.alarms));
      for (const Violation& violation : report.violations) {
        std::printf("seed %llu breaks %c: %s\n", static_cast<unsigned long long>(seed),
                    violation.promise, violation.what.c_str());
      }
      std::fflush(stdout);
    }
    all.trials += report.trials;
    all.found += report.found;
    all.contacts += report.contacts;
    all.alarms += report.alarms;
    all.entries += report.entries;
    all.violations.insert(all.violations.end(), report.violations.begin(), report.violations.end());
    ++seed;
  }
  std::printf(
      "trials=%llu found=%llu contacts=%llu alarms=%llu entries=%llu violations=%zu\n",
      static_cast<unsigned long long>(all.trials), static_cast<unsigned long long>(all.found),
      static_cast<unsigned long long>(all.contacts), static_cast<unsigned long long>(all.alarms),
      static_cast<unsigned long long>(all.entries), all.violations.size());
  const bool missed = trial == "copies" && all.found != all.trials;
  return missed || all.alarms != 0 || !all.violations.empty() ? 1 : 0;
}

bool parse_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_range(std::string_view text, std::uint64_t& first, std::uint64_t& last) {
  const std::size_t dots = text.find("..");
  return dots != std::string_view::npos && parse_number(text.substr(0, dots), first) &&
         parse_number(text.substr(dots + 2), last) && first <= last;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A province in one thread, with every fault, from a seed."};
  RunOptions options;
  std::string range;
  double minutes = 0;
  bool twice = false;
  std::string trial;
  std::uint64_t count = 1000;
  app.add_option("--seed", options.seed, "One run");
  app.add_option("--seeds", range, "Runs of seeds A..B")->excludes("--seed");
  app.add_option("--minutes", minutes, "Begin no further seed after so many minutes");
  app.add_option("--communes", options.communes, "Communes of the province (3)")
      ->check(CLI::Range(1, 64));
  app.add_option("--days", options.days, "Days of each run (365)")->check(CLI::Range(1, 3650));
  app.add_option("--trial", trial, "Instead: one question, asked of many small provinces")
      ->check(CLI::IsMember({"copies", "contacts", "hub-restores"}));
  app.add_option("--count", count, "Of trials (1000), or of contacts")
      ->check(CLI::Range(1, 10'000'000));
  app.add_flag("--twice", twice, "Run each seed twice and compare the traces");
  app.add_flag("--loud", options.loud, "Print every event on stderr");
  CLI11_PARSE(app, argc, argv);
  std::uint64_t first = options.seed;
  std::uint64_t last = options.seed;
  if (!range.empty() && !parse_range(range, first, last)) {
    std::fprintf(stderr, "tram-sim: --seeds wants A..B\n");
    return 2;
  }
  // What the product says to its log is not what is tested here.
  if (!options.loud && std::freopen("/dev/null", "w", stderr) == nullptr) return 1;
  tram::host::set_log_level(tram::host::Level::error);
  // A run allocates and frees the same blocks again and again: none of it goes back to the system.
  mi_option_disable(mi_option_allow_decommit);
  for (const int signal_number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) {
    std::signal(signal_number, tell_seed);
  }
  if (!trial.empty()) return run_trials(trial, options.seed, count);
  Totals totals;
  const auto begin = std::chrono::steady_clock::now();
  double told_at = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    if (minutes > 0 && spent.count() > minutes * 60) break;
    if (spent.count() > told_at + seconds_between_lines) {
      told_at = spent.count();
      print_totals(totals, "so far: ");
    }
    options.seed = seed;
    run_one(options, twice, range.empty(), totals);
  }
  if (!totals.failed.empty()) {
    std::printf("seeds that failed:");
    for (const std::uint64_t seed : totals.failed) {
      std::printf(" %llu", static_cast<unsigned long long>(seed));
    }
    std::printf("\n");
  }
  std::printf("exchanges=%llu gone_with_a_disk=%llu\n",
              static_cast<unsigned long long>(totals.exchanges),
              static_cast<unsigned long long>(totals.gone));
  print_totals(totals, "");
  return totals.violations == 0 ? 0 : 1;
}
