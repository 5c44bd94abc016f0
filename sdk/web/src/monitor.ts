// Looks at the connection while the room is up: a quality report a second.
import { every, type Clock } from './clock.js';
import type { QualityReport } from './protocol.js';
import { qualityReport, toMap, type StatsById, type TrackNames } from './quality.js';

const reportEvery = 1000;

export interface MonitorOwner {
  /** Undefined while there is none to look at. */
  connection(): RTCPeerConnection | undefined;
  names: TrackNames;
  report(report: QualityReport): void;
}

export class Monitor {
  readonly #owner: MonitorOwner;
  readonly #clock: Clock;
  readonly #stop: () => void;
  #before: StatsById = new Map();
  #beforeAt: number;

  constructor(clock: Clock, owner: MonitorOwner) {
    this.#clock = clock;
    this.#owner = owner;
    this.#beforeAt = clock.now();
    this.#stop = every(clock, reportEvery, () => void this.#report());
  }

  close(): void {
    this.#stop();
  }

  async #report(): Promise<void> {
    const report = await this.#owner.connection()?.getStats();
    if (!report) return;
    const now = toMap(report), at = this.#clock.now();
    this.#owner.report(qualityReport(this.#before, now, this.#owner.names, Math.max(1, at - this.#beforeAt)));
    this.#before = now;
    this.#beforeAt = at;
  }
}
