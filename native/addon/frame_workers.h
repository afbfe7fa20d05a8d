// The codec of an image that is written packed: programs that pack and unpack frames in memory that they share with
// this one (native/unpack/frames_main.h).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "../kcopyd/descriptor.h"
#include "../kcopyd/kcopyd.h"
#include "../unpack/frame_protocol.h"

namespace platter {

// What one program is reached by.
struct FrameWorker {
  kcopyd::Descriptor memory;    // shared with it
  kcopyd::Descriptor requests;  // the end of a pipe that it reads
  kcopyd::Descriptor answers;   // the end of a pipe that it writes
};

// Bytes of the memory that is shared with a program whose frames hold `chunk` bytes at most.
constexpr size_t frame_memory(size_t chunk) { return chunk + frame_protocol::room(chunk); }

// The codec that asks these programs. Its `gone` ends them, because it closes their pipes. Throws std::system_error.
kcopyd_codec codec_of(std::vector<FrameWorker> workers, size_t chunk);

}  // namespace platter
