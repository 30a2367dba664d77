#include "sync/ledger/chain.hpp"

#include "sync/core/codec.hpp"

namespace tram::sync {

namespace {

constexpr std::string_view head_domain = "tram log head";

Bytes signed_bytes(const LogId& log, std::uint64_t count, const Digest& chain) {
  Writer out;
  out.raw(log);
  out.varint(count);
  out.raw(chain);
  return out.take();
}

}  // namespace

Digest chain_start(const LogId& log) {
  return sha256_of("tram log", {log});
}

Digest chain_next(const Digest& before, const Name& name) {
  return sha256_of("tram chain", {before, name});
}

SignedLogHead sign_log_head(const SigningKey& device, const LogId& log, std::uint64_t count,
                            const Digest& chain) {
  return {log, count, chain, device.sign(head_domain, signed_bytes(log, count, chain))};
}

bool verify_log_head(const PublicKey& device, const SignedLogHead& head) {
  return verify(device, head_domain, signed_bytes(head.log, head.count, head.chain),
                head.signature);
}

}  // namespace tram::sync
