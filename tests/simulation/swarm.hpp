#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/clerk.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/province.hpp"

/// A run by chance: which faults there are, and how often, is drawn from the seed, so that no fault
/// is always there and hides another (swarm testing). Ranges: docs/RELIABILITY.md.
namespace tram::simulation {

enum class Fault {
  losses,        ///< frames and answers get lost, on the way or by a cut
  replays,       ///< frames come twice, or days later
  strangers,     ///< something else comes: a login page of the line, cut or rotten bytes
  outages,       ///< a commune's link is down, minutes to months
  one_way,       ///< only requests get through, or only answers
  kills,         ///< a process is killed, also in the middle of a commit
  power_cuts,    ///< what was not synced is kept, lost or torn
  disk_errors,   ///< reads, writes and syncs fail
  full_disks,    ///< and have room again
  lying_disks,   ///< a sync that makes nothing durable
  clocks,        ///< wrong, drifting, frozen, set back
  clones,        ///< a copied disk, both machines at work; also copied with its memory
  rollbacks,     ///< an older disk is put into a node
  new_disks,     ///< a node's disk is lost, and a new computer enrols
  revocations,   ///< a computer is stolen, and revoked
  hub_kills,     ///< the hub is killed, also in the middle of a commit
  hub_restores,  ///< the hub goes back by an hour to 30 days, and nobody says so
  hub_wipes,     ///< the hub goes back to its first day
  odd_texts,     ///< what nobody should type: NUL, bytes that are no text, too much of it
};
inline constexpr std::size_t fault_kinds = 19;
[[nodiscard]] std::string_view to_word(Fault fault);

struct RunOptions {
  std::uint64_t seed = 1;
  std::size_t communes = 3;
  std::int64_t days = 365;
  bool loud = false;  ///< every event on stderr
};

struct RunReport {
  double commune_years = 0;  ///< of communes that were busy enough to count
  std::uint64_t entries = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t gone = 0;  ///< saves that only a lost disk held
  std::map<std::string, std::uint64_t> faults;
  std::vector<Violation> violations;
  std::uint64_t trace = 0;
};

/// Runs the seed's province to its end, and lets it settle. One thread; not two at a time.
[[nodiscard]] RunReport run(const RunOptions& options);

}  // namespace tram::simulation
