// Goal: what must hold once nothing happens any more.
// Method: feeds, exports, verify, and a naive merge of what is held.
#include <map>

#include "schema/kinds.hpp"
#include "store/record_export.hpp"
#include "store/verify.hpp"
#include "sync/merge/resolve.hpp"
#include "tests/simulation/province.hpp"
#include "tests/unit/sync/merge/naive_merge.hpp"

// What can be checked once nothing happens any more.
namespace tram::simulation {

namespace {

// The naive merge is slow: of each unit's dossiers, so many are computed again by it.
constexpr std::size_t records_computed_again = 12;
constexpr std::int64_t settling_ms = 48 * hour_ms;

std::string id_of(const Member& member) {
  return "machine " + std::to_string(member.id);
}

sync::Status export_of(store::Store& store, const std::string& unit_code,
                       std::vector<std::string>& lines) {
  return store.read([&](const store::ReadUnit& unit) {
    return store::for_each_export_line(unit, unit_code, schema::kind::dossier, unit_code,
                                       [&](const std::string& line) {
                                         lines.push_back(line);
                                         return true;
                                       });
  });
}

void verify_store(Oracle& oracle, store::Store& store, const std::string& who) {
  const sync::Status read = store.read([&](const store::ReadUnit& unit) -> sync::Status {
    const auto report = store::verify(unit, {});
    if (!report) return sync::fail(report.error());
    for (const store::Finding& finding : report->findings) {
      if (finding.information) continue;
      const std::string place =
          finding.log.empty()
              ? "feed " + finding.feed + ", position " + std::to_string(finding.position)
              : "log " + finding.log.substr(0, 8) + ", number " + std::to_string(finding.seq);
      oracle.violation('F', who + ": " + std::string(to_word(finding.kind)) + ": " + place + ": " +
                                finding.message);
    }
    return {};
  });
  if (!read) oracle.violation('F', who + " cannot be verified: " + read.error().message);
}

// The record's entries as they are held, merged by the twin that knows no shortcut (D, E).
void compute_again(Oracle& oracle, const store::ReadUnit& unit, const store::Scope& scope,
                   const store::RecordRow& row, const std::string& who) {
  std::vector<sync::MergeEntry> entries;
  sync::Rulings rulings;
  for (const store::TimelineEntry& held : unit.timeline(scope, row.record)) {
    if (!held.entry || held.misplaced) continue;
    entries.push_back({held.held.name, *held.entry, held.unit});
    if (held.ruling) rulings.emplace(held.held.name, *held.ruling);
  }
  const sync::RecordState twin = sync::test::naive_merge(entries, rulings);
  const auto state = sync::decode_state(row.state);
  if (!state || state->candidates != twin.candidates || state->frontier != twin.frontier) {
    oracle.violation(
        'D', who + " shows another state of dossier " + row.code + " than its entries have");
  }
}

}  // namespace

// The hub went back to before an enrolment that no machine had heard of yet: the operator looks at
// the list of strangers, and lets them in.
void Province::approve_forgotten() {
  for (Member& member : members_) {
    if (member.retired || !member.machine->running()) continue;
    const sync::PublicKey& device = member.machine->device();
    if (!hub.knows(device)) static_cast<void>(hub.enrol(device, member.machine->unit()));
  }
}

bool Province::settle() {
  time.clear();
  hub.disk().set_faults({});
  hub.clock().repair();
  const bool hub_is_up = hub.running() && !hub.struck();
  if (!hub_is_up) {
    stop(hub, Stop::kill);
    if (!start_hub() && hub_backup) restore_hub(*hub_backup);
    if (!hub.running()) {
      oracle.violation('J', "the hub does not come up, not even from its backup");
      return false;
    }
  }
  for (Member& member : members_) {
    member.machine->disk().set_faults({});
    member.machine->clock().repair();
    if (member.retired) continue;
    if (!member.machine->running() || member.machine->struck()) crash(member, Stop::kill);
    if (member.disk_lost) retire(member);
    if (!member.retired && !member.machine->running()) {
      oracle.violation('J', id_of(member) + " does not come up");
      return false;
    }
  }
  disks_lie = false;
  const std::int64_t begin = time.now();
  static_cast<void>(synchronise_all(2));
  approve_forgotten();
  const bool level = synchronise_all(static_cast<int>(settling_ms / hour_ms) - 2);
  trace.add(time.now(), "settled", 0, static_cast<std::uint64_t>(time.now() - begin));
  if (!level) oracle.violation('J', "after 48 hours without faults somebody is not level");
  return level;
}

void Province::check_at_rest() {
  oracle.check_all_back();
  verify_store(oracle, hub.store(), "the hub");
  std::map<std::string, std::vector<std::string>> at_hub_lines;
  std::map<std::string, sync::Digest> roots;
  const sync::Status read = hub.store().read([&](const store::ReadUnit& unit) {
    for (const std::string& code : units_) {
      roots[code] = unit.feed_root(code, unit.feed_size(code));
      std::size_t seen = 0;
      unit.for_each_newest(code, schema::kind::dossier, [&](const store::RecordRow& row) {
        compute_again(oracle, unit, code, row, "the hub");
        return ++seen < records_computed_again;
      });
    }
    return unit.status();
  });
  if (!read) oracle.violation('D', "the hub cannot be read: " + read.error().message);
  for (const std::string& code : units_) {
    const sync::Status listed = export_of(hub.store(), code, at_hub_lines[code]);
    if (!listed) oracle.violation('D', "the hub cannot export: " + listed.error().message);
  }
  for (Member& member : members_) {
    if (member.retired) continue;
    const std::string& code = member.machine->unit();
    verify_store(oracle, member.machine->store(), id_of(member));
    std::vector<std::string> lines;
    const sync::Status listed = export_of(member.machine->store(), code, lines);
    if (!listed || lines != at_hub_lines[code]) {
      oracle.violation('D', id_of(member) + " and the hub export different dossiers");
    }
    sync::Digest root{};
    const sync::Status seen = member.machine->store().read([&](const store::ReadUnit& unit) {
      root = unit.feed_root(code, unit.feed_size(code));
      return unit.status();
    });
    if (!seen || root != roots[code]) {
      oracle.violation('D', id_of(member) + " and the hub have different roots");
    }
    trace.add(time.now(), "root", member.id, root);
  }
}

}  // namespace tram::simulation
