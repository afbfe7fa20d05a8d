// Two short sounds, made on the spot: up for a good end, down and twice for what somebody has to see to.

/** Tones in Hz, one after the other. */
const TONES = { good: [523.25, 659.25, 783.99], bad: [392, 277.18, 392, 277.18] } as const;

/** Seconds from one tone to the next, and how loud, of 1. */
const STEP = 0.16;
const LOUDNESS = 0.2;

let output: AudioContext | null = null;

/** Plays it, over whatever plays already. A machine without sound stays silent. */
export function play(sound: keyof typeof TONES): void {
  output ??= new AudioContext();
  const begin = output.currentTime + 0.02;
  for (const [index, tone] of TONES[sound].entries()) sing(output, tone, begin + index * STEP);
}

/** A tone that fades in and out, so that it does not click. */
function sing(context: AudioContext, tone: number, at: number): void {
  const voice = context.createOscillator();
  const loudness = context.createGain();
  voice.frequency.value = tone;
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
  loudness.gain.linearRampToValueAtTime(0, at + STEP * 1.5);
  voice.connect(loudness).connect(context.destination);
  voice.start(at);
  voice.stop(at + STEP * 1.5);
}
