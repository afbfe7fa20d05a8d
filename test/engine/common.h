// What nearly every test includes, precompiled (see CMakeLists.txt). Nothing includes it by name, so it has no guard.
// Each file still includes what it uses.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>

#include "lab/disks.h"
