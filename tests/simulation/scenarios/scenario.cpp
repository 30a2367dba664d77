// Goal: what scenarios ask and do, in a line each. Method: the product's own reads, lists and
// decisions; the disk's bytes as they are.
#include "tests/simulation/scenarios/scenario.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "node/conflicts.hpp"
#include "node/status.hpp"
#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "store/record_export.hpp"

namespace tram::simulation {

using nlohmann::json;

sync::ResolvedField shown(Machine& machine, const std::string& scope, const sync::RecordRef& record,
                          std::uint32_t field, const std::string& element) {
  const auto row =
      ask(machine, [&](const store::ReadUnit& unit) { return unit.record(scope, record); });
  REQUIRE(row);
  const auto state = sync::decode_state(row->state);
  REQUIRE(state);
  for (const auto& [key, resolved] : sync::resolve(*state)) {
    if (key.field.number == field && key.element == element) return resolved;
  }
  return {};
}

std::string text_shown(Machine& machine, const std::string& scope, const sync::RecordRef& record,
                       std::uint32_t field) {
  const sync::ResolvedField resolved = shown(machine, scope, record, field);
  return resolved.value ? std::string(sync::as_text(*resolved.value)) : std::string();
}

std::vector<std::string> conflicts_shown(Member& member) {
  std::vector<std::string> lines;
  const sync::Status listed =
      node::for_each_conflict(member.machine->node(), std::nullopt, [&](const json& conflict) {
        std::vector<std::string> values;
        for (const json& rival : conflict.at("values")) values.push_back(rival.at("value").dump());
        std::sort(values.begin(), values.end());
        std::string line = conflict.at("field").get<std::string>() + ":";
        for (const std::string& value : values) line += (line.back() == ':' ? " " : " | ") + value;
        lines.push_back(line);
        return true;
      });
  REQUIRE(listed);
  std::sort(lines.begin(), lines.end());
  return lines;
}

sync::Status decide(Province& province, Member& member, const sync::RecordRef& record,
                    const std::string& field, const std::string& value) {
  node::Decision decision;
  decision.record = sync::to_hex(record.id);
  decision.field = field;
  decision.value = value;
  return province.act(member,
                      [&](node::Node& node) { return node::decide_conflict(node, decision); });
}

std::vector<std::string> export_lines(Machine& machine, const std::string& unit_code) {
  return ask(machine, [&](const store::ReadUnit& unit) {
    std::vector<std::string> lines;
    const sync::Status listed = store::for_each_export_line(
        unit, unit_code, schema::kind::dossier, unit_code, [&](const std::string& line) {
          lines.push_back(line);
          return true;
        });
    REQUIRE(listed);
    return lines;
  });
}

namespace {

json status_shown(Member& member) {
  sync::Result<json> status = node::status_of(member.machine->node(), std::nullopt);
  REQUIRE(status);
  return std::move(*status);
}

}  // namespace

std::uint64_t pending_shown(Member& member) {
  return status_shown(member).at("pending_entries");
}

bool synced_shown(Member& member) {
  return status_shown(member).at("synced");
}

sync::Change field_change(std::uint32_t field, std::optional<sync::Bytes> value,
                          const std::string& element) {
  const schema::Field* known = schema::find_field(schema::kind::dossier, field);
  REQUIRE(known != nullptr);
  return {schema::tag_of(*known), element, false, std::move(value)};
}

std::string long_text(Dice& dice, std::size_t bytes) {
  sync::Bytes random(bytes / 2);
  dice.fill(random);
  return sync::to_hex(random);
}

sync::Name must_save(Province& province, Member& member, const sync::RecordRef& record,
                     std::vector<sync::Change> changes) {
  const auto saved =
      province.save(member, edit_of(record, member.machine->screen_of(record), std::move(changes)));
  REQUIRE(saved);
  return *saved;
}

sync::RecordRef must_create(Province& province, Member& member, const std::string& applicant) {
  const auto record = province.create(member, applicant);
  REQUIRE(record);
  return *record;
}

sync::Name must_note(Province& province, Member& member, const sync::RecordRef& record,
                     const std::string& text) {
  const auto saved = province.note(member, record, text);
  REQUIRE(saved);
  return *saved;
}

bool holds(Machine& machine, const sync::Name& name) {
  return ask(machine, [&](const store::ReadUnit& unit) { return unit.entry(name).has_value(); });
}

bool holds_bytes(Machine& machine, const sync::Name& name) {
  return ask(machine, [&](const store::ReadUnit& unit) {
    const auto held = unit.entry(name);
    return held && held->bytes;
  });
}

bool stands_in(Machine& machine, const std::string& feed, const sync::Name& name) {
  return ask(machine, [&](const store::ReadUnit& unit) {
    return unit.feed_position(feed, name).has_value();
  });
}

std::size_t places_claimed_twice(Machine& machine) {
  return ask(machine, [&](const store::ReadUnit& unit) {
    std::size_t twice = 0;
    for (const store::FeedRow& feed : unit.feeds()) {
      for (const sync::Name& name : unit.feed_names(feed.feed, 0, feed.size)) {
        const auto held = unit.entry(name);
        if (held && unit.names_at(held->place).size() > 1) ++twice;
      }
    }
    return twice;
  });
}

hub::Device device_of(Province& province, const Member& member) {
  auto device = ask(province.hub, [&](const store::ReadUnit& unit) {
    return hub::find_device(unit, member.machine->device());
  });
  REQUIRE(device);
  REQUIRE(*device);
  return std::move(**device);
}

bool on_disk(const Machine& machine, std::string_view text) {
  const Image image = machine.disk().image();
  const sync::ByteView wanted = sync::as_bytes(text);
  for (const std::string& name : image.names()) {
    const sync::Bytes bytes = image.read(name);
    if (std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()) != bytes.end()) {
      return true;
    }
  }
  return false;
}

sync::Bytes first_frame(Member& member) {
  REQUIRE(member.machine->begin_session());
  auto frame = member.machine->next_frame();
  REQUIRE(frame);
  return std::move(*frame);
}

sync::Bytes answer_to(Province& province, Member& member, const sync::Bytes& frame) {
  auto answers = province.at_hub({{member.machine->device(), frame}});
  INFO((answers.front() ? "" : answers.front().error().message));
  REQUIRE(answers.front());
  return std::move(*answers.front());
}

SessionReport watch_session(Province& province, Member& member, const std::function<void()>& look) {
  SessionReport report;
  NodeMachine& machine = *member.machine;
  report.status = machine.begin_session();
  while (report.status && !machine.session_done() && report.exchanges < 100) {
    const auto frame = machine.next_frame();
    REQUIRE(frame);
    report.status = province.at_node(member, answer_to(province, member, *frame), province.hub_era);
    ++report.exchanges;
    if (report.status) look();
  }
  if (!report.status) return report;
  report.synced = machine.session().synced();
  report.hub_went_back = machine.session().hub_went_back();
  report.copied = machine.session().copied();
  return report;
}

}  // namespace tram::simulation
