// One report a second from getStats (docs/protocol.md, "Quality"). Pure: two reports in, one message out.
import type { Kind, QualityReport, StreamReport } from './protocol.js';

/** The members of RTCStats that are read; each is missing in some browser or on some type. */
interface Stats {
  id: string;
  type: string;
  timestamp: number;
  kind?: Kind;
  mid?: string;
  rid?: string;
  trackIdentifier?: string;
  codecId?: string;
  mimeType?: string;
  remoteId?: string;
  mediaSourceId?: string;
  selectedCandidatePairId?: string;
  localCandidateId?: string;
  candidateType?: string;
  protocol?: string;
  relayProtocol?: string;
  currentRoundTripTime?: number;
  availableOutgoingBitrate?: number;
  availableIncomingBitrate?: number;
  state?: string;
  nominated?: boolean;
  bytesSent?: number;
  bytesReceived?: number;
  packetsReceived?: number;
  packetsLost?: number;
  fractionLost?: number;
  jitter?: number;
  roundTripTime?: number;
  frameWidth?: number;
  frameHeight?: number;
  framesPerSecond?: number;
  framesDropped?: number;
  audioLevel?: number;
  qualityLimitationReason?: string;
  freezeCount?: number;
  totalFreezesDuration?: number;
  concealedSamples?: number;
  silentConcealedSamples?: number;
  totalSamplesReceived?: number;
}

export type StatsById = ReadonlyMap<string, Stats>;

/** Which track a section carries. */
export interface TrackNames {
  byMid(mid: string): string | undefined;
  byMedia(id: string): string | undefined;
}

export const toMap = (report: RTCStatsReport): StatsById => new Map([...report.values()].map((stats: Stats) => [stats.id, stats]));

export function qualityReport(before: StatsById, now: StatsById, names: TrackNames, intervalMs: number): QualityReport {
  const all = [...now.values()];
  const streams = (type: string) => all.filter(s => s.type === type).flatMap(s => {
    const trackSid = (s.mid !== undefined && names.byMid(s.mid)) || names.byMedia(s.trackIdentifier ?? now.get(s.mediaSourceId ?? '')?.trackIdentifier ?? '');
    return trackSid && s.kind ? [{ s, was: before.get(s.id), trackSid, kind: s.kind }] : [];
  });
  return {
    type: 'quality-report',
    intervalMs: clamp(intervalMs, 1, 60_000),
    ...transportOf(all, now),
    up: streams('outbound-rtp').map(({ s, was, trackSid, kind }) => up(now, s, was, trackSid, kind, intervalMs)),
    down: streams('inbound-rtp').map(({ s, was, trackSid, kind }) => down(now, s, was, trackSid, kind, intervalMs)),
  };
}

function transportOf(all: Stats[], now: StatsById): Partial<QualityReport> {
  const selected = all.find(s => s.type === 'transport')?.selectedCandidatePairId;
  const pair = now.get(selected ?? '') ?? all.find(s => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded');
  const local = now.get(pair?.localCandidateId ?? '');
  return given({
    rttMs: scaled(pair?.currentRoundTripTime, 1000, 60_000),
    transport: local && (local.candidateType === 'relay' ? 'relay' : local.protocol === 'tcp' ? 'tcp' : 'udp'),
    availableOutBps: scaled(pair?.availableOutgoingBitrate, 1, 1e10),
    availableInBps: scaled(pair?.availableIncomingBitrate, 1, 1e10),
  });
}

function up(all: StatsById, s: Stats, was: Stats | undefined, trackSid: string, kind: Kind, intervalMs: number): StreamReport {
  const remote = all.get(s.remoteId ?? '');
  const limited = s.qualityLimitationReason;
  return {
    ...common(all, s, trackSid, kind),
    bps: rate(s.bytesSent, was?.bytesSent, intervalMs),
    loss: clamp(remote?.fractionLost ?? 0, 0, 1),
    jitterMs: scaled(remote?.jitter, 1000, 60_000) ?? 0,
    ...given({
      rid: s.rid,
      audioLevel: scaled(all.get(s.mediaSourceId ?? '')?.audioLevel, 1, 1),
      limitedBy: limited === 'none' || limited === 'cpu' || limited === 'bandwidth' ? limited : limited && 'other',
    }),
  } as StreamReport;
}

function down(all: StatsById, s: Stats, was: Stats | undefined, trackSid: string, kind: Kind, intervalMs: number): StreamReport {
  const lost = grown(s.packetsLost, was?.packetsLost), received = grown(s.packetsReceived, was?.packetsReceived);
  const concealed = (x: Stats | undefined) => x?.concealedSamples === undefined ? undefined : x.concealedSamples - (x.silentConcealedSamples ?? 0);
  const samples = grown(s.totalSamplesReceived, was?.totalSamplesReceived);
  const quiet = grown(concealed(s), concealed(was));
  return {
    ...common(all, s, trackSid, kind),
    bps: rate(s.bytesReceived, was?.bytesReceived, intervalMs),
    loss: lost + received > 0 ? lost / (lost + received) : 0,
    jitterMs: scaled(s.jitter, 1000, 60_000) ?? 0,
    ...given({
      audioLevel: scaled(s.audioLevel, 1, 1),
      ...(kind === 'video'
        ? { freezes: Math.round(clamp(grown(s.freezeCount, was?.freezeCount), 0, 1000)), freezeMs: clamp(1000 * grown(s.totalFreezesDuration, was?.totalFreezesDuration), 0, 60_000),
          framesDropped: Math.round(clamp(grown(s.framesDropped, was?.framesDropped), 0, 100_000)) }
        : { concealedMs: samples > 0 ? clamp(quiet / samples * intervalMs, 0, 60_000) : 0 }),
    }),
  } as StreamReport;
}

function common(all: StatsById, s: Stats, trackSid: string, kind: Kind) {
  return {
    trackSid, kind,
    ...given({
      codec: all.get(s.codecId ?? '')?.mimeType?.split('/')[1],
      width: scaled(s.frameWidth, 1, 16_384), height: scaled(s.frameHeight, 1, 16_384), fps: scaled(s.framesPerSecond, 1, 1000),
    }),
  };
}

/** Without the members that are undefined. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== '')) as never;
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
const scaled = (value: number | undefined, by: number, max: number) => value === undefined ? undefined : clamp(value * by, 0, max);
/** Counters start again after a re-join; a smaller one is no growth. */
const grown = (now: number | undefined, before: number | undefined) => Math.max(0, (now ?? 0) - (before ?? 0));
const rate = (now: number | undefined, before: number | undefined, intervalMs: number) =>
  before === undefined ? 0 : clamp(grown(now, before) * 8000 / intervalMs, 0, 1e10);
