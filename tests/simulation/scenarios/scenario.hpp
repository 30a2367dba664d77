#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "host/log.hpp"
#include "hub/devices.hpp"
#include "sync/merge/resolve.hpp"
#include "tests/simulation/province.hpp"
#include "tests/support/edit_of.hpp"

namespace tram::simulation {

using sync::test::edit_of;

inline constexpr const char* unit_y = "24787";
inline constexpr const char* unit_z = "24790";
inline constexpr const char* unit_x = "24796";

/// A province of two communes without machines yet, and what every scenario must come to.
struct Scenario {
  explicit Scenario(std::uint64_t seed = 1, std::vector<std::string> units = {unit_y, unit_z})
      : province(seed, std::move(units)) {
    // What the hub says of copies, dead disks and liars is what the scenarios are about.
    host::set_log_level(host::Level::error);
  }

  SessionReport must_sync(Member& member) {
    const SessionReport report = province.synchronise(member);
    INFO((report.status ? "" : report.status.error().message));
    CHECK(report.synced);
    return report;
  }

  /// The hub's disk when this computer is level with it.
  Snapshot hub_level_with(Member& member) {
    must_sync(member);
    return province.snapshot_hub();
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

/// What a machine's store says, as a value.
template <typename Question>
auto ask(Machine& machine, const Question& question) {
  std::optional<std::invoke_result_t<Question, const store::ReadUnit&>> answer;
  const sync::Status read = machine.store().read([&](const store::ReadUnit& unit) {
    answer.emplace(question(unit));
    return unit.status();
  });
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  return std::move(*answer);
}

// --- what people see

/// A field of a dossier as the machine shows it in this scope, computed by the product.
[[nodiscard]] sync::ResolvedField shown(Machine& machine, const std::string& scope,
                                        const sync::RecordRef& record, std::uint32_t field,
                                        const std::string& element = "");
/// The same as text; empty if there is nothing.
[[nodiscard]] std::string text_shown(Machine& machine, const std::string& scope,
                                     const sync::RecordRef& record, std::uint32_t field);
/// "field: value | value" of each conflict in the unit's list, values sorted; sorted.
[[nodiscard]] std::vector<std::string> conflicts_shown(Member& member);
/// Decides the only conflict of this dossier and field by a value of its own, as JSON.
[[nodiscard]] sync::Status decide(Province& province, Member& member, const sync::RecordRef& record,
                                  const std::string& field, const std::string& value);
/// The lines that `export` prints for the unit.
[[nodiscard]] std::vector<std::string> export_lines(Machine& machine, const std::string& unit);
/// What `status` says: entries that wait, and whether the province has all.
[[nodiscard]] std::uint64_t pending_shown(Member& member);
[[nodiscard]] bool synced_shown(Member& member);

// --- what is written

/// A change of a dossier's field; no value clears it.
[[nodiscard]] sync::Change field_change(std::uint32_t field, std::optional<sync::Bytes> value,
                                        const std::string& element = "");
/// Text that no compressor makes small.
[[nodiscard]] std::string long_text(Dice& dice, std::size_t bytes);
/// Saved on a page that shows all that the machine holds.
[[nodiscard]] sync::Name must_save(Province& province, Member& member,
                                   const sync::RecordRef& record,
                                   std::vector<sync::Change> changes);
[[nodiscard]] sync::RecordRef must_create(Province& province, Member& member,
                                          const std::string& applicant);
[[nodiscard]] sync::Name must_note(Province& province, Member& member,
                                   const sync::RecordRef& record, const std::string& text);

// --- what is held

[[nodiscard]] bool holds(Machine& machine, const sync::Name& name);
[[nodiscard]] bool holds_bytes(Machine& machine, const sync::Name& name);
[[nodiscard]] bool stands_in(Machine& machine, const std::string& feed, const sync::Name& name);
/// Places of all feeds that more than one entry claims.
[[nodiscard]] std::size_t places_claimed_twice(Machine& machine);
/// The hub's row for this computer.
[[nodiscard]] hub::Device device_of(Province& province, const Member& member);
/// True if these bytes stand anywhere on the machine's disk.
[[nodiscard]] bool on_disk(const Machine& machine, std::string_view text);

// --- frames

/// The first request of a new session.
[[nodiscard]] sync::Bytes first_frame(Member& member);
/// The hub's answer to it; it must give one.
[[nodiscard]] sync::Bytes answer_to(Province& province, Member& member, const sync::Bytes& frame);
/// A whole session; `look` is called after each answer that the node took.
SessionReport watch_session(Province& province, Member& member, const std::function<void()>& look);

// --- beginnings that scenarios share

/// One computer, and a dossier that it created and has not sent.
struct OneDesk : Scenario {
  using Scenario::Scenario;
  sync::Name note(const std::string& text) { return must_note(province, node, record, text); }

  Member& node = province.add_node(unit_y);
  sync::RecordRef record = must_create(province, node, "X");
};

/// The hub enrolled the computer `late` after its disk `old`: put back to that, it knows nothing of
/// the computer.
struct LateEnrolment : Scenario {
  explicit LateEnrolment(const std::string& unit) : late(province.add_node(unit)) {}

  Member& known = province.add_node(unit_y);
  Snapshot old = hub_level_with(known);
  Member& late;
};

}  // namespace tram::simulation
