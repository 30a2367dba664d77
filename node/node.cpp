#include "node/node.hpp"

#include "host/files.hpp"
#include "http/certificates.hpp"
#include "node/contact.hpp"

namespace tram::node {

using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::int64_t trusted_offset_ms = 120'000;

sync::Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& directory,
                                                       const host::Secret& key,
                                                       const Identity& identity) {
  store::StoreOptions options;
  options.path = store_file(directory);
  options.key = key.view();
  options.role = store::Role::node;
  options.home_unit = identity.unit;
  options.hub_keys = {identity.hub_key};
  return store::Store::open(options);
}

}  // namespace

sync::Result<std::unique_ptr<Node>> Node::open(const std::filesystem::path& directory) {
  sync::Result<Identity> identity = load_identity(directory);
  if (!identity) return fail(identity.error());
  const sync::Result<config::NodeConfig> config = config::load_node_config(directory / "node.toml");
  if (!config) return fail(config.error());
  if (const sync::Status safe = host::refuse_unsafe_location(directory); !safe) {
    return fail(safe.error());
  }
  const sync::Result<host::KeyVault> vault = host::KeyVault::open(directory);
  if (!vault) return fail(ErrorCode::not_enrolled, vault.error().message);
  const sync::Result<host::Secret> seed = vault->load("device");
  const sync::Result<host::Secret> store_key = vault->load("store");
  if (!seed || !store_key) {
    return fail(ErrorCode::not_enrolled, "the keys of this folder cannot be opened here: " +
                                             (seed ? store_key : seed).error().message);
  }
  sync::Result<sync::SigningKey> device_key = sync::SigningKey::from_seed(seed->view());
  const sync::Result<http::KeyPair> pair = http::KeyPair::from_seed(seed->view());
  if (!device_key || !pair) return fail(ErrorCode::not_enrolled, "the device's key is damaged");
  sync::Result<host::Secret> pem = pair->to_pem();
  if (!pem) return fail(pem.error());
  sync::Result<std::unique_ptr<store::Store>> store = open_store(directory, *store_key, *identity);
  if (!store) return fail(store.error());
  return std::make_unique<Node>(NodeParts{directory, std::move(*identity), *config,
                                          std::move(*device_key), std::move(*pem),
                                          std::move(*store), std::make_shared<host::SystemClock>(),
                                          std::make_shared<host::SystemRandom>()});
}

sync::Status Node::write(const std::function<sync::Status(store::WriteUnit&)>& work) {
  bool began = false;
  const sync::Status written = parts_.store->write([&](store::WriteUnit& unit) -> sync::Status {
    began = true;
    const sync::Status done = work(unit);
    if (!done) author_.reset();
    return done;
  });
  // The commit itself failed: the store takes no more writes, and this log must not go on either.
  if (!written && began) author_.reset();
  return written;
}

sync::Result<sync::Name> Node::author(store::WriteUnit& unit, const sync::Draft& draft) {
  // Somebody else writes on in this log: a copy of this machine's memory. Ours ends here.
  if (author_) {
    const std::optional<sync::LogState> log = unit.log(author_->log().log);
    if (log && log->tips.size() > 1) author_.reset();
  }
  if (!author_) {
    const sync::LogAuthor::Identity identity{parts_.device_key.public_key(), parts_.identity.unit,
                                             unit.newest_own_entry()};
    // A machine that was copied with its memory draws what its twin drew. A log that stands is
    // another's: what this one wrote into it would not count as its own, and never be sent.
    do {
      author_.emplace(identity, *parts_.random);
    } while (unit.log(author_->log().log));
  }
  const sync::Result<std::vector<sync::NewEntry>> entries = author_->write(draft);
  if (!entries) return fail(entries.error());
  sync::Commit commit;
  commit.logs.push_back(author_->log());
  commit.entries = *entries;
  const sync::Status applied = unit.apply(commit);
  if (!applied) {
    author_.reset();
    return fail(applied.error());
  }
  return entries->back().name;
}

bool Node::clock_is_trusted(const store::ReadUnit& unit) const {
  const std::optional<Contact> contact = last_contact(unit);
  return contact && contact->clock_offset_ms >= -trusted_offset_ms &&
         contact->clock_offset_ms <= trusted_offset_ms;
}

sync::Capacity Node::capacity_for(const std::string& custody) const {
  return custody.empty() || custody == parts_.identity.unit ? sync::Capacity::owner
                                                            : sync::Capacity::other;
}

}  // namespace tram::node
