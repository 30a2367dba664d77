#include "node/status.hpp"

#include <nlohmann/json.hpp>

#include "host/clock.hpp"
#include "host/files.hpp"
#include "node/contact.hpp"

namespace tram::node {

using nlohmann::json;
using sync::fail;

namespace {

json receipt_json(const sync::SignedHead& head) {
  return {{"size", head.size},
          {"root", sync::to_hex(head.root)},
          {"epoch", sync::to_hex(head.epoch)},
          {"hub_time", host::local_time_text(head.hub_time)}};
}

json link_json(const std::optional<Contact>& contact, const std::optional<Attempts>& attempts) {
  json link = {{"state", "unknown"}, {"last_contact", nullptr}};
  if (contact) link["last_contact"] = host::local_time_text(contact->at);
  if (attempts) {
    link["state"] = !attempts->last_error.empty() ? "down" : contact ? "up" : "unknown";
    if (!attempts->last_error.empty()) link["last_error"] = attempts->last_error;
    if (attempts->next_attempt) {
      link["next_attempt"] = host::local_time_text(*attempts->next_attempt);
    }
  }
  return link;
}

bool nothing_to_return(const store::ReadUnit& unit, const std::string& home) {
  for (const sync::FeedId& feed : {std::string(sync::province_feed), home}) {
    for (const sync::LostStretch& stretch : unit.lost(feed)) {
      if (std::max(stretch.agreed, stretch.returned) < stretch.head.size) return false;
    }
  }
  return true;
}

}  // namespace

sync::Result<json> status_of(const Node& node, const std::optional<Attempts>& attempts) {
  json out;
  const std::string& home = node.identity().unit;
  const sync::Status read = node.store().read([&](const store::ReadUnit& unit) -> sync::Status {
    const store::Counts counts = unit.counts(home);
    const std::optional<Contact> contact = last_contact(unit);
    const std::optional<sync::SignedHead> receipt = unit.newest_head(home);
    const std::uint64_t size = unit.feed_size(home);
    const bool covered = size == 0 || (receipt && receipt->size == size);
    out = {{"unit", home},
           {"unit_name", node.identity().unit_name},
           {"device", device_id(node.device_key().public_key())},
           {"hub_url", node.identity().hub_url},
           {"pending_entries", counts.pending_entries},
           {"pending_bytes", counts.pending_bytes},
           {"conflicts", counts.conflicts},
           {"records", counts.records},
           {"records_to_rebuild", counts.records_to_rebuild},
           {"entries_without_bytes", counts.without_bytes},
           {"head", {{"size", size}, {"root", sync::to_hex(unit.feed_root(home, size))}}},
           {"receipt", receipt ? receipt_json(*receipt) : json()},
           {"link", link_json(contact, attempts)},
           {"clock_offset_ms", contact ? json(contact->clock_offset_ms) : json()},
           {"hub_went_back", contact && contact->hub_went_back},
           {"copied", contact && contact->copied}};
    out["synced"] = counts.pending_entries == 0 && contact && contact->level && covered &&
                    nothing_to_return(unit, home);
    return unit.status();
  });
  if (!read) return fail(read.error());
  const sync::Result<std::uint64_t> free = host::free_bytes(node.directory());
  out["disk_free_bytes"] = free ? json(*free) : json();
  return out;
}

}  // namespace tram::node
