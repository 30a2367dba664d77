#include "sync/core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace tram::sync {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "tram: assertion failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace tram::sync
