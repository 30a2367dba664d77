# Everything that is not ours: Debian's packages and the SQLite amalgamation from the npm registry.
# ./installer/setup installs all of it.

find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(tomlplusplus 3.3 QUIET)
find_package(tl-expected REQUIRED)
find_package(cereal REQUIRED)

# Boost 1.81 is installed beside Debian's default Boost: ask for it by version, headers only.
find_package(Boost 1.81 REQUIRED)

# SQLite with encryption at rest. Plain -O2, no sanitizers: it is not our code.
set(TRAM_SQLITE_DIR ${CMAKE_SOURCE_DIR}/node_modules/better-sqlite3-multiple-ciphers/deps/sqlite3)
if(NOT EXISTS ${TRAM_SQLITE_DIR}/sqlite3.c)
  message(FATAL_ERROR "The SQLite amalgamation is missing: run ./installer/setup (npm ci).")
endif()
# SQLite3MC goes on with what it could not read (mended upstream by its pull request 272, after this
# release). In the recovery of a WAL that passes for the end of the log, and acknowledged work is
# gone: every failed read must be one.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${TRAM_SQLITE_DIR}/sqlite3.c)
file(READ ${TRAM_SQLITE_DIR}/sqlite3.c TRAM_SQLITE_TEXT)
set(TRAM_SQLITE_MENDED "${TRAM_SQLITE_TEXT}")
# tram_mend(WHAT FROM TO): once what is mended here is mended upstream, the line here must go.
macro(tram_mend what from to)
  string(FIND "${TRAM_SQLITE_MENDED}" "${from}" TRAM_SQLITE_AT)
  if(TRAM_SQLITE_AT EQUAL -1)
    message(FATAL_ERROR "SQLite3MC has changed: see whether it needs this still: ${what}.")
  endif()
  string(REPLACE "${from}" "${to}" TRAM_SQLITE_MENDED "${TRAM_SQLITE_MENDED}")
endmacro()
tram_mend("failed reads are reported" "if (rc == SQLITE_IOERR_SHORT_READ)" "if (rc != SQLITE_OK)")
# Without memory for its parameters it writes to address 0.
tram_mend("a connection without memory is refused"
  "  /* Create copy of tables */\n  if (cloneCodecParams != NULL)"
  "  if (cloneCipherParams == NULL) { sqlite3_free(cloneCodecParams); return NULL; }
  if (cloneCodecParams != NULL)")
set(TRAM_SQLITE_SOURCE ${CMAKE_BINARY_DIR}/sqlite/sqlite3.c)
set(TRAM_SQLITE_TEXT "")
if(EXISTS ${TRAM_SQLITE_SOURCE})
  file(READ ${TRAM_SQLITE_SOURCE} TRAM_SQLITE_TEXT)
endif()
if(NOT TRAM_SQLITE_MENDED STREQUAL TRAM_SQLITE_TEXT)
  file(WRITE ${TRAM_SQLITE_SOURCE} "${TRAM_SQLITE_MENDED}")
endif()
unset(TRAM_SQLITE_TEXT)
unset(TRAM_SQLITE_MENDED)
add_library(tram_sqlite STATIC ${TRAM_SQLITE_SOURCE})
target_include_directories(tram_sqlite SYSTEM PUBLIC ${TRAM_SQLITE_DIR})
target_compile_options(tram_sqlite PRIVATE -O2 -w -maes -msse4.2)
target_compile_definitions(tram_sqlite PRIVATE
  SQLITE_THREADSAFE=2 SQLITE_DQS=0 SQLITE_DEFAULT_FOREIGN_KEYS=1 SQLITE_OMIT_LOAD_EXTENSION=1
  SQLITE_ENABLE_FTS5=1 SQLITE_TEMP_STORE=3 SQLITE_MAX_MMAP_SIZE=0 SQLITE_OMIT_DEPRECATED=1
  SQLITE_SECURE_DELETE=1 SQLITE_TRUSTED_SCHEMA=0 SQLITE_USE_ALLOCA=1 SQLITE_DEFAULT_MEMSTATUS=0
  SQLITE_LIKE_DOESNT_MATCH_BLOBS=1 SQLITE_OMIT_PROGRESS_CALLBACK=1 SQLITE_OMIT_SHARED_CACHE=1
  CODEC_TYPE=CODEC_TYPE_CHACHA20)
target_link_libraries(tram_sqlite PUBLIC Threads::Threads ${CMAKE_DL_LIBS} m)
set_target_properties(tram_sqlite PROPERTIES JOB_POOL_COMPILE heavy)
