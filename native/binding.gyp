# The addon: what is between JavaScript and the engine. The engine itself is a library that CMake has made before
# (CMakeLists.txt), with the same flags. @electron/rebuild builds this (build/native.mjs).
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
      # An environment that ends can be thrown nothing: that is no reason to end the process with it.
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["<!@(cat flags.txt)", "-O2"],
      "libraries": ["<(module_root_dir)/../out/native/plain/libkcopyd.a", "<!@(test ! -e /usr/include/liburing.h || echo -l:liburing.a)"]
    }
  ]
}
