#include "sync/session/hello.hpp"

#include <algorithm>

#include "sync/limits.hpp"

namespace tram::sync {

VisitState begin_visit(const std::optional<VisitState>& last, const VisitId& visit) {
  VisitState next;
  next.visit = visit;
  if (!last) return next;
  if (last->acknowledged) {
    next.acknowledged_visit = last->visit;
    next.acknowledged_count = last->acknowledged_count;
    return next;
  }
  next.acknowledged_visit = last->acknowledged_visit;
  next.acknowledged_count = last->acknowledged_count;
  next.maybe_visits = last->maybe_visits;
  next.maybe_visits.push_back(last->visit);
  // Most likely one of the first reached the hub, before the link went, or one of the last, since
  // it is back.
  if (next.maybe_visits.size() > limits::hello_visits_max) {
    next.maybe_visits.erase(next.maybe_visits.begin() + limits::hello_visits_max / 2);
  }
  return next;
}

Hello hello_of(const VisitState& state, const std::optional<Nonce>& answer) {
  return {state.visit, state.acknowledged_visit, state.acknowledged_count, state.maybe_visits,
          answer};
}

VisitState acknowledged(VisitState state, std::uint64_t count) {
  state.acknowledged = true;
  state.acknowledged_count = count;
  state.acknowledged_visit = state.visit;
  state.maybe_visits.clear();
  return state;
}

namespace {

bool names(const Hello& hello, const VisitId& visit) {
  return hello.visit == visit || hello.acknowledged_visit == visit ||
         std::find(hello.maybe_visits.begin(), hello.maybe_visits.end(), visit) !=
             hello.maybe_visits.end();
}

LineageUpdate go_on(const PublicKey& device, const Hello& hello, Lineage lineage) {
  if (lineage.last_visit != hello.visit) {
    lineage.count = std::max(lineage.count, hello.acknowledged_count) + 1;
    lineage.last_visit = hello.visit;
  }
  return {device, lineage, false, false};
}

}  // namespace

HelloJudgement judge_hello(const PublicKey& device, const Hello& hello,
                           const std::vector<Lineage>& lineages, bool fresh_answer) {
  // The first word of a device that the hub knows nothing of, or that remembers more than the hub
  // does: the hub is new, or went back.
  if (lineages.empty()) return {false, go_on(device, hello, Lineage{})};
  const auto known = std::find_if(lineages.rbegin(), lineages.rend(), [&](const Lineage& lineage) {
    return names(hello, lineage.last_visit);
  });
  if (known != lineages.rend()) {
    // An older lineage goes on beside a newer one. That alone tells a copy from a rollback, so it
    // must be live: a hello from before the rollback may come late, or twice.
    const bool speaks_again =
        known != lineages.rbegin() && known->last_visit != hello.visit && !known->copied;
    if (speaks_again && !fresh_answer) return {true, {}};
    HelloJudgement out{false, go_on(device, hello, *known)};
    out.update.copied = speaks_again;
    out.update.lineage.copied = known->copied || speaks_again;
    return out;
  }
  const bool hub_went_back =
      std::all_of(lineages.begin(), lineages.end(),
                  [&](const Lineage& lineage) { return hello.acknowledged_count > lineage.count; });
  if (hub_went_back) return {false, go_on(device, hello, lineages.back())};
  if (!fresh_answer) return {true, {}};
  Lineage second;
  second.number = lineages.back().number + 1;
  LineageUpdate update = go_on(device, hello, second);
  update.opened = true;
  return {false, update};
}

}  // namespace tram::sync
