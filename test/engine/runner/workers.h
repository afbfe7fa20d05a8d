// Several processes share a list of tests, so that waiting tests cost no time and a crash ends no other test.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace test {

// Runs `work(i)` once for each of the names, in `processes` forked processes. Each takes the next piece that nobody has
// begun. A process's output appears whole when a piece ends. A process that dies appears as a "FAIL" line of its piece,
// and another takes its place. Gives 0 when every piece gave 0 and every process ended well (a sanitizer that found
// something makes it end badly), else 1. Call this while this process has only one thread.
int in_workers(unsigned processes, const std::vector<std::string>& names, const std::function<int(size_t)>& work);

}  // namespace test
