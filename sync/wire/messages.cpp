#include "sync/wire/messages.hpp"

#include <algorithm>

#include "sync/limits.hpp"
#include "sync/wire/archive.hpp"

namespace tram::sync {

using wire::bounded;

namespace {

constexpr std::size_t batch_bytes_max = limits::frame_bytes_max;

}  // namespace

inline void CEREAL_SAVE_FUNCTION_NAME(wire::OutputArchive& archive, const Instant& time) {
  archive.out.varint(static_cast<std::uint64_t>(time.ms));
}
inline void CEREAL_LOAD_FUNCTION_NAME(wire::InputArchive& archive, Instant& time) {
  time.ms = static_cast<std::int64_t>(archive.in.varint(limits::time_ms_max));
}

template <class Archive>
void serialize(Archive& archive, Versions& versions) {
  archive(versions.protocol_min, versions.protocol_max, versions.schema);
}

template <class Archive>
void serialize(Archive& archive, Hello& hello) {
  archive(hello.visit, hello.acknowledged_visit, hello.acknowledged_count,
          bounded(hello.maybe_visits, limits::hello_visits_max), hello.answer);
}

// A feed of size 0 has the empty root: it is not sent.
template <class Archive>
void serialize(Archive& archive, FeedStatement& statement) {
  archive(bounded(statement.feed, limits::unit_bytes_max), statement.size);
  if (statement.size != 0) archive(statement.epoch, statement.root);
}

template <class Archive>
void serialize(Archive& archive, SizedRoot& root) {
  archive(root.size, root.root);
}

template <class Archive>
void serialize(Archive& archive, FeedRoots& roots) {
  archive(bounded(roots.feed, limits::unit_bytes_max), bounded(roots.roots, limits::roots_max));
}

template <class Archive>
void serialize(Archive& archive, HeldLog& held) {
  archive(held.log, held.count);
}

template <class Archive>
void serialize(Archive& archive, RunSignature& signature) {
  archive(signature.signature);
}

inline void CEREAL_SAVE_FUNCTION_NAME(wire::OutputArchive& archive, const SignedHead& head) {
  write_head(archive.out, head);
}
inline void CEREAL_LOAD_FUNCTION_NAME(wire::InputArchive& archive, SignedHead& head) {
  head = read_head(archive.in);
}

template <class Archive>
void serialize(Archive& archive, ReturnedPart& part) {
  archive(part.head, part.from, bounded(part.batch, batch_bytes_max),
          bounded(part.proof, limits::proof_hashes_max));
}

template <class Archive>
void serialize(Archive& archive, ExchangeRequest& request) {
  archive(request.versions, request.hello, bounded(request.feeds, limits::feeds_max),
          bounded(request.roots, limits::feeds_max), bounded(request.held, limits::frame_runs_max),
          bounded(request.offers, batch_bytes_max),
          bounded(request.signatures, limits::frame_runs_max),
          bounded(request.returns, returns_max), bounded(request.fills, batch_bytes_max),
          bounded(request.wants, limits::frame_names_max), request.plain);
}

// cereal writes an enumeration as its number; from elsewhere it may be any.
template <class Archive>
void serialize(Archive& archive, FeedAnswer& answer) {
  archive(bounded(answer.feed, limits::unit_bytes_max), answer.kind, answer.hub_size, answer.agreed,
          bounded(answer.batch, batch_bytes_max), answer.head);
}

template <class Archive>
void serialize(Archive& archive, LogNeed& need) {
  archive(need.log, need.from);
}

template <class Archive>
void serialize(Archive& archive, HelloAnswer& answer) {
  archive(answer.visit, answer.count, answer.nonce);
}

template <class Archive>
void serialize(Archive& archive, ExchangeReply& reply) {
  archive(reply.versions, reply.hub_time, reply.come_back_ms, reply.hello,
          bounded(reply.feeds, limits::feeds_max), bounded(reply.needs, limits::frame_runs_max),
          bounded(reply.wants, limits::frame_names_max), bounded(reply.fills, batch_bytes_max),
          reply.plain);
}

namespace {

bool is_known(FeedAnswer::Kind kind) {
  return kind >= FeedAnswer::Kind::agrees && kind <= FeedAnswer::Kind::closed;
}

bool is_known(const ExchangeReply& reply) {
  return std::all_of(reply.feeds.begin(), reply.feeds.end(),
                     [](const FeedAnswer& answer) { return is_known(answer.kind); });
}
bool is_known(const ExchangeRequest& /*request*/) {
  return true;
}

template <class Message>
Bytes encode(const Message& message) {
  Writer out;
  wire::OutputArchive archive(out);
  archive(message);
  return out.take();
}

template <class Message>
Result<Message> decode(ByteView bytes, std::string_view what) {
  Reader in(bytes);
  wire::InputArchive archive(in);
  Message message;
  archive(message);
  if (const Status done = in.finish(what); !done) return fail(done.error());
  if (!is_known(message) || encode(message) != to_bytes(bytes)) {
    return fail(ErrorCode::malformed, std::string(what) + ": not in its canonical form");
  }
  return message;
}

}  // namespace

Bytes encode_message(const ExchangeRequest& message) {
  return encode(message);
}
Bytes encode_message(const ExchangeReply& message) {
  return encode(message);
}

Result<ExchangeRequest> decode_request(ByteView bytes) {
  return decode<ExchangeRequest>(bytes, "request");
}
Result<ExchangeReply> decode_reply(ByteView bytes) {
  return decode<ExchangeReply>(bytes, "reply");
}

}  // namespace tram::sync
