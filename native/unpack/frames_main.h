#pragma once

namespace unpack {

/*
 * platter-unpack frames: packs and unpacks frames in shared memory, for an image that is written packed.
 *
 *     --format NAME   zstd, xz, gzip or qcow2
 *     --level N       of that format
 *     --size BYTES    the most bytes in a frame; a cluster of qcow2
 *     --parent PID    ends with the thread that started this
 *
 * Descriptor 4 is memory that both programs map: --size bytes of an image, and behind them the frame, with room for
 * --size bytes, a 64th more, and 64 KiB. A request on standard input is 16 bytes: 'p' or 'u' as a 32-bit number, the
 * bytes of the image, the bytes of the frame ('u'), and 0. The answer on standard output is 8 bytes: the size of the
 * frame ('p'), 0 ('u'), or a negative errno. Ends with its standard input.
 */
int run_frames(int count, char** words);

/*
 * platter-unpack frame-sizes [--parent PID]: the zstd frames that an incomplete image on standard input has from its
 * start, as far as they are whole. Prints a line for each: its bytes in the file, and the bytes that it holds.
 */
int run_frame_sizes(int count, char** words);

}  // namespace unpack
