// Who speaks, from audio levels. Pure; levels are looked at a few times a second.

/** Linear level (0 to 1) above which someone speaks, and the time it may fall below in between words. */
const threshold = 0.015;
const holdMs = 700;

export interface Voice {
  readonly speaking: boolean;
  /** When it was last above the threshold. */
  readonly heardAt: number;
}

export const silent: Voice = { speaking: false, heardAt: -Infinity };

export function hear(voice: Voice, level: number, now: number): Voice {
  const heardAt = level > threshold ? now : voice.heardAt;
  const speaking = now - heardAt < holdMs;
  return speaking === voice.speaking && heardAt === voice.heardAt ? voice : { speaking, heardAt };
}
