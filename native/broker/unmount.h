// Takes a file system off a named device.
#pragma once

#include <cstdint>

#include "files.h"
#include "protocol.h"

namespace platter::broker {

// Unmounts the mount with this id, which lies on the device or a partition of it; never the system's, never by force,
// never lazily. Throws Refused: kNotMounted, kSystem, kMounted when another file system is mounted on it, kBusy when it
// is in use.
void unmount(const Roots& roots, const Device& device, uint64_t id);

}  // namespace platter::broker
