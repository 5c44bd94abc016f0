// What the monitor looks at in a room.
import type { Clock } from './clock.js';
import type { LocalTrack } from './local-track.js';
import type { Media } from './media.js';
import { Monitor } from './monitor.js';
import type { People } from './people.js';
import type { Session } from './session.js';

interface Watched {
  readonly session: Session;
  readonly media: Media;
  readonly people: People;
}

/** Watches until the monitor is closed. */
export function watch(clock: Clock, { session, media, people }: Watched): Monitor {
  const local = (matches: (track: LocalTrack) => boolean) => media.publisher.tracks.find(matches)?.sid;
  const remote = (matches: (track: MediaStreamTrack) => boolean) =>
    people.tracks.find(track => track.mediaStreamTrack && matches(track.mediaStreamTrack))?.sid;
  return new Monitor(clock, {
    connection: () => session.state === 'connected' ? media.pc : undefined,
    names: {
      byMid: mid => local(track => media.publisher.transceiverOf(track)?.mid === mid) ?? remote(track => track === media.receiverOf(mid)?.track),
      byMedia: id => local(track => track.mediaStreamTrack?.id === id) ?? remote(track => track.id === id),
    },
    report: report => session.notify(report),
  });
}
