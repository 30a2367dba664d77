#include "sync/feed/head.hpp"

#include "sync/limits.hpp"

namespace tram::sync {

namespace {

constexpr std::string_view head_domain = "tram feed head";

void write_signed_part(Writer& out, const SignedHead& head) {
  out.string(head.feed);
  out.raw(head.epoch);
  out.varint(head.base_size);
  out.raw(head.base_root);
  out.varint(head.size);
  out.raw(head.root);
  out.varint(static_cast<std::uint64_t>(head.hub_time.ms));
}

}  // namespace

SignedHead sign_head(const SigningKey& hub, SignedHead head) {
  Writer out;
  write_signed_part(out, head);
  head.signature = hub.sign(head_domain, out.view());
  return head;
}

bool verify_head(const PublicKey& hub, const SignedHead& head) {
  Writer out;
  write_signed_part(out, head);
  return verify(hub, head_domain, out.view(), head.signature);
}

void write_head(Writer& out, const SignedHead& head) {
  write_signed_part(out, head);
  out.raw(head.signature);
}

SignedHead read_head(Reader& in) {
  SignedHead head;
  head.feed = in.string(limits::unit_bytes_max);
  head.epoch = in.array<8>();
  head.base_size = in.varint();
  head.base_root = in.array<32>();
  head.size = in.varint();
  head.root = in.array<32>();
  head.hub_time.ms = static_cast<std::int64_t>(in.varint(limits::time_ms_max));
  head.signature = in.array<64>();
  if (head.base_size > head.size) in.refuse("a head is smaller than its base");
  return head;
}

}  // namespace tram::sync
