#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tests/simulation/province.hpp"

namespace tram::simulation {

/// How people work; probabilities of each act.
struct Habits {
  double submits_twice = 0;
  double has_an_old_screen = 0;
  double transfers = 0;
  double imports = 0;
  double decides = 0;
  double types_oddly = 0;
};

/// The clerks of one commune: what they do on a visit to the counter, on one of its machines.
class Clerks {
 public:
  Clerks(Province& province, std::string unit, Dice dice, const Habits& habits)
      : province_(province), unit_(std::move(unit)), dice_(dice), habits_(habits) {}

  /// One act: a save, an import, a decision. Returns false if the machine could not be used.
  bool act(Member& member);
  [[nodiscard]] std::uint64_t acts() const { return acts_; }

 private:
  struct Screen {
    sync::RecordRef record;
    std::vector<sync::Name> parents;
  };
  void create(Member& member);
  void edit(Member& member);
  void transfer(Member& member);
  void import(Member& member);
  void decide(Member& member);
  void type_oddly(Member& member);
  [[nodiscard]] std::string line_of_file(std::uint64_t number, const std::string& notes) const;
  [[nodiscard]] sync::Status import_lines(Member& member, const std::vector<std::string>& lines,
                                          std::size_t refused);
  [[nodiscard]] const sync::RecordRef* some_dossier();

  Province& province_;
  std::string unit_;
  Dice dice_;
  Habits habits_;
  std::deque<sync::RecordRef> dossiers_;  // the newest; old ones are left alone
  std::vector<Screen> screens_;           // still open, and getting old
  std::uint64_t acts_ = 0;
  std::uint64_t imported_ = 0;
};

}  // namespace tram::simulation
