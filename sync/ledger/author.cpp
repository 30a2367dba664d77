#include "sync/ledger/author.hpp"

#include "sync/core/assert.hpp"
#include "sync/limits.hpp"

namespace tram::sync {

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
