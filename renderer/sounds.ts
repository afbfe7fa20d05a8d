// Two short synthesised sounds: rising for a good end, falling twice when somebody must act.

/** Tones in Hz, one after the other. */
const TONES = { good: [523.25, 659.25, 783.99], bad: [392, 277.18, 392, 277.18] } as const;

/** Seconds between two tones, and their volume, 0 to 1. */
const STEP = 0.16;
const LOUDNESS = 0.2;

let output: AudioContext | null = null;

/** Plays a sound, mixed with any that still plays. A machine without sound stays silent. */
export function play(sound: keyof typeof TONES): void {
  output ??= new AudioContext();
  const begin = output.currentTime + 0.02;
  for (const [index, tone] of TONES[sound].entries()) playTone(output, tone, begin + index * STEP);
}

/** A tone that fades in and out, so that it does not click. */
function playTone(context: AudioContext, tone: number, at: number): void {
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
