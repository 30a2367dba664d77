#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/oracle.hpp"

/// One question, asked of a thousand small provinces: what the swarm meets now and then is met in
/// every one of them, and counted.
namespace tram::simulation {

struct TrialReport {
  std::uint64_t trials = 0;
  std::uint64_t found = 0;     ///< copies and rollbacks that the hub told of, at the first contact
  std::uint64_t contacts = 0;  ///< sessions that came through
  std::uint64_t alarms = 0;    ///< about machines that nobody copied or put back
  std::uint64_t entries = 0;
  std::vector<Violation> violations;
};

/// A disk is copied, also with its memory, or an older one is put in; the machines write, on lines
/// that lose, double and delay. The hub must tell of it at the first contact that can show it, and
/// say "copied" of copies only.
[[nodiscard]] TrialReport try_copy(std::uint64_t seed);

/// `contacts` sessions of honest machines: lines lose, double and delay, machines and the hub are
/// killed, the hub goes back. Nobody may be suspected.
[[nodiscard]] TrialReport try_clean_contacts(std::uint64_t seed, std::uint64_t contacts);

/// The hub goes back by an hour to 30 days, and nobody says so; a machine is lost, others write on.
/// Whatever any machine holds must be at the hub again, without anything that a clerk does.
[[nodiscard]] TrialReport try_hub_restore(std::uint64_t seed);

}  // namespace tram::simulation
