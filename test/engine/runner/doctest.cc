// The test framework itself, in a file of its own: it takes long to compile and needs no sanitizer.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
