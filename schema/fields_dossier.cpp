#include <array>

#include "schema/fields.hpp"
#include "schema/limits.hpp"

// The dossier. Why each field has its policy: README.md, which a test compares with this table.
namespace tram::schema {

namespace {

using sync::Policy;
using Type = sync::ValueType;
namespace f = dossier_field;

constexpr std::array<AttributeField, 7> paper_attributes{{
    {attribute::position, "position", Type::integer, 0},
    {2, "ok", Type::boolean, 0},
    {3, "kind", Type::token, 64},  // original, certified copy, photocopy
    {4, "copies", Type::integer, 0},
    {5, "digitised", Type::boolean, 0},
    {6, "note", Type::text, 2000},
    {attribute::more, "", Type::json, 8192},
}};

constexpr std::array<AttributeField, 3> other_code_attributes{{
    {2, "system", Type::token, 64},  // who gave the code; "tram" for a provisional one
    {3, "note", Type::text, 2000},
    {attribute::more, "", Type::json, 8192},
}};

constexpr std::int64_t money_max = 1'000'000'000'000;  // a million million đồng
constexpr std::int64_t count_max = 1'000'000;

constexpr std::array<Field, 30> fields{{
    plain_field(f::code, "code", Type::code, Policy::review, limits::code_bytes_max,
                {"Mã hồ sơ", "Dossier code"}),
    plain_field(f::custody, "custody", Type::token, Policy::authority, limits::unit_bytes_max,
                {"Đơn vị đang giữ hồ sơ", "Unit in charge"}),
    plain_field(f::procedure_code, "procedure_code", Type::token, Policy::review, 64,
                {"Mã thủ tục", "Procedure code"}),
    plain_field(f::procedure_name, "procedure_name", Type::token, Policy::latest, 1000,
                {"Tên thủ tục", "Procedure"}),
    plain_field(f::sector, "sector", Type::token, Policy::latest, 500, {"Lĩnh vực", "Sector"}),
    plain_field(f::level, "level", Type::token, Policy::latest, 64, {"Cấp thực hiện", "Level"}),
    plain_field(f::agency, "agency", Type::token, Policy::latest, 500,
                {"Cơ quan tiếp nhận", "Receiving agency"}),
    personal_field(f::applicant_name, "applicant_name", Type::text, Policy::review, 500,
                   {"Người nộp", "Applicant"}),
    personal_field(f::applicant_id, "applicant_id", Type::digits, Policy::review, 64,
                   {"Số định danh", "Identity number"}),
    personal_field(f::gender, "gender", Type::token, Policy::review, 64, {"Giới tính", "Gender"}),
    personal_field(f::dob, "dob", Type::date, Policy::review, 0, {"Ngày sinh", "Date of birth"}),
    personal_field(f::phone, "phone", Type::digits, Policy::review, 64, {"Điện thoại", "Phone"}),
    personal_field(f::address, "address", Type::text, Policy::review, 2000, {"Địa chỉ", "Address"}),
    plain_field(f::channel, "channel", Type::token, Policy::latest, 64,
                {"Kênh nộp", "Filing channel"}),
    plain_field(f::return_via, "return_via", Type::token, Policy::review, 64,
                {"Nơi trả kết quả", "Return of the result"}),
    plain_field(f::received_at, "received_at", Type::instant, Policy::review, 0,
                {"Tiếp nhận lúc", "Received"}),
    plain_field(f::due_at, "due_at", Type::instant, Policy::authority, 0, {"Hẹn trả", "Due"}),
    plain_field(f::status, "status", Type::status, Policy::workflow, limits::status_word_bytes_max,
                {"Trạng thái", "Status"}),
    number_field(f::step, "step", Policy::latest, count_max, {"Bước", "Step"}),
    plain_field(f::officer, "officer", Type::token, Policy::latest, 500,
                {"Cán bộ xử lý", "Officer"}),
    number_field(f::copies, "copies", Policy::review, count_max, {"Số bản", "Copies"}),
    number_field(f::fee_amount, "fee_amount", Policy::review, money_max,
                 {"Phí, lệ phí (đồng)", "Fee (VND)"}),
    plain_field(f::fee_paid, "fee_paid", Type::boolean, Policy::review, 0,
                {"Đã nộp phí", "Fee paid"}),
    plain_field(f::fee_receipt, "fee_receipt", Type::code, Policy::review, 64,
                {"Số biên lai", "Fee receipt"}),
    union_field(f::checklist, "checklist", "name", paper_attributes,
                {"Thành phần hồ sơ", "Papers"}),
    personal_field(f::notes, "notes", Type::text, Policy::review, 16 * 1024, {"Ghi chú", "Notes"}),
    plain_field(f::result_no, "result_no", Type::code, Policy::review, 64,
                {"Số kết quả", "Result number"}),
    plain_field(f::result_at, "result_at", Type::instant, Policy::latest, 0,
                {"Có kết quả lúc", "Result given"}),
    personal_field(f::dob_partial, "dob_partial", Type::token, Policy::review, 16,
                   {"Năm sinh (không rõ ngày)", "Year of birth (day unknown)"}),
    union_field(f::other_codes, "other_codes", "code", other_code_attributes,
                {"Mã khác", "Other codes"}),
}};

}  // namespace

std::span<const Field> dossier_fields() {
  return fields;
}

}  // namespace tram::schema
