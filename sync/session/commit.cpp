#include "sync/session/ledger_port.hpp"

namespace tram::sync {

bool Commit::empty() const {
  return logs.empty() && entries.empty() && log_heads.empty() && cuts.empty() && appends.empty() &&
         deliveries.empty() && holders.empty() && heads.empty() && returned.empty() &&
         lineages.empty() && !visit_state;
}

}  // namespace tram::sync
