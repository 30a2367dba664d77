// Goal: hubs and computers in this process, for the tests of hub/.
// Method: one hub is made and copied; computers enrol and exchange by function calls.
#include "hub_folder.hpp"

#include <catch2/catch.hpp>
#include <future>

#include "host/keys.hpp"
#include "node/import.hpp"
#include "schema/kinds.hpp"
#include "store/record_export.hpp"
#include "store/verify.hpp"
#include "sync/session/hello.hpp"

namespace tram::hub::test {

namespace {

namespace fs = std::filesystem;

const fs::path& template_folder() {
  static const tram::test::TempDir folder(tram::test::TempDir::fast_parent());
  static const fs::path made = [] {
    const fs::path path = folder.path() / "hub";
    const sync::Status done = Hub::init(path, province_code, std::nullopt);
    if (!done) FAIL(done.error().message);
    return path;
  }();
  return made;
}

void copy_folder(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

sync::Bytes seed_of(std::uint8_t number) {
  return sync::Bytes(32, number);
}

std::string lines_of(const store::Store& store, const std::string& scope) {
  std::string out;
  const sync::Status done = store.read([&](const store::ReadUnit& unit) {
    return store::for_each_export_line(unit, scope, schema::kind::dossier, scope,
                                       [&](const std::string& line) {
                                         out += line + "\n";
                                         return true;
                                       });
  });
  REQUIRE(done);
  return out;
}

}  // namespace

HubFolder::HubFolder() {
  copy_folder(template_folder(), path());
  reopen();
}

void HubFolder::reopen() {
  hub_.reset();
  auto hub = Hub::open(path());
  if (!hub) FAIL(hub.error().message);
  hub_ = std::move(*hub);
}

void HubFolder::save_to(const fs::path& copy) {
  close();
  copy_folder(path(), copy);
  reopen();
}

void HubFolder::restore_from(const fs::path& copy) {
  close();
  for (const auto& entry : fs::directory_iterator(path())) fs::remove_all(entry.path());
  copy_folder(copy, path());
  reopen();
}

void HubFolder::read(const std::function<void(const store::ReadUnit&)>& look) const {
  const sync::Status done = hub_->store().read([&](const store::ReadUnit& unit) {
    look(unit);
    return unit.status();
  });
  REQUIRE(done);
}

NewCode HubFolder::code(const std::string& unit, std::int64_t slot, std::int64_t hours) {
  auto code = hub_->create_code(unit, "https://127.0.0.1:7443", hours, slot);
  if (!code) FAIL(code.error().message);
  return std::move(*code);
}

std::vector<Device> HubFolder::devices() const {
  std::vector<Device> out;
  read([&](const store::ReadUnit& unit) {
    auto all = all_devices(unit);
    REQUIRE(all);
    out = std::move(*all);
  });
  return out;
}

std::string HubFolder::exported(const std::string& unit) const {
  return lines_of(hub_->store(), unit);
}

void HubFolder::check_verified() const {
  read([](const store::ReadUnit& unit) {
    const auto report = store::verify(unit, {});
    REQUIRE(report);
    for (const store::Finding& finding : report->findings) {
      if (!finding.information) UNSCOPED_INFO(finding.message);
    }
    CHECK(report->ok());
  });
}

sync::PublicKey key_of(std::uint8_t number) {
  return sync::SigningKey::from_seed(seed_of(number)).value().public_key();
}

sync::Bytes enrolment_request(const sync::EnrolmentCode& code, std::uint8_t key,
                              const std::string& label) {
  const auto pair = http::KeyPair::from_seed(seed_of(key));
  REQUIRE(pair);
  const auto wanted = http::make_request(*pair, device_id(key_of(key)));
  REQUIRE(wanted);
  sync::EnrolmentRequest request;
  request.code_id = code.id();
  request.certificate_request = *wanted;
  request.label = label;
  return sync::encode_enrolment(request, code.key());
}

Computer::Computer(HubFolder& hub, std::uint8_t key, const std::string& unit,
                   const std::string& hub_url) {
  const NewCode code = hub.code(unit);
  const sync::Bytes request = enrolment_request(code.ticket.code, key, "Máy quầy");
  const auto answer = hub.hub().enrol(request);
  if (!answer) FAIL(answer.error().message);
  const auto reply = sync::decode_enrolment_reply(
      *answer, sync::decode_enrolment_request(request).value(), code.ticket.code.key());
  REQUIRE(reply);
  auto vault = host::KeyVault::open(path());
  REQUIRE(vault);
  REQUIRE(vault->store("device", host::Secret(seed_of(key))));
  REQUIRE(vault->store("store", host::Secret(sync::Bytes(32, key))));
  REQUIRE(node::save_identity(
      path(),
      {hub_url, reply->unit, reply->unit_name, reply->province, http::to_pem(reply->certificate),
       http::to_pem(reply->authority), reply->hub_key, reply->recovery_key}));
  auto node = node::Node::open(path());
  if (!node) FAIL(node.error().message);
  node_ = std::move(*node);
}

sync::Status Computer::reopen() {
  node_.reset();
  auto node = node::Node::open(path());
  if (!node) return sync::fail(node.error());
  node_ = std::move(*node);
  return {};
}

void Computer::import(const std::vector<std::string>& lines) {
  const std::vector<std::string_view> views(lines.begin(), lines.end());
  const auto result = node::import_batch(*node_, views);
  if (!result) FAIL(result.error().message);
  REQUIRE(result->accepted == lines.size());
}

std::string Computer::exported() {
  return lines_of(node_->store(), node_->identity().unit);
}

std::uint64_t Computer::pending() {
  std::uint64_t pending = 0;
  REQUIRE(node_->store().read([&](const store::ReadUnit& unit) {
    pending = unit.counts(node_->identity().unit).pending_entries;
    return unit.status();
  }));
  return pending;
}

sync::Initiator Computer::initiator() {
  std::optional<sync::VisitState> last;
  REQUIRE(node_->store().read([&](const store::ReadUnit& unit) {
    last = unit.visit_state();
    return unit.status();
  }));
  sync::VisitState run = last.value_or(sync::VisitState{});
  if (!last || !last->acknowledged) {
    sync::VisitId id{};
    node_->random().fill(id);
    run = sync::begin_visit(last, id);
  }
  sync::InitiatorOptions options;
  options.home = node_->identity().unit;
  options.hub_key = node_->identity().hub_key;
  options.first = sessions_ == 0;
  options.turn = sessions_++;
  return {options, node_->device_key(), run};
}

sync::ExchangeRequest Computer::request() {
  sync::Ask ask;
  sync::Initiator first = initiator();
  REQUIRE(node_->store().write([&](store::WriteUnit& unit) {
    ask = first.next_request(unit);
    return unit.apply(ask.commit);
  }));
  return ask.request;
}

Session Computer::synchronise(Exchanges& exchanges) {
  Session out;
  sync::Initiator session = initiator();
  while (out.status && !session.done()) {
    sync::Ask request;
    REQUIRE(node_->store().write([&](store::WriteUnit& unit) {
      request = session.next_request(unit);
      return unit.apply(request.commit);
    }));
    const auto reply = ask(exchanges, key(), request.request);
    if (!reply) {
      out.status = sync::fail(reply.error());
      break;
    }
    out.status = node_->store().write([&](store::WriteUnit& unit) -> sync::Status {
      const auto commit = session.on_reply(unit, *reply);
      return commit ? unit.apply(*commit) : sync::Status(sync::fail(commit.error()));
    });
    out.went_back = out.went_back || session.hub_went_back();
  }
  out.synced = session.synced();
  out.copied = session.copied();
  out.counts = session.counts();
  return out;
}

sync::Result<sync::ExchangeReply> ask(Exchanges& exchanges, const sync::PublicKey& device,
                                      sync::ExchangeRequest request) {
  std::promise<sync::Result<sync::ExchangeReply>> answered;
  exchanges.submit({device, std::move(request), [&](sync::Result<sync::ExchangeReply> reply) {
                      answered.set_value(std::move(reply));
                    }});
  return answered.get_future().get();
}

std::unique_ptr<Exchanges> start(HubFolder& hub) {
  auto exchanges = Exchanges::start(hub.hub());
  if (!exchanges) FAIL(exchanges.error().message);
  return std::move(*exchanges);
}

std::string create_line(const std::string& code, std::int64_t t) {
  return R"({"t":)" + std::to_string(t) + R"(,"commune":49,"dossier":")" + code +
         R"(","kind":"create","fields":{"code":")" + code +
         R"(","applicant_name":"Đặng Thị Hường","phone":"0969094693","status":"da_tiep_nhan"}})";
}

std::string update_line(const std::string& code, std::int64_t t, const std::string& fields) {
  return R"({"t":)" + std::to_string(t) + R"(,"commune":49,"dossier":")" + code +
         R"(","kind":"update","fields":{)" + fields + "}}";
}

}  // namespace tram::hub::test
