// Opens block devices and proves that they are the ones that were named.
#pragma once

#include <vector>

#include "descriptor.h"
#include "files.h"
#include "machine.h"
#include "protocol.h"
#include "refused.h"

namespace platter::broker {

// The number of a named device.
dev_t number_of(const Device& device);

// {direct, buffered}. Throws Refused.
std::vector<Descriptor> open_for_reading(const Roots& roots, const Device& device);

// {claim, direct, buffered}, when nothing stands against writing. Throws Refused.
std::vector<Descriptor> open_for_writing(const Roots& roots, const Device& device);

// Has the kernel read the partition table. `claim` is the client's exclusive descriptor of the device: while the client
// holds it, the kernel accepts no other. With -1 the device is claimed here. Throws Refused: kBusy when a partition is open.
void reread_partitions(const Roots& roots, const Device& device, int claim);

// Flushes a disk and has the kernel let it go, when nothing stands against it. Throws Refused.
void power_off(const Roots& roots, const Device& device);

}  // namespace platter::broker
