// Goal: a commune's computer as it is, without threads and sockets.
// Method: the product's Node and SyncDriver, with a clock and chance lent to them.
#include "tests/simulation/node_machine.hpp"

#include "sync/limits.hpp"

namespace tram::simulation {

using sync::fail;

namespace {

// What a frame costs a thin line is measured elsewhere.
constexpr int request_level = 1;

/// The machine's own chance, lent to the product.
class LentDice final : public sync::Random {
 public:
  explicit LentDice(Dice& dice) : dice_(dice) {}
  void fill(std::span<std::uint8_t> out) override { dice_.fill(out); }

 private:
  Dice& dice_;
};

class LentClock final : public sync::Clock {
 public:
  explicit LentClock(const MachineClock& clock) : clock_(clock) {}
  [[nodiscard]] sync::Instant now() const override { return clock_.now(); }

 private:
  const MachineClock& clock_;
};

}  // namespace

NodeMachine::NodeMachine(const Timeline& time, std::uint64_t seed, DeviceIdentity identity)
    : Machine(time, seed),
      identity_(std::move(identity)),
      device_(signing_key(identity_.key_seed).public_key()) {}

NodeMachine::~NodeMachine() {
  drop();
}

sync::Status NodeMachine::start() {
  begin_life();
  store::StoreOptions options = store_options();
  options.role = store::Role::node;
  options.home_unit = identity_.unit;
  options.hub_keys = {identity_.hub_key};
  auto opened = store::Store::open(options);
  if (!opened) return fail(opened.error());
  node::Identity identity;
  identity.unit = identity_.unit;
  identity.hub_key = identity_.hub_key;
  node_ = std::make_unique<node::Node>(node::NodeParts{"",
                                                       std::move(identity),
                                                       {},
                                                       signing_key(identity_.key_seed),
                                                       {},
                                                       std::move(*opened),
                                                       std::make_shared<LentClock>(clock_),
                                                       std::make_shared<LentDice>(dice_)});
  driver_.emplace(*node_, sync::FrameOptions{request_level});
  return {};
}

void NodeMachine::drop() {
  driver_.reset();
  node_.reset();
}

bool NodeMachine::broken() const {
  return node_ && node_->store().is_broken();
}

sync::Status NodeMachine::act(const std::function<sync::Status(node::Node&)>& work) {
  const sync::Status done = work(*node_);
  note(done);
  if (!struck()) checkpoint_if_due();
  return done;
}

sync::Result<sync::Name> NodeMachine::save(sync::Edit edit) {
  sync::Name name{};
  const sync::Status saved = act([&](node::Node& node) {
    return node.write([&](store::WriteUnit& unit) -> sync::Status {
      sync::Draft draft;
      draft.time = node.clock().now();
      draft.time_trusted = node.clock_is_trusted(unit);
      std::string custody;
      if (edit.target != sync::Edit::Target::self) {
        const auto row = unit.record(node.identity().unit, {edit.kind, edit.id});
        if (row) custody = row->custody;
      }
      draft.capacity = node.capacity_for(custody);
      draft.body = edit;
      const sync::Result<sync::Name> written = node.author(unit, draft);
      if (!written) return fail(written.error());
      name = *written;
      return {};
    });
  });
  if (!saved) return fail(saved.error());
  return name;
}

std::vector<sync::Name> NodeMachine::screen_of(const sync::RecordRef& record) {
  std::vector<sync::Name> shown;
  const sync::Status read = node_->store().read([&](const store::ReadUnit& unit) -> sync::Status {
    const auto row = unit.record(identity_.unit, record);
    if (!row) return unit.status();
    const auto state = sync::decode_state(row->state);
    if (!state) return fail(state.error());
    shown.assign(state->frontier.begin(), state->frontier.end());
    if (shown.size() > sync::limits::parents_max) shown.resize(sync::limits::parents_max);
    return {};
  });
  note(read);
  return shown;
}

sync::Status NodeMachine::begin_session() {
  const sync::Status begun = driver_->begin();
  note(begun);
  return begun;
}

sync::Result<sync::Bytes> NodeMachine::next_frame() {
  sync::Result<sync::Bytes> frame = driver_->next_frame();
  if (!frame) note(fail(frame.error()));
  return frame;
}

sync::Status NodeMachine::take_frame(sync::ByteView frame) {
  const sync::Status taken = driver_->take_frame(frame);
  note(taken);
  if (!struck()) checkpoint_if_due();
  return taken;
}

}  // namespace tram::simulation
