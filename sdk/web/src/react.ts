// Hooks for React 18 and later. They show what a room is; what one does, one does to the room itself.
import { createElement, useCallback, useEffect, useRef, useState, useSyncExternalStore, type CSSProperties, type ReactElement } from 'react';
import {
  NexusClient, NexusError, type ChatMessage, type JoinOptions, type LocalParticipant, type LocalTrack, type NexusClientOptions, type RemoteParticipant,
  type RemoteTrack, type Room, type RoomEvents, type RoomState, type Source,
} from './index.js';

export interface UseRoomOptions extends NexusClientOptions {
  /** Its name; that of the token when left out. */
  room?: string;
  join?: JoinOptions;
}

/** A room on its way, joined or left. */
export interface RoomConnection {
  /** Undefined until it is joined. */
  readonly room: Room | undefined;
  readonly state: RoomState;
  /** Why it was not joined, or left. */
  readonly error: NexusError | undefined;
}

const connecting: RoomConnection = { room: undefined, state: 'connecting', error: undefined };

/**
 * Joins a room while the component is there, and leaves it after. Other options of the same url, room and region count at the next
 * join only; a token that is a string counts at once. Without options nothing is joined.
 */
export function useRoom(options: UseRoomOptions | undefined): RoomConnection {
  const [connection, setConnection] = useState(connecting);
  const latest = useRef(options);
  latest.current = options;
  const { url, room: name, region, token } = options ?? {};
  const identity = typeof token === 'string' ? token : 'fetched';
  useEffect(() => {
    const now = latest.current;
    if (!now) return;
    let room: Room | undefined, gone = false;
    setConnection(connecting);
    new NexusClient(now).join(now.room, now.join).then(joined => {
      room = joined;
      if (gone) return joined.leave();
      joined.on('state', (state, error) => setConnection({ room: joined, state, error }));
      setConnection({ room: joined, state: joined.state, error: undefined });
    }, (error: unknown) => {
      const named = error instanceof NexusError ? error : new NexusError('CONNECT_FAILED', String(error), { cause: error });
      if (!gone) setConnection({ room: undefined, state: 'left', error: named });
    });
    return () => {
      gone = true;
      room?.leave();
    };
  }, [url, name, region, identity]);
  return connection;
}

/** Renders again at each of the room's events that are named; returns how often that was. The list must be a constant. */
export function useRoomEvents(room: Room | undefined, events: readonly (keyof RoomEvents)[]): number {
  const count = useRef(0);
  const subscribe = useCallback((render: () => void) => {
    const changed = () => {
      count.current++;
      render();
    };
    const offs = events.map(event => room?.on(event, changed));
    changed(); // what came between the rendering and now
    return () => offs.forEach(off => off?.());
  }, [room, events]);
  return useSyncExternalStore(subscribe, () => count.current, () => 0);
}

const people: readonly (keyof RoomEvents)[] = ['participant-joined', 'participant-left', 'participant-updated', 'moved', 'quality', 'speaking'];

/** The others, in order of arrival. */
export function useParticipants(room: Room | undefined): readonly RemoteParticipant[] {
  useRoomEvents(room, people);
  return room?.participants ?? [];
}

const speech: readonly (keyof RoomEvents)[] = ['active-speakers-changed'];

/** Who speaks, the dominant speaker first. */
export function useActiveSpeakers(room: Room | undefined): readonly (RemoteParticipant | LocalParticipant)[] {
  useRoomEvents(room, speech);
  return room?.activeSpeakers ?? [];
}

const media: readonly (keyof RoomEvents)[] = ['track-published', 'track-unpublished', 'track-subscribed', 'track-state', 'track-muted', 'participant-left', 'moved'];

/** A track with who publishes it. */
export interface TrackOfParticipant {
  readonly track: RemoteTrack;
  readonly participant: RemoteParticipant;
}

/** What the others publish: all of it, or what comes from these sources. */
export function useTracks(room: Room | undefined, ...sources: readonly Source[]): readonly TrackOfParticipant[] {
  useRoomEvents(room, media);
  return (room?.participants ?? []).flatMap(participant => participant.tracks
    .filter(track => sources.length === 0 || sources.includes(track.source))
    .map(track => ({ track, participant })));
}

const own: readonly (keyof RoomEvents)[] = ['local-track-published', 'local-track-unpublished', 'moved'];

/** What one publishes oneself. */
export function useLocalTracks(room: Room | undefined): readonly LocalTrack[] {
  useRoomEvents(room, own);
  return room?.localParticipant.tracks ?? [];
}

/** The chat since the component is there, one's own lines included. */
export function useChat(room: Room | undefined): readonly ChatMessage[] {
  const [lines, setLines] = useState<readonly ChatMessage[]>([]);
  useEffect(() => {
    setLines([]);
    return room?.on('chat', line => setLines(before => [...before, line]));
  }, [room]);
  return lines;
}

export interface TrackViewProps {
  track: RemoteTrack | LocalTrack;
  className?: string;
  style?: CSSProperties;
}

/** Plays a track, in a `video` or `audio` element of its own. */
export function TrackView({ track, className, style }: TrackViewProps): ReactElement {
  const element = useRef<HTMLMediaElement>(null);
  useEffect(() => {
    const shown = element.current!;
    track.attach(shown);
    return () => track.detach(shown);
  }, [track]);
  return createElement(track.kind, { ref: element, className, style, playsInline: true, autoPlay: true });
}
