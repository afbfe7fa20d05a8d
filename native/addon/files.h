// System calls on names, locks and loop devices that Node lacks.
#pragma once

#include <napi.h>

namespace platter {

// Adds renameFile, resizeFile, lockDevice, unlockDevice, lockDescriptor, dataBytes, fileState and loopFile to the
// addon's functions.
void define_files(Napi::Env env, Napi::Object exports);

}  // namespace platter
