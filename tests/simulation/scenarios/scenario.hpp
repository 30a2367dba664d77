#pragma once

#include <catch2/catch.hpp>

#include "host/log.hpp"
#include "tests/simulation/province.hpp"

namespace tram::simulation {

inline constexpr const char* unit_y = "24787";
inline constexpr const char* unit_z = "24790";

/// A province of two communes without machines yet, and what every scenario must come to.
struct Scenario {
  explicit Scenario(std::uint64_t seed = 1) : province(seed, {unit_y, unit_z}) {
    // What the hub says of copies and dead disks is what the scenarios are about.
    host::set_log_level(host::Level::error);
  }

  SessionReport must_sync(Member& member) {
    const SessionReport report = province.synchronise(member);
    INFO((report.status ? "" : report.status.error().message));
    CHECK(report.synced);
    return report;
  }

  /// Faults end, everybody becomes level, and no promise is broken.
  void must_come_to_rest() {
    CHECK(province.settle());
    province.check_at_rest();
    for (const Violation& violation : province.oracle.violations()) {
      FAIL_CHECK(violation.promise << ": " << violation.what);
    }
  }

  Province province;
};

}  // namespace tram::simulation
