// Goal: to know from outside what must not be lost.
// Method: a bit a save and machine, and questions to the stores.
#include "tests/simulation/oracle.hpp"

#include <algorithm>

namespace tram::simulation {

namespace {

constexpr Oracle::MachineId hub = 0;
// After a crash the newest saves are asked for: an older one was on disk before they were.
constexpr std::size_t newest_asked = 48;

}  // namespace

Oracle::MachineId Oracle::add_machine(std::string unit) {
  Kept machine;
  machine.unit = std::move(unit);
  machine.holds.resize(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (follows(machine, i)) machine.lacks.insert(i);
  }
  machines_.push_back(std::move(machine));
  return machines_.size() - 1;
}

void Oracle::retire(MachineId machine) {
  Kept& kept = machines_[machine];
  kept.retired = true;
  kept.lacks.clear();
  kept.holds.assign(entries_.size(), false);
}

bool Oracle::follows(const Kept& machine, std::size_t number) const {
  return machine.unit.empty() || machine.unit == units_[number];
}

void Oracle::take(Kept& machine, std::size_t number) {
  machine.holds[number] = true;
  machine.lacks.erase(number);
  machine.came.push_back(number);
}

void Oracle::saved(MachineId machine, const sync::Name& name) {
  const std::size_t number = entries_.size();
  if (!numbers_.emplace(name, number).second) return;
  entries_.push_back(name);
  units_.push_back(machines_[machine].unit);
  ++saves_of_[machines_[machine].unit];
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    Kept& kept = machines_[i];
    kept.holds.push_back(i == machine);
    if (i != machine && !kept.retired && follows(kept, number)) kept.lacks.insert(number);
  }
  machines_[machine].own.push_back(number);
}

void Oracle::restored(MachineId machine, const Holding& holding) {
  Kept& kept = machines_[machine];
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const bool holds = i < holding.size() && holding[i];
    kept.holds[i] = holds;
    if (holds) kept.lacks.erase(i);
    if (!holds && follows(kept, i)) kept.lacks.insert(i);
  }
  std::erase_if(kept.came, [&](std::size_t number) { return !kept.holds[number]; });
}

void Oracle::look_for_new(MachineId machine, const store::ReadUnit& store) {
  Kept& kept = machines_[machine];
  std::vector<std::size_t> found;
  for (const std::size_t number : kept.lacks) {
    // What no machine holds can come from nowhere.
    if (machine != hub && !machines_[hub].holds[number]) continue;
    if (store.entry(entries_[number])) found.push_back(number);
  }
  for (const std::size_t number : found) take(kept, number);
}

void Oracle::came_up(MachineId machine, const store::ReadUnit& store, bool all, bool excused) {
  Kept& kept = machines_[machine];
  std::vector<std::size_t> asked;
  if (all) {
    for (std::size_t i = 0; i < entries_.size(); ++i) asked.push_back(i);
  } else {
    for (const auto* list : {&kept.own, &kept.came}) {
      const std::size_t from = list->size() > newest_asked ? list->size() - newest_asked : 0;
      asked.insert(asked.end(), list->begin() + static_cast<std::ptrdiff_t>(from), list->end());
    }
  }
  std::set<std::size_t> missing;
  for (const std::size_t number : asked) {
    if (kept.holds[number] && !store.entry(entries_[number])) missing.insert(number);
  }
  if (!store.status()) return;  // it could not be asked: its answers mean nothing
  for (const std::size_t number : missing) {
    kept.holds[number] = false;
    if (follows(kept, number)) kept.lacks.insert(number);
    if (!excused) {
      violation('A', "machine " + std::to_string(machine) + " lost " + describe(number) +
                         " over a restart");
    }
  }
  // What was on its way when it went down may have come all the same.
  look_for_new(machine, store);
}

void Oracle::says_synced(MachineId machine) {
  const Kept& kept = machines_[machine];
  for (const std::size_t number : machines_[hub].lacks) {
    if (!kept.holds[number]) continue;
    if (std::find(kept.own.begin(), kept.own.end(), number) == kept.own.end()) continue;
    violation('K', "machine " + std::to_string(machine) + " says that the province has " +
                       describe(number) + ", and it has not");
  }
}

bool Oracle::held_by_any(std::size_t number) const {
  return std::any_of(machines_.begin(), machines_.end(), [&](const Kept& machine) {
    return !machine.retired && machine.holds[number];
  });
}

void Oracle::check_all_back() {
  for (std::size_t id = 0; id < machines_.size(); ++id) {
    const Kept& kept = machines_[id];
    if (kept.retired) continue;
    for (const std::size_t number : kept.lacks) {
      if (!held_by_any(number)) continue;
      violation('A', "machine " + std::to_string(id) + " never got " + describe(number) +
                         ", which another machine holds");
    }
  }
}

std::uint64_t Oracle::gone() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) count += held_by_any(i) ? 0 : 1;
  return count;
}

std::uint64_t Oracle::saves_of(const std::string& unit) const {
  const auto found = saves_of_.find(unit);
  return found == saves_of_.end() ? 0 : found->second;
}

void Oracle::violation(char promise, std::string what) {
  violations_.push_back({promise, std::move(what)});
}

std::string Oracle::describe(std::size_t number) const {
  return "save " + std::to_string(number) + " (" +
         sync::to_hex(sync::ByteView(entries_[number]).first(4)) + ", unit " + units_[number] + ")";
}

}  // namespace tram::simulation
