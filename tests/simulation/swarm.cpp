// Goal: a run that nobody thought of.
// Method: faults and rates drawn from the seed, as events in simulated time.
#include "tests/simulation/swarm.hpp"

#include <algorithm>
#include <array>

#include "tests/simulation/light_signature.hpp"

namespace tram::simulation {

namespace {

constexpr std::array<std::string_view, fault_kinds> words{
    "losses",      "replays",    "strangers",    "outages",   "one_way",  "kills",     "power_cuts",
    "disk_errors", "full_disks", "lying_disks",  "clocks",    "clones",   "rollbacks", "new_disks",
    "revocations", "hub_kills",  "hub_restores", "hub_wipes", "odd_texts"};

// What makes a commune's year count (the issue's own words, and a little more).
constexpr double entries_a_year = 1000;
constexpr double exchanges_a_year = 250;
constexpr double year_days = 365;
// A visit enters all that has come by then, and what could not be entered while a machine was down.
constexpr double visits_a_day = 0.25;
constexpr double ahead_days = 9;
constexpr std::int64_t acts_a_visit_most = 50;
constexpr std::int64_t snapshot_most_ms = 30 * day_ms;
constexpr double two_machines = 0.4;  // of the communes, at the start
constexpr std::size_t machines_a_unit_most = 3;
// Every so manieth seed signs and verifies with Ed25519.
constexpr std::uint64_t real_signatures_each = 16;

/// One seed's province, and everything that is going to happen to it.
class Run {
 public:
  explicit Run(const RunOptions& options);
  RunReport play();

 private:
  struct Shelf {
    std::vector<Snapshot> images;  // oldest first
  };

  LineFaults draw_faults();
  void plan_people();
  void plan_machines();
  void plan_hub();
  void plan_disks();
  void plan_clocks();
  void plan_outages();
  void interrupt(const std::string& unit, Passage passage);
  void plan_identities();

  /// `event` comes at random, `mean` apart, and at least once in the run.
  void now_and_then(double mean_ms, const std::function<void()>& event);
  void repeat(double mean_ms, const std::function<void()>& event);
  [[nodiscard]] bool has(Fault fault) const { return faults_[static_cast<std::size_t>(fault)]; }
  void count(Fault fault) { ++report_.faults[std::string(to_word(fault))]; }

  [[nodiscard]] Member* some_member(bool running = true);
  [[nodiscard]] std::size_t machines_of(const std::string& unit);
  void add(const std::string& unit);
  void visit(std::size_t commune);
  void strike(Member& member);
  void strike_hub();
  void take_snapshots();
  void plan_watchman();
  void bring_up(Member& member);
  void bring_hub_up();
  [[nodiscard]] double length_ms() const { return static_cast<double>(options_.days * day_ms); }

  RunOptions options_;
  Dice dice_;
  std::array<bool, fault_kinds> faults_{};
  DiskFaults disk_;
  Habits habits_;
  LineFaults line_;  // drawn with the three before it
  Province province_;
  Network network_;
  std::vector<Clerks> clerks_;
  std::vector<Snapshot> hub_images_;
  std::map<const Member*, Shelf> node_images_;
  std::int64_t begin_ = 0;
  RunReport report_;
};

std::vector<std::string> some_units(std::size_t count) {
  std::vector<std::string> units;
  for (std::size_t i = 0; i < count; ++i) units.push_back(std::to_string(24700 + 3 * i));
  return units;
}

Run::Run(const RunOptions& options)
    : options_(options),
      dice_(options.seed),
      line_(draw_faults()),
      province_(dice_.next(), some_units(options.communes), Trace(options.loud)),
      network_(province_, dice_.fork(), line_) {}

LineFaults Run::draw_faults() {
  LineFaults line;
  for (bool& fault : faults_) fault = dice_.chance(0.5);
  // After it everything is handed in anew, which is much of a run's time.
  bool& wipes = faults_[static_cast<std::size_t>(Fault::hub_wipes)];
  wipes = wipes && dice_.chance(0.25);
  if (has(Fault::losses)) {
    line.request_lost = dice_.fraction() * 0.3;
    line.answer_lost = dice_.fraction() * 0.3;
  }
  if (has(Fault::replays)) {
    line.request_doubled = dice_.fraction() * 0.5;
    line.answer_doubled = dice_.fraction() * 0.3;
  }
  if (has(Fault::strangers)) {
    line.request_strange = dice_.fraction() * 0.1;
    line.answer_strange = dice_.fraction() * 0.2;
  }
  line.latency_most_ms = static_cast<std::int64_t>(dice_.spread(50, 30'000));
  if (has(Fault::disk_errors)) {
    disk_.read_error_rate = dice_.spread(1e-7, 1e-5);
    disk_.write_error_rate = dice_.spread(1e-7, 1e-5);
    disk_.sync_error_rate = dice_.spread(1e-6, 1e-4);
  }
  if (has(Fault::lying_disks)) disk_.lying_sync_rate = dice_.spread(0.01, 1);
  habits_.submits_twice = dice_.fraction() * 0.1;
  habits_.has_an_old_screen = dice_.fraction() * 0.3;
  habits_.transfers = dice_.chance(0.6) ? dice_.fraction() * 0.03 : 0;
  habits_.imports = dice_.fraction() * 0.1;
  habits_.decides = dice_.fraction() * 0.2;
  if (has(Fault::odd_texts)) habits_.types_oddly = dice_.fraction() * 0.05;
  return line;
}

// --- when things happen

void Run::repeat(double mean_ms, const std::function<void()>& event) {
  province_.time.after(dice_.wait(mean_ms), [this, mean_ms, event] {
    event();
    repeat(mean_ms, event);
  });
}

void Run::now_and_then(double mean_ms, const std::function<void()>& event) {
  const auto length = static_cast<std::uint64_t>(length_ms());
  province_.time.after(static_cast<std::int64_t>(dice_.below(length)), event);
  repeat(mean_ms, event);
}

Member* Run::some_member(bool running) {
  std::vector<Member*> fit;
  for (Member& member : province_.members()) {
    if (!member.retired && member.machine->running() == running) fit.push_back(&member);
  }
  return fit.empty() ? nullptr : dice_.pick(fit);
}

std::size_t Run::machines_of(const std::string& unit) {
  std::size_t count = 0;
  for (const Member& member : province_.members()) {
    count += !member.retired && member.machine->unit() == unit ? 1 : 0;
  }
  return count;
}

void Run::add(const std::string& unit) {
  if (!province_.hub.running()) return;
  Member& member = province_.add_node(unit);
  member.machine->disk().set_faults(disk_);
  if (member.machine->running()) network_.join(member);
}

void Run::bring_up(Member& member) {
  if (member.retired || member.machine->running()) return;
  if (!member.disk_lost && province_.start(member)) return;
  if (!member.disk_lost || !province_.hub.running()) return;  // the watchman tries again
  const std::string unit = member.machine->unit();
  province_.retire(member);
  add(unit);
}

void Run::bring_hub_up() {
  if (province_.hub.running() || province_.start_hub()) return;
  // A disk that only fails now and then is tried again; one that lied is lost.
  if (province_.disks_lie && dice_.chance(0.5)) province_.restore_hub(*province_.hub_backup);
}

// What is down, and stays down, is looked at within days.
void Run::plan_watchman() {
  repeat(2.0 * day_ms, [this] {
    province_.revive_struck();
    bring_hub_up();
    for (std::size_t i = 0; i < province_.members().size(); ++i) bring_up(province_.members()[i]);
    for (const std::string& unit : province_.units()) {
      if (machines_of(unit) == 0) add(unit);
    }
  });
}

// --- people

void Run::visit(std::size_t commune) {
  std::vector<Member*> machines;
  for (Member& member : province_.members()) {
    if (!member.retired && member.machine->running() &&
        member.machine->unit() == province_.units()[commune]) {
      machines.push_back(&member);
    }
  }
  if (machines.empty()) return;
  const auto days = static_cast<double>(province_.time.now() - begin_) / day_ms + ahead_days;
  const auto came = static_cast<std::int64_t>(days * entries_a_year / year_days);
  const auto entered =
      static_cast<std::int64_t>(province_.oracle.saves_of(province_.units()[commune]));
  const std::int64_t acts = std::clamp(came - entered, std::int64_t{1}, acts_a_visit_most);
  // Most days one computer is enough.
  if (dice_.chance(0.6)) machines = {dice_.pick(machines)};
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < acts; ++i) {
    // What lies ready, one after the other; or with a citizen between.
    at += dice_.chance(0.7) ? second_ms : dice_.between(minute_ms, 20 * minute_ms);
    province_.time.after(at, [this, commune, member = dice_.pick(machines)] {
      if (clerks_[commune].act(*member) && !member->retired) network_.work_came(*member);
    });
  }
}

void Run::plan_people() {
  for (std::size_t i = 0; i < options_.communes; ++i) {
    const std::string& unit = province_.units()[i];
    clerks_.emplace_back(province_, unit, dice_.fork(), habits_);
    const std::int64_t machines = dice_.chance(two_machines) ? 2 : 1;
    for (std::int64_t k = 0; k < machines; ++k) add(unit);
    repeat(static_cast<double>(day_ms) / visits_a_day, [this, i] { visit(i); });
    for (const std::int64_t days_before_end : {3, 1}) {
      province_.time.after((options_.days - days_before_end) * day_ms, [this, i] { visit(i); });
    }
  }
}

// --- machines

// Stopped between two events, or in the middle of whatever it writes next.
void Run::strike(Member& member) {
  const bool cut = has(Fault::power_cuts) && (!has(Fault::kills) || dice_.chance(0.5));
  count(cut ? Fault::power_cuts : Fault::kills);
  if (dice_.chance(0.6)) {
    DiskFaults faults = disk_;
    faults.stop_at_change = 1 + dice_.below(120);
    member.machine->disk().set_faults(faults);
    return;
  }
  province_.stop(*member.machine, cut ? Stop::power_cut : Stop::kill);
  province_.time.after(static_cast<std::int64_t>(dice_.spread(1, 5.0 * day_ms)),
                       [this, &member] { bring_up(member); });
}

void Run::plan_machines() {
  if (!has(Fault::kills) && !has(Fault::power_cuts)) return;
  now_and_then(dice_.spread(3, 30) * day_ms, [this] {
    if (Member* member = some_member()) strike(*member);
  });
}

void Run::strike_hub() {
  if (!province_.hub.running()) return;
  count(Fault::hub_kills);
  if (dice_.chance(0.6)) {
    DiskFaults faults = disk_;
    faults.stop_at_change = 1 + dice_.below(200);
    province_.hub.disk().set_faults(faults);
    return;
  }
  province_.stop(province_.hub, dice_.chance(0.5) ? Stop::power_cut : Stop::kill);
  province_.time.after(static_cast<std::int64_t>(dice_.spread(second_ms, 2.0 * day_ms)),
                       [this] { bring_hub_up(); });
}

void Run::take_snapshots() {
  const auto drop_old = [&](std::vector<Snapshot>& images) {
    std::erase_if(images, [&](const Snapshot& image) {
      return image.at < province_.time.now() - snapshot_most_ms;
    });
  };
  drop_old(hub_images_);
  // What is down may be damaged: nobody makes a backup of that.
  if (province_.hub.running() && !province_.hub.struck()) {
    hub_images_.push_back(province_.snapshot_hub());
    province_.hub_backup = hub_images_.back();
  }
  for (Member& member : province_.members()) {
    if (member.retired || !member.machine->running() || member.machine->struck()) continue;
    drop_old(node_images_[&member].images);
    node_images_[&member].images.push_back(province_.snapshot(member));
  }
}

void Run::plan_hub() {
  const Snapshot first_day = province_.snapshot_hub();
  province_.hub_backup = first_day;
  province_.hub.disk().set_faults(disk_);
  province_.disks_lie = has(Fault::lying_disks);
  if (has(Fault::hub_kills)) now_and_then(dice_.spread(5, 60) * day_ms, [this] { strike_hub(); });
  if (has(Fault::hub_restores) || has(Fault::rollbacks) || has(Fault::clones) ||
      has(Fault::lying_disks)) {
    repeat(dice_.spread(1, 10) * day_ms, [this] { take_snapshots(); });
  }
  if (has(Fault::hub_wipes)) {
    now_and_then(dice_.spread(100, 400) * day_ms, [this, first_day] {
      count(Fault::hub_wipes);
      province_.restore_hub(first_day);
      if (!province_.hub.running()) bring_hub_up();
    });
  }
  if (!has(Fault::hub_restores)) return;
  now_and_then(dice_.spread(20, 200) * day_ms, [this] {
    if (hub_images_.empty()) return;
    count(Fault::hub_restores);
    const Snapshot image = dice_.pick(hub_images_);
    province_.restore_hub(image);
    if (!province_.hub.running()) bring_hub_up();
  });
}

// --- disks and clocks

void Run::plan_disks() {
  if (has(Fault::full_disks)) {
    now_and_then(dice_.spread(10, 60) * day_ms, [this] {
      Member* member = some_member();
      if (member == nullptr) return;
      count(Fault::full_disks);
      DiskFaults faults = disk_;
      faults.capacity_bytes = member->machine->disk().used_bytes() + dice_.below(200'000);
      member->machine->disk().set_faults(faults);
      province_.time.after(static_cast<std::int64_t>(dice_.spread(hour_ms, 4.0 * day_ms)),
                           [this, member] { member->machine->disk().set_faults(disk_); });
    });
  }
}

void Run::plan_clocks() {
  if (!has(Fault::clocks)) return;
  static const std::vector<std::int64_t> years{day_ms, 1'009'843'200'000, 2'147'483'647'000,
                                               4'070'908'800'000};  // 1970 2002 2038 2099
  now_and_then(dice_.spread(10, 60) * day_ms, [this] {
    Member* member = some_member();
    if (member == nullptr) return;
    count(Fault::clocks);
    MachineClock& clock = member->machine->clock();
    switch (dice_.below(5)) {
      case 0: clock.set(dice_.pick(years)); break;
      case 1: clock.drift(static_cast<double>(dice_.between(-500, 500))); break;
      case 2: clock.freeze(); break;
      case 3: clock.set(province_.time.now() - dice_.between(1, 400) * day_ms); break;
      default: clock.set(province_.time.now() + dice_.between(1, 400) * day_ms);
    }
    province_.time.after(static_cast<std::int64_t>(dice_.spread(hour_ms, 40.0 * day_ms)),
                         [member] { member->machine->clock().repair(); });
  });
}

void Run::plan_outages() {
  for (const std::string& unit : province_.units()) {
    if (has(Fault::outages)) {
      now_and_then(dice_.spread(8, 60) * day_ms, [this, unit] {
        count(Fault::outages);
        interrupt(unit, Passage::none);
      });
    }
    if (has(Fault::one_way)) {
      now_and_then(dice_.spread(20, 100) * day_ms, [this, unit] {
        count(Fault::one_way);
        interrupt(unit, dice_.chance(0.5) ? Passage::to_the_hub : Passage::to_the_node);
      });
    }
  }
}

void Run::interrupt(const std::string& unit, Passage passage) {
  network_.let_pass(unit, passage);
  province_.time.after(static_cast<std::int64_t>(dice_.spread(minute_ms, 25.0 * day_ms)),
                       [this, unit] { network_.let_pass(unit, Passage::both_ways); });
}

// --- who is who

void Run::plan_identities() {
  const double rarely = dice_.spread(60, 300) * day_ms;
  if (has(Fault::clones)) {
    now_and_then(rarely, [this] {
      Member* member = some_member();
      if (member == nullptr || machines_of(member->machine->unit()) >= machines_a_unit_most) return;
      count(Fault::clones);
      const auto& shelf = node_images_[member].images;
      const bool old = !shelf.empty() && dice_.chance(0.5);
      Member& copy =
          province_.clone(*member, old ? dice_.pick(shelf) : province_.snapshot(*member));
      if (!copy.machine->running()) return;
      // Copied with its memory, as a virtual machine is: both will draw the same log.
      if (!old && dice_.chance(0.3)) copy.machine->share_chance_with(*member->machine);
      network_.join(copy);
    });
  }
  if (has(Fault::rollbacks)) {
    now_and_then(rarely, [this] {
      Member* member = some_member();
      if (member == nullptr || node_images_[member].images.empty()) return;
      count(Fault::rollbacks);
      province_.restore(*member, dice_.pick(node_images_[member].images));
      if (!member->machine->running()) bring_up(*member);
    });
  }
  if (has(Fault::new_disks)) {
    now_and_then(rarely, [this] {
      Member* member = some_member();
      if (member == nullptr || !province_.hub.running()) return;
      count(Fault::new_disks);
      const std::string unit = member->machine->unit();
      province_.retire(*member);
      add(unit);
    });
  }
  if (has(Fault::revocations)) {
    now_and_then(rarely, [this] {
      Member* member = some_member();
      if (member == nullptr || machines_of(member->machine->unit()) < 2) return;
      if (!province_.hub.running()) return;
      count(Fault::revocations);
      const sync::PublicKey device = member->machine->device();
      // A hub that is struck may have saved what it could not say: the computer is gone either way.
      static_cast<void>(province_.hub.revoke(device));
      province_.revive_struck();
      // Every copy of the key is meant.
      for (Member& other : province_.members()) {
        if (!other.retired && other.machine->device() == device) province_.retire(other);
      }
      if (machines_of(member->machine->unit()) == 0) add(member->machine->unit());
    });
  }
}

RunReport Run::play() {
  begin_ = province_.time.now();
  plan_people();
  plan_machines();
  plan_hub();
  plan_disks();
  plan_clocks();
  plan_outages();
  plan_identities();
  plan_watchman();
  province_.time.run_until(province_.time.now() + options_.days * day_ms);

  for (const std::string& unit : province_.units()) {
    const double years = static_cast<double>(options_.days) / year_days;
    if (static_cast<double>(province_.exchanges_of(unit)) >= exchanges_a_year * years &&
        static_cast<double>(province_.oracle.saves_of(unit)) >= entries_a_year * years) {
      report_.commune_years += years;
    }
    report_.exchanges += province_.exchanges_of(unit);
    province_.trace.say(unit + ": saves " + std::to_string(province_.oracle.saves_of(unit)) +
                        ", exchanges " + std::to_string(province_.exchanges_of(unit)));
  }
  report_.entries = province_.oracle.saves();
  report_.gone = province_.oracle.gone();
  if (province_.settle()) province_.check_at_rest();
  report_.violations = province_.oracle.violations();
  report_.trace = province_.trace.hash();
  return report_;
}

}  // namespace

std::string_view to_word(Fault fault) {
  return words[static_cast<std::size_t>(fault)];
}

RunReport run(const RunOptions& options) {
  sign_lightly(options.seed % real_signatures_each != 0);
  return Run(options).play();
}

}  // namespace tram::simulation
