// The test framework itself, in a file of its own: it takes long to compile, and no sanitizer has business in it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
