// Goal: traces M16 and W14: a file of an old system, imported in parts and twice (promises B, E).
// Method: a month in small, cut over a node, its clone and another computer.
#include <nlohmann/json.hpp>

#include "node/import.hpp"
#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "tests/simulation/scenarios/scenario.hpp"

namespace tram::simulation {

namespace {

namespace field = schema::dossier_field;

/// A month in small: each dossier a create and two updates, one line after the other.
std::vector<std::string> month_of(int dossiers) {
  std::vector<std::string> lines;
  const auto line = [&](int dossier, const char* kind, const nlohmann::json& fields) {
    const auto t = 1'751'331'480'000 + static_cast<std::int64_t>(lines.size()) * minute_ms;
    lines.push_back(nlohmann::json{
        {"t", t},
        {"commune", 49},
        {"dossier", "H36.49-250701-" + std::to_string(1000 + dossier)},
        {"kind", kind},
        {"fields",
         fields}}.dump());
  };
  for (int i = 0; i < dossiers + 2; ++i) {
    if (i < dossiers) line(i, "create", {{"applicant_name", "X"}, {"notes", std::to_string(i)}});
    if (i >= 1 && i <= dossiers) line(i - 1, "update", {{"officer", "first"}});
    if (i >= 2) line(i - 2, "update", {{"officer", "second " + std::to_string(i - 2)}});
  }
  return lines;
}

node::ImportResult import_part(Province& province, Member& member,
                               const std::vector<std::string>& lines, std::size_t from,
                               std::size_t to) {
  node::ImportResult result;
  const std::vector<std::string_view> part(lines.begin() + static_cast<std::ptrdiff_t>(from),
                                           lines.begin() + static_cast<std::ptrdiff_t>(to));
  REQUIRE(province.act(member, [&](node::Node& node) -> sync::Status {
    auto imported = node::import_batch(node, part);
    if (!imported) return sync::fail(imported.error());
    result = std::move(*imported);
    return {};
  }));
  CHECK(result.rejected.empty());
  return result;
}

std::size_t entries_about_dossiers(Machine& machine) {
  return ask(machine, [](const store::ReadUnit& unit) {
    std::size_t entries = 0;
    unit.for_each_newest(unit_y, schema::kind::dossier, [&](const store::RecordRow& row) {
      entries += unit.timeline(unit_y, row.record).size();
      return true;
    });
    return entries;
  });
}

}  // namespace

TEST_CASE(
    "trace M16: one month split over a node and its clone: a record a code, an entry a line") {
  constexpr int dossiers = 40;
  const std::vector<std::string> lines = month_of(dossiers);
  REQUIRE(lines.size() == 3 * dossiers);
  Scenario scenario;
  Province& province = scenario.province;
  Member& node = province.add_node(unit_y);
  CHECK(import_part(province, node, lines, 0, 30).accepted == 30);
  scenario.must_sync(node);
  Member& clone = province.clone(node, province.snapshot(node));
  // Lines 30 to 75 are only at the clone: the rest updates dossiers that the node has never seen.
  CHECK(import_part(province, clone, lines, 30, 75).accepted == 45);
  CHECK(import_part(province, node, lines, 75, lines.size()).accepted == lines.size() - 75);
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  for (Machine* machine :
       {static_cast<Machine*>(&province.hub), static_cast<Machine*>(node.machine.get()),
        static_cast<Machine*>(clone.machine.get())}) {
    CHECK(entries_about_dossiers(*machine) == lines.size());
    CHECK(export_lines(*machine, unit_y).size() == dossiers);
    for (int i = 0; i < dossiers; ++i) {
      const std::string code = "H36.49-250701-" + std::to_string(1000 + i);
      const auto found = ask(*machine, [&](const store::ReadUnit& unit) {
        return unit.find_record_by_code(unit_y, schema::kind::dossier, code);
      });
      REQUIRE(found.size() == 1);
      CHECK(text_shown(*machine, unit_y, found.front().record, field::officer) ==
            "second " + std::to_string(i));
      CHECK(text_shown(*machine, unit_y, found.front().record, field::notes) == std::to_string(i));
    }
  }
  CHECK(conflicts_shown(node).empty());
  // The whole file again, at either: nothing is taken twice.
  for (Member* member : {&node, &clone}) {
    const node::ImportResult again = import_part(province, *member, lines, 0, lines.size());
    CHECK(again.accepted == 0);
    CHECK(again.known == lines.size());
  }
  scenario.must_come_to_rest();
}

TEST_CASE("trace W14: one file at two computers before either was heard asks nobody anything") {
  const std::vector<std::string> lines = month_of(5);
  Scenario scenario;
  Province& province = scenario.province;
  Member& one = province.add_node(unit_y);
  Member& two = province.add_node(unit_y);
  CHECK(import_part(province, one, lines, 0, lines.size()).accepted == lines.size());
  CHECK(import_part(province, two, lines, 0, lines.size()).accepted == lines.size());
  for (int i = 0; i < 2; ++i) REQUIRE(province.synchronise_all());
  CHECK(export_lines(province.hub, unit_y).size() == 5);
  CHECK(conflicts_shown(one).empty());
  CHECK(import_part(province, one, lines, 0, lines.size()).accepted == 0);
  scenario.must_come_to_rest();
}

}  // namespace tram::simulation
