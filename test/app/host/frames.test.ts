// Frames give the same values in whatever pieces their bytes arrive. Anything else ends the conversation.
import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES } from '../../../app/contract/host.ts';
import { encodeFrame, FrameDecoder, FrameError } from '../../../app/client/frames.ts';

const values = [
  { id: 1, method: 'list', params: { all: true } },
  'ünïcödé \u{1f4bf}',
  0,
  null,
  [],
  { deep: [[['x']]] },
];
const stream = Buffer.concat(values.map(encodeFrame));

function header(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

const frame = (body: Buffer | string): Buffer => Buffer.concat([header(Buffer.byteLength(body)), Buffer.from(body)]);
const decoded = (...chunks: Buffer[]): unknown[] => {
  const decoder = new FrameDecoder();
  const got = chunks.flatMap((chunk) => [...decoder.push(chunk)]);
  decoder.end();
  return got;
};

function expectNone(values: Iterable<unknown>): void {
  for (const value of values) throw new Error(`a value too early: ${String(value)}`);
}

describe('what is encoded is decoded', () => {
  it('decodes frames that arrive in one piece', () => {
    expect(decoded(stream)).toEqual(values);
  });

  it('decodes frames that arrive in two pieces, cut anywhere', () => {
    for (let cut = 0; cut <= stream.length; cut += 1)
      expect(decoded(stream.subarray(0, cut), stream.subarray(cut))).toEqual(values);
  });

  it('decodes frames that arrive byte by byte', () => {
    expect(decoded(...[...stream].map((byte) => Buffer.of(byte)))).toEqual(values);
  });

  it('S22 decodes any number of pieces in the memory of one frame', () => {
    const frame = encodeFrame('x'.repeat(2 ** 20));
    const decoder = new FrameDecoder();
    const before = process.memoryUsage().heapUsed;
    for (const byte of frame.subarray(0, -1)) expectNone(decoder.push(Buffer.of(byte)));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(96 * 2 ** 20);
    expect([...decoder.push(frame.subarray(-1))]).toEqual(['x'.repeat(2 ** 20)]);
  });

  it('decodes the longest frame allowed', () => {
    const longest = 'x'.repeat(MAX_FRAME_BYTES - 2);
    expect(decoded(encodeFrame(longest))).toEqual([longest]);
    expect(() => encodeFrame(`${longest}x`)).toThrow(FrameError);
  });

  it('writes the length in four bytes, big-endian', () => {
    expect(encodeFrame('ab')).toEqual(Buffer.from('\0\0\0\x04"ab"'));
  });
});

describe('what is no frame is refused', () => {
  it.each([
    ['a frame of 1 GiB, at its header', header(2 ** 30)],
    ['one byte more than allowed, at its header', header(MAX_FRAME_BYTES + 1)],
    ['an empty frame', header(0)],
    ['what is not UTF-8', frame(Buffer.from([0x22, 0xff, 0x22]))],
    ['what is not JSON', frame('{"id":')],
    ['two values in one frame', frame('1 2')],
    ['a byte order mark', frame('\ufeff1')],
  ])('%s', (_what, bytes) => {
    expect(() => [...new FrameDecoder().push(bytes)]).toThrow(FrameError);
  });

  it('refuses a bad frame after it has given the values before it', () => {
    const got: unknown[] = [];
    expect(() => {
      for (const value of new FrameDecoder().push(Buffer.concat([stream, header(0)]))) got.push(value);
    }).toThrow(FrameError);
    expect(got).toEqual(values);
  });

  it.each([1, 3, 4, 5, stream.length - 1])('a stream that ends after %i bytes, inside a frame', (length) => {
    const decoder = new FrameDecoder();
    Array.from(decoder.push(stream.subarray(0, length)));
    // A stream may end between two frames.
    const whole = values
      .map((_, count) => Buffer.concat(values.slice(0, count).map(encodeFrame)).length)
      .includes(length);
    if (whole) expect(() => decoder.end()).not.toThrow();
    else expect(() => decoder.end()).toThrow(FrameError);
  });
});
