// Goal: the hub as it is, without threads and sockets.
// Method: the product's store, desk and writer, called one after the other.
#include "tests/simulation/hub_machine.hpp"

#include "hub/device_rows.hpp"
#include "hub/province.hpp"
#include "schema/field.hpp"
#include "schema/kinds.hpp"
#include "schema/units.hpp"
#include "sync/wire/frame.hpp"

namespace tram::simulation {

using sync::ErrorCode;
using sync::fail;

namespace {

constexpr std::uint64_t key_tag = 0x687562;
// Idle nodes come back seldom: what an idle exchange costs is measured elsewhere.
constexpr std::uint64_t come_back_ms = 30 * hour_ms;
constexpr int reply_level = 1;

}  // namespace

HubMachine::HubMachine(const Timeline& time, std::uint64_t seed)
    : Machine(time, seed), key_(signing_key(seed ^ key_tag)) {}

HubMachine::~HubMachine() {
  drop();
}

sync::Status HubMachine::start() {
  begin_life();
  store::StoreOptions options = store_options();
  options.role = store::Role::hub;
  options.hub_keys = {key_.public_key()};
  auto opened = store::Store::open(options);
  if (!opened) return fail(opened.error());
  store_ = std::move(*opened);
  auto desk = hub::ExchangeDesk::open({*store_, key_, clock_, dice_}, {256 * 1024, come_back_ms});
  if (!desk) {
    drop();
    return fail(desk.error());
  }
  desk_.emplace(std::move(*desk));
  writer_.emplace(key_, dice_, clock_);
  desk_->deliver();  // what the last life left
  const sync::Status written = write_units();
  if (!written) drop();
  return written;
}

sync::Status HubMachine::write_units() {
  return write([&](store::WriteUnit& unit) -> sync::Status {
    if (unit.feed_size(sync::province_feed) != 0) return {};
    for (const std::string& code : units_) {
      schema::Unit row;
      row.code = code;
      const sync::Status done = writer_->create_record(
          unit, sync::province_feed, schema::kind::unit, schema::unit_changes(row));
      if (!done) return done;
    }
    return hub::write_device(*writer_, unit,
                             {key_.public_key(), sync::province_feed, "hub", {}, 0});
  });
}

void HubMachine::drop() {
  writer_.reset();
  desk_.reset();
  store_.reset();
}

bool HubMachine::broken() const {
  return store_ && store_->is_broken();
}

bool HubMachine::knows(const sync::PublicKey& device) {
  bool known = false;
  const sync::Status read = store_->read([&](const store::ReadUnit& unit) -> sync::Status {
    const auto row = hub::find_device(unit, device);
    if (!row) return fail(row.error());
    known = row->has_value();
    return {};
  });
  note(read);
  return known;
}

sync::Status HubMachine::write(const std::function<sync::Status(store::WriteUnit&)>& work) {
  const sync::Status written = store_->write(work);
  if (!written) writer_->forget();
  note(written);
  return written;
}

std::vector<sync::Result<sync::Bytes>> HubMachine::serve(const std::vector<Arrival>& arrivals) {
  std::vector<sync::Result<sync::Bytes>> answers(
      arrivals.size(), fail(ErrorCode::unavailable, "the hub did not answer"));
  std::vector<hub::Exchange> batch;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const auto message = sync::unpack_frame(sync::FrameKind::request, arrivals[i].frame);
    if (!message) {
      answers[i] = fail(message.error());
      continue;
    }
    auto request = sync::decode_request(*message);
    if (!request) {
      answers[i] = fail(request.error());
      continue;
    }
    batch.push_back({arrivals[i].device, std::move(*request),
                     [this, &answer = answers[i]](sync::Result<sync::ExchangeReply> reply) {
                       if (!reply) {
                         answer = fail(reply.error());
                         return note(fail(reply.error()));
                       }
                       answer = sync::pack_frame(sync::FrameKind::reply,
                                                 sync::encode_message(*reply), {reply_level});
                     }});
  }
  desk_->serve(std::move(batch));
  desk_->deliver();
  if (!struck()) checkpoint_if_due();
  return answers;
}

sync::Status HubMachine::enrol(const sync::PublicKey& device, const std::string& unit_code) {
  return write([&](store::WriteUnit& unit) {
    return hub::write_device(*writer_, unit, {device, unit_code, "", sync::sha256(device), 250});
  });
}

sync::Status HubMachine::revoke(const sync::PublicKey& device) {
  return write([&](store::WriteUnit& unit) {
    return hub::revoke_device(*writer_, unit, hub::device_id(device));
  });
}

sync::Status HubMachine::edit(const std::string& feed, const sync::RecordRef& record,
                              std::vector<sync::Change> changes) {
  return write([&](store::WriteUnit& unit) -> sync::Status {
    const auto row = unit.record(feed, record);
    if (!row) return fail(ErrorCode::not_found, "the hub holds no such record");
    return writer_->edit_record(unit, feed, *row, std::move(changes));
  });
}

sync::Status HubMachine::create(const std::string& feed, std::uint32_t kind,
                                std::vector<sync::Change> changes) {
  return write([&](store::WriteUnit& unit) {
    return writer_->create_record(unit, feed, kind, std::move(changes));
  });
}

// As HubWriter does, in a log of its own.
sync::Result<sync::Name> HubMachine::rule(const std::string& feed, sync::EntryBody body) {
  sync::Name name{};
  const sync::Status written = write([&](store::WriteUnit& unit) -> sync::Status {
    sync::LogAuthor author({key_.public_key(), feed, unit.newest_own_entry()}, dice_);
    const auto entries =
        author.write({clock_.now(), true, sync::Capacity::province, std::nullopt, std::move(body)});
    if (!entries) return fail(entries.error());
    name = entries->back().name;
    sync::Commit commit;
    commit.logs.push_back(author.log());
    commit.entries = *entries;
    commit.log_heads.push_back(author.head(key_));
    sync::Router router(unit, commit);
    for (const sync::NewEntry& entry : *entries) {
      router.accept(feed, entry.name, entry.place, entry.bytes);
    }
    return unit.apply(commit);
  });
  if (!written) return fail(written.error());
  desk_->deliver();
  return name;
}

std::vector<store::DoubtfulDevice> HubMachine::doubtful() {
  std::vector<store::DoubtfulDevice> found;
  const sync::Status read = store_->read([&](const store::ReadUnit& unit) {
    found = unit.doubtful_devices();
    return unit.status();
  });
  note(read);
  return found;
}

}  // namespace tram::simulation
