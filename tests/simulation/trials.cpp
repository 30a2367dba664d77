// Goal: copies, rollbacks and restored hubs by the thousand, each in a province of its own.
// Method: a small province, a few weeks by chance, one event; the hub and the oracle are asked.
#include "tests/simulation/trials.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "tests/simulation/rough_line.hpp"

namespace tram::simulation {

namespace {

const std::string home = "24829";
const std::string other = "25084";

/// A province, its line, and what its people do by chance.
class Trial {
 public:
  explicit Trial(std::uint64_t seed, std::vector<std::string> units = {home})
      : dice_(seed), province_(dice_.next(), std::move(units)), line_(province_, dice_.fork()) {}

  [[nodiscard]] Province& province() { return province_; }
  [[nodiscard]] Dice& dice() { return dice_; }
  [[nodiscard]] RoughLine& line() { return line_; }

  bool contact(Member& member) {
    report_.contacts += 1;
    return line_.contact(member);
  }

  void save(Member& member) {
    const auto record = province_.create(member, "Nguyễn " + std::to_string(dice_.below(1000)));
    if (record) records_.push_back(*record);
    if (dice_.chance(0.5) && !records_.empty()) {
      static_cast<void>(province_.note(member, dice_.pick(records_), "ghi"));
    }
  }

  /// Some days of one machine: saves, contacts, restarts.
  void live(Member& member, std::int64_t days) {
    for (std::int64_t day = 0; day < days; ++day) {
      province_.time.pass(dice_.between(hour_ms, day_ms));
      if (dice_.chance(0.6)) save(member);
      if (dice_.chance(0.3)) restart(member);
      if (dice_.chance(0.6)) contact(member);
    }
  }

  /// As live, but its line is down.
  void live_offline(Member& member, std::int64_t days) {
    for (std::int64_t day = 0; day < days; ++day) {
      province_.time.pass(dice_.between(hour_ms, day_ms));
      if (dice_.chance(0.6)) save(member);
      if (dice_.chance(0.2)) restart(member);
    }
  }

  void restart(Member& member) {
    constexpr std::array<Stop, 3> ways{Stop::in_order, Stop::kill, Stop::power_cut};
    province_.crash(member, ways[dice_.below(ways.size())]);
  }

  /// What the hub tells of this device: nothing, or "went back or copied", or "copied".
  [[nodiscard]] std::optional<bool> doubt(const Member& member) {
    for (const store::DoubtfulDevice& device : province_.hub.doubtful()) {
      if (device.device == member.machine->device()) return device.copied;
    }
    return std::nullopt;
  }

  TrialReport finish() {
    if (province_.settle()) province_.check_at_rest();
    report_.trials = 1;
    report_.entries = province_.oracle.saves();
    report_.violations = province_.oracle.violations();
    return std::move(report_);
  }

  TrialReport report_;

 private:
  Dice dice_;
  Province province_;
  RoughLine line_;
  std::vector<sync::RecordRef> records_;
};

// An older disk is put in. What a session has shown since cannot be forgotten unseen.
void roll_back(Trial& trial, Member& member) {
  const Snapshot old = trial.province().snapshot(member);
  trial.live(member, trial.dice().between(1, 20));
  trial.contact(member);
  trial.live_offline(member, trial.dice().between(0, 4));
  trial.province().restore(member, old);
  trial.live_offline(member, trial.dice().between(0, 4));
  if (trial.doubt(member)) ++trial.report_.alarms;
  trial.contact(member);
  if (trial.doubt(member)) ++trial.report_.found;
  trial.live(member, trial.dice().between(0, 6));
  // Only one machine is alive: nobody may call it copied.
  if (trial.doubt(member).value_or(false)) ++trial.report_.alarms;
}

// Two machines of one disk. The first to speak is simply itself; the second cannot be.
void copy(Trial& trial, Member& original) {
  Province& province = trial.province();
  Dice& dice = trial.dice();
  const Snapshot disk = province.snapshot(original);
  if (dice.chance(0.3)) trial.live_offline(original, dice.between(1, 20));
  Member& twin = province.clone(original, disk);
  if (dice.chance(0.3)) twin.machine->share_chance_with(*original.machine);
  const bool for_weeks = dice.chance(0.5);
  trial.live_offline(original, for_weeks ? dice.between(7, 30) : dice.between(0, 2));
  trial.live_offline(twin, for_weeks ? dice.between(7, 30) : dice.between(0, 2));
  std::array<Member*, 2> both{&original, &twin};
  if (dice.chance(0.5)) std::swap(both[0], both[1]);
  province.time.pass(dice.between(second_ms, hour_ms));
  trial.contact(*both[0]);
  if (trial.doubt(original)) ++trial.report_.alarms;
  if (dice.chance(0.5)) trial.live(*both[0], dice.between(1, 10));
  if (trial.doubt(original)) ++trial.report_.alarms;
  province.time.pass(dice.between(second_ms, hour_ms));
  trial.contact(*both[1]);
  if (!trial.doubt(original)) return;
  trial.contact(*both[0]);
  if (trial.doubt(original).value_or(false)) ++trial.report_.found;
  for (Member* member : both) trial.live(*member, dice.between(0, 4));
}

}  // namespace

TrialReport try_copy(std::uint64_t seed) {
  Trial trial(seed);
  Member& member = trial.province().add_node(home);
  trial.live(member, trial.dice().between(1, 15));
  trial.contact(member);
  if (trial.doubt(member)) ++trial.report_.alarms;
  if (trial.dice().chance(0.5)) {
    roll_back(trial, member);
  } else {
    copy(trial, member);
  }
  return trial.finish();
}

TrialReport try_clean_contacts(std::uint64_t seed, std::uint64_t contacts) {
  Trial trial(seed);
  Province& province = trial.province();
  Dice& dice = trial.dice();
  for (int i = 0; i < 3; ++i) province.add_node(home);
  std::vector<Snapshot> images{province.snapshot_hub()};
  const auto members = static_cast<std::uint64_t>(province.members().size());
  while (trial.report_.contacts < contacts) {
    Member& member = province.members()[dice.below(members)];
    province.time.pass(dice.between(second_ms, 6 * hour_ms));
    if (dice.chance(0.05)) trial.save(member);
    if (dice.chance(0.1)) trial.restart(member);
    if (dice.chance(0.01)) province.crash_hub(dice.chance(0.5) ? Stop::kill : Stop::power_cut);
    if (dice.chance(0.02)) images.push_back(province.snapshot_hub());
    if (dice.chance(0.005)) province.restore_hub(dice.pick(images));
    if (!trial.contact(member)) break;
    trial.report_.alarms += province.hub.doubtful().size();
  }
  return trial.finish();
}

TrialReport try_hub_restore(std::uint64_t seed) {
  Trial trial(seed, {home, other});
  Province& province = trial.province();
  Dice& dice = trial.dice();
  for (const std::string& unit : {home, other}) {
    const std::int64_t machines = dice.between(1, 2);
    for (std::int64_t i = 0; i < machines; ++i) province.add_node(unit);
  }
  const std::size_t members = province.members().size();
  const auto live = [&](std::int64_t ms) {
    const std::int64_t end = province.time.now() + ms;
    while (province.time.now() < end) {
      Member& member = province.members()[dice.below(members)];
      if (member.retired) continue;
      province.time.pass(dice.between(minute_ms, std::max<std::int64_t>(ms / 12, hour_ms)));
      if (dice.chance(0.7)) trial.save(member);
      if (dice.chance(0.7)) trial.contact(member);
    }
  };
  live(5 * day_ms);
  const Snapshot old = province.snapshot_hub();
  live(static_cast<std::int64_t>(dice.spread(hour_ms, 30.0 * day_ms)));
  // What only it held is gone with it; what it handed in, others may have read.
  if (dice.chance(0.3)) province.retire(province.members()[dice.below(members)]);
  province.restore_hub(old);
  live(dice.between(hour_ms, 3 * day_ms));
  return trial.finish();
}

}  // namespace tram::simulation
