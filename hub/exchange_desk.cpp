#include "hub/exchange_desk.hpp"

#include "host/log.hpp"
#include "hub/province.hpp"

namespace tram::hub {

using sync::ErrorCode;
using sync::fail;

namespace {

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

struct ExchangeDesk::Job {
  Exchange exchange;
  std::optional<sync::Responder> responder;
  std::optional<sync::Error> error;
  std::string device;
  bool answered = false;
};

sync::Result<ExchangeDesk> ExchangeDesk::open(DeskParts parts, const DeskOptions& options) {
  sync::HeadSigner::Bases bases;
  const sync::Status read = parts.store.read([&](const store::ReadUnit& unit) {
    bases = bases_of(unit);
    return unit.status();
  });
  if (!read) return fail(read.error());
  sync::HeadSigner signer(parts.hub_key, std::move(bases), parts.random);
  return ExchangeDesk(parts, options, std::move(signer));
}

ExchangeDesk::ExchangeDesk(DeskParts parts, const DeskOptions& options, sync::HeadSigner signer)
    : parts_(parts), options_(options), signer_(std::move(signer)) {}

void ExchangeDesk::serve(std::vector<Exchange> batch) {
  std::vector<Job> jobs;
  for (Exchange& exchange : batch) {
    const std::string id = device_id(exchange.device);
    jobs.push_back({std::move(exchange), std::nullopt, std::nullopt, id, false});
  }
  const sync::Status committed = parts_.store.write([&](store::WriteUnit& unit) -> sync::Status {
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
}

sync::Status ExchangeDesk::prepare(const store::ReadUnit& unit, Job& job) {
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
  options.frame_bytes = options_.frame_bytes;
  options.come_back_ms = options_.come_back_ms;
  options.hub_keys = {parts_.hub_key.public_key()};
  sync::Nonce nonce{};
  parts_.random.fill(nonce);
  std::deque<sync::Nonce>& asked = asked_[scope.device];
  const std::vector<sync::Nonce> open(asked.begin(), asked.end());
  asked.push_back(nonce);
  if (asked.size() > nonces_max) asked.pop_front();
  job.responder.emplace(std::move(scope), std::move(options), nonce, open);
  return {};
}

sync::Status ExchangeDesk::take(store::WriteUnit& unit, Job& job) {
  if (const sync::Status prepared = prepare(unit, job); !prepared) return prepared;
  const sync::Result<sync::Commit> commit = job.responder->accept(unit, job.exchange.request);
  if (!commit) return fail(commit.error());
  // Good for one word: the same request may come again, late.
  if (const auto& hello = job.exchange.request.hello; hello && hello->answer) {
    std::erase(asked_[job.exchange.device], *hello->answer);
  }
  for (const sync::LineageUpdate& update : commit->lineages) {
    if (update.opened)
      host::log(host::Level::warn, "hub.went_back_or_copied", {{"device", job.device}});
    if (update.copied) host::log(host::Level::error, "hub.copied", {{"device", job.device}});
  }
  return commit->empty() ? sync::Status() : unit.apply(*commit);
}

void ExchangeDesk::settle(std::vector<Job>& jobs) {
  const sync::Instant now = parts_.clock.now();
  const sync::Status read = parts_.store.read([&](const store::ReadUnit& unit) -> sync::Status {
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

void ExchangeDesk::deliver() {
  while (true) {
    std::size_t done = 0;
    const sync::Status written = parts_.store.write([&](store::WriteUnit& unit) -> sync::Status {
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
