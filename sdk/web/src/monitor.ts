// Looks at the connection while the room is up: a quality report a second, voices five times a second.
import { every, type Clock } from './clock.js';
import type { QualityReport } from './protocol.js';
import { qualityReport, toMap, type StatsById, type TrackNames } from './quality.js';
import { hear, silent, type Voice } from './speaking.js';

const reportEvery = 1000;
const listenEvery = 200;

export interface MonitorOwner {
  /** Undefined while there is none to look at. */
  connection(): RTCPeerConnection | undefined;
  names: TrackNames;
  report(report: QualityReport): void;
  /** Receivers that play a voice, by participant sid. */
  voices(): Iterable<[sid: string, receiver: RTCRtpReceiver]>;
  /** One's own microphone, by the own sid. */
  ownVoice(): [sid: string, sender: RTCRtpSender] | undefined;
  speaking(sid: string, speaking: boolean): void;
}

export class Monitor {
  readonly #owner: MonitorOwner;
  readonly #clock: Clock;
  readonly #voices = new Map<string, Voice>();
  readonly #stop: (() => void)[];
  #before: StatsById = new Map();
  #beforeAt: number;

  constructor(clock: Clock, owner: MonitorOwner) {
    this.#clock = clock;
    this.#owner = owner;
    this.#beforeAt = clock.now();
    this.#stop = [
      every(clock, reportEvery, () => void this.#report()),
      every(clock, listenEvery, () => void this.#listen()),
    ];
  }

  close(): void {
    this.#stop.forEach(stop => stop());
  }

  async #report(): Promise<void> {
    const report = await this.#owner.connection()?.getStats();
    if (!report) return;
    const now = toMap(report), at = this.#clock.now();
    this.#owner.report(qualityReport(this.#before, now, this.#owner.names, Math.max(1, at - this.#beforeAt)));
    this.#before = now;
    this.#beforeAt = at;
  }

  async #listen(): Promise<void> {
    const levels = new Map<string, number>();
    for (const [sid, receiver] of this.#owner.voices()) {
      const level = Math.max(0, ...receiver.getSynchronizationSources().map(source => source.audioLevel ?? 0));
      levels.set(sid, Math.max(level, levels.get(sid) ?? 0));
    }
    const own = this.#owner.ownVoice();
    if (own) levels.set(own[0], await levelOf(own[1]));
    for (const sid of new Set([...levels.keys(), ...this.#voices.keys()])) this.#hear(sid, levels.get(sid) ?? 0);
  }

  #hear(sid: string, level: number): void {
    const before = this.#voices.get(sid) ?? silent;
    const after = hear(before, level, this.#clock.now());
    this.#voices.set(sid, after);
    if (after.speaking !== before.speaking) this.#owner.speaking(sid, after.speaking);
  }
}

async function levelOf(sender: RTCRtpSender): Promise<number> {
  for (const stats of (await sender.getStats()).values() as Iterable<{ type: string; audioLevel?: number }>) {
    if (stats.type === 'media-source') return stats.audioLevel ?? 0;
  }
  return 0;
}
