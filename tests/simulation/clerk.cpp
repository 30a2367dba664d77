// Goal: what people do to dossiers, in any order and from any screen.
// Method: acts drawn by chance, through the product's own saves, imports and decisions.
#include "tests/simulation/clerk.hpp"

#include <nlohmann/json.hpp>

#include "node/conflicts.hpp"
#include "node/import.hpp"
#include "schema/field.hpp"
#include "schema/fields.hpp"
#include "schema/kinds.hpp"
#include "schema/limits.hpp"

namespace tram::simulation {

namespace {

namespace field = schema::dossier_field;
namespace limits = schema::limits;

// What a commune works on at a time.
constexpr std::size_t dossiers_max = 40;
constexpr std::size_t screens_max = 6;

sync::Change value(std::uint32_t number, sync::Bytes bytes) {
  return {schema::tag_of(*schema::find_field(schema::kind::dossier, number)), "", false,
          std::move(bytes)};
}

}  // namespace

const sync::RecordRef* Clerks::some_dossier() {
  return dossiers_.empty() ? nullptr : &dossiers_[dice_.below(dossiers_.size())];
}

bool Clerks::act(Member& member) {
  province_.revive_struck();
  if (member.retired || !member.machine->running()) return false;
  ++acts_;
  if (dossiers_.empty() || dice_.chance(0.2)) {
    create(member);
  } else if (dice_.chance(habits_.types_oddly)) {
    type_oddly(member);
  } else if (dice_.chance(habits_.imports)) {
    import(member);
  } else if (dice_.chance(habits_.transfers)) {
    transfer(member);
  } else if (dice_.chance(habits_.decides)) {
    decide(member);
  } else {
    edit(member);
  }
  province_.revive_struck();
  return true;
}

void Clerks::create(Member& member) {
  const auto record = province_.create(member, "Nguyễn Thị " + std::to_string(dice_.below(1000)));
  if (!record) return;
  dossiers_.push_back(*record);
  if (dossiers_.size() > dossiers_max) dossiers_.pop_front();
}

void Clerks::edit(Member& member) {
  const sync::RecordRef record = *some_dossier();
  sync::Edit edit;
  edit.kind = record.kind;
  edit.id = record.id;
  edit.parents = member.machine->screen_of(record);
  if (!screens_.empty() && dice_.chance(habits_.has_an_old_screen)) {
    const Screen screen = dice_.pick(screens_);
    edit.id = screen.record.id;
    edit.parents = screen.parents;
  } else if (dice_.chance(0.2)) {
    if (screens_.size() == screens_max) screens_.erase(screens_.begin());
    screens_.push_back({record, edit.parents});
  }
  const std::string text = "ghi " + std::to_string(dice_.below(6));
  switch (dice_.below(6)) {
    case 0: edit.changes = {dossier_text(field::applicant_name, "Trần " + text)}; break;
    case 1: edit.changes = {dossier_text(field::address, text)}; break;
    case 2: edit.changes = {dossier_text(field::officer, text)}; break;
    case 3:
      edit.changes = {
          value(field::copies, sync::encode_integer(static_cast<std::int64_t>(dice_.below(5))))};
      break;
    case 4: edit.changes = {value(field::fee_paid, sync::encode_boolean(dice_.chance(0.5)))}; break;
    default: edit.changes = {dossier_text(field::notes, text)};
  }
  const auto saved = province_.save(member, edit);
  // The button twice, or a page that was told "not saved" while it was.
  if (dice_.chance(habits_.submits_twice) || (!saved && dice_.chance(0.5))) {
    if (!member.machine->struck()) static_cast<void>(province_.save(member, edit));
  }
}

void Clerks::transfer(Member& member) {
  const sync::RecordRef record = *some_dossier();
  static_cast<void>(province_.transfer(member, record, dice_.pick(province_.units())));
}

// Line `number` of an old system's file. A number that was passed over is missing in the file.
std::string Clerks::line_of_file(std::uint64_t number, const std::string& notes) const {
  const nlohmann::json line{{"t", 1'700'000'000'000 + static_cast<std::int64_t>(number) * 60'000},
                            {"commune", 49},
                            {"dossier", "C" + unit_ + "-" + std::to_string(number / 2)},
                            {"kind", number % 2 == 0 ? "create" : "update"},
                            {"fields", {{"notes", notes}}}};
  return line.dump();
}

sync::Status Clerks::import_lines(Member& member, const std::vector<std::string>& lines,
                                  std::size_t refused) {
  const std::vector<std::string_view> views(lines.begin(), lines.end());
  return province_.act(member, [&](node::Node& node) -> sync::Status {
    const auto result = node::import_batch(node, views);
    if (!result) return sync::fail(result.error());
    if (result->rejected.size() == refused) return {};
    province_.oracle.violation('E', std::to_string(result->rejected.size()) +
                                        " import lines are refused, not " +
                                        std::to_string(refused));
    return {};
  });
}

// The same file may be imported at another computer, too.
void Clerks::import(Member& member) {
  std::vector<std::string> lines;
  const std::uint64_t first = imported_ - std::min<std::uint64_t>(imported_, dice_.below(4));
  const std::uint64_t count = 1 + dice_.below(4);
  for (std::uint64_t i = first; i < first + count; ++i) {
    lines.push_back(line_of_file(i, "nhập " + std::to_string(i)));
  }
  if (import_lines(member, lines, 0)) imported_ = std::max(imported_, first + count);
}

// Refused at the border with its reason, and the line behind it is taken; as large as may be, it is
// a save like others.
void Clerks::type_oddly(Member& member) {
  const std::size_t most = schema::find_field(schema::kind::dossier, field::notes)->bytes_max;
  std::string text(most, 'x');
  switch (dice_.below(5)) {
    case 0: text = "a\\u0000b"; break;
    case 1: text = "\xff\xfe"; break;
    case 2: text += 'x'; break;
    case 3: text.assign(dice_.chance(0.1) ? 10'000'000 : limits::event_line_bytes_max, 'x'); break;
    default: break;
  }
  std::string odd = line_of_file(imported_, "?");
  odd.replace(odd.find('?'), 1, text);
  const std::string good = line_of_file(imported_ + 1, "nhập");
  if (import_lines(member, {odd, good}, text.size() == most ? 0 : 1)) imported_ += 2;
}

void Clerks::decide(Member& member) {
  std::vector<node::Decision> open;
  const sync::Status listed = node::for_each_conflict(
      member.machine->node(), std::nullopt, [&](const nlohmann::json& conflict) {
        node::Decision decision;
        decision.record = conflict.at("record");
        decision.field = conflict.at("field");
        const auto& rivals = conflict.at("values");
        decision.entry = rivals.at(dice_.below(rivals.size())).at("entry");
        open.push_back(std::move(decision));
        return open.size() < 8;
      });
  if (!listed || open.empty()) return edit(member);
  const node::Decision decision = dice_.pick(open);
  static_cast<void>(province_.act(
      member, [&](node::Node& node) { return node::decide_conflict(node, decision); }));
}

}  // namespace tram::simulation
