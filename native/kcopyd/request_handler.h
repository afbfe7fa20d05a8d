// Serves requests that are not for the kernel as they are: streams of a packed source, frames of a packed image.
#pragma once

#include <functional>
#include <memory>

#include "block_io.h"

namespace kcopyd {

class RequestHandler {
 public:
  // A request has ended, and its result is set. On a thread of the handler.
  using Done = std::function<void(IoRequest&)>;

  RequestHandler() = default;
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;
  virtual ~RequestHandler() = default;

  // Begins a request. It is answered once, also when it fails. Any thread.
  virtual void handle(IoRequest& request, Done done) = 0;
};

// Passes requests that name a handler to it, and all others to `io`.
std::unique_ptr<BlockIo> with_handlers(std::unique_ptr<BlockIo> io);

}  // namespace kcopyd
