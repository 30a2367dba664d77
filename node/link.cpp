#include "node/link.hpp"

#include "http/certificates.hpp"
#include "node/contact.hpp"
#include "node/problem.hpp"
#include "sync/session/hello.hpp"
#include "sync/wire/frame.hpp"

namespace tram::node {

using sync::ErrorCode;
using sync::fail;

namespace {

http::ClientOptions client_options(const Node& node) {
  http::ClientOptions options;
  options.base_url = node.identity().hub_url;
  options.trust = http::PinnedAuthority{node.identity().authority};
  options.certificate_pem = node.identity().certificate;
  options.private_key_pem = node.device_pem().clone();
  options.proxy_url = node.config().proxy;
  options.low_speed_s = node.config().silence_s;
  const auto authority = http::from_pem(node.identity().authority);
  if (authority && !authority->empty()) {
    // A PC whose clock fell back to 2002 must not find its own hub "not yet valid".
    if (const auto info = http::parse_certificate(authority->front())) {
      options.time_floor = info->not_before;
    }
  }
  return options;
}

}  // namespace

Link::Link(Node& node)
    : node_(node), client_(std::make_unique<http::Client>(client_options(node))) {}

sync::Result<sync::RunState> Link::present_run() {
  if (run_) return *run_;
  std::optional<sync::RunState> last;
  const sync::Status read = node_.store().read([&](const store::ReadUnit& unit) {
    last = unit.run_state();
    return unit.status();
  });
  if (!read) return fail(read.error());
  sync::RunId id{};
  node_.random().fill(id);
  run_ = sync::begin_run(last, id);
  return *run_;
}

sync::Status Link::run_session(LinkReport& report, const Progress& progress) {
  const std::lock_guard lock(mutex_);
  const sync::Result<sync::RunState> run = present_run();
  if (!run) return fail(run.error());
  sync::InitiatorOptions options;
  options.home = node_.identity().unit;
  options.hub_key = node_.identity().hub_key;
  options.frame_bytes = static_cast<std::size_t>(node_.config().frame_kib) * 1024;
  options.unanswered = unanswered_;
  sync::Initiator initiator(options, node_.device_key(), *run);
  while (!initiator.done()) {
    const sync::Status exchanged = exchange_once(initiator, report);
    run_ = initiator.run();
    report.sent_entries = initiator.counts().sent_entries;
    report.received_entries = initiator.counts().received_entries;
    if (!exchanged) return exchanged;
    std::uint64_t pending = 0;
    const sync::Status read = node_.store().read([&](const store::ReadUnit& unit) {
      pending = unit.counts(node_.identity().unit).pending_entries;
      return unit.status();
    });
    if (!read) return read;
    if (progress && !progress(report, pending)) break;
  }
  report.synced = initiator.synced();
  report.hub_went_back = initiator.hub_went_back();
  report.copied = initiator.copied();
  report.come_back_ms = initiator.come_back_ms();
  return {};
}

sync::Status Link::exchange_once(sync::Initiator& initiator, LinkReport& report) {
  sync::Ask ask;
  const sync::Status read = node_.store().read([&](const store::ReadUnit& unit) {
    ask = initiator.next_request(unit);
    return unit.status();
  });
  if (!read) return read;
  if (!ask.commit.empty()) {
    const sync::Status saved =
        node_.store().write([&](store::WriteUnit& unit) { return unit.apply(ask.commit); });
    if (!saved) return saved;
  }
  unanswered_ = true;
  const sync::Result<sync::ExchangeReply> reply = send(ask.request, report);
  if (!reply) return fail(reply.error());
  unanswered_ = false;
  return take_reply(initiator, *reply);
}

sync::Result<sync::ExchangeReply> Link::send(const sync::ExchangeRequest& request,
                                             LinkReport& report) {
  http::Request post;
  post.method = "POST";
  post.target = "/v1/exchange";
  post.body = sync::pack_frame(sync::FrameKind::request, sync::encode_message(request));
  const sync::Result<http::Response> response = client_->send(post);
  report.bytes_sent += client_->metrics().bytes_up;
  report.bytes_received += client_->metrics().bytes_down;
  report.connects += client_->metrics().connects;
  ++report.round_trips;
  if (!response) return fail(response.error());
  if (response->status != 200) return fail(problem_of(*response));
  const sync::Result<sync::Bytes> message =
      sync::unpack_frame(sync::FrameKind::reply, response->body);
  if (!message) {
    return fail(ErrorCode::unavailable,
                "something on the line answered that is not the hub: " + message.error().message);
  }
  return sync::decode_reply(*message);
}

// Judged and committed in one transaction: what came meanwhile (an import, say) is seen or waits.
sync::Status Link::take_reply(sync::Initiator& initiator, const sync::ExchangeReply& reply) {
  return node_.store().write([&](store::WriteUnit& unit) -> sync::Status {
    const sync::Result<sync::Commit> commit = initiator.on_reply(unit, reply);
    if (!commit) return fail(commit.error());
    if (const sync::Status applied = unit.apply(*commit); !applied) return applied;
    const sync::Instant now = node_.clock().now();
    return save_contact(unit, {now, reply.hub_time, now.ms - reply.hub_time.ms, initiator.synced(),
                               initiator.hub_went_back(), initiator.copied()});
  });
}

}  // namespace tram::node
