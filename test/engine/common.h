// What nearly every test includes, to be compiled once (see Makefile). Nothing includes it by name, so it has no guard;
// each file still says what it uses.

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
