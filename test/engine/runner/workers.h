// Several processes that share a row of tests between them, so that those that wait cost no time and those that crash
// end nobody else.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace test {

// Runs `work(i)` once for each of the names, in `processes` forked processes, each taking the next that nobody has
// begun. What a process prints appears whole when a piece of its work ends. One that dies is told of as a "FAIL" line
// of the piece it was at, and another takes its place. Gives 0 when every piece gave 0 and every process ended well (a
// sanitizer that found something makes it end badly), else 1. To be called while this process has but one thread.
int in_workers(unsigned processes, const std::vector<std::string>& names, const std::function<int(size_t)>& work);

}  // namespace test
