#include "sync/ledger/author.hpp"

#include <algorithm>

#include "sync/core/assert.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

namespace {

bool fits(const Change& change) {
  return change.field.name.size() <= limits::field_name_bytes_max &&
         change.key.size() <= limits::element_key_bytes_max &&
         (!change.value || change.value->size() <= limits::value_bytes_max);
}

// What a person's text, or the tips that others made, can bring above a limit that encode_entry
// asserts.
struct BodyFits {
  bool operator()(const Opening& body) const { return body.unit.size() <= limits::unit_bytes_max; }
  bool operator()(const Edit& body) const {
    return body.parents.size() <= limits::parents_max &&
           body.changes.size() <= limits::changes_max &&
           std::all_of(body.changes.begin(), body.changes.end(), fits);
  }
  bool operator()(const Verdict& body) const {
    return body.parents.size() <= limits::parents_max &&
           body.reason.size() <= limits::reason_bytes_max;
  }
  bool operator()(const Erase& body) const {
    return body.ground.size() <= limits::reason_bytes_max;
  }
};

}  // namespace

LogAuthor::LogAuthor(Identity identity, Random& random) : identity_(std::move(identity)) {
  random.fill(log_);
  chain_ = chain_start(log_);
}

NewEntry LogAuthor::append(Entry entry) {
  entry.place = {log_, count_};
  Bytes bytes = encode_entry(entry);
  const Name name = name_of(bytes);
  chain_ = chain_next(chain_, name);
  ++count_;
  return {name, entry.place, chain_, std::move(bytes)};
}

Result<std::vector<NewEntry>> LogAuthor::write(const Draft& draft) {
  if (!std::visit(BodyFits{}, draft.body)) {
    return fail(ErrorCode::limit, "the entry has more, or longer, parts than an entry may have");
  }
  Entry entry{{log_, count_}, draft.time,  draft.time_trusted,
              draft.capacity, draft.actor, draft.body};
  const Bytes bytes = encode_entry(entry);
  // The place that it gets may take a byte more than the one tried here.
  if (bytes.size() + sizeof(std::uint64_t) > limits::entry_bytes_max) {
    return fail(ErrorCode::limit, "the entry is larger than 64 KiB");
  }
  TRAM_ASSERT(decode_entry(bytes) == entry);
  std::vector<NewEntry> out;
  if (count_ == 0) {
    out.push_back(append({{},
                          draft.time,
                          draft.time_trusted,
                          draft.capacity,
                          std::nullopt,
                          Opening{identity_.device, identity_.unit, identity_.continues}}));
  }
  out.push_back(append(std::move(entry)));
  return out;
}

NewLog LogAuthor::log() const {
  return {log_, identity_.device, identity_.unit, true};
}

SignedLogHead LogAuthor::head(const SigningKey& device) const {
  return sign_log_head(device, log_, count_, chain_);
}

}  // namespace tram::sync
