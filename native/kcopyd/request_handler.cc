#include "request_handler.h"

#include <mutex>
#include <utility>
#include <vector>

namespace kcopyd {
namespace {

class HandledIo final : public BlockIo {
 public:
  explicit HandledIo(std::unique_ptr<BlockIo> io) : io_(std::move(io)) {}

  kcopyd_backend kind() const override { return io_->kind(); }
  void attach(int fd) override { io_->attach(fd); }
  void detach(int fd) override { io_->detach(fd); }
  void submit(IoRequest& request) override {
    if (request.handler == nullptr) return io_->submit(request);
    request.handler->handle(request, [this](IoRequest& answered) {
      // The lock is held until wake() has returned, so that this is still there then.
      const std::lock_guard lock(mutex_);
      done_.push_back(&answered);
      io_->wake();
    });
  }
  void kick() override { io_->kick(); }
  void wait(std::vector<IoRequest*>& done, std::optional<std::chrono::steady_clock::time_point> deadline) override {
    io_->wait(done, deadline);
    const std::lock_guard lock(mutex_);
    done.insert(done.end(), done_.begin(), done_.end());
    done_.clear();
  }
  void wake() noexcept override { io_->wake(); }

 private:
  const std::unique_ptr<BlockIo> io_;
  std::mutex mutex_;
  std::vector<IoRequest*> done_;
};

}  // namespace

std::unique_ptr<BlockIo> with_handlers(std::unique_ptr<BlockIo> io) {
  return std::make_unique<HandledIo>(std::move(io));
}

}  // namespace kcopyd
