#include "node/link.hpp"

#include "http/certificates.hpp"
#include "node/problem.hpp"

namespace tram::node {

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
    : node_(node), driver_(node), client_(std::make_unique<http::Client>(client_options(node))) {}

sync::Status Link::run_session(LinkReport& report, const Progress& progress) {
  const std::lock_guard lock(mutex_);
  if (const sync::Status begun = driver_.begin(); !begun) return begun;
  const sync::Initiator& initiator = driver_.initiator();
  while (!driver_.done()) {
    const sync::Status exchanged = exchange_once(report);
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

sync::Status Link::exchange_once(LinkReport& report) {
  sync::Result<sync::Bytes> frame = driver_.next_frame();
  if (!frame) return fail(frame.error());
  const sync::Result<sync::Bytes> answer = post(std::move(*frame), report);
  if (!answer) return fail(answer.error());
  return driver_.take_frame(*answer);
}

sync::Result<sync::Bytes> Link::post(sync::Bytes frame, LinkReport& report) {
  http::Request request;
  request.method = "POST";
  request.target = "/v1/exchange";
  request.body = std::move(frame);
  sync::Result<http::Response> response = client_->send(request);
  report.bytes_sent += client_->metrics().bytes_up;
  report.bytes_received += client_->metrics().bytes_down;
  report.connects += client_->metrics().connects;
  ++report.round_trips;
  if (!response) return fail(response.error());
  if (response->status != 200) return fail(problem_of(*response));
  return std::move(response->body);
}

}  // namespace tram::node
