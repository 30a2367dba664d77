#include "hub/exchanges.hpp"

namespace tram::hub {

using sync::ErrorCode;
using sync::fail;

namespace {

// Nodes that are committed together. More would make the first wait for the last.
constexpr std::size_t group_max = 32;
// Beyond this the hub is not keeping up: nodes come back later, with jitter.
constexpr std::size_t waiting_max = 512;

}  // namespace

sync::Result<std::unique_ptr<Exchanges>> Exchanges::start(Hub& hub) {
  DeskOptions options;
  options.frame_bytes = static_cast<std::size_t>(hub.config().frame_kib) * 1024;
  options.come_back_ms = static_cast<std::uint64_t>(hub.config().come_back_s) * 1000;
  sync::Result<ExchangeDesk> desk = ExchangeDesk::open(
      {hub.store(), hub.province().hub_key(), hub.clock(), hub.random()}, options);
  if (!desk) return fail(desk.error());
  std::unique_ptr<Exchanges> exchanges(new Exchanges(hub.clock(), std::move(*desk)));
  exchanges->thread_ = std::thread([raw = exchanges.get()] { raw->run(); });
  return exchanges;
}

Exchanges::Exchanges(const sync::Clock& clock, ExchangeDesk desk)
    : clock_(clock), desk_(std::move(desk)) {}

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
  desk_.deliver();  // what the last run left
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
    for (Exchange& exchange : batch) note_contact(exchange);
    desk_.serve(std::move(batch));
    desk_.deliver();
  }
}

void Exchanges::note_contact(Exchange& exchange) {
  exchange.answer = [this, device = exchange.device,
                     answer = std::move(exchange.answer)](sync::Result<sync::ExchangeReply> reply) {
    if (reply) {
      const std::lock_guard lock(mutex_);
      contacts_[device] = clock_.now();
    }
    answer(std::move(reply));
  };
}

}  // namespace tram::hub
