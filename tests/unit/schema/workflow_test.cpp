// Goal: the steps have the ranks, ends and portal codes that the province agreed on, for good.
// Method: the whole table, the portal's own list beside it, and steps that are usual or not.
#include "schema/workflow.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

using namespace tram;
using namespace tram::schema;

TEST_CASE("words have these ranks and codes, and none ever changes") {
  struct Row {
    int rank;
    bool final;
    int portal;
  };
  const std::map<std::string_view, Row> expected = {
      {"moi_dang_ky", {16, false, 1}},    {"da_tiep_nhan", {32, false, 2}},
      {"dang_tham_dinh", {64, false, 4}}, {"cho_bo_sung", {80, false, 5}},
      {"da_bo_sung", {96, false, 4}},     {"dang_xu_ly", {112, false, 4}},
      {"trinh_ky", {144, false, 4}},      {"yeu_cau_nghia_vu_tai_chinh", {128, false, 6}},
      {"da_co_ket_qua", {192, false, 9}}, {"khong_tiep_nhan", {208, true, 3}},
      {"dung_xu_ly", {216, true, 8}},     {"cong_dan_rut", {224, true, 7}},
      {"da_tra_ket_qua", {240, true, 10}}};
  REQUIRE(status_words().size() == expected.size());
  int last = 0;
  for (const StatusWord& word : status_words()) {
    INFO(word.word);
    const Row& row = expected.at(word.word);
    CHECK(word.rank == row.rank);
    CHECK(word.final == row.final);
    CHECK(word.portal_code == row.portal);
    CHECK(word.rank > last);
    CHECK(find_status(word.word) == &word);
    last = word.rank;
  }
  CHECK(last < rank_unknown);
}

TEST_CASE("every code of the portal has a word, and every word a code of the portal") {
  std::set<int> codes;
  for (const StatusWord& word : status_words()) codes.insert(word.portal_code);
  CHECK(codes.size() == 10);
  REQUIRE(portal_statuses().size() == 11);
  int code = 0;
  for (const PortalStatus& status : portal_statuses()) {
    CHECK(status.code == code++);
    CHECK(!status.name_vi.empty());
    CHECK(!status.statistics_group.empty());
    CHECK(codes.count(status.code) == (status.code == 0 ? 0 : 1));
  }
}

TEST_CASE("an end ends the dossier, an unknown word does not") {
  CHECK(ended(status_value("da_tra_ket_qua")));
  CHECK(ended(status_value("khong_tiep_nhan")));
  CHECK(ended(status_value("cong_dan_rut")));
  CHECK(ended(status_value("dung_xu_ly")));
  CHECK(!ended(status_value("da_co_ket_qua")));
  CHECK(!ended(status_value("dang_xu_ly")));
  const sync::StatusValue unknown = status_value("chuyen_phat");
  CHECK(unknown == sync::StatusValue{rank_unknown, true, "chuyen_phat"});
  CHECK(!ended(unknown));
  // A final word of a newer version travels with its own rank.
  CHECK(ended(sync::StatusValue{248, true, "luu_kho"}));
}

TEST_CASE("steps that the procedure knows are usual") {
  CHECK(!unusual_step("", "da_tiep_nhan"));
  CHECK(!unusual_step("", "moi_dang_ky"));
  CHECK(!unusual_step("moi_dang_ky", "khong_tiep_nhan"));
  CHECK(!unusual_step("da_tiep_nhan", "dang_tham_dinh"));
  CHECK(!unusual_step("dang_tham_dinh", "da_bo_sung"));
  CHECK(!unusual_step("dang_xu_ly", "cho_bo_sung"));
  CHECK(!unusual_step("cho_bo_sung", "da_bo_sung"));
  CHECK(!unusual_step("da_bo_sung", "trinh_ky"));
  CHECK(!unusual_step("trinh_ky", "da_co_ket_qua"));
  CHECK(!unusual_step("trinh_ky", "da_tra_ket_qua"));
  CHECK(!unusual_step("da_co_ket_qua", "da_tra_ket_qua"));
  CHECK(!unusual_step("da_tra_ket_qua", "da_tra_ket_qua"));
}

TEST_CASE("other steps are flagged") {
  CHECK(unusual_step("", "trinh_ky"));
  CHECK(unusual_step("da_tra_ket_qua", "dang_xu_ly"));
  CHECK(unusual_step("khong_tiep_nhan", "da_tiep_nhan"));
  CHECK(unusual_step("da_tiep_nhan", "da_tra_ket_qua"));
  CHECK(unusual_step("cong_dan_rut", "dung_xu_ly"));
  CHECK(unusual_step("dang_xu_ly", "chuyen_phat"));
  CHECK(unusual_step("chuyen_phat", "dang_xu_ly"));
  CHECK(unusual_step("chuyen_phat", "chuyen_phat"));
}
