#include "node/enrol.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/node_config.hpp"
#include "host/clock.hpp"
#include "host/files.hpp"
#include "host/lock.hpp"
#include "host/random.hpp"
#include "host/recovery.hpp"
#include "http/certificates.hpp"
#include "http/client.hpp"
#include "node/problem.hpp"
#include "store/store.hpp"
#include "sync/enrolment/code.hpp"

namespace tram::node {

using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::size_t reply_bytes_max = 64 * 1024;

sync::Result<host::Secret> secret_named(host::KeyVault& vault, const char* name) {
  if (vault.exists(name)) return vault.load(name);
  host::SystemRandom random;
  host::Secret secret = host::Secret::zeros(32);
  random.fill(secret.writable());
  if (const sync::Status stored = vault.store(name, secret); !stored) return fail(stored.error());
  return secret;
}

sync::Result<sync::EnrolmentReply> ask(const sync::EnrolmentTicket& ticket,
                                       const http::KeyPair& key, const std::string& device,
                                       const std::string& label, const std::string& proxy) {
  const sync::Result<sync::Bytes> certificate_request = http::make_request(key, device);
  if (!certificate_request) return fail(certificate_request.error());
  sync::EnrolmentRequest request;
  request.code_id = ticket.code.id();
  request.certificate_request = *certificate_request;
  request.label = label;

  http::ClientOptions options;
  options.base_url = ticket.base_url();
  if (ticket.fingerprint) {
    options.trust = http::AuthorityFingerprint{*ticket.fingerprint};
  } else {
    options.trust = http::UnverifiedForEnrolment{};
  }
  options.proxy_url = proxy;
  options.response_bytes = reply_bytes_max;
  http::Client client(std::move(options));
  http::Request post;
  post.method = "POST";
  post.target = "/v1/enrol";
  post.body = sync::encode_enrolment(request, ticket.code.key());
  const sync::Result<sync::EnrolmentRequest> sent = sync::decode_enrolment_request(post.body);
  const sync::Result<http::Response> response = client.send(post);
  if (!response) return fail(response.error());
  if (response->status != 200) return fail(problem_of(*response));
  sync::Result<sync::EnrolmentReply> reply =
      sync::decode_enrolment_reply(response->body, *sent, ticket.code.key());
  if (!reply && reply.error().code == ErrorCode::malformed) {
    return fail(ErrorCode::unavailable,
                "something on the line answered that is not the hub: " + reply.error().message);
  }
  return reply;
}

// The certificate must be for our key and come from the authority that answered; and, if the ticket
// named one, from that one.
sync::Status check(const sync::EnrolmentReply& reply, const sync::EnrolmentTicket& ticket,
                   const sync::PublicKey& key) {
  const sync::Status issued = http::check_issued_by(reply.certificate, reply.authority);
  if (!issued) return issued;
  const sync::Result<http::CertificateInfo> info = http::parse_certificate(reply.certificate);
  if (!info) return fail(info.error());
  if (info->public_key != sync::to_bytes(key)) {
    return fail(ErrorCode::unverified, "the hub sent a certificate for another key");
  }
  if (ticket.fingerprint && http::fingerprint(reply.authority) != *ticket.fingerprint) {
    return fail(ErrorCode::unverified, "not the pinned authority");
  }
  return {};
}

sync::Status make_store(const std::filesystem::path& directory, const host::Secret& key,
                        const Identity& identity) {
  const sync::Result<sync::Bytes> wrapped =
      host::wrap_to_recovery_key(identity.recovery_key, key.view());
  if (!wrapped) return fail(wrapped.error());
  const sync::Status kept = host::write_file_atomically(directory / "keys" / "store.recovery",
                                                        *wrapped, host::FileMode::owner_only);
  if (!kept) return kept;
  store::StoreOptions options;
  options.path = store_file(directory);
  options.key = key.view();
  options.role = store::Role::node;
  options.home_unit = identity.unit;
  options.hub_keys = {identity.hub_key};
  const sync::Result<std::unique_ptr<store::Store>> store = store::Store::open(options);
  if (!store) return fail(store.error());
  return {};
}

}  // namespace

sync::Result<Identity> enrol(const std::filesystem::path& directory, const std::string& text,
                             const std::string& label) {
  const sync::Result<sync::EnrolmentTicket> ticket = sync::EnrolmentTicket::parse(text);
  if (!ticket) {
    return fail(ErrorCode::refused, "this code is wrong: " + ticket.error().message);
  }
  if (const sync::Status made = host::make_private_directory(directory); !made) {
    return fail(made.error());
  }
  if (const sync::Status safe = host::refuse_unsafe_location(directory); !safe) {
    return fail(safe.error());
  }
  const sync::Result<host::DataLock> lock = host::DataLock::acquire(directory);
  if (!lock) return fail(lock.error());
  if (load_identity(directory)) {
    return fail(ErrorCode::conflict, "this folder is enrolled already");
  }
  const sync::Result<config::NodeConfig> config = config::load_node_config(directory / "node.toml");
  if (!config) return fail(config.error());
  sync::Result<host::KeyVault> vault = host::KeyVault::open(directory);
  if (!vault) return fail(vault.error());
  const sync::Result<host::Secret> seed = secret_named(*vault, "device");
  if (!seed) return fail(seed.error());
  const sync::Result<http::KeyPair> key = http::KeyPair::from_seed(seed->view());
  if (!key) return fail(key.error());
  const sync::Result<sync::PublicKey> public_key = key->public_key();
  if (!public_key) return fail(public_key.error());

  const sync::Result<sync::EnrolmentReply> reply =
      ask(*ticket, *key, device_id(*public_key), label, config->proxy);
  if (!reply) return fail(reply.error());
  if (const sync::Status sound = check(*reply, *ticket, *public_key); !sound) {
    return fail(sound.error());
  }
  Identity identity{ticket->base_url(),
                    reply->unit,
                    reply->unit_name,
                    reply->province,
                    http::to_pem(reply->certificate),
                    http::to_pem(reply->authority),
                    reply->hub_key,
                    reply->recovery_key};
  const sync::Result<host::Secret> store_key = secret_named(*vault, "store");
  if (!store_key) return fail(store_key.error());
  if (const sync::Status made = make_store(directory, *store_key, identity); !made) {
    return fail(made.error());
  }
  if (const sync::Status saved = save_identity(directory, identity); !saved) {
    return fail(saved.error());
  }
  return identity;
}

}  // namespace tram::node
