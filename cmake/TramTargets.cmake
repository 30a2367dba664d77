# How every target of ours is built: warnings are errors, sanitizers touch our own code only,
# headers must compile alone, heavy units share one slot of a Ninja pool.

set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)

# UNSANITIZED: for units that are mostly somebody else's templates; the sanitizers would take
# minutes for each and find nothing of ours.
function(tram_compile_options target)
  cmake_parse_arguments(arg "UNSANITIZED" "" "" ${ARGN})
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
  # GCC 12 takes every moved std::optional of a vector for uninitialised once it optimises
  # (GCC bug 80635); clang's analysis and the sanitizers watch instead.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    # The same for growing vectors of bytes at -O2 (GCC bugs 105329, 105651).
    target_compile_options(${target} PRIVATE
      $<$<CONFIG:Release>:-Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
      -Wno-stringop-overread>)
  endif()
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  if(TRAM_SANITIZE AND arg_UNSANITIZED)
    target_compile_options(${target} PRIVATE -O2)
  elseif(TRAM_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined
      -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(TRAM_TIDY)
    set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "clang-tidy-16;--quiet")
  endif()
endfunction()

# tram_library(NAME SOURCES… [HEADERS…] [LINKS…] [PRIVATE_LINKS…] [HEAVY…])
# HEADERS are public and are each compiled alone (CMake's VERIFY_INTERFACE_HEADER_SETS).
# HEAVY sources need over 1 GB each: compiled one at a time, and without sanitizers.
function(tram_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;LINKS;PRIVATE_LINKS;HEAVY" ${ARGN})
  add_library(tram_${name} STATIC ${arg_SOURCES})
  add_library(tram::${name} ALIAS tram_${name})
  if(arg_HEADERS)
    target_sources(tram_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}
      FILES ${arg_HEADERS})
    set_target_properties(tram_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()
  tram_compile_options(tram_${name})
  target_link_libraries(tram_${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
  if(arg_HEAVY)
    add_library(tram_${name}_heavy OBJECT ${arg_HEAVY})
    tram_compile_options(tram_${name}_heavy UNSANITIZED)
    target_link_libraries(tram_${name}_heavy PRIVATE ${arg_LINKS} ${arg_PRIVATE_LINKS})
    set_target_properties(tram_${name}_heavy PROPERTIES JOB_POOL_COMPILE heavy)
    target_link_libraries(tram_${name} PRIVATE $<BUILD_INTERFACE:tram_${name}_heavy>)
    target_sources(tram_${name} PRIVATE $<TARGET_OBJECTS:tram_${name}_heavy>)
  endif()
endfunction()

# tram_binary(NAME SOURCES… LINKS…): a program in build/<preset>/bin.
function(tram_binary name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  tram_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
endfunction()
