# The addon between JavaScript and the engine. CMake has built the engine before, as a library with the same flags
# (CMakeLists.txt). @electron/rebuild builds this (build/native.mjs).
{
  "targets": [
    {
      "target_name": "kcopyd",
      "sources": ["<!@(ls addon/*.cc addon/*/*.cc)"],
      "include_dirs": [
        ".",
        "<!(node -p \"require('node-addon-api').include_dir\")",
        "<!(node -p \"require('node-api-headers').include_dir\")"
      ],
      # An exception cannot be thrown into an environment that ends. Do not end the process for that.
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["<!@(cat flags.txt)", "-O2"],
      "libraries": ["<(module_root_dir)/../out/native/plain/libkcopyd.a", "<!@(test ! -e /usr/include/liburing.h || echo -l:liburing.a)"]
    }
  ]
}
