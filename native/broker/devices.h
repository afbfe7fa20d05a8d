// Opens block devices and proves that they are the ones that were named.
#pragma once

#include <vector>

#include "descriptor.h"
#include "files.h"
#include "protocol.h"
#include "refused.h"
#include "system_disks.h"

namespace platter::broker {

// The number of a named device.
dev_t number_of(const Device& device);

// {direct, buffered}. Throws Refused.
std::vector<Descriptor> open_for_reading(const Roots& roots, const Device& device);

// {claim, direct, buffered}. Throws Refused when the device must not be written.
std::vector<Descriptor> open_for_writing(const Roots& roots, const Device& device);

// Rereads the partition table. `claim` is the client's exclusive descriptor: while the client holds it, the kernel
// accepts no other. With -1 this function claims the device. Throws Refused: kBusy when a partition is open.
void reread_partitions(const Roots& roots, const Device& device, int claim);

// Flushes a disk and removes it from the system. Throws Refused when the disk must not be written.
void power_off(const Roots& roots, const Device& device);

}  // namespace platter::broker
