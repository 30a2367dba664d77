// Goal: traces M9 to M12: what several people wrote becomes one state, everywhere the same, and
// nothing is dropped (promises D, E). Method: clerks with old screens, tabs, wrong clocks and newer
// programs; lists, exports and decisions are the product's.
#include <algorithm>

#include "node/import.hpp"
#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "schema/workflow.hpp"
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

namespace field = schema::dossier_field;
using Lines = std::vector<std::string>;

constexpr std::int64_t year_2099_ms = 4'070'908'800'000;
constexpr std::int64_t july_2025_ms = 1'751'331'480'000;

/// Two computers of one commune that know one dossier.
struct TwoDesks : Scenario {
  TwoDesks() {
    must_sync(a);
    must_sync(b);
    record = must_create(province, a, "Nguyễn Thị X");
    all_hear();
  }
  void all_hear() {
    for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  }
  std::vector<sync::Name> screen(Member& member) { return member.machine->screen_of(record); }
  sync::Name save(Member& member, std::uint32_t number, const std::string& text,
                  const std::vector<sync::Name>& seen) {
    const auto saved = province.save(member, edit_of(record, seen, {dossier_text(number, text)}));
    REQUIRE(saved);
    return *saved;
  }
  sync::Name save(Member& member, std::uint32_t number, const std::string& text) {
    return save(member, number, text, screen(member));
  }
  /// Each desk writes a phone number, "a" and "b", that the other has not seen.
  void both_write_phone() {
    save(a, field::phone, "a");
    save(b, field::phone, "b");
  }
  std::vector<Machine*> machines() { return {&province.hub, a.machine.get(), b.machine.get()}; }
  void everybody_shows(std::uint32_t number, const std::string& text) {
    for (Machine* machine : machines()) {
      CHECK(text_shown(*machine, unit_y, record, number) == text);
    }
  }
  void everybody_asks(const Lines& lines) {
    CHECK(conflicts_shown(a) == lines);
    CHECK(conflicts_shown(b) == lines);
  }
  /// All hear, show this, and ask nothing.
  void all_agree_on(std::uint32_t number, const std::string& text) {
    all_hear();
    everybody_asks({});
    everybody_shows(number, text);
  }
  sync::Entry entry(const sync::Name& name) {
    return ask(province.hub, [&](const store::ReadUnit& unit) {
      auto entry = sync::decode_entry(*unit.entry(name)->bytes);
      REQUIRE(entry);
      return std::move(*entry);
    });
  }
  Member& a = province.add_node(unit_y);
  Member& b = province.add_node(unit_y);
  sync::RecordRef record;
};

sync::Status import_line(Province& province, Member& member, const std::string& line) {
  return province.act(member, [&](node::Node& node) -> sync::Status {
    const auto result = node::import_batch(node, {line});
    if (!result) return sync::fail(result.error());
    CHECK(result->accepted == 1);
    return {};
  });
}

std::string update_line(const std::string& code, const std::string& officer) {
  return R"({"t":)" + std::to_string(july_2025_ms) + R"(,"commune":49,"dossier":")" + code +
         R"(","kind":"update","fields":{"officer":")" + officer + R"("}})";
}

}  // namespace

TEST_CASE("trace M9: July 2025 is imported after today; times are kept, parents give the order") {
  TwoDesks desks;
  Province& province = desks.province;
  province.time.pass(300 * day_ms);
  desks.all_hear();
  const sync::Name today = desks.save(desks.a, field::officer, "today");
  desks.all_hear();
  const std::string code = text_shown(*desks.a.machine, unit_y, desks.record, field::code);
  // Whoever imports has seen what the machine shows; a desk that has not is beside it.
  const sync::Name beside = desks.save(desks.b, field::officer, "beside");
  REQUIRE(import_line(province, desks.a, update_line(code, "July")));
  desks.everybody_asks({});
  CHECK(text_shown(*desks.a.machine, unit_y, desks.record, field::officer) == "July");
  desks.all_hear();
  desks.everybody_shows(field::officer, "beside");  // concurrent: the later time
  CHECK(desks.entry(today).time.ms > july_2025_ms + 200 * day_ms);
  CHECK(desks.entry(beside).time_trusted);
  const sync::Name after = desks.save(desks.a, field::officer, "after all");
  CHECK(desks.entry(today).time <= ask(*desks.a.machine, [&](const store::ReadUnit& unit) {
          return sync::decode_entry(*unit.entry(after)->bytes)->time;
        }));
  desks.all_hear();
  desks.everybody_shows(field::officer, "after all");
  desks.must_come_to_rest();
}

TEST_CASE("trace M9: a PC in 2099 wins nothing by its clock, and infects nobody's") {
  TwoDesks desks;
  desks.b.machine->clock().set(year_2099_ms);
  desks.must_sync(desks.b);  // it hears how far off it is
  const auto seen_by_both = desks.screen(desks.a);
  const sync::Name wrong = desks.save(desks.b, field::officer, "2099", seen_by_both);
  const sync::Name right = desks.save(desks.a, field::officer, "now", seen_by_both);
  desks.all_hear();
  CHECK_FALSE(desks.entry(wrong).time_trusted);
  CHECK(desks.entry(wrong).time.ms >= year_2099_ms);
  CHECK(desks.entry(right).time_trusted);
  desks.everybody_shows(field::officer, "now");
  // What it saw, it may change; and whoever saw that may change it again, clock or no clock.
  desks.save(desks.b, field::officer, "2099 again");
  desks.all_hear();
  desks.everybody_shows(field::officer, "2099 again");
  const sync::Name last = desks.save(desks.a, field::officer, "now again");
  desks.all_hear();
  desks.everybody_shows(field::officer, "now again");
  CHECK(desks.entry(last).time.ms < year_2099_ms - 1000 * day_ms);
  desks.must_come_to_rest();
}

// The clock agreed with the hub's, then its battery died: nobody could know. The hub rules.
TEST_CASE("trace M9: a trusted time that turns out impossible orders until a verdict says so") {
  TwoDesks desks;
  const auto seen_by_both = desks.screen(desks.a);
  desks.b.machine->clock().set(year_2099_ms);
  const sync::Name wrong = desks.save(desks.b, field::officer, "2099", seen_by_both);
  desks.save(desks.a, field::officer, "now", seen_by_both);
  desks.all_hear();
  REQUIRE(desks.entry(wrong).time_trusted);
  desks.everybody_shows(field::officer, "2099");
  REQUIRE(desks.province.hub.rule(
      unit_y, sync::Verdict{wrong, sync::Verdict::Ruling::time_untrusted, {}, "2099"}));
  desks.all_hear();
  desks.everybody_shows(field::officer, "now");
  desks.must_come_to_rest();
}

TEST_CASE("trace M9: two tabs save at one moment into one log; all agree which holds") {
  TwoDesks desks;
  const auto page = desks.screen(desks.a);
  desks.a.machine->clock().freeze();
  const sync::Name first = desks.save(desks.a, field::officer, "first tab", page);
  const sync::Name second = desks.save(desks.a, field::officer, "second tab", page);
  desks.all_hear();
  const sync::Entry one = desks.entry(first);
  const sync::Entry two = desks.entry(second);
  CHECK(one.place.log == two.place.log);
  CHECK(one.time == two.time);
  desks.everybody_shows(field::officer, "second tab");
  desks.must_come_to_rest();
}

TEST_CASE("trace M10: a form opened before the exchange overrides nothing that it did not show") {
  TwoDesks desks;
  const auto form_of_nine = desks.screen(desks.a);
  const sync::Name phoned = desks.save(desks.b, field::phone, "0911");
  desks.all_hear();  // 9:05: the change of the other desk arrives under the open form
  REQUIRE(text_shown(*desks.a.machine, unit_y, desks.record, field::phone) == "0911");
  const sync::Name saved = desks.save(desks.a, field::phone, "0922", form_of_nine);
  CHECK(conflicts_shown(desks.a) == Lines{R"(phone: "0911" | "0922")"});
  desks.all_hear();
  desks.everybody_asks({R"(phone: "0911" | "0922")"});
  CHECK(holds_bytes(*desks.b.machine, phoned));
  CHECK(holds_bytes(*desks.b.machine, saved));
  REQUIRE(decide(desks.province, desks.b, desks.record, "phone", R"("0922")"));
  desks.all_agree_on(field::phone, "0922");
  // A form that shows everything asks nobody.
  desks.save(desks.a, field::phone, "0933");
  desks.all_agree_on(field::phone, "0933");
  desks.must_come_to_rest();
}

TEST_CASE("trace M10: two tabs of one desk; the second does not swallow the first") {
  TwoDesks desks;
  const auto page = desks.screen(desks.a);
  desks.save(desks.a, field::phone, "first tab: 0911", page);
  desks.save(desks.a, field::phone, "second tab: 0922", page);
  // Another field from an old page is no conflict, and takes nothing back.
  desks.save(desks.a, field::address, "from a third tab", page);
  CHECK(conflicts_shown(desks.a).size() == 1);
  desks.all_hear();
  desks.everybody_asks({R"(phone: "first tab: 0911" | "second tab: 0922")"});
  desks.everybody_shows(field::address, "from a third tab");
  desks.must_come_to_rest();
}

TEST_CASE("trace M11: a save of another field, by one who saw both sides, closes no conflict") {
  TwoDesks desks;
  desks.both_write_phone();
  desks.all_hear();
  desks.save(desks.a, field::notes, "only the notes");
  desks.all_hear();
  desks.everybody_asks({R"(phone: "a" | "b")"});
  desks.must_come_to_rest();
}

TEST_CASE("trace M11: two decisions that differ are a conflict that names both deciders") {
  TwoDesks desks;
  desks.both_write_phone();
  desks.all_hear();
  REQUIRE(decide(desks.province, desks.a, desks.record, "phone", R"("r1")"));
  REQUIRE(decide(desks.province, desks.b, desks.record, "phone", R"("r2")"));
  desks.all_hear();
  desks.everybody_asks({R"(phone: "r1" | "r2")"});
  for (Machine* machine : desks.machines()) {
    const auto resolved = shown(*machine, unit_y, desks.record, field::phone);
    REQUIRE(resolved.rivals.size() == 2);
    CHECK(resolved.rivals[0].decision);
    CHECK(resolved.rivals[1].decision);
    CHECK(resolved.rivals[0].place.log != resolved.rivals[1].place.log);
  }
  REQUIRE(decide(desks.province, desks.a, desks.record, "phone", R"("r3")"));
  desks.all_agree_on(field::phone, "r3");
  desks.must_come_to_rest();
}

TEST_CASE("trace M11: an edit that comes 18 months late does not turn a decided value round") {
  TwoDesks desks;
  Member& away = desks.province.add_node(unit_y);
  desks.must_sync(away);
  const sync::Name late = desks.save(away, field::phone, "from a drawer");
  desks.both_write_phone();
  for (int i = 0; i < 2; ++i) {
    desks.must_sync(desks.a);
    desks.must_sync(desks.b);
  }
  REQUIRE(decide(desks.province, desks.a, desks.record, "phone", R"("decided")"));
  desks.province.time.pass(540 * day_ms);
  desks.all_hear();
  CHECK(holds_bytes(desks.province.hub, late));
  desks.everybody_shows(field::phone, "decided");
  desks.everybody_asks({});
  desks.must_come_to_rest();
}

TEST_CASE("trace M11: papers are merged one by one; a removal against a change keeps it and asks") {
  TwoDesks desks;
  const auto paper = [](const char* name, std::optional<bool> present) {
    std::optional<sync::Bytes> value;
    if (present) {
      value = sync::encode_element({{2, sync::ValueType::boolean, sync::encode_boolean(*present)}});
    }
    return field_change(field::checklist, value, name);
  };
  static_cast<void>(must_save(desks.province, desks.a, desks.record,
                              {paper("CMND", false), paper("Đơn", false), paper("Ảnh", false)}));
  desks.all_hear();
  static_cast<void>(must_save(desks.province, desks.a, desks.record,
                              {paper("CMND", true), paper("Đơn", std::nullopt)}));
  static_cast<void>(
      must_save(desks.province, desks.b, desks.record, {paper("Đơn", true), paper("Ảnh", true)}));
  desks.all_hear();
  for (Machine* machine : desks.machines()) {
    const auto here = [&](const char* name) {
      return shown(*machine, unit_y, desks.record, field::checklist, name);
    };
    CHECK(here("CMND").value == paper("CMND", true).value);
    CHECK(here("Ảnh").value == paper("Ảnh", true).value);
    CHECK(here("Đơn").value == paper("Đơn", true).value);
    CHECK(here("Đơn").conflict);
    CHECK_FALSE(here("CMND").conflict);
  }
  CHECK(conflicts_shown(desks.b).size() == 1);
  desks.must_come_to_rest();
}

TEST_CASE("trace M11: the later step holds, two different ends ask, equal values never do") {
  TwoDesks desks;
  std::vector<std::string> ends;
  for (const schema::StatusWord& word : schema::status_words()) {
    if (word.final) ends.emplace_back(word.word);
  }
  REQUIRE(ends.size() >= 2);
  const auto step = [&](Member& member, const std::string& word,
                        const std::vector<sync::Name>& seen) {
    CHECK(desks.province.save(
        member,
        edit_of(desks.record, seen,
                {field_change(field::status, sync::encode_status(schema::status_value(word)))})));
  };
  const auto word_shown = [&](Machine& machine) {
    const auto resolved = shown(machine, unit_y, desks.record, field::status);
    REQUIRE(resolved.value);
    return sync::decode_status(*resolved.value)->word;
  };
  auto seen = desks.screen(desks.a);
  step(desks.a, "trinh_ky", seen);
  step(desks.b, "da_tiep_nhan", seen);
  desks.all_hear();
  for (Machine* machine : desks.machines()) CHECK(word_shown(*machine) == "trinh_ky");
  desks.everybody_asks({});
  seen = desks.screen(desks.a);
  step(desks.a, ends[0], seen);
  step(desks.b, ends[0], seen);
  desks.all_hear();
  desks.everybody_asks({});
  seen = desks.screen(desks.a);
  step(desks.a, ends[0], seen);
  step(desks.b, ends[1], seen);
  desks.all_hear();
  CHECK(conflicts_shown(desks.a).size() == 1);
  CHECK(conflicts_shown(desks.a) == conflicts_shown(desks.b));
  desks.must_come_to_rest();
}

TEST_CASE("trace M12: a field of a newer program is merged alike, shown by number, and decided") {
  TwoDesks desks;
  const auto newer = [](sync::Policy policy, const char* text) {
    return sync::Change{
        {900, "", static_cast<sync::ValueType>(77), policy}, "", false, sync::encode_text(text)};
  };
  const auto seen = desks.screen(desks.a);
  const auto write = [&](Member& member, const sync::Change& change) {
    CHECK(desks.province.save(member, edit_of(desks.record, seen, {change})));
  };
  write(desks.a, newer(sync::Policy::review, "a"));
  write(desks.b, newer(sync::Policy::review, "b"));
  write(desks.a, newer(sync::Policy::latest, "earlier"));
  desks.province.time.pass(minute_ms);
  write(desks.b, newer(sync::Policy::latest, "later"));
  desks.all_hear();
  const Lines lines = export_lines(desks.province.hub, unit_y);
  REQUIRE(lines.size() == 1);
  CHECK(lines.front().find(R"("#900.77.5")") != std::string::npos);
  CHECK(lines.front().find(R"("#900.77.1":{"hex":"6c61746572","type":77})") != std::string::npos);
  CHECK(export_lines(*desks.a.machine, unit_y) == lines);
  CHECK(export_lines(*desks.b.machine, unit_y) == lines);
  const Lines open = conflicts_shown(desks.a);
  REQUIRE(open.size() == 1);  // under `review` alone: another policy is another field
  CHECK(open.front().starts_with("#900.77.5:"));
  CHECK(conflicts_shown(desks.b) == open);
  desks.must_come_to_rest();
}

TEST_CASE("trace M12: the same number under another policy is another field at every version") {
  TwoDesks desks;
  sync::Change old_phone = dossier_text(field::phone, "under latest");
  old_phone.field.policy = sync::Policy::latest;
  const auto seen = desks.screen(desks.a);
  CHECK(desks.province.save(desks.b, edit_of(desks.record, seen, {old_phone})));
  desks.save(desks.a, field::phone, "under review", seen);
  // A record of a kind that is not born yet travels, and is merged, like any other.
  sync::Edit unborn = edit_of(desks.record, {}, {old_phone});
  unborn.target = sync::Edit::Target::self;
  unborn.kind = 4000;
  unborn.id = {};
  const auto created = desks.province.save(desks.b, unborn);
  REQUIRE(created);
  sync::RecordRef record{4000, {}};
  std::copy(created->begin(), created->begin() + 16, record.id.begin());
  desks.all_hear();
  desks.everybody_asks({});
  const auto state_at = [&](Machine& machine, const sync::RecordRef& of) {
    return ask(machine, [&](const store::ReadUnit& unit) {
      const auto row = unit.record(unit_y, of);
      return row ? row->state : sync::Bytes{};
    });
  };
  for (const sync::RecordRef& of : {desks.record, record}) {
    const sync::Bytes state = state_at(desks.province.hub, of);
    CHECK_FALSE(state.empty());
    CHECK(state_at(*desks.a.machine, of) == state);
    CHECK(state_at(*desks.b.machine, of) == state);
  }
  const Lines lines = export_lines(*desks.a.machine, unit_y);
  REQUIRE(lines.size() == 1);
  CHECK(lines.front().find(R"("phone":"under review")") != std::string::npos);
  CHECK(lines.front().find("under latest") == std::string::npos);  // by number, as bytes
  CHECK(lines.front().find(R"("#12.3.1")") != std::string::npos);
  desks.must_come_to_rest();
}

}  // namespace tram::simulation
