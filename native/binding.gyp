{
  "targets": [
    {
      "target_name": "kcopyd",
      "variables": {
        "uring%": "<!(test -e /usr/include/liburing.h && echo 1 || echo 0)"
      },
      "sources": ["<!@(ls kcopyd/*.cc kcopyd/*/*.cc io/*.cc addon/*.cc addon/*/*.cc)"],
      "include_dirs": [
        "<!(node -p \"require('node-addon-api').include_dir\")",
        "<!(node -p \"require('node-api-headers').include_dir\")",
        "<!(node -p \"require('path').dirname(require.resolve('xxhash-addon/package.json'))\")/xxHash"
      ],
      # An environment that ends can be thrown nothing: that is no reason to end the process with it.
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "conditions": [
        ["uring==1", {
          "defines": ["KCOPYD_HAVE_URING"],
          "libraries": ["-l:liburing.a"]
        }]
      ]
    }
  ]
}
