#include "node/sync_driver.hpp"

#include <algorithm>

#include "node/contact.hpp"
#include "sync/core/codec.hpp"
#include "sync/crypto/digest.hpp"
#include "sync/session/hello.hpp"
#include "sync/wire/frame.hpp"

namespace tram::node {

using sync::ErrorCode;
using sync::fail;

// A machine copied with its memory draws what its twin draws, but hardly in the same millisecond.
sync::VisitId SyncDriver::new_visit() {
  sync::VisitId chance{};
  node_.random().fill(chance);
  sync::Writer time;
  time.varint(static_cast<std::uint64_t>(node_.clock().now().ms));
  const sync::Digest mixed = sync::sha256({chance, time.view()});
  sync::VisitId id{};
  std::copy_n(mixed.begin(), id.size(), id.begin());
  return id;
}

// One that the hub has not acknowledged is said again, whatever became of it.
sync::Result<sync::VisitState> SyncDriver::present_visit() {
  if (visit_ && !visit_->acknowledged) return *visit_;
  std::optional<sync::VisitState> last = visit_;
  const sync::Status read = node_.store().read([&](const store::ReadUnit& unit) {
    if (!last) last = unit.visit_state();
    return unit.status();
  });
  if (!read) return fail(read.error());
  visit_ = sync::begin_visit(last, new_visit());
  return *visit_;
}

sync::Status SyncDriver::begin() {
  const sync::Result<sync::VisitState> visit = present_visit();
  if (!visit) return fail(visit.error());
  sync::InitiatorOptions options;
  options.home = node_.identity().unit;
  options.hub_key = node_.identity().hub_key;
  options.frame_bytes = static_cast<std::size_t>(node_.config().frame_kib) * 1024;
  options.unanswered = unanswered_;
  options.first = !turn_;
  // From another name on in each process: what stands first nobody may have.
  if (!turn_) turn_ = visit->visit[0] * 256U + visit->visit[1];
  options.turn = (*turn_)++;
  initiator_.emplace(std::move(options), node_.device_key(), *visit);
  return {};
}

sync::Result<sync::Bytes> SyncDriver::next_frame() {
  sync::Ask ask;
  const sync::Status read = node_.store().read([&](const store::ReadUnit& unit) {
    ask = initiator_->next_request(unit);
    return unit.status();
  });
  if (!read) return fail(read.error());
  if (!ask.commit.empty()) {
    const sync::Status saved =
        node_.store().write([&](store::WriteUnit& unit) { return unit.apply(ask.commit); });
    if (!saved) return fail(saved.error());
  }
  unanswered_ = true;
  return sync::pack_frame(sync::FrameKind::request, sync::encode_message(ask.request), packing_);
}

sync::Status SyncDriver::take_frame(sync::ByteView frame) {
  const sync::Result<sync::Bytes> message = sync::unpack_frame(sync::FrameKind::reply, frame);
  if (!message) {
    return fail(ErrorCode::unavailable,
                "something on the line answered that is not the hub: " + message.error().message);
  }
  const sync::Result<sync::ExchangeReply> reply = sync::decode_reply(*message);
  if (!reply) return fail(reply.error());
  unanswered_ = false;
  // Judged and committed in one transaction: what came meanwhile (an import, say) is seen or waits.
  const sync::Status taken = node_.store().write([&](store::WriteUnit& unit) -> sync::Status {
    const sync::Result<sync::Commit> commit = initiator_->on_reply(unit, *reply);
    if (!commit) return fail(commit.error());
    if (const sync::Status applied = unit.apply(*commit); !applied) return applied;
    const sync::Instant now = node_.clock().now();
    return save_contact(unit,
                        {now, reply->hub_time, now.ms - reply->hub_time.ms, initiator_->synced(),
                         initiator_->hub_went_back(), initiator_->copied()});
  });
  if (taken) visit_ = initiator_->visit();
  return taken;
}

}  // namespace tram::node
