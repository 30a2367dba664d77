#pragma once

#include <string>

#include "command/methods.hpp"
#include "store/store.hpp"

/// Methods that are the same at node and hub, because they are the store's own.
namespace tram::command {

/// Emits {"lines":[…]}: the canonical state of the dossiers in a unit's custody
/// (schema/export.hpp).
[[nodiscard]] sync::Status emit_export(const store::Store& store, const std::string& unit,
                                       const Emit& emit);

/// Walks everything and emits one report: {"ok","errors","entries","logs","feeds","records",
/// "findings":[{"kind","message","log","seq","feed","position"}]}. What is wrong in the store
/// stands there; an error means that it could not be read.
[[nodiscard]] sync::Status emit_verification(const store::Store& store, const Emit& emit);

/// Drops the projection and computes it again from the ledger, in one transaction. Emits
/// {"progress":{"step","done"}} on the way and {"records":n} at the end.
[[nodiscard]] sync::Status rebuild_projection(store::Store& store, const Emit& emit);

}  // namespace tram::command
