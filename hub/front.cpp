#include "hub/front.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "host/clock.hpp"
#include "host/log.hpp"
#include "sync/wire/frame.hpp"

namespace tram::hub {

using sync::ErrorCode;
using sync::fail;

namespace {

// Wrong codes from one address in a minute; 128 bits are not guessed, but the log stays readable.
constexpr int tries_a_minute = 30;
constexpr std::size_t addresses_max = 10'000;
constexpr std::int64_t day_ms = 24 * 3'600'000LL;
// A hub's downlink is wide, and it serves many: less work than a node puts into its frames.
constexpr int reply_level = 9;
constexpr const char* full_words = "the hub's disk is full: it takes your work later";

int status_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::refused: return 403;
    case ErrorCode::not_found: return 404;
    case ErrorCode::limit: return 413;
    case ErrorCode::unverified: return 422;
    case ErrorCode::malformed:
    case ErrorCode::usage: return 400;
    default: return 503;
  }
}

http::Response problem(const sync::Error& error) {
  const nlohmann::json body = {{"code", sync::to_word(error.code)}, {"detail", error.message}};
  http::Response response;
  response.status = status_for(error.code);
  response.content_type = "application/problem+json";
  response.body = sync::to_bytes(body.dump());
  if (response.status == 503) response.headers.emplace_back("retry-after", "10");
  return response;
}

http::Response octets(sync::Bytes body) {
  return {200, "application/octet-stream", std::move(body), {}};
}

}  // namespace

Front::Front(Hub& hub, Exchanges& exchanges) : hub_(hub), exchanges_(exchanges) {}
Front::~Front() {
  stop();
}

std::vector<std::string> Front::hosts() const {
  std::vector<std::string> all = hub_.hosts();
  all.insert(all.end(), hub_.config().hosts.begin(), hub_.config().hosts.end());
  if (listen_host_ != "0.0.0.0" && listen_host_ != "::") all.push_back(listen_host_);
  return all;
}

sync::Result<std::uint16_t> Front::start(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  std::uint16_t port = 0;
  const char* end = listen.data() + listen.size();
  bool shape = colon != std::string::npos && colon != 0 && colon + 1 != listen.size();
  if (shape) {
    const auto [at, error] = std::from_chars(listen.data() + colon + 1, end, port);
    shape = at == end && error == std::errc();
  }
  if (!shape) return fail(ErrorCode::usage, "--listen takes HOST:PORT");
  listen_host_ = listen.substr(0, colon);
  if (listen_host_.front() == '[') listen_host_ = listen_host_.substr(1, listen_host_.size() - 2);
  sync::Result<Province::ServerIdentity> identity =
      hub_.province().issue_server(hosts(), hub_.clock().now());
  if (!identity) return fail(identity.error());
  http::ServerOptions options;
  options.certificate_chain_pem = identity->chain_pem;
  options.private_key_pem = std::move(identity->key_pem);
  options.client_authority_pem = http::to_pem(hub_.province().authority());
  options.threads = static_cast<std::size_t>(hub_.config().threads);
  if (const auto authority = http::parse_certificate(hub_.province().authority())) {
    options.time_floor = authority->not_before;
  }
  server_ = std::make_unique<http::Server>(std::move(options),
                                           [this](http::Request request, http::Respond respond) {
                                             serve(std::move(request), std::move(respond));
                                           });
  return server_->start(listen_host_, port);
}

void Front::stop() {
  if (server_) server_->stop();
}

sync::Status Front::renew_certificate() {
  const sync::Result<Province::ServerIdentity> identity =
      hub_.province().issue_server(hosts(), hub_.clock().now());
  if (!identity) return fail(identity.error());
  return server_->replace_certificate(identity->chain_pem, identity->key_pem);
}

void Front::serve(http::Request request, http::Respond respond) {
  if (request.method == "POST" && request.target == "/v1/exchange") {
    exchange(std::move(request), std::move(respond));
  } else if (request.method == "POST" && request.target == "/v1/enrol") {
    enrol(request, respond);
  } else if (request.method == "GET" && request.target == "/v1/alive") {
    respond(http::text_response(200, "tram hub\n"));
  } else {
    respond(problem({ErrorCode::not_found, "there is no such page"}));
  }
}

bool Front::is_full() const {
  return admit_ && !admit_();
}

bool Front::too_many_tries(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const std::int64_t minute = host::steady_now_ms() / 60'000;
  if (tries_.size() >= addresses_max) tries_.clear();
  Tries& tries = tries_[address];
  if (tries.minute != minute) tries = {minute, 0};
  return ++tries.count > tries_a_minute;
}

void Front::enrol(const http::Request& request, const http::Respond& respond) {
  if (too_many_tries(request.remote_address)) {
    host::log(host::Level::warn, "hub.enrol_refused",
              {{"reason", "too_many_tries"}, {"remote", request.remote_address}});
    http::Response response = problem({ErrorCode::unavailable, "too many tries: wait a minute"});
    response.status = 429;
    respond(std::move(response));
    return;
  }
  if (is_full()) return respond(problem({ErrorCode::unavailable, full_words}));
  sync::Result<sync::Bytes> answer = hub_.enrol(request.body);
  respond(answer ? octets(std::move(*answer)) : problem(answer.error()));
}

void Front::exchange(http::Request request, http::Respond respond) {
  const auto refuse = [&](const sync::Error& error) {
    host::log(host::Level::warn, "hub.refused",
              {{"device", request.peer ? device_id(request.peer->public_key) : "none"},
               {"code", sync::to_word(error.code)},
               {"reason", error.message}});
    respond(problem(error));
  };
  if (!request.peer || !request.peer->verified) {
    return refuse({ErrorCode::refused, "only computers with the province's certificate"});
  }
  const std::int64_t grace = hub_.config().grace_days * day_ms;
  if (request.peer->expired && hub_.clock().now().ms > request.peer->not_after.ms + grace) {
    return refuse({ErrorCode::refused, "the certificate of this computer ended long ago"});
  }
  const sync::Result<sync::Bytes> message =
      sync::unpack_frame(sync::FrameKind::request, request.body);
  if (!message) return refuse(message.error());
  sync::Result<sync::ExchangeRequest> decoded = sync::decode_request(*message);
  if (!decoded) return refuse(decoded.error());
  const bool brings =
      !decoded->offers.empty() || !decoded->returns.empty() || !decoded->fills.empty();
  if (brings && is_full()) return refuse({ErrorCode::unavailable, full_words});
  exchanges_.submit({request.peer->public_key, std::move(*decoded),
                     [respond = std::move(respond)](sync::Result<sync::ExchangeReply> reply) {
                       if (!reply) return respond(problem(reply.error()));
                       respond(octets(sync::pack_frame(
                           sync::FrameKind::reply, sync::encode_message(*reply), {reply_level})));
                     }});
}

}  // namespace tram::hub
