// x
// y
#include <catch2/catch.hpp>
