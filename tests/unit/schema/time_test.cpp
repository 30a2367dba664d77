// Goal: a moment or a day comes back as it went in, and nothing that is almost one gets through.
// Method: forms that are right and wrong, both ends of the calendar, and random moments there and
// back.
#include "schema/time_text.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

using namespace tram::schema;

TEST_CASE("moments are read with their zone and shown in local time") {
  CHECK(*parse_instant("1970-01-01T00:00:00Z") == 0);
  CHECK(*parse_instant("1970-01-01T07:00:00+07:00") == 0);
  CHECK(*parse_instant("2025-07-01T07:34:19+07:00") == 1751330059);
  CHECK(*parse_instant("2025-07-01T00:34:19Z") == 1751330059);
  CHECK(*parse_instant("2025-06-30T17:04:19-07:30") == 1751330059);
  CHECK(*parse_instant("2025-07-01T00:34:19.000Z") == 1751330059);
  CHECK(*format_instant(1751330059) == "2025-07-01T07:34:19+07:00");
  CHECK(*format_instant(-1) == "1970-01-01T06:59:59+07:00");
  CHECK(*format_instant(-25201) == "1969-12-31T23:59:59+07:00");
}

TEST_CASE("what is no moment is refused") {
  for (const std::string_view text : {"",
                                      "2025-07-01",
                                      "2025-07-01T07:34:19",
                                      "2025-07-01 07:34:19+07:00",
                                      "2025-07-01t07:34:19Z",
                                      "2025-07-01T07:34Z",
                                      "2025-07-01T24:00:00Z",
                                      "2025-07-01T07:60:00Z",
                                      "2025-07-01T07:34:60Z",
                                      "2025-02-29T07:34:19Z",
                                      "2025-13-01T07:34:19Z",
                                      "2025-07-01T07:34:19+0700",
                                      "2025-07-01T07:34:19+14:01",
                                      "2025-07-01T07:34:19+07:60",
                                      "2025-07-01T07:34:19z",
                                      "2025-07-01T07:34:19.Z",
                                      "2025-07-01T07:34:19.5Z",
                                      "2025-07-01T07:34:19.000",
                                      "2025-07-01T07:34:19+07:00 ",
                                      "0999-07-01T07:34:19Z",
                                      "1000-01-01T00:00:00+14:00",
                                      "9999-12-31T23:59:59Z",
                                      "+025-07-01T07:34:19Z"}) {
    INFO(text);
    CHECK(!parse_instant(text));
  }
}

TEST_CASE("days are read and shown") {
  CHECK(*parse_date("1970-01-01") == 0);
  CHECK(*parse_date("1956-04-30") == -4994);
  CHECK(*parse_date("2024-02-29") == 19782);
  CHECK(*format_date(19782) == "2024-02-29");
  CHECK(*format_date(*parse_date("1000-01-01")) == "1000-01-01");
  CHECK(*format_date(*parse_date("9999-12-31")) == "9999-12-31");
  CHECK(!format_date(*parse_date("1000-01-01") - 1));
  CHECK(!format_date(*parse_date("9999-12-31") + 1));
}

TEST_CASE("what is no day is refused, and an incomplete one is told so") {
  for (const std::string_view text :
       {"", "1956", "1956-04", "1956-4-30", "30/04/1956", "1956-04-31", "2023-02-29", "0956-04-30",
        "1956-04-30T", "1956-00-10", "1956-10-00"}) {
    INFO(text);
    CHECK(!parse_date(text));
  }
  CHECK(parse_date("1956").error().message.find("incomplete") != std::string::npos);
  CHECK(is_partial_date("1956"));
  CHECK(is_partial_date("1956-04"));
  CHECK(!is_partial_date("1956-13"));
  CHECK(!is_partial_date("1956-00"));
  CHECK(!is_partial_date("195x"));
  CHECK(!is_partial_date("0956"));
  CHECK(!is_partial_date("1956/04"));
  CHECK(!is_partial_date("1956-04-30"));
}

TEST_CASE("nothing overflows") {
  CHECK(!format_instant(INT64_MAX));
  CHECK(!format_instant(INT64_MIN));
  CHECK(!format_date(INT64_MAX));
  CHECK(!format_date(INT64_MIN));
}

TEST_CASE("any moment and any day comes back") {
  CHECK(rc::check([] {
    const auto moment = *rc::gen::inRange<std::int64_t>(-30'000'000'000, 250'000'000'000);
    const auto days = *rc::gen::inRange<std::int64_t>(-354285, 2932897);
    RC_ASSERT(*parse_instant(*format_instant(moment)) == moment);
    RC_ASSERT(*parse_date(*format_date(days)) == days);
  }));
}
