// Goal: everything that can happen to a province, one call each.
// Method: machines and the oracle are told together, so that they never part.
#include "tests/simulation/province.hpp"

#include <algorithm>
#include <utility>

#include "schema/field.hpp"
#include "schema/fields.hpp"
#include "schema/kinds.hpp"
#include "store/verify.hpp"

namespace tram::simulation {

using sync::ErrorCode;
using sync::fail;

namespace {

constexpr Oracle::MachineId hub_id = 0;
constexpr std::size_t exchanges_max = 2000;

sync::Change encoded(std::uint32_t number, sync::Bytes value) {
  const schema::Field* field = schema::find_field(schema::kind::dossier, number);
  return {schema::tag_of(*field), "", false, std::move(value)};
}

}  // namespace

sync::Change dossier_text(std::uint32_t number, std::string_view text) {
  return encoded(number, sync::encode_text(text));
}

Province::Province(std::uint64_t seed, std::vector<std::string> units, Trace loud)
    : dice(seed), trace(loud), hub(time, dice.next()), units_(std::move(units)) {
  reseed_sqlite(seed);
  for (const std::string& unit : units_) hub.add_unit(unit);
  start_hub();
}

// --- machines

DeviceIdentity Province::new_identity(const std::string& unit) {
  return {unit, dice.next(), hub.public_key()};
}

Member& Province::join(DeviceIdentity identity) {
  Member member;
  member.id = oracle.add_machine(identity.unit);
  member.machine = std::make_unique<NodeMachine>(time, dice.next(), std::move(identity));
  members_.push_back(std::move(member));
  return members_.back();
}

Member& Province::add_node(const std::string& unit) {
  Member& member = join(new_identity(unit));
  const sync::Status enrolled = hub.enrol(member.machine->device(), unit);
  if (!enrolled && !hub.struck()) {
    oracle.violation('J', "enrolment failed: " + enrolled.error().message);
  }
  start(member);
  return member;
}

void Province::stop(Machine& machine, Stop how) {
  trace.add(time.now(), "stop", 0, static_cast<std::uint64_t>(how));
  if (machine.running()) machine.stop(how);
  // What it said last may not be on its disk.
  if (&machine == &hub && disks_lie && how == Stop::power_cut) ++hub_era;
}

// A disk that lies may leave what opens, and is no sound store.
bool Province::survived_power_cut(Machine& machine) const {
  if (!disks_lie || !machine.lost_power()) return true;
  if (!machine.store().opening().unclean) {
    // An old page says that it was closed in order: nobody has looked at the others yet.
    const auto pages = store::check_pages(machine.store());
    if (!pages || !pages->empty()) return false;
  }
  bool sound = false;
  const sync::Status read = machine.store().read([&](const store::ReadUnit& unit) -> sync::Status {
    const auto report = store::verify(unit, {});
    sound = report && report->ok();
    return {};
  });
  return read && sound;
}

bool Province::start(Member& member) {
  // It may have stopped while it started.
  if (member.machine->disk().stopped()) member.machine->stop(Stop::kill);
  const sync::Status started = member.machine->start();
  trace.add(time.now(), "start", member.id, started ? 1 : 0);
  if (started && !survived_power_cut(*member.machine)) {
    member.disk_lost = true;
    stop(*member.machine, Stop::kill);
    return false;
  }
  if (!started) {
    trace.say(started.error().message);
    member.disk_lost = disks_lie && (started.error().code == ErrorCode::unverified ||
                                     !member.machine->may_not_open());
    if (!member.machine->may_not_open() && !disks_lie) {
      oracle.violation('A', "machine " + std::to_string(member.id) +
                                " does not open: " + started.error().message);
    }
    return false;
  }
  const sync::Status read = member.machine->store().read([&](const store::ReadUnit& unit) {
    const bool lied = disks_lie && member.machine->lost_power();
    oracle.came_up(member.id, unit, lied, lied);
    return unit.status();
  });
  member.machine->is_up();
  return read.has_value();
}

bool Province::start_hub() {
  if (hub.disk().stopped()) hub.stop(Stop::kill);
  const sync::Status started = hub.start();
  trace.add(time.now(), "start hub", 0, started ? 1 : 0);
  if (started && !survived_power_cut(hub)) {
    stop(hub, Stop::kill);
    return false;
  }
  if (!started) {
    if (!hub.may_not_open() && !disks_lie) {
      oracle.violation('A', "the hub does not open: " + started.error().message);
    }
    return false;
  }
  const sync::Status read = hub.store().read([&](const store::ReadUnit& unit) {
    const bool lied = disks_lie && hub.lost_power();
    oracle.came_up(hub_id, unit, lied, lied);
    return unit.status();
  });
  hub.is_up();
  return read.has_value();
}

void Province::crash(Member& member, Stop how) {
  stop(*member.machine, how);
  start(member);
}

void Province::crash_hub(Stop how) {
  stop(hub, how);
  start_hub();
}

void Province::revive_struck() {
  if (hub.running() && hub.struck()) crash_hub(dice.chance(0.5) ? Stop::kill : Stop::power_cut);
  for (Member& member : members_) {
    if (!member.machine->running() || !member.machine->struck()) continue;
    crash(member, dice.chance(0.5) ? Stop::kill : Stop::power_cut);
  }
}

Snapshot Province::snapshot(const Member& member) const {
  return {member.machine->disk().image(), oracle.holding(member.id), time.now()};
}

Snapshot Province::snapshot_hub() const {
  return {hub.disk().image(), oracle.holding(hub_id), time.now()};
}

bool Province::restore(Member& member, const Snapshot& snapshot) {
  trace.add(time.now(), "restore", member.id, static_cast<std::uint64_t>(snapshot.at));
  member.machine->put(snapshot.image);
  oracle.restored(member.id, snapshot.holding);
  member.doubted = true;
  return start(member);
}

bool Province::restore_hub(const Snapshot& snapshot) {
  trace.add(time.now(), "restore hub", 0, static_cast<std::uint64_t>(snapshot.at));
  hub.put(snapshot.image);
  oracle.restored(hub_id, snapshot.holding);
  ++hub_era;
  return start_hub();
}

Member& Province::clone(const Member& member, const Snapshot& snapshot) {
  trace.add(time.now(), "clone", member.id);
  Member& copy = join(member.machine->identity());
  copy.machine->disk().put(snapshot.image);
  oracle.restored(copy.id, snapshot.holding);
  copy.doubted = true;
  start(copy);
  return copy;
}

void Province::retire(Member& member) {
  trace.add(time.now(), "retire", member.id);
  stop(*member.machine, Stop::kill);
  member.retired = true;
  oracle.retire(member.id);
}

// --- people

sync::Result<sync::Name> Province::save(Member& member, const sync::Edit& edit) {
  sync::Result<sync::Name> name = member.machine->save(edit);
  trace.add(time.now(), "save", member.id, name ? sync::ByteView(*name) : sync::ByteView());
  if (name) oracle.saved(member.id, *name);
  return name;
}

sync::Status Province::act(Member& member, const std::function<sync::Status(node::Node&)>& work) {
  const sync::Status done = member.machine->act(work);
  trace.add(time.now(), "act", member.id, done ? 1 : 0);
  if (done) tell_saves(member);
  return done;
}

// The newest own entries, back to the first that the oracle knows or that opens the log.
void Province::tell_saves(Member& member) {
  std::vector<sync::Name> names;
  const sync::Status read = member.machine->store().read([&](const store::ReadUnit& unit) {
    std::optional<sync::Name> name = unit.newest_own_entry();
    while (name && !oracle.knows(*name)) {
      const auto held = unit.entry(*name);
      if (!held || held->place.seq == 0) break;
      names.push_back(*name);
      const auto before = unit.names_at({held->place.log, held->place.seq - 1});
      name = before.size() == 1 ? std::optional(before.front()) : std::nullopt;
    }
    return unit.status();
  });
  if (!read) return;
  for (auto name = names.rbegin(); name != names.rend(); ++name) oracle.saved(member.id, *name);
}

std::optional<sync::RecordRef> Province::create(Member& member, const std::string& applicant) {
  sync::Edit edit;
  edit.target = sync::Edit::Target::self;
  edit.kind = schema::kind::dossier;
  edit.changes = {
      dossier_text(sync::field_number::code, "H36.49-" + std::to_string(100000 + next_code_++)),
      dossier_text(schema::dossier_field::applicant_name, applicant)};
  const auto name = save(member, edit);
  if (!name) return std::nullopt;
  sync::RecordRef record{schema::kind::dossier, {}};
  std::copy(name->begin(), name->begin() + 16, record.id.begin());
  return record;
}

sync::Result<sync::Name> Province::note(Member& member, const sync::RecordRef& record,
                                        const std::string& text) {
  sync::Edit edit;
  edit.kind = record.kind;
  edit.id = record.id;
  edit.parents = member.machine->screen_of(record);
  edit.changes = {dossier_text(schema::dossier_field::notes, text)};
  return save(member, edit);
}

sync::Result<sync::Name> Province::transfer(Member& member, const sync::RecordRef& record,
                                            const std::string& to) {
  sync::Edit edit;
  edit.kind = record.kind;
  edit.id = record.id;
  edit.parents = member.machine->screen_of(record);
  edit.changes = {dossier_text(sync::field_number::custody, to)};
  return save(member, edit);
}

// --- exchanges

std::vector<sync::Result<sync::Bytes>> Province::at_hub(const std::vector<Arrival>& arrivals) {
  auto answers = hub.serve(arrivals);
  std::uint64_t answered = 0;
  for (const auto& answer : answers) answered = 2 * answered + (answer ? 1 : 0);
  trace.add(time.now(), "at hub", 0, answered);
  static_cast<void>(look_at_hub());  // a read that fails shows nothing new; the next one will
  return answers;
}

bool Province::look_at_hub() {
  if (!hub.running() || hub.struck()) return false;
  const sync::Status read = hub.store().read([&](const store::ReadUnit& unit) {
    oracle.look_for_new(hub_id, unit);
    return unit.status();
  });
  return read.has_value();
}

sync::Status Province::at_node(Member& member, sync::ByteView frame, std::uint64_t era) {
  const sync::Status taken = member.machine->take_frame(frame);
  trace.add(time.now(), "at node", member.id, taken ? 1 : 0);
  if (!taken || member.machine->struck()) return taken;
  ++exchanges_[member.machine->unit()];
  const sync::Status read = member.machine->store().read([&](const store::ReadUnit& unit) {
    oracle.look_for_new(member.id, unit);
    return unit.status();
  });
  static_cast<void>(read);
  if (era == hub_era && member.machine->session().synced() && look_at_hub()) {
    oracle.says_synced(member.id);
  }
  return taken;
}

SessionReport Province::synchronise(Member& member) {
  SessionReport report;
  NodeMachine& machine = *member.machine;
  report.status = machine.begin_session();
  while (report.status && !machine.session_done()) {
    auto frame = machine.next_frame();
    if (!frame) {
      report.status = fail(frame.error());
      break;
    }
    const std::uint64_t era = hub_era;
    auto answers = at_hub({{machine.device(), std::move(*frame)}});
    if (!answers.front()) {
      report.status = fail(answers.front().error());
      break;
    }
    report.status = at_node(member, *answers.front(), era);
    if (++report.exchanges > exchanges_max) {
      report.status = fail(ErrorCode::failed, "the session does not end");
    }
  }
  if (!report.status) return report;
  report.synced = machine.session().synced();
  report.hub_went_back = machine.session().hub_went_back();
  report.copied = machine.session().copied();
  return report;
}

bool Province::synchronise_all(int rounds) {
  for (int round = 0; round < rounds; ++round) {
    bool synced = true;
    for (Member& member : members_) {
      if (member.retired || !member.machine->running()) continue;
      const SessionReport report = synchronise(member);
      synced = synced && report.status && report.synced;
    }
    if (synced && is_level()) return true;
    time.pass(hour_ms);
  }
  return false;
}

// What one of them hands in last, the others have to hear of.
bool Province::is_level() {
  const auto sizes_of = [](store::Store& store, const std::string& feed) {
    std::pair<std::uint64_t, std::uint64_t> sizes;
    const sync::Status read = store.read([&](const store::ReadUnit& unit) {
      sizes = {unit.feed_size(sync::province_feed), unit.feed_size(feed)};
      return unit.status();
    });
    return read ? std::optional(sizes) : std::nullopt;
  };
  return hub.running() && std::all_of(members_.begin(), members_.end(), [&](Member& member) {
           if (member.retired || !member.machine->running()) return true;
           const std::string& unit = member.machine->unit();
           const auto here = sizes_of(member.machine->store(), unit);
           return here && here == sizes_of(hub.store(), unit);
         });
}

std::uint64_t Province::exchanges_of(const std::string& unit) const {
  const auto found = exchanges_.find(unit);
  return found == exchanges_.end() ? 0 : found->second;
}

std::uint64_t Province::entries_at_hub() {
  std::uint64_t entries = 0;
  const sync::Status read = hub.store().read([&](const store::ReadUnit& unit) {
    for (const std::string& feed : units_) entries += unit.feed_size(feed);
    return unit.status();
  });
  return read ? entries : 0;
}

}  // namespace tram::simulation
