// Notices of state: ten a second at most, and the last one always.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttle } from '../../app/main/throttle.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('sends the first at once and the newest when the interval is over', () => {
  const sent: number[] = [];
  const send = throttle((value: number) => sent.push(value), 100);
  send(1);
  send(2);
  send(3);
  expect(sent).toEqual([1]);
  vi.advanceTimersByTime(99);
  expect(sent).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual([1, 3]);
});

it('keeps the interval after a late one too', () => {
  const sent: number[] = [];
  const send = throttle((value: number) => sent.push(value), 100);
  send(1);
  send(2);
  vi.advanceTimersByTime(100);
  send(3);
  expect(sent).toEqual([1, 2]);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([1, 2, 3]);
});

it('a thousand changes in a second are eleven notices', () => {
  let sent = 0;
  const send = throttle(() => sent++, 100);
  for (let ms = 0; ms < 1000; ms++) {
    send(ms);
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(100);
  expect(sent).toBe(11);
});

it('after a quiet time it sends at once again', () => {
  const sent: number[] = [];
  const send = throttle((value: number) => sent.push(value), 100);
  send(1);
  vi.advanceTimersByTime(100);
  send(2);
  expect(sent).toEqual([1, 2]);
});
