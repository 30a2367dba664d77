#include "sync/session/hello.hpp"

#include <algorithm>

#include "sync/limits.hpp"

namespace tram::sync {

RunState begin_run(const std::optional<RunState>& last, const RunId& run) {
  RunState next;
  next.run = run;
  if (!last) return next;
  if (last->acknowledged) {
    next.acknowledged_run = last->run;
    next.acknowledged_count = last->acknowledged_count;
    return next;
  }
  next.acknowledged_run = last->acknowledged_run;
  next.acknowledged_count = last->acknowledged_count;
  next.maybe_runs = last->maybe_runs;
  next.maybe_runs.push_back(last->run);
  // Most likely one of the first reached the hub, before the link went, or one of the last, since
  // it is back.
  if (next.maybe_runs.size() > limits::hello_runs_max) {
    next.maybe_runs.erase(next.maybe_runs.begin() + limits::hello_runs_max / 2);
  }
  return next;
}

Hello hello_of(const RunState& state, const std::optional<Nonce>& answer) {
  return {state.run, state.acknowledged_run, state.acknowledged_count, state.maybe_runs, answer};
}

RunState acknowledged(RunState state, std::uint64_t count) {
  state.acknowledged = true;
  state.acknowledged_count = count;
  state.acknowledged_run = state.run;
  state.maybe_runs.clear();
  return state;
}

namespace {

bool names(const Hello& hello, const RunId& run) {
  return hello.run == run || hello.acknowledged_run == run ||
         std::find(hello.maybe_runs.begin(), hello.maybe_runs.end(), run) != hello.maybe_runs.end();
}

LineageUpdate go_on(const PublicKey& device, const Hello& hello, Lineage lineage) {
  if (lineage.last_run != hello.run) {
    lineage.count = std::max(lineage.count, hello.acknowledged_count) + 1;
    lineage.last_run = hello.run;
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
    return names(hello, lineage.last_run);
  });
  if (known != lineages.rend()) {
    // An older lineage goes on beside a newer one. That alone tells a copy from a rollback, so it
    // must be live: a hello from before the rollback may come late, or twice.
    const bool speaks_again =
        known != lineages.rbegin() && known->last_run != hello.run && !known->copied;
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
