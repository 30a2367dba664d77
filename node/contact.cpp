#include "node/contact.hpp"

#include "node/node.hpp"
#include "sync/core/codec.hpp"

namespace tram::node {

sync::Status save_contact(store::WriteUnit& unit, const Contact& contact) {
  sync::Writer out;
  out.zigzag(contact.at.ms);
  out.zigzag(contact.hub_time.ms);
  out.zigzag(contact.clock_offset_ms);
  out.u8(static_cast<std::uint8_t>((contact.level ? 1U : 0U) | (contact.hub_went_back ? 2U : 0U) |
                                   (contact.copied ? 4U : 0U)));
  return unit.set_meta(meta::contact, out.view());
}

std::optional<Contact> last_contact(const store::ReadUnit& unit) {
  const std::optional<sync::Bytes> bytes = unit.meta(meta::contact);
  if (!bytes) return std::nullopt;
  sync::Reader in(*bytes);
  Contact contact;
  contact.at.ms = in.zigzag();
  contact.hub_time.ms = in.zigzag();
  contact.clock_offset_ms = in.zigzag();
  const std::uint8_t flags = in.u8();
  contact.level = (flags & 1U) != 0;
  contact.hub_went_back = (flags & 2U) != 0;
  contact.copied = (flags & 4U) != 0;
  if (!in.finish("contact")) return std::nullopt;
  return contact;
}

}  // namespace tram::node
