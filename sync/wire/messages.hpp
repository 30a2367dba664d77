#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/core/bytes.hpp"
#include "sync/core/result.hpp"
#include "sync/feed/head.hpp"
#include "sync/ledger/chain.hpp"

/// The two messages of an exchange. One request and its reply carry both directions; any part may
/// be empty. Every message is idempotent and says by itself what it is about, so it may be lost,
/// doubled or late. Grammar and example: schema/wire.md, "Messages".
namespace tram::sync {

using VisitId = ByteArray<16>;
using Nonce = ByteArray<16>;

/// Version ranges that the sender speaks.
struct Versions {
  std::uint32_t protocol_min = 1;
  std::uint32_t protocol_max = 1;
  std::uint32_t schema = 1;  ///< newest schema known; entries of any schema are taken
  friend bool operator==(const Versions&, const Versions&) = default;
};

/// "I am the visit that came after these" (session/hello.hpp).
struct Hello {
  VisitId visit{};
  std::optional<VisitId> acknowledged_visit;
  std::uint64_t acknowledged_count = 0;
  std::vector<VisitId> maybe_visits;
  std::optional<Nonce> answer;  ///< to the nonce of an earlier reply
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// "My copy of this feed has this size and root, under a head of this epoch."
struct FeedStatement {
  FeedId feed;
  Epoch epoch{};
  std::uint64_t size = 0;
  Digest root{};
  friend bool operator==(const FeedStatement&, const FeedStatement&) = default;
};

struct SizedRoot {
  std::uint64_t size = 0;
  Digest root{};
  friend bool operator==(const SizedRoot&, const SizedRoot&) = default;
};

/// Roots of the copy at falling sizes: the hub picks the largest that it has too.
struct FeedRoots {
  FeedId feed;
  std::vector<SizedRoot> roots;
  friend bool operator==(const FeedRoots&, const FeedRoots&) = default;
};

/// "Of this log I hold the first `count` entries": the hub need not send them back.
struct HeldLog {
  LogId log{};
  std::uint64_t count = 0;
  friend bool operator==(const HeldLog&, const HeldLog&) = default;
};

/// The device's signature over the log up to the end of the run at the same index of the batch.
struct RunSignature {
  Signature signature{};
  friend bool operator==(const RunSignature&, const RunSignature&) = default;
};

/// Parts of feeds that one request can give back.
inline constexpr std::size_t returns_max = 16;

/// A part of a feed that the hub lost, under the hub's own old head.
struct ReturnedPart {
  SignedHead head;
  std::uint64_t from = 0;     ///< position of the first entry of the batch
  Bytes batch;                ///< in the order of the feed
  std::vector<Digest> proof;  ///< merkle::range_proof under head.root
  friend bool operator==(const ReturnedPart&, const ReturnedPart&) = default;
};

struct ExchangeRequest {
  Versions versions;
  std::optional<Hello> hello;
  std::vector<FeedStatement> feeds;
  std::vector<FeedRoots> roots;
  std::vector<HeldLog> held;
  Bytes offers;  ///< a batch; empty: none
  std::vector<RunSignature> signatures;
  std::vector<ReturnedPart> returns;
  Bytes fills;  ///< a batch: bytes of entries that the hub asked for
  std::vector<Name> wants;
  bool plain = false;  ///< send me names and bytes in full: I could not resolve a place
  friend bool operator==(const ExchangeRequest&, const ExchangeRequest&) = default;
};

struct FeedAnswer {
  enum class Kind : std::uint8_t {
    agrees = 1,     ///< your copy, of size `agreed`, is a beginning of mine; here is what follows
    disagrees = 2,  ///< it is not: send me its roots
    agreed_at = 3,  ///< we agree up to `agreed`
    closed = 4,     ///< as `agrees`, but I do not know you: only give back what I lost
  };
  FeedId feed;
  Kind kind = Kind::agrees;
  std::uint64_t hub_size = 0;
  std::uint64_t agreed = 0;
  Bytes batch;                     ///< what follows, in the order of the feed
  std::optional<SignedHead> head;  ///< covers the end of the batch
  friend bool operator==(const FeedAnswer&, const FeedAnswer&) = default;
};

/// "The log goes on from an entry that I do not hold: send it from here."
struct LogNeed {
  LogId log{};
  std::uint64_t from = 0;
  friend bool operator==(const LogNeed&, const LogNeed&) = default;
};

struct HelloAnswer {
  VisitId visit{};             ///< of the hello that is answered
  std::uint64_t count = 0;     ///< visits acknowledged, this one included
  std::optional<Nonce> nonce;  ///< instead: answer this, so that I know that you are live
  friend bool operator==(const HelloAnswer&, const HelloAnswer&) = default;
};

struct ExchangeReply {
  Versions versions;
  Instant hub_time;
  std::uint64_t come_back_ms = 0;
  std::optional<HelloAnswer> hello;
  std::vector<FeedAnswer> feeds;
  std::vector<LogNeed> needs;
  std::vector<Name> wants;
  Bytes fills;
  bool plain = false;  ///< send that again in plain form: I could not resolve a place
  friend bool operator==(const ExchangeReply&, const ExchangeReply&) = default;
};

[[nodiscard]] Bytes encode_message(const ExchangeRequest& message);
[[nodiscard]] Bytes encode_message(const ExchangeReply& message);
/// `malformed` for anything that the encoder would not have written.
[[nodiscard]] Result<ExchangeRequest> decode_request(ByteView bytes);
[[nodiscard]] Result<ExchangeReply> decode_reply(ByteView bytes);

}  // namespace tram::sync
