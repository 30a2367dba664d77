#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/read_unit.hpp"
#include "sync/ledger/entry.hpp"

/// What the world outside remembers: every save that a clerk was told is made (with the slip that
/// was printed for it), and which machines hold it. It asks the stores, never the engine, and no
/// machine knows of it.
namespace tram::simulation {

/// A broken promise of docs/ARCHITECTURE.md, by its letter.
struct Violation {
  char promise = '?';
  std::string what;
};

class Oracle {
 public:
  /// A number that `add_machine` gave. The hub's is 0.
  using MachineId = std::size_t;
  /// Which saves a machine held at some moment.
  using Holding = std::vector<bool>;

  Oracle() { add_machine(""); }

  /// `unit`: whose feed it follows; empty for the hub.
  MachineId add_machine(std::string unit);
  /// It is gone for good, with what only it held.
  void retire(MachineId machine);

  /// A clerk was told "saved" by this machine.
  void saved(MachineId machine, const sync::Name& name);
  [[nodiscard]] bool knows(const sync::Name& name) const { return numbers_.count(name) != 0; }

  // What changes who holds what.
  [[nodiscard]] Holding holding(MachineId machine) const { return machines_[machine].holds; }
  /// An older disk was put in: nothing newer is on it.
  void restored(MachineId machine, const Holding& holding);
  /// Something may have come to this machine: asks its store for what it lacked.
  void look_for_new(MachineId machine, const store::ReadUnit& store);
  /// The machine came up again. Its newest saves must be there (A); `all`: asks for everything.
  /// After an excused loss (a disk that lies, a restore) what is gone is only written down.
  void came_up(MachineId machine, const store::ReadUnit& store, bool all, bool excused);

  /// The machine says that the province has all it wrote, of the hub's lineage as last heard (K).
  void says_synced(MachineId machine);
  /// At rest, in the end: what any machine holds must be at the hub and at every machine of the
  /// unit (A, J).
  void check_all_back();

  void violation(char promise, std::string what);
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  [[nodiscard]] std::uint64_t saves() const { return entries_.size(); }
  [[nodiscard]] std::uint64_t saves_of(const std::string& unit) const;
  /// Saves that no machine holds any more, because their only disk was lost.
  [[nodiscard]] std::uint64_t gone() const;
  [[nodiscard]] const std::vector<sync::Name>& names() const { return entries_; }
  /// Which saves this machine wrote, oldest first.
  [[nodiscard]] const std::vector<std::size_t>& own(MachineId machine) const {
    return machines_[machine].own;
  }

 private:
  struct Kept {
    std::string unit;
    bool retired = false;
    Holding holds;
    std::vector<std::size_t> own;   // numbers of its saves
    std::vector<std::size_t> came;  // to the hub, in order
    std::set<std::size_t> lacks;    // what others of its scope wrote, or it lost
  };
  [[nodiscard]] bool follows(const Kept& machine, std::size_t number) const;
  void take(Kept& machine, std::size_t number);
  [[nodiscard]] bool held_by_any(std::size_t number) const;
  [[nodiscard]] std::string describe(std::size_t number) const;

  std::vector<sync::Name> entries_;
  std::vector<std::string> units_;  // of the machine that saved it
  std::map<std::string, std::uint64_t> saves_of_;
  std::map<sync::Name, std::size_t> numbers_;
  std::vector<Kept> machines_;
  std::vector<Violation> violations_;
};

}  // namespace tram::simulation
