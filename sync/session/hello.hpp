#pragma once

#include <optional>

#include "sync/session/ledger_port.hpp"
#include "sync/wire/messages.hpp"

/// Clones and rollbacks (docs/ARCHITECTURE.md, "Rewinds and copies"; trace M3). A node says in
/// each session which of its visits the hub acknowledged last, and which may have reached it since.
/// The hub keeps the last visit of each lineage of a device. If no lineage fits, only an answer to
/// a fresh nonce opens another one: lost, doubled and delayed messages cannot raise an alarm.
/// Hardware ids play no part.
namespace tram::sync {

/// The state of a new visit, after the one that was saved last (nothing: a store's first). One
/// begins once the one before is acknowledged, and with each start of the program. The one before
/// becomes "may have reached the hub" unless the hub acknowledged it.
[[nodiscard]] VisitState begin_visit(const std::optional<VisitState>& last, const VisitId& visit);

/// What a visit says until it is acknowledged. `answer` repeats the nonce that the hub asked for.
[[nodiscard]] Hello hello_of(const VisitState& state, const std::optional<Nonce>& answer);

/// The hub acknowledged the visit.
[[nodiscard]] VisitState acknowledged(VisitState state, std::uint64_t count);

/// The hub's judgement of a hello.
struct HelloJudgement {
  /// Nothing fits and no valid answer came: ask with a nonce, change nothing.
  bool ask = false;
  /// Otherwise: what to save, and the count to answer with.
  LineageUpdate update;
};

/// `fresh_answer` tells that the hello repeats a nonce that this hub gave to this device and did
/// not take back yet.
[[nodiscard]] HelloJudgement judge_hello(const PublicKey& device, const Hello& hello,
                                         const std::vector<Lineage>& lineages, bool fresh_answer);

}  // namespace tram::sync
