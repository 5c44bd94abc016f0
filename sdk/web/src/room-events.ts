import type { Call } from './call.js';
import type { ChatMessage } from './chat.js';
import type { DataMessage } from './data-message.js';
import type { NexusError } from './errors.js';
import type { LocalTrack } from './local-track.js';
import type { LocalParticipant, RemoteParticipant } from './participant.js';
import type { Grants, Quality } from './protocol.js';
import type { RemoteTrack, RemoteTrackState } from './remote-track.js';

/** `reconnecting`: signalling or media is interrupted, and on its way back. `left` is for good. */
export type RoomState = 'connecting' | 'connected' | 'reconnecting' | 'left';

export interface RoomEvents {
  /** `why` is set in state `left`. */
  state: [state: RoomState, why: NexusError | undefined];
  'participant-joined': [participant: RemoteParticipant];
  'participant-left': [participant: RemoteParticipant, reason: string];
  'participant-updated': [participant: RemoteParticipant | LocalParticipant];
  'track-published': [track: RemoteTrack, participant: RemoteParticipant];
  'track-unpublished': [track: RemoteTrack, participant: RemoteParticipant];
  /** Media is about to flow: attach it, if it is not. */
  'track-subscribed': [track: RemoteTrack, participant: RemoteParticipant];
  /** It flows, does not flow, or was refused; `reason` says why. */
  'track-state': [track: RemoteTrack, state: RemoteTrackState, reason: string | undefined];
  'track-muted': [track: RemoteTrack, muted: boolean];
  'local-track-published': [track: LocalTrack];
  'local-track-unpublished': [track: LocalTrack];
  quality: [participant: RemoteParticipant | LocalParticipant, quality: Quality];
  speaking: [participant: RemoteParticipant | LocalParticipant, speaking: boolean];
  /** Who speaks, the dominant speaker first: the members or their order changed. */
  'active-speakers-changed': [speakers: readonly (RemoteParticipant | LocalParticipant)[]];
  /** Metadata of the room. */
  updated: [];
  /** An admin locked the room, so that nobody new comes in, or opened it again. */
  locked: [locked: boolean];
  /** What you may do in the room is something else now. Tracks that may not be published any more are unpublished already. */
  'grants-changed': [grants: Readonly<Grants>, before: Readonly<Grants>];
  /** An admin moved this participant: `name`, `sid` and the others are those of another room now. */
  moved: [];
  /** The browser plays no sound before the user has touched the page: call `startPlayback` from a click. */
  'playback-blocked': [];
  /** A message that someone sent by `sendData`, or the server. */
  data: [message: DataMessage];
  /** A chat message, one's own included. Its text is text: never show it as HTML. */
  chat: [message: ChatMessage];
  /** Someone rings. */
  call: [call: Call];
}
