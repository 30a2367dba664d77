// Messages for golden bytes and for damage: every part once, with values that show in a dump.
// The third one is worked through in schema/wire.md.
#include "tests/unit/sync/wire/sample_messages.hpp"

#include "sync/wire/batch.hpp"
#include "tests/unit/sync/helpers.hpp"

namespace tram::sync::test {

namespace {

SignedHead sample_head() {
  return {"24001",
          filled<8>(0xe1),
          3,
          filled<32>(0xb0),
          300,
          filled<32>(0xb1),
          {1'760'000'000'000},
          filled<64>(0x51)};
}

}  // namespace

ExchangeRequest sample_request() {
  ExchangeRequest request;
  request.versions = {1, 2, 7};
  request.hello =
      Hello{filled<16>(0x11), filled<16>(0x12), 41, {filled<16>(0x13)}, filled<16>(0x14)};
  request.feeds = {{"province", filled<8>(0xe0), 200, filled<32>(0xa0)}, {"24001", {}, 0, {}}};
  request.roots = {{"24001", {{9, filled<32>(0xa9)}, {8, filled<32>(0xa8)}}}};
  request.held = {{filled<16>(0x21), 17}};
  request.offers = {1, 0, 0};
  request.signatures = {{filled<64>(0x31)}};
  request.returns = {{sample_head(), 200, {1, 0, 0}, {filled<32>(0x41), filled<32>(0x42)}}};
  request.fills = {1, 0, 0};
  request.wants = {filled<32>(0x61)};
  request.plain = true;
  return request;
}

ExchangeReply sample_reply() {
  ExchangeReply reply;
  reply.versions = {1, 1, 7};
  reply.hub_time = {1'760'000'000'000};
  reply.come_back_ms = 60'000;
  reply.hello = HelloAnswer{filled<16>(0x11), 42, filled<16>(0x14)};
  reply.feeds = {{"province", FeedAnswer::Kind::agrees, 300, 200, {1, 0, 0}, sample_head()},
                 {"24001", FeedAnswer::Kind::agreed_at, 300, 100, {}, std::nullopt},
                 {"24002", FeedAnswer::Kind::closed, 0, 7, {}, std::nullopt},
                 {"24003", FeedAnswer::Kind::disagrees, 5, 0, {}, std::nullopt}};
  reply.needs = {{filled<16>(0x21), 12}};
  reply.wants = {filled<32>(0x61)};
  reply.fills = {1, 0, 0};
  reply.plain = true;
  return reply;
}

ExchangeRequest documented_request() {
  ExchangeRequest request;
  request.hello = Hello{filled<16>(0x11), std::nullopt, 0, {}, std::nullopt};
  request.feeds = {{"province", {}, 0, {}}, {"24001", {}, 0, {}}};
  Entry entry;
  entry.place.log = filled<16>(0x22);
  entry.time = {1'751'331'480'000};
  entry.capacity = Capacity::owner;
  entry.body = Opening{filled<32>(0x33), "24001", std::nullopt};
  const Bytes opening = encode_entry(entry);
  ++entry.place.seq;
  entry.body = Edit{Edit::Target::self,
                    1,
                    {},
                    {},
                    {write(field_tag(17, Policy::workflow, ValueType::token), "da_tiep_nhan")}};
  const Bytes create = encode_entry(entry);
  Entry update = entry;
  ++update.place.seq;
  update.time.ms += 60'000;
  const Name parent = name_of(create);
  update.body = Edit{Edit::Target::existing,
                     1,
                     record_of(entry, parent)->id,
                     {parent},
                     {write(field_tag(17, Policy::workflow, ValueType::token), "trinh_ky")}};
  request.offers = encode_batch({{entry.place.log, 0, {opening, create, encode_entry(update)}}},
                                plain_encoder());
  request.signatures = {{filled<64>(0x44)}};
  return request;
}

}  // namespace tram::sync::test
