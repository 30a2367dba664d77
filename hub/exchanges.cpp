#include "hub/exchanges.hpp"

#include "host/log.hpp"

namespace tram::hub {

using sync::ErrorCode;
using sync::fail;

namespace {

// Nodes that are committed together. More would make the first wait for the last.
constexpr std::size_t group_max = 32;
// Beyond this the hub is not keeping up: nodes come back later, with jitter.
constexpr std::size_t waiting_max = 512;
constexpr std::size_t deliveries_a_step = 512;
constexpr std::size_t nonces_max = 4;

sync::HeadSigner::Bases bases_of(const store::ReadUnit& unit) {
  sync::HeadSigner::Bases bases;
  for (const store::FeedRow& feed : unit.feeds()) {
    bases[feed.feed] = {feed.size, unit.feed_root(feed.feed, feed.size)};
  }
  return bases;
}

}  // namespace

struct Exchanges::Job {
  Exchange exchange;
  std::optional<sync::Responder> responder;
  std::optional<sync::Error> error;
  std::string device;
  bool answered = false;
};

sync::Result<std::unique_ptr<Exchanges>> Exchanges::start(Hub& hub) {
  sync::HeadSigner::Bases bases;
  const sync::Status read = hub.store().read([&](const store::ReadUnit& unit) {
    bases = bases_of(unit);
    return unit.status();
  });
  if (!read) return fail(read.error());
  sync::HeadSigner signer(hub.province().hub_key(), std::move(bases), hub.random());
  std::unique_ptr<Exchanges> exchanges(new Exchanges(hub, std::move(signer)));
  exchanges->thread_ = std::thread([raw = exchanges.get()] { raw->run(); });
  return exchanges;
}

Exchanges::Exchanges(Hub& hub, sync::HeadSigner signer) : hub_(hub), signer_(std::move(signer)) {}

Exchanges::~Exchanges() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (Exchange& exchange : waiting_) {
    exchange.answer(fail(ErrorCode::unavailable, "the hub is stopping"));
  }
}

void Exchanges::submit(Exchange exchange) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && waiting_.size() < waiting_max) {
      waiting_.push_back(std::move(exchange));
      work_.notify_one();
      return;
    }
  }
  exchange.answer(fail(ErrorCode::unavailable, "the hub is busy"));
}

std::optional<sync::Instant> Exchanges::last_contact(const sync::PublicKey& device) const {
  const std::lock_guard lock(mutex_);
  const auto contact = contacts_.find(device);
  return contact == contacts_.end() ? std::nullopt : std::optional(contact->second);
}

void Exchanges::run() {
  deliver();  // what the last run left
  while (true) {
    std::vector<Exchange> batch;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      while (!waiting_.empty() && batch.size() < group_max) {
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    serve(std::move(batch));
  }
}

void Exchanges::serve(std::vector<Exchange> batch) {
  std::vector<Job> jobs;
  for (Exchange& exchange : batch) {
    const std::string id = device_id(exchange.device);
    jobs.push_back({std::move(exchange), std::nullopt, std::nullopt, id, false});
  }
  const sync::Status committed = hub_.store().write([&](store::WriteUnit& unit) -> sync::Status {
    for (Job& job : jobs) {
      const sync::Status taken =
          unit.savepoint([&](store::WriteUnit& inner) { return take(inner, job); });
      if (!taken) job.error = taken.error();
    }
    return {};
  });
  if (!committed) {
    host::log(host::Level::error, "hub.commit_failed", {{"reason", committed.error().message}});
    for (Job& job : jobs) {
      if (!job.error) job.error = sync::Error{ErrorCode::unavailable, "the hub could not save"};
    }
  }
  settle(jobs);
  deliver();
}

sync::Status Exchanges::prepare(const store::ReadUnit& unit, Job& job) {
  const sync::Result<std::optional<Device>> device = find_device(unit, job.exchange.device);
  if (!device) return fail(device.error());
  if (*device && (*device)->state == "revoked") {
    return fail(ErrorCode::refused, "this computer has been revoked by the province");
  }
  sync::DeviceScope scope;
  scope.device = job.exchange.device;
  scope.known = device->has_value();
  if (scope.known) {
    scope.home = (*device)->unit;
    scope.readable = {sync::province_feed, scope.home};
  }
  sync::ResponderOptions options;
  options.frame_bytes = static_cast<std::size_t>(hub_.config().frame_kib) * 1024;
  options.come_back_ms = static_cast<std::uint64_t>(hub_.config().come_back_s) * 1000;
  options.hub_keys = {hub_.province().hub_key().public_key()};
  sync::Nonce nonce{};
  hub_.random().fill(nonce);
  std::deque<sync::Nonce>& asked = asked_[scope.device];
  const std::vector<sync::Nonce> open(asked.begin(), asked.end());
  asked.push_back(nonce);
  if (asked.size() > nonces_max) asked.pop_front();
  job.responder.emplace(std::move(scope), std::move(options), nonce, open);
  return {};
}

sync::Status Exchanges::take(store::WriteUnit& unit, Job& job) {
  if (const sync::Status prepared = prepare(unit, job); !prepared) return prepared;
  const sync::Result<sync::Commit> commit = job.responder->accept(unit, job.exchange.request);
  if (!commit) return fail(commit.error());
  for (const sync::LineageUpdate& update : commit->lineages) {
    if (update.opened)
      host::log(host::Level::warn, "hub.went_back_or_copied", {{"device", job.device}});
    if (update.copied) host::log(host::Level::error, "hub.copied", {{"device", job.device}});
  }
  return commit->empty() ? sync::Status() : unit.apply(*commit);
}

void Exchanges::settle(std::vector<Job>& jobs) {
  const sync::Instant now = hub_.clock().now();
  const sync::Status read = hub_.store().read([&](const store::ReadUnit& unit) -> sync::Status {
    for (Job& job : jobs) {
      job.answered = true;
      if (job.error) {
        host::log(host::Level::warn, "hub.refused",
                  {{"device", job.device},
                   {"code", sync::to_word(job.error->code)},
                   {"reason", job.error->message}});
        job.exchange.answer(fail(*job.error));
        continue;
      }
      sync::ExchangeReply reply = job.responder->reply(now, unit, signer_, job.exchange.request);
      if (const sync::Status sound = unit.status(); !sound) {
        job.exchange.answer(fail(ErrorCode::unavailable, "the hub could not read its store"));
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        contacts_[job.exchange.device] = now;
      }
      if (const std::uint64_t taken = job.responder->accepted_entries(); taken != 0) {
        host::log(host::Level::info, "hub.accepted", {{"device", job.device}, {"entries", taken}});
      }
      job.exchange.answer(std::move(reply));
    }
    return unit.status();
  });
  if (read) return;
  host::log(host::Level::error, "hub.read_failed", {{"reason", read.error().message}});
  // Where not even a snapshot was to be had, nobody was answered yet.
  for (Job& job : jobs) {
    if (job.answered) continue;
    job.exchange.answer(fail(ErrorCode::unavailable, "the hub could not read its store"));
  }
}

// Entries due in other feeds, each feed by itself, after the home feed's commit.
void Exchanges::deliver() {
  while (true) {
    std::size_t done = 0;
    const sync::Status written = hub_.store().write([&](store::WriteUnit& unit) -> sync::Status {
      const std::vector<store::Delivery> due = unit.deliveries(deliveries_a_step);
      sync::Commit commit;
      for (const store::Delivery& delivery : due) {
        commit.appends.push_back({delivery.feed, delivery.name});
      }
      done = due.size();
      return due.empty() ? sync::Status() : unit.apply(commit);
    });
    if (!written) {
      host::log(host::Level::error, "hub.delivery_failed", {{"reason", written.error().message}});
      return;
    }
    if (done == 0) return;
  }
}

}  // namespace tram::hub
