// A throttle lets a few calls a second through, and always the last.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttle } from '../../../app/main/throttle.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('sends the first change at once and the newest when the interval is over', () => {
  const sent: number[] = [];
  const send = throttle(
    (value: number) => sent.push(value),
    () => 100,
  );
  send(1);
  send(2);
  send(3);
  expect(sent).toEqual([1]);
  vi.advanceTimersByTime(99);
  expect(sent).toEqual([1]);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual([1, 3]);
});

it('keeps the interval after a late notice too', () => {
  const sent: number[] = [];
  const send = throttle(
    (value: number) => sent.push(value),
    () => 100,
  );
  send(1);
  send(2);
  vi.advanceTimersByTime(100);
  send(3);
  expect(sent).toEqual([1, 2]);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([1, 2, 3]);
});

it('makes eleven notices of a thousand changes in a second', () => {
  let sent = 0;
  const send = throttle(
    () => sent++,
    () => 100,
  );
  for (let ms = 0; ms < 1000; ms++) {
    send(ms);
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(100);
  expect(sent).toBe(11);
});

it('sends at once again after a quiet time', () => {
  const sent: number[] = [];
  const send = throttle(
    (value: number) => sent.push(value),
    () => 100,
  );
  send(1);
  vi.advanceTimersByTime(100);
  send(2);
  expect(sent).toEqual([1, 2]);
});

it('sends an urgent change sooner, together with what waits', () => {
  const sent: string[] = [];
  const send = throttle(
    (value: string) => sent.push(value),
    (value) => (value === 'news' ? 100 : 300),
  );
  send('figure 1');
  send('figure 2');
  vi.advanceTimersByTime(50);
  send('news');
  vi.advanceTimersByTime(49);
  expect(sent).toEqual(['figure 1']);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual(['figure 1', 'news']);
  send('figure 3');
  vi.advanceTimersByTime(299);
  expect(sent).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual(['figure 1', 'news', 'figure 3']);
});
