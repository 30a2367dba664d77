#include "store/verify.hpp"

#include "store/auditor.hpp"
#include "store/sqlite/database.hpp"

namespace tram::store {

using sync::Status;

std::string_view to_word(FindingKind kind) {
  switch (kind) {
    case FindingKind::page: return "page";
    case FindingKind::entry_bytes: return "entry_bytes";
    case FindingKind::entry_missing: return "entry_missing";
    case FindingKind::entry_place: return "entry_place";
    case FindingKind::entry_index: return "entry_index";
    case FindingKind::log_gap: return "log_gap";
    case FindingKind::log_chain: return "log_chain";
    case FindingKind::log_head: return "log_head";
    case FindingKind::log_row: return "log_row";
    case FindingKind::feed_position: return "feed_position";
    case FindingKind::feed_tree: return "feed_tree";
    case FindingKind::feed_head: return "feed_head";
    case FindingKind::pending: return "pending";
    case FindingKind::record: return "record";
    case FindingKind::index: return "index";
    case FindingKind::name_only: return "name_only";
  }
  return "unknown";
}

sync::Result<VerifyReport> verify(const ReadUnit& unit, const VerifyOptions& options) {
  Auditor auditor(unit, options);
  using Part = Status (Auditor::*)();
  for (const Part part :
       {&Auditor::entries, &Auditor::derived_rows, &Auditor::logs, &Auditor::feeds, &Auditor::heads,
        &Auditor::lost_stretches, &Auditor::records}) {
    if (const Status walked = (auditor.*part)(); !walked) return sync::fail(walked.error());
  }
  if (const Status read = unit.status(); !read) return sync::fail(read.error(), "verify");
  return auditor.take_report();
}

void Auditor::found(Finding finding) {
  // What is only worth telling takes no room from what is wrong.
  std::size_t& told = finding.information ? informations_told_ : errors_told_;
  if (!finding.information) ++report_.errors;
  if (told == options_.findings_max) return;
  ++told;
  report_.findings.push_back(std::move(finding));
}

void Auditor::progress(std::string_view step, std::uint64_t done) const {
  if (options_.progress) options_.progress(step, done, 0);
}

bool Auditor::row(Statement& statement) {
  if (error_) return false;
  const sync::Result<bool> stands = statement.step();
  if (!stands) error_ = stands.error();
  return stands.value_or(false);
}

Status Auditor::done() const {
  if (error_) return sync::fail(*error_, "verify");
  return {};
}

bool Auditor::exists(Statement& statement) {
  return row(statement);
}

}  // namespace tram::store
