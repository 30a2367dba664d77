#include <array>

#include "schema/fields.hpp"
#include "schema/limits.hpp"

// What the province writes and every commune needs. All of it is under `authority`: the hub's word
// holds, and a commune's suggestion is kept beside it in the history.
namespace tram::schema {

namespace {

using sync::Policy;
using Type = sync::ValueType;

constexpr std::size_t name_max = 500;
constexpr std::size_t word_max = 64;
constexpr std::size_t text_max = 4000;

constexpr Field authority_field(std::uint32_t number, std::string_view key, Type type,
                                std::size_t bytes_max, Label label) {
  return plain_field(number, key, type, Policy::authority, bytes_max, label);
}

constexpr Field code_field(Label label) {
  return authority_field(1, "code", Type::code, limits::code_bytes_max, label);
}

constexpr Field custody_field() {
  return authority_field(2, "custody", Type::token, limits::unit_bytes_max,
                         {"Đơn vị đang giữ", "Unit in charge"});
}

constexpr std::array<AttributeField, 3> alias_attributes{{
    {2, "spelling", Type::text, name_max},
    {3, "note", Type::text, 2000},
    {attribute::more, "", Type::json, 8192},
}};

// Old and new units alike: the code alone does not say which unit, since most codes were used
// again.
constexpr std::array<AttributeField, 7> neighbour_attributes{{
    {2, "code", Type::token, word_max},
    {3, "name", Type::text, name_max},
    {4, "district", Type::token, name_max},
    {5, "province", Type::token, name_max},
    {6, "extent", Type::token, word_max},  // whole or part
    {7, "date", Type::date, 0},
    {attribute::more, "", Type::json, 8192},
}};

constexpr std::array<AttributeField, 6> required_paper_attributes{{
    {attribute::position, "position", Type::integer, 0},
    {2, "required", Type::boolean, 0},
    {3, "originals", Type::integer, 0},
    {4, "copies", Type::integer, 0},
    {5, "note", Type::text, 2000},
    {attribute::more, "", Type::json, 8192},
}};

namespace u = unit_field;
constexpr std::array<Field, 12> units{{
    code_field({"Mã đơn vị", "Unit code"}),
    custody_field(),
    authority_field(u::name, "name", Type::text, name_max, {"Tên", "Name"}),
    authority_field(u::type, "type", Type::token, word_max, {"Loại", "Type"}),
    authority_field(u::full_name, "full_name", Type::text, name_max, {"Tên đầy đủ", "Full name"}),
    authority_field(u::province_code, "province_code", Type::token, word_max,
                    {"Mã tỉnh", "Province code"}),
    union_field(u::aliases, "aliases", "system", alias_attributes,
                {"Cách viết của hệ thống khác", "Other systems' spellings"}),
    union_field(u::predecessors, "predecessors", "key", neighbour_attributes,
                {"Đơn vị cũ", "Predecessors"}),
    union_field(u::successors, "successors", "key", neighbour_attributes,
                {"Đơn vị kế thừa", "Successors"}),
    authority_field(u::agency_code, "agency_code", Type::code, word_max,
                    {"Mã định danh cơ quan", "Agency identifier"}),
    authority_field(u::effective_from, "effective_from", Type::date, 0, {"Từ ngày", "From"}),
    authority_field(u::effective_to, "effective_to", Type::date, 0, {"Đến ngày", "Until"}),
}};

namespace p = procedure_field;
constexpr std::array<Field, 15> procedure_rows{{
    code_field({"Mã thủ tục", "Procedure code"}),
    custody_field(),
    authority_field(p::name, "name", Type::text, 1000, {"Tên thủ tục", "Name"}),
    authority_field(p::sector, "sector", Type::token, name_max, {"Lĩnh vực", "Sector"}),
    number_field(p::limit_halves, "limit_halves", Policy::authority, 1'000'000,
                 {"Thời hạn (nửa đơn vị)", "Time limit (halves)"}),
    authority_field(p::limit_unit, "limit_unit", Type::token, word_max,
                    {"Đơn vị thời hạn", "Unit of the limit"}),
    authority_field(p::limit_text, "limit_text", Type::text, text_max,
                    {"Thời hạn", "Time limit in words"}),
    union_field(p::papers, "papers", "name", required_paper_attributes,
                {"Thành phần hồ sơ", "Papers"}),
    authority_field(p::result, "result", Type::text, text_max, {"Kết quả", "Result"}),
    authority_field(p::effective_from, "effective_from", Type::date, 0,
                    {"Hiệu lực từ", "In force from"}),
    authority_field(p::effective_to, "effective_to", Type::date, 0,
                    {"Hiệu lực đến", "In force until"}),
    authority_field(p::decision_no, "decision_no", Type::code, word_max,
                    {"Số quyết định", "Decision number"}),
    authority_field(p::confidence, "confidence", Type::token, word_max,
                    {"Mức kiểm chứng", "How it was checked"}),
    authority_field(p::note, "note", Type::text, text_max, {"Ghi chú", "Note"}),
    number_field(p::fee_amount, "fee_amount", Policy::authority, 1'000'000'000'000,
                 {"Phí, lệ phí (đồng)", "Fee (VND)"}),
}};

namespace d = device_field;
constexpr std::array<Field, 11> devices{{
    code_field({"Mã máy", "Device id"}),
    custody_field(),
    authority_field(d::public_key, "public_key", Type::bytes, 256,
                    {"Khóa công khai", "Public key"}),
    authority_field(d::unit, "unit", Type::token, limits::unit_bytes_max, {"Đơn vị", "Unit"}),
    authority_field(d::label, "label", Type::text, name_max, {"Tên máy", "Label"}),
    authority_field(d::role, "role", Type::token, word_max, {"Vai trò", "Role"}),
    authority_field(d::enrolment_hash, "enrolment_hash", Type::bytes, 64,
                    {"Băm mã ghi danh", "Enrolment code hash"}),
    number_field(d::slot_first, "slot_first", Policy::authority, 9999,
                 {"Số đầu", "First number of the slot"}),
    number_field(d::slot_last, "slot_last", Policy::authority, 9999,
                 {"Số cuối", "Last number of the slot"}),
    authority_field(d::state, "state", Type::token, word_max, {"Tình trạng", "State"}),
    authority_field(d::certificate_serial, "certificate_serial", Type::code, word_max,
                    {"Số chứng thư", "Certificate serial"}),
}};

namespace a = account_field;
constexpr std::array<Field, 7> accounts{{
    code_field({"Tên đăng nhập", "Login"}),
    custody_field(),
    authority_field(a::unit, "unit", Type::token, limits::unit_bytes_max, {"Đơn vị", "Unit"}),
    authority_field(a::name, "name", Type::text, name_max, {"Họ tên", "Name"}),
    authority_field(a::role, "role", Type::token, word_max, {"Vai trò", "Role"}),
    authority_field(a::verifier, "verifier", Type::bytes, 512,
                    {"Dữ liệu kiểm tra mật khẩu", "Password verifier"}),
    authority_field(a::disabled, "disabled", Type::boolean, 0, {"Đã khóa", "Disabled"}),
}};

constexpr std::array<Field, 4> settings{{
    code_field({"Tên thiết lập", "Setting"}),
    custody_field(),
    authority_field(setting_field::value, "value", Type::json, 32 * 1024, {"Giá trị", "Value"}),
    authority_field(setting_field::note, "note", Type::text, text_max, {"Ghi chú", "Note"}),
}};

namespace h = holiday_field;
constexpr std::array<Field, 8> days{{
    code_field({"Mã ngày", "Day"}),
    custody_field(),
    authority_field(h::date, "date", Type::date, 0, {"Ngày", "Date"}),
    authority_field(h::type, "type", Type::token, word_max, {"Loại", "Type"}),
    authority_field(h::name, "name", Type::text, name_max, {"Tên", "Name"}),
    authority_field(h::confidence, "confidence", Type::token, word_max,
                    {"Mức kiểm chứng", "How it was checked"}),
    authority_field(h::source, "source", Type::text, text_max, {"Nguồn", "Source"}),
    authority_field(h::note, "note", Type::text, text_max, {"Ghi chú", "Note"}),
}};

}  // namespace

std::span<const Field> unit_fields() {
  return units;
}
std::span<const Field> procedure_fields() {
  return procedure_rows;
}
std::span<const Field> device_fields() {
  return devices;
}
std::span<const Field> account_fields() {
  return accounts;
}
std::span<const Field> setting_fields() {
  return settings;
}
std::span<const Field> holiday_fields() {
  return days;
}

}  // namespace tram::schema
