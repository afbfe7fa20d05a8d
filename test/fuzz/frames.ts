// Frames: any bytes, in any pieces, give the same values and then at most a FrameError.
import { isUtf8 } from 'node:buffer';
import { MAX_FRAME_BYTES } from '../../app/contract/host.ts';
import { encodeFrame, FrameDecoder, FrameError } from '../../app/client/frames.ts';
import { allowing, Dice, must } from './property.ts';

interface Outcome {
  /** Values as JSON, to compare them. */
  values: string[];
  /** The stream is broken, by what was pushed or at its end. */
  broken: boolean;
}

function decode(pieces: readonly Buffer[]): Outcome {
  const decoder = new FrameDecoder();
  const values: string[] = [];
  const ended = allowing(FrameError, () => {
    for (const piece of pieces) for (const value of decoder.push(piece)) values.push(JSON.stringify(value));
    decoder.end();
    return true;
  });
  return { values, broken: ended === null };
}

/** Decodes by the description of the format: four bytes of length, then that many bytes of JSON in UTF-8. */
function expected(stream: Buffer): Outcome {
  const values: string[] = [];
  for (let at = 0; at < stream.length;) {
    const length = stream.length - at < 4 ? 0 : stream.readUInt32BE(at);
    const body = stream.subarray(at + 4, at + 4 + length);
    const value = length === 0 || body.length < length ? null : jsonOf(body);
    if (value === null) return { values, broken: true };
    values.push(value);
    at += 4 + length;
  }
  return { values, broken: false };
}

function jsonOf(body: Buffer): string | null {
  try {
    return isUtf8(body) ? JSON.stringify(JSON.parse(body.toString())) : null;
  } catch {
    return null; // not JSON
  }
}

function check(stream: Buffer, pieceSize: number): void {
  const pieces: Buffer[] = [];
  for (let at = 0; at < stream.length; at += pieceSize) pieces.push(stream.subarray(at, at + pieceSize));
  const whole = decode([stream]);
  must(JSON.stringify(whole) === JSON.stringify(expected(stream)), 'frames are what the format says');
  must(JSON.stringify(whole) === JSON.stringify(decode(pieces)), 'the pieces make no difference');
  // 1e20 has 4 bytes, and 21 written out.
  must(whole.values.join('').length <= 8 * stream.length, 'values take no more than the frames that held them');

  const frames = whole.values.map((json) => encodeFrame(JSON.parse(json)));
  const again = decode(frames);
  must(!again.broken && JSON.stringify(again.values) === JSON.stringify(whole.values), 'what is encoded is decoded');
  must(
    frames.every((frame) => frame.length <= MAX_FRAME_BYTES + 4),
    'no frame is longer than allowed',
  );
}

/** The first byte says how the rest is cut: as a stream, and into valid frames. */
export function fuzz(data: Buffer): void {
  const dice = new Dice(data);
  const size = 1 + dice.below(64);
  check(data.subarray(1), size);
  const frames: Buffer[] = [];
  while (!dice.isEmpty && frames.length < 20) frames.push(encodeFrame('x'.repeat(dice.below(40))));
  check(Buffer.concat(frames), size);
}
