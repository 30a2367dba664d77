#include "hub/hub.hpp"

#include <algorithm>

#include "host/lock.hpp"
#include "host/log.hpp"
#include "hub/codes.hpp"
#include "hub/device_rows.hpp"
#include "schema/fold.hpp"
#include "schema/holidays.hpp"
#include "schema/kinds.hpp"
#include "schema/procedures.hpp"
#include "sync/core/codec.hpp"

namespace tram::hub {

using sync::ErrorCode;
using sync::fail;

namespace {

constexpr const char* hosts_key = "hub.hosts";
constexpr std::size_t hosts_max = 64;
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t valid_hours_max = 31 * 24;
constexpr std::size_t label_bytes_max = 200;  // as an enrolment request

sync::Result<std::unique_ptr<store::Store>> open_store(const Province& province) {
  store::StoreOptions options;
  options.path = province.store_file();
  options.key = province.store_key().view();
  options.role = store::Role::hub;
  options.hub_keys = {province.hub_key().public_key()};
  return store::Store::open(options);
}

// "https://hub.example.vn:7443/" -> "hub.example.vn:7443"
sync::Result<std::string> host_of(const std::string& url) {
  constexpr std::string_view scheme = "https://";
  std::string_view host = url;
  if (host.substr(0, scheme.size()) == scheme) host.remove_prefix(scheme.size());
  if (!host.empty() && host.back() == '/') host.remove_suffix(1);
  if (!sync::is_hub_address(host)) {
    return fail(ErrorCode::usage, "the hub's address must look like https://host:port");
  }
  return std::string(host);
}

// Without the port; brackets of an IPv6 address removed.
std::string name_of_host(const std::string& host) {
  if (!host.empty() && host.front() == '[') return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

// An operator's list names communes of this province, and nothing that means something else to us.
sync::Status check_units(const std::vector<schema::Unit>& units, const std::string& province) {
  if (units.empty()) return fail(ErrorCode::usage, "the list of units is empty");
  for (const schema::Unit& unit : units) {
    if (unit.code.empty() || unit.code == sync::province_feed) {
      return fail(ErrorCode::usage, "the list of units has a code that is none");
    }
    if (unit.province_code != province) {
      return fail(ErrorCode::usage, "the unit " + unit.code + " belongs to another province");
    }
  }
  return {};
}

std::vector<std::string> read_hosts(const store::ReadUnit& unit) {
  std::vector<std::string> out;
  const std::optional<sync::Bytes> bytes = unit.meta(hosts_key);
  if (!bytes) return out;
  sync::Reader in(*bytes);
  const std::size_t count = in.count(hosts_max, 1);
  for (std::size_t i = 0; i < count; ++i) out.push_back(in.string(255));
  return out;
}

}  // namespace

Hub::Hub(Province province, config::HubConfig config, std::unique_ptr<store::Store> store)
    : province_(std::move(province)),
      config_(std::move(config)),
      store_(std::move(store)),
      writer_(province_.hub_key(), random_, clock_) {}

sync::Status Hub::init(const std::filesystem::path& directory, const std::string& province_code,
                       const std::optional<std::vector<schema::Unit>>& units) {
  if (units) {
    if (const sync::Status fit = check_units(*units, province_code); !fit) return fit;
  }
  host::SystemRandom random;
  const sync::Result<Province> province =
      Province::create(directory, province_code, host::SystemClock().now(), random);
  const bool exists = !province && province.error().code == ErrorCode::conflict;
  if (!province && !exists) return fail(province.error());
  const sync::Result<host::DataLock> lock = host::DataLock::acquire(directory);
  if (!lock) return fail(lock.error());
  const sync::Result<std::unique_ptr<Hub>> hub = open(directory);
  if (!hub) return fail(hub.error());
  if (exists && ((*hub)->province().code() != province_code || !(*hub)->is_empty())) {
    return fail(province.error());
  }
  return (*hub)->write_reference_data(units);
}

bool Hub::is_empty() const {
  bool empty = false;
  const sync::Status read = store_->read([&](const store::ReadUnit& unit) {
    empty = unit.feed_size(sync::province_feed) == 0;
    return unit.status();
  });
  return read && empty;
}

sync::Result<std::unique_ptr<Hub>> Hub::open(const std::filesystem::path& directory) {
  const sync::Result<config::HubConfig> config = config::load_hub_config(directory / "hub.toml");
  if (!config) return fail(config.error());
  sync::Result<Province> province = Province::open(directory);
  if (!province) return fail(province.error());
  sync::Result<std::unique_ptr<store::Store>> store = open_store(*province);
  if (!store) return fail(store.error());
  return std::unique_ptr<Hub>(new Hub(std::move(*province), *config, std::move(*store)));
}

sync::Status Hub::write(const std::function<sync::Status(store::WriteUnit&)>& work) {
  bool began = false;
  const sync::Status written = store_->write([&](store::WriteUnit& unit) -> sync::Status {
    began = true;
    const sync::Status done = work(unit);
    if (!done) writer_.forget();  // its last entries will not stand
    return done;
  });
  // Nor will they if the commit itself failed.
  if (!written && began) writer_.forget();
  return written;
}

sync::Status Hub::write_reference_data(const std::optional<std::vector<schema::Unit>>& units) {
  std::vector<schema::Unit> own;
  if (units) {
    own = *units;
  } else {
    const auto built_in = schema::units_of_province(province_.code());
    own.assign(built_in.begin(), built_in.end());
  }
  return write([&](store::WriteUnit& unit) -> sync::Status {
    const auto create = [&](std::uint32_t kind, std::vector<sync::Change> changes) {
      return writer_.create_record(unit, sync::province_feed, kind, std::move(changes));
    };
    for (const schema::Unit& row : own) {
      const sync::Status done = create(schema::kind::unit, schema::unit_changes(row));
      if (!done) return done;
    }
    for (const schema::Procedure& row : schema::procedures()) {
      const sync::Status done = create(schema::kind::procedure, schema::procedure_changes(row));
      if (!done) return done;
    }
    for (const schema::Holiday& row : schema::holidays()) {
      const sync::Status done = create(schema::kind::holiday, schema::holiday_changes(row));
      if (!done) return done;
    }
    return write_device(writer_, unit,
                        {province_.hub_key().public_key(), sync::province_feed, "hub", {}, 0});
  });
}

sync::Result<NewCode> Hub::create_code(const std::string& unit_code, const std::string& hub_url,
                                       std::int64_t valid_hours, std::int64_t slot_size) {
  const sync::Result<std::string> host = host_of(hub_url);
  if (!host) return fail(host.error());
  if (valid_hours < 0 || valid_hours > valid_hours_max || slot_size < 0 ||
      slot_size > numbers_a_day) {
    return fail(ErrorCode::usage, "a code is good for at most 31 days, a slot has at most 9999");
  }
  // A name that no certificate can have would keep the hub from starting, once it is remembered.
  const std::string host_name = name_of_host(*host);
  const auto certificate = province_.issue_server({host_name}, clock_.now());
  if (!certificate) return fail(certificate.error());
  NewCode out{{*host, sync::sha256(province_.authority()), sync::EnrolmentCode::draw(random_)},
              {clock_.now().ms + valid_hours * hour_ms},
              ""};
  const sync::Status written = write([&](store::WriteUnit& unit) -> sync::Status {
    const std::optional<std::string> name = unit_name(unit, unit_code);
    if (!name) {
      return fail(ErrorCode::usage, "the province has no commune with the code " + unit_code);
    }
    out.unit_name = *name;
    if (const sync::Status added = add_host(unit, host_name); !added) return added;
    return save_code(unit, out.ticket.code.id(),
                     {out.ticket.code.key(), unit_code, out.expires, slot_size, ""});
  });
  if (!written) return fail(written.error());
  return out;
}

sync::Status Hub::add_host(store::WriteUnit& unit, const std::string& host) {
  std::vector<std::string> known = read_hosts(unit);
  if (std::find(known.begin(), known.end(), host) != known.end()) return {};
  if (known.size() == hosts_max) known.erase(known.begin());
  known.push_back(host);
  sync::Writer out;
  out.varint(known.size());
  for (const std::string& name : known) out.string(name);
  return unit.set_meta(hosts_key, out.view());
}

std::vector<std::string> Hub::hosts() const {
  std::vector<std::string> out;
  const sync::Status read = store_->read([&](const store::ReadUnit& unit) -> sync::Status {
    out = read_hosts(unit);
    return unit.status();
  });
  if (!read) host::log(host::Level::error, "hub.hosts_unreadable", {});
  return out;
}

sync::Result<sync::Bytes> Hub::enrol(sync::ByteView bytes) {
  const sync::Result<sync::EnrolmentRequest> request = sync::decode_enrolment_request(bytes);
  if (!request) return fail(request.error());
  const sync::Result<http::CheckedRequest> checked =
      http::check_request(request->certificate_request);
  if (!checked) return fail(checked.error());
  sync::Bytes answer;
  const sync::Status written = write([&](store::WriteUnit& unit) -> sync::Status {
    const sync::Result<sync::EnrolmentReply> reply =
        enrol_device(unit, *request, checked->public_key);
    if (!reply) return fail(reply.error());
    const sync::Result<CodeRow> row = find_code(unit, request->code_id);
    if (!row) return fail(row.error());
    answer = sync::encode_enrolment(*reply, *request, row->key);
    return {};
  });
  if (!written) return fail(written.error());
  return answer;
}

namespace {

struct Judged {
  CodeRow row;
  bool device_stands = false;  ///< the computer has its entry already
};

// Whether this code serves this computer now.
sync::Result<Judged> judge(const store::ReadUnit& unit, const sync::EnrolmentRequest& request,
                           const sync::PublicKey& key, sync::Instant now) {
  const std::string device = device_id(key);
  const auto refuse = [&](const char* reason, const char* message) {
    host::log(host::Level::warn, "hub.enrol_refused", {{"reason", reason}, {"device", device}});
    return fail(ErrorCode::refused, message);
  };
  sync::Result<CodeRow> row = find_code(unit, request.code_id);
  if (!row && row.error().code != ErrorCode::not_found) return fail(row.error());
  if (!row || !sync::is_proved(request, row->key)) {
    return refuse("wrong_code", "this code is wrong: ask the province for a new one");
  }
  const sync::Result<std::vector<Device>> devices = all_devices(unit);
  if (!devices) return fail(devices.error());
  const sync::Digest hash = sync::sha256(row->key);
  std::string used_by = row->used_by;
  const Device* known = nullptr;
  for (const Device& other : *devices) {
    // Where the hub went back, the row may have forgotten what the computer's entry still tells.
    if (other.enrolment_hash == sync::to_bytes(hash)) used_by = other.id;
    if (other.key == key && (known == nullptr || other.state == "revoked")) known = &other;
  }
  if (!used_by.empty() && used_by != device) {
    return refuse("used_code",
                  "this code was used already, by another computer: tell the province");
  }
  if (known != nullptr && known->state == "revoked") {
    return refuse("revoked", "this computer has been revoked by the province");
  }
  if (known != nullptr && known->unit != row->unit) {
    return refuse("other_unit", "this computer is enrolled for another commune: use a new folder");
  }
  if (used_by.empty() && now > row->expires) {
    return refuse("expired_code", "this code has expired: ask the province for a new one");
  }
  return Judged{std::move(*row), known != nullptr};
}

}  // namespace

sync::Result<sync::EnrolmentReply> Hub::enrol_device(store::WriteUnit& unit,
                                                     const sync::EnrolmentRequest& request,
                                                     const sync::PublicKey& key) {
  const std::string device = device_id(key);
  const sync::Instant now = clock_.now();
  sync::Result<Judged> judged = judge(unit, request, key, now);
  if (!judged) return fail(judged.error());
  CodeRow& row = judged->row;
  const sync::Result<std::string> label =
      schema::normal_text(request.label, label_bytes_max, schema::Lines::one);
  if (!label) return fail(label.error(), "the computer's label");
  const std::optional<std::string> name = unit_name(unit, row.unit);
  const sync::Result<sync::Bytes> certificate = province_.issue_device(key, device, now);
  if (!certificate) return fail(certificate.error());
  // The same computer asks again when the answer was lost: it has its entry then.
  if (!judged->device_stands) {
    const sync::Status written =
        write_device(writer_, unit, {key, row.unit, *label, sync::sha256(row.key), row.slot_size});
    if (!written) return fail(written.error());
  }
  if (row.used_by.empty()) {
    row.used_by = device;
    const sync::Status saved = save_code(unit, request.code_id, row);
    if (!saved) return fail(saved.error());
  }
  host::log(host::Level::info, "hub.enrolled", {{"device", device}, {"unit", row.unit}});
  return sync::EnrolmentReply{row.unit,
                              name.value_or(""),
                              province_.code(),
                              *certificate,
                              province_.authority(),
                              province_.hub_key().public_key(),
                              province_.recovery_key(),
                              {}};
}

sync::Status Hub::revoke(const std::string& id) {
  const sync::Status written =
      write([&](store::WriteUnit& unit) { return revoke_device(writer_, unit, id); });
  if (written) host::log(host::Level::warn, "hub.revoked", {{"device", id}});
  return written;
}

}  // namespace tram::hub
