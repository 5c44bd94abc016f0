// The messages of nexus.v1: docs/protocol.md says what they mean, docs/protocol.schema.json what is valid.

export type Kind = 'audio' | 'video';
export type Source = 'camera' | 'microphone' | 'screen' | 'screenAudio' | 'unknown';
export type Layer = 'low' | 'middle' | 'high';
/** How much of a video anybody wants: nothing, or the layers up to one. */
export type Demand = 'off' | Layer;
export type Quality = 'good' | 'fair' | 'poor' | 'lost';

export interface TrackInfo {
  sid: string;
  kind: Kind;
  source: Source;
  name: string;
  codec: string;
  muted: boolean;
  mutedByServer?: boolean;
  layers: { rid: string; width: number; height: number }[];
}

export interface ParticipantInfo {
  sid: string;
  identity: string;
  name: string;
  state: 'joining' | 'active' | 'reconnecting';
  joinedAt: string;
  metadata: string;
  attributes: Record<string, string>;
  tracks: TrackInfo[];
}

export interface RoomInfo {
  sid: string;
  name: string;
  metadata: string;
  locked: boolean;
}

export interface RosterPage {
  epoch: number;
  to: number;
  participants: ParticipantInfo[];
  room?: RoomInfo;
  cursor?: string;
}

export interface Left {
  sid: string;
  identity: string;
  reason: string;
}

export interface Delta {
  type: 'delta';
  epoch: number;
  from: number;
  to: number;
  participants?: ParticipantInfo[];
  left?: Left[];
  room?: RoomInfo;
}

export interface SpeakerInfo {
  participantSid: string;
  /** Amplitude, 0 to 1. */
  level: number;
}

export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
  expiresAt?: string;
}

export interface Grants {
  canPublish: boolean;
  canSubscribe: boolean;
  canPublishData: boolean;
  canPublishSources: Source[];
  canUpdateOwnMetadata: boolean;
  hidden: boolean;
}

/** No sources named means all. */
export const mayPublish = ({ canPublish, canPublishSources }: Grants, source: Source): boolean =>
  canPublish && (canPublishSources.length === 0 || canPublishSources.includes(source));

export interface Publication {
  source: Source;
  name?: string;
  muted?: boolean;
}

export interface Subscription {
  trackSid: string;
  participantSid: string;
  state: 'offered' | 'active' | 'paused' | 'refused' | 'ended';
  mid?: string;
  layer?: Layer;
  reason?: string;
  message?: string;
}

/** What is wanted of a track; what is left out is no wish. */
export interface Wish {
  /** Counts before the size. */
  layer?: Layer;
  /** Size of the picture on screen, device pixels: the smallest layer that fills it, but for a tenth, is sent. */
  maxWidth?: number;
  maxHeight?: number;
  /** 1 to 255, the higher the more it matters where there is no bandwidth for all. Without one the server decides. */
  priority?: number;
  paused?: boolean;
}

export interface StreamReport {
  trackSid: string;
  kind: Kind;
  /** Bit/s. */
  bps: number;
  /** 0 to 1. */
  loss: number;
  jitterMs: number;
  rid?: string;
  codec?: string;
  width?: number;
  height?: number;
  fps?: number;
  audioLevel?: number;
  limitedBy?: 'none' | 'cpu' | 'bandwidth' | 'other';
  freezes?: number;
  freezeMs?: number;
  concealedMs?: number;
  framesDropped?: number;
}

export interface QualityReport {
  type: 'quality-report';
  intervalMs: number;
  rttMs?: number;
  transport?: 'udp' | 'tcp' | 'relay';
  availableOutBps?: number;
  availableInBps?: number;
  up: StreamReport[];
  down: StreamReport[];
}

export interface Candidate {
  type: 'candidate';
  candidate: string;
  mid: string;
  ufrag?: string;
}

export type CallState = 'inviting' | 'ringing' | 'accepted' | 'rejected' | 'cancelled' | 'timedOut';

export interface CallMessage {
  type: 'call';
  requestId?: number;
  callId: string;
  from: string;
  to: string;
  state: CallState;
  expiresAt?: string;
  payload?: string;
  reason?: string;
}

/** Messages that need a reply; the session puts the `requestId` on. */
export type Request =
  | { type: 'join'; room?: string; token?: string; autoSubscribe?: boolean; attributes?: Record<string, string>; client?: { sdk: string; version: string; platform?: string } }
  | { type: 'resume'; session: string; room: string; token?: string; epoch: number; seq: number }
  | { type: 'offer'; id: number; sdp: string; publish: Record<string, Publication> }
  | { type: 'mute'; trackSid: string; muted: boolean }
  | { type: 'subscribe' | 'unsubscribe'; trackSids: string[] }
  | { type: 'update'; metadata?: string; attributes?: Record<string, string | null> }
  | { type: 'snapshot'; cursor?: string }
  | { type: 'ice-servers' }
  | { type: 'invite'; to: string; timeoutSeconds?: number; payload?: string }
  | { type: 'call-action'; callId: string; action: 'ringing' | 'accept' | 'reject' | 'cancel'; reason?: string };

/** Messages that need none. */
export type Notice =
  | Candidate
  | QualityReport
  | { type: 'ack'; trackSid: string; mid: string }
  | { type: 'wishes'; wishes: ({ trackSid: string } & Wish)[] }
  | { type: 'ping'; t: number }
  | { type: 'leave'; reason?: string };

export interface Joined {
  type: 'joined';
  requestId: number;
  session: string;
  participant: ParticipantInfo;
  room: RoomInfo;
  roster: RosterPage;
  sections: { audio: number; video: number };
  iceServers: IceServer[];
  grants: Grants;
  node: string;
  region: string;
  pingIntervalSeconds: number;
  graceSeconds: number;
  server: string;
}

export interface Resumed {
  type: 'resumed';
  requestId: number;
  subscriptions: Subscription[];
  sections: { audio: number; video: number };
  iceServers: IceServer[];
  offerId: number;
  grants: Grants;
  node: string;
  region: string;
  roster?: RosterPage;
}

export interface Answer {
  type: 'answer';
  requestId: number;
  id: number;
  sdp: string;
  published: Record<string, string>;
}

export interface Leave {
  type: 'leave';
  requestId?: number;
  code: string;
  message: string;
  then: 'stop' | 'rejoin' | 'resume';
  /** With MOVED: where to join from now on, and with which token. */
  room?: string;
  token?: string;
}

export interface ErrorMessage {
  type: 'error';
  requestId?: number;
  code: string;
  message: string;
  fatal?: boolean;
}

export type Snapshot = RosterPage & { type: 'snapshot'; requestId: number };
export type IceServers = { type: 'ice-servers'; requestId: number; iceServers: IceServer[] };

/** What the server says unasked. */
export type Push =
  | Delta
  | Candidate
  | CallMessage
  | { type: 'sections'; audio: number; video: number }
  | { type: 'grants'; grants: Grants }
  | { type: 'demands'; tracks: { trackSid: string; layer: Demand }[] }
  | { type: 'subscriptions'; subscriptions: Subscription[] }
  | { type: 'speakers'; speakers: SpeakerInfo[] }
  | { type: 'quality'; participants: { participantSid: string; quality: Quality; score?: number }[] };

export type ServerMessage =
  | Push
  | Joined
  | Resumed
  | Answer
  | Snapshot
  | IceServers
  | Leave
  | ErrorMessage
  | { type: 'pong'; t: number }
  | { type: 'ok'; requestId: number };

interface Replies {
  join: Joined;
  resume: Resumed;
  offer: Answer;
  snapshot: Snapshot;
  'ice-servers': IceServers;
  invite: CallMessage;
}

/** The reply that a request of this type gets when all goes well. */
export type ReplyTo<T extends Request> = T['type'] extends keyof Replies ? Replies[T['type']] : { type: 'ok'; requestId: number };
