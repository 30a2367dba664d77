#include "sync/merge/resolve.hpp"

#include <algorithm>
#include <tuple>

#include "sync/core/assert.hpp"

namespace tram::sync {

namespace {

// DESIGN 5, `latest`: trusted, time if trusted, log, seq, name. Total, also inside one log.
auto latest_rank(const Candidate& c) {
  return std::make_tuple(c.time_trusted, c.time_trusted ? c.time.ms : std::int64_t{0}, c.place.log,
                         c.place.seq, c.name);
}

bool latest_less(const Candidate& a, const Candidate& b) {
  return latest_rank(a) < latest_rank(b);
}

bool authority_less(const Candidate& a, const Candidate& b) {
  if (a.capacity != b.capacity) return a.capacity < b.capacity;
  return latest_less(a, b);
}

StatusValue status_of(const Candidate& candidate) {
  if (!candidate.value) return {};
  const Result<StatusValue> status = decode_status(*candidate.value);
  return status ? *status : StatusValue{};
}

bool workflow_less(const Candidate& a, const Candidate& b) {
  const StatusValue left = status_of(a);
  const StatusValue right = status_of(b);
  if (left.rank != right.rank) return left.rank < right.rank;
  return latest_less(a, b);
}

// Something written beats something removed: an element is kept until a person says otherwise.
bool union_less(const Candidate& a, const Candidate& b) {
  if (a.value.has_value() != b.value.has_value()) return !a.value.has_value();
  return latest_less(a, b);
}

using Less = bool (*)(const Candidate&, const Candidate&);

Less order_of(Policy policy) {
  switch (policy) {
    case Policy::authority: return authority_less;
    case Policy::workflow: return workflow_less;
    case Policy::keyed_union: return union_less;
    case Policy::latest:
    case Policy::review: break;
  }
  return latest_less;
}

bool values_differ(const std::vector<Candidate>& candidates) {
  return std::any_of(candidates.begin(), candidates.end(),
                     [&](const Candidate& c) { return c.value != candidates.front().value; });
}

bool two_finals(const std::vector<Candidate>& candidates) {
  std::optional<StatusValue> seen;
  for (const Candidate& candidate : candidates) {
    const StatusValue status = status_of(candidate);
    if (!status.final) continue;
    if (seen && seen->word != status.word) return true;
    seen = status;
  }
  return false;
}

bool removal_against_change(const std::vector<Candidate>& candidates) {
  const auto removed = [](const Candidate& c) { return !c.value.has_value(); };
  return std::any_of(candidates.begin(), candidates.end(), removed) &&
         !std::all_of(candidates.begin(), candidates.end(), removed);
}

bool asks_a_person(Policy policy, const std::vector<Candidate>& candidates) {
  if (candidates.size() < 2 || !values_differ(candidates)) return false;
  if (candidates.front().decision) return true;  // two deciders decided differently
  switch (policy) {
    case Policy::review: return true;
    case Policy::workflow: return two_finals(candidates);
    case Policy::keyed_union: return removal_against_change(candidates);
    case Policy::latest:
    case Policy::authority: break;
  }
  return false;
}

}  // namespace

ResolvedField resolve(const FieldKey& key, const std::vector<Candidate>& candidates,
                      bool ancestors_complete) {
  TRAM_ASSERT(!candidates.empty());
  std::vector<Candidate> standing;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(standing),
               [](const Candidate& c) { return c.decision; });
  if (standing.empty()) standing = candidates;
  const Less less = order_of(key.field.policy);
  std::sort(standing.begin(), standing.end(),
            [less](const Candidate& a, const Candidate& b) { return less(b, a); });

  ResolvedField out;
  out.value = standing.front().value;
  out.conflict = ancestors_complete && asks_a_person(key.field.policy, standing);
  if (out.conflict) out.rivals = std::move(standing);
  return out;
}

std::map<FieldKey, ResolvedField> resolve(const RecordState& state) {
  // A create that is not here yet changes nothing between the others: it comes before them all.
  const bool complete = state.missing.empty();
  std::map<FieldKey, ResolvedField> out;
  for (const auto& [key, candidates] : state.candidates) {
    out.emplace(key, resolve(key, candidates, complete));
  }
  return out;
}

namespace {

// The whole tag and not only its number: a field of another type or policy is another field, and
// what anybody writes there must not move a record.
const FieldTag custody_tag{field_number::custody, "", ValueType::token, Policy::authority};

std::string text_of(const FieldKey& key, const std::vector<Candidate>& candidates) {
  const ResolvedField field = resolve(key, candidates, true);
  return field.value ? std::string(as_text(*field.value)) : std::string();
}

}  // namespace

std::string custody_of(const RecordState& state) {
  const auto written = state.candidates.find(FieldKey{custody_tag, ""});
  if (written == state.candidates.end()) return state.home_unit;
  std::string custody = text_of(written->first, written->second);
  return custody.empty() ? state.home_unit : custody;
}

std::string code_of(const RecordState& state) {
  for (const auto& [key, candidates] : state.candidates) {
    if (key.field.number == field_number::code) return text_of(key, candidates);
  }
  return {};
}

}  // namespace tram::sync
