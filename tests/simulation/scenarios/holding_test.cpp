// Goal: traces M7 and M8: holding is not effect, and what is erased is gone (promises A, D, F, J).
// Method: logs with odd bytes in the middle, verdicts and erasures of the hub, and a look at the
// bytes of every disk.
#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "store/verify.hpp"
#include "sync/limits.hpp"
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

namespace field = schema::dossier_field;

/// A log of this computer that an older or broken program wrote: anything may stand in it.
class OddLog {
 public:
  explicit OddLog(Member& member) : device_(member.machine->device()) {
    log_.log.fill(0x0d);
    log_.device = device_;
    log_.unit = member.machine->unit();
    log_.own = true;
    sync::Entry opening;
    opening.place = {log_.log, 0};
    opening.body = sync::Opening{device_, log_.unit, std::nullopt};
    add(sync::encode_entry(opening));
  }

  sync::Name add(const sync::Bytes& bytes) { return put(sync::name_of(bytes), bytes); }
  /// Held by its name alone: its page rotted, or nothing ever sent what it was.
  sync::Name add_name(const sync::Name& name) { return put(name, std::nullopt); }
  /// A proper entry, at the next place.
  sync::Name add_entry(sync::EntryBody body, sync::Capacity capacity = sync::Capacity::other) {
    sync::Entry entry;
    entry.place = {log_.log, entries_.size()};
    entry.capacity = capacity;
    entry.body = std::move(body);
    return add(sync::encode_entry(entry));
  }

  void save(Province& province, Member& member) const {
    sync::Commit commit;
    commit.logs = {log_};
    commit.entries = entries_;
    const sync::Status saved = member.machine->act([&](node::Node& node) {
      return node.write([&](store::WriteUnit& unit) { return unit.apply(commit); });
    });
    INFO((saved ? "" : saved.error().message));
    REQUIRE(saved);
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      province.oracle.saved(member.id, entries_[i].name);
    }
  }

 private:
  sync::Name put(const sync::Name& name, std::optional<sync::Bytes> bytes) {
    const sync::Digest before =
        entries_.empty() ? sync::chain_start(log_.log) : *entries_.back().chain;
    entries_.push_back(
        {name, {log_.log, entries_.size()}, sync::chain_next(before, name), std::move(bytes)});
    return name;
  }

  sync::PublicKey device_;
  sync::NewLog log_;
  std::vector<sync::NewEntry> entries_;
};

sync::Edit notes_edit(const sync::RecordRef& record, const std::string& text) {
  return edit_of(record, {}, {dossier_text(field::notes, text)});
}

bool is_sound(Machine& machine) {
  return ask(machine, [](const store::ReadUnit& unit) {
    const auto report = store::verify(unit, {});
    return report && report->ok();
  });
}

}  // namespace

TEST_CASE(
    "trace M7: what is odd in the middle of a log is held, and the morning behind it passes") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& node = province.add_node(unit_y);
  Member& other = province.add_node(unit_y);
  Member& elsewhere = province.add_node(unit_z);
  const auto record = must_create(province, node, "X");
  const auto of_z = must_create(province, elsewhere, "Z's own");
  REQUIRE(province.synchronise_all());

  OddLog log(node);
  std::vector<sync::Name> odd;
  odd.push_back(log.add(sync::to_bytes("no entry at all")));
  odd.push_back(log.add({}));
  odd.push_back(log.add(sync::Bytes(sync::limits::entry_bytes_max, 0xee)));
  sync::Entry copied;  // of another place, and one of a form that is not born yet
  copied.place = {{}, 7};
  copied.body = notes_edit(record, "says that it stands elsewhere");
  sync::Bytes future = sync::encode_entry(copied);
  odd.push_back(log.add(future));
  future.front() = 99;
  odd.push_back(log.add(future));
  const sync::Name rotten = log.add_name(sync::name_of(sync::as_bytes("a page that rotted")));
  const sync::Name too_big =
      log.add_name(sync::name_of(sync::Bytes(10 * sync::limits::entry_bytes_max, 0x0b)));
  const sync::Name not_allowed = log.add_entry(notes_edit(of_z, "Y never held this dossier"));
  std::vector<sync::Name> morning;
  for (int i = 0; i < 50; ++i) {
    morning.push_back(log.add_entry(notes_edit(record, "the morning " + std::to_string(i))));
  }
  log.save(province, node);

  scenario.must_sync(node);
  scenario.must_sync(other);
  scenario.must_sync(elsewhere);
  CHECK(pending_shown(node) == 0);
  CHECK(synced_shown(node));
  for (const sync::Name& name : odd) {
    CHECK(holds_bytes(province.hub, name));
    CHECK(holds_bytes(*other.machine, name));
  }
  for (const sync::Name& name : {rotten, too_big}) {
    CHECK(stands_in(*other.machine, unit_y, name));
    CHECK_FALSE(holds_bytes(*other.machine, name));
  }
  for (const sync::Name& name : morning) CHECK(stands_in(*other.machine, unit_y, name));
  CHECK(stands_in(province.hub, unit_y, not_allowed));
  CHECK_FALSE(holds(*elsewhere.machine, not_allowed));
  CHECK(text_shown(*elsewhere.machine, unit_z, of_z, field::notes).empty());
  // Nobody asks for ever for what nobody has.
  CHECK(scenario.must_sync(node).exchanges == 1);
  scenario.must_come_to_rest();
}

TEST_CASE("trace M7: whoever has the bytes brings them, and they count from then on") {
  OneDesk desk;
  Province& province = desk.province;
  Member& node = desk.node;
  desk.must_sync(node);
  Member& backup = province.clone(node, province.snapshot(node));

  OddLog whole(node);
  const sync::Name name = whole.add_entry(notes_edit(desk.record, "was on the rotten page"));
  const sync::Name behind = whole.add_entry(notes_edit(desk.record, "and one behind it"));
  OddLog rotten(node);
  rotten.add_name(name);
  REQUIRE(rotten.add_entry(notes_edit(desk.record, "and one behind it")) == behind);
  rotten.save(province, node);
  desk.must_sync(node);
  CHECK_FALSE(holds_bytes(province.hub, name));
  CHECK(text_shown(province.hub, unit_y, desk.record, field::notes) == "and one behind it");

  whole.save(province, backup);
  REQUIRE(province.synchronise_all());
  CHECK(holds_bytes(province.hub, name));
  // A node asks for what it lacks once a run.
  province.crash(node, Stop::in_order);
  desk.must_sync(node);
  CHECK(holds_bytes(*node.machine, name));
  CHECK(conflicts_shown(node) ==
        std::vector<std::string>{R"(notes: "and one behind it" | "was on the rotten page")"});
  desk.must_come_to_rest();
}

TEST_CASE("trace M7: a verdict counts everywhere, also where the dossier goes later") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& y = province.add_node(unit_y);
  Member& z = province.add_node(unit_z);
  const auto record = must_create(province, z, "X");
  static_cast<void>(must_note(province, z, record, "true"));
  const sync::Name target = must_note(province, z, record, "must not count");
  REQUIRE(province.synchronise_all());
  const auto ruled = province.hub.rule(
      unit_z, sync::Verdict{target, sync::Verdict::Ruling::void_entry, {}, "false claim"});
  REQUIRE(ruled);
  REQUIRE(province.transfer(z, record, unit_y));
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  const auto shown_everywhere = [&](const char* text) {
    CHECK(text_shown(province.hub, unit_z, record, field::notes) == text);
    CHECK(text_shown(province.hub, unit_y, record, field::notes) == text);
    CHECK(text_shown(*z.machine, unit_z, record, field::notes) == text);
    CHECK(text_shown(*y.machine, unit_y, record, field::notes) == text);
  };
  shown_everywhere("true");
  CHECK(holds_bytes(*y.machine, target));  // held all the same
  // The newest ruling holds, wherever it is made.
  REQUIRE(province.hub.rule(
      unit_z, sync::Verdict{target, sync::Verdict::Ruling::counts, {*ruled}, "seen again"}));
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  shown_everywhere("must not count");
  scenario.must_come_to_rest();
}

TEST_CASE("trace M7: a false claim to be the province moves a dossier until a verdict says so") {
  OneDesk desk;
  Member& node = desk.node;
  desk.must_sync(node);
  const auto due_at = [&](std::int64_t when) {
    return edit_of(desk.record, {}, {field_change(field::due_at, sync::encode_integer(when))});
  };
  OddLog log(node);
  const sync::Name target = log.add_entry(due_at(1), sync::Capacity::province);
  log.save(desk.province, node);
  static_cast<void>(must_save(desk.province, node, desk.record,
                              {field_change(field::officer, sync::encode_text("an officer"))}));
  REQUIRE(desk.province.save(node, due_at(2)));
  desk.must_sync(node);
  const auto due_shown = [&](Machine& machine) {
    const auto resolved = shown(machine, unit_y, desk.record, field::due_at);
    REQUIRE(resolved.value);
    return *sync::decode_integer(*resolved.value);
  };
  CHECK(due_shown(desk.province.hub) == 1);
  CHECK(due_shown(*node.machine) == 1);
  REQUIRE(desk.province.hub.rule(
      unit_y, sync::Verdict{target, sync::Verdict::Ruling::capacity_other, {}, "no province"}));
  desk.must_sync(node);
  CHECK(due_shown(desk.province.hub) == 2);
  CHECK(due_shown(*node.machine) == 2);
  desk.must_come_to_rest();
}

TEST_CASE("trace M7: a verdict and an erasure by a computer are held, and rule nothing anywhere") {
  Scenario scenario;
  Province& province = scenario.province;
  Member& y = province.add_node(unit_y);
  Member& z = province.add_node(unit_z);
  const auto record = must_create(province, z, "X");
  const sync::Name target = must_note(province, z, record, "stays");
  REQUIRE(province.transfer(z, record, unit_y));
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  OddLog log(z);
  const sync::Name verdict = log.add_entry(
      sync::Verdict{target, sync::Verdict::Ruling::void_entry, {}, "as if by the hub"});
  const sync::Name erasure = log.add_entry(sync::Erase{record, "no law at all"});
  log.save(province, z);
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  CHECK(stands_in(province.hub, unit_z, verdict));
  CHECK(stands_in(province.hub, unit_z, erasure));
  for (const auto& [machine, scope] : {std::pair<Machine*, const char*>(&province.hub, unit_z),
                                       {&province.hub, unit_y},
                                       {y.machine.get(), unit_y},
                                       {z.machine.get(), unit_z}}) {
    CHECK(text_shown(*machine, scope, record, field::notes) == "stays");
    CHECK(holds_bytes(*machine, target));
    CHECK(is_sound(*machine));
  }
  scenario.must_come_to_rest();
}

namespace {

constexpr const char* citizen = "Lê Thị Bị Xoá Tên";
constexpr const char* citizen_late = "0912345678 bị xoá";

/// A dossier that two communes hold, and that the hub then erases; one computer was away.
struct Erased : Scenario {
  Erased() {
    record = must_create(province, z, citizen);
    names.push_back(must_note(province, z, record, std::string("gọi ") + citizen));
    stays = must_create(province, z, "Trần Văn Ở Lại");
    REQUIRE(province.transfer(z, record, unit_y));
    for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
    names.push_back(must_note(province, away, record, citizen_late));
    before = province.snapshot_hub();
    REQUIRE(province.hub.rule(unit_z, sync::Erase{record, "bản án 12/2026"}));
  }
  std::vector<Machine*> machines() {
    return {&province.hub, y.machine.get(), z.machine.get(), away.machine.get()};
  }
  Member& y = province.add_node(unit_y);
  Member& z = province.add_node(unit_z);
  Member& away = province.add_node(unit_y);
  sync::RecordRef record;
  sync::RecordRef stays;
  std::vector<sync::Name> names;
  std::optional<Snapshot> before;  // of the hub, with all bytes
};

}  // namespace

TEST_CASE("trace M8: an erased dossier counts for nothing, nor does what comes late") {
  Erased all;
  Province& province = all.province;
  all.must_sync(all.z);
  all.must_sync(all.y);
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());  // the one that was away, too
  for (Machine* machine : all.machines()) {
    for (const sync::Name& name : all.names) {
      if (holds(*machine, name)) CHECK_FALSE(holds_bytes(*machine, name));
    }
    for (const char* scope : {unit_y, unit_z}) {
      CHECK_FALSE(ask(*machine, [&](const store::ReadUnit& unit) {
        return unit.record(scope, all.record).has_value();
      }));
      const auto found = ask(*machine, [&](const store::ReadUnit& unit) {
        return unit.find_record_by_code(scope, schema::kind::dossier, "H36.49-100001");
      });
      CHECK(found.empty());
    }
    CHECK(is_sound(*machine));
  }
  CHECK(holds(province.hub, all.names.back()));  // the late one: its name is kept
  CHECK(export_lines(*all.y.machine, unit_y).empty());
  CHECK(export_lines(*all.z.machine, unit_z).size() == 1);
  // A new computer gets names alone, and is level all the same.
  Member& fresh = province.add_node(unit_y);
  all.must_sync(fresh);
  CHECK(holds(*fresh.machine, all.names.back()));
  CHECK_FALSE(holds_bytes(*fresh.machine, all.names.back()));
  CHECK(is_sound(*fresh.machine));
  all.must_come_to_rest();
}

TEST_CASE("trace M8: after an erasure the bytes stand on no disk any more") {
  Erased all;
  for (Machine* machine : all.machines()) {
    if (machine == all.z.machine.get()) continue;  // what came late is not Z's yet
    CHECK(on_disk(*machine, citizen));
  }
  for (int i = 0; i < 3; ++i) REQUIRE(all.province.synchronise_all());
  for (Machine* machine : all.machines()) {
    CHECK_FALSE(on_disk(*machine, citizen));
    CHECK_FALSE(on_disk(*machine, citizen_late));
    CHECK(on_disk(*machine, "24787"));  // the search itself finds what is there
  }
  all.must_come_to_rest();
}

TEST_CASE("trace M8: a hub put back to before an erasure erases again, whoever speaks first") {
  for (const bool z_first : {true, false}) {
    Erased all;
    Province& province = all.province;
    all.must_sync(all.z);
    all.must_sync(all.y);
    province.restore_hub(*all.before);
    REQUIRE(holds_bytes(province.hub, all.names.front()));
    CHECK(all.must_sync(z_first ? all.z : all.y).hub_went_back);
    CHECK_FALSE(holds_bytes(province.hub, all.names.front()));
    all.must_come_to_rest();
    for (Machine* machine : all.machines()) {
      CHECK_FALSE(on_disk(*machine, citizen));
    }
  }
}

}  // namespace tram::simulation
