// A folder of files that the kernel asks for (FUSE).
#pragma once

#include <memory>
#include <string>

#include "files.h"
#include "image.h"

struct fuse_session;

namespace serve {

struct Served;

// Mounts itself when made: by mount(2) for root, else by fusermount3. Serves once it has an image.
class Folder {
 public:
  // source: the name that the kernel lists for the mount. Throws std::runtime_error after the library has said on
  // standard error why it cannot be mounted.
  Folder(const std::string& path, const std::string& source);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // Closes the connection to the kernel in this process, for one that is not to serve.
  void leave();
  // Answers with `threads` threads until the folder is unmounted. Does not unmount it.
  void serve(Image& image, const Files& files, unsigned threads);

 private:
  std::unique_ptr<Served> served_;
  fuse_session* session_;
};

}  // namespace serve
