#pragma once

#include <map>
#include <vector>

#include "tests/simulation/province.hpp"

namespace tram::simulation {

/// A line for sessions one at a time: it loses frames and answers, and brings old ones again.
class RoughLine {
 public:
  RoughLine(Province& province, Dice dice) : province_(province), dice_(dice) {}

  /// Sessions until one comes through. False if none does, which is a violation (J).
  bool contact(Member& member);
  /// An old frame of anybody's comes once more; its answer finds nobody.
  void bring_again();

 private:
  bool attempt(Member& member);
  bool exchange(Member& member);

  struct Past {
    sync::PublicKey device{};
    sync::Bytes frame;
  };
  Province& province_;
  Dice dice_;
  std::vector<Past> requests_;
  std::map<const Member*, sync::Bytes> answers_;
};

}  // namespace tram::simulation
