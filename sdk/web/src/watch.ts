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
  /** The own sid. */
  self(): string;
  speaking(sid: string, speaking: boolean): void;
}

/** Watches until the monitor is closed. */
export function watch(clock: Clock, { session, media, people, self, speaking }: Watched): Monitor {
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
    voices: () => voices(media, people),
    ownVoice: () => {
      const microphone = media.publisher.tracks.find(track => track.source === 'microphone' && !track.muted);
      const sender = microphone && media.publisher.transceiverOf(microphone)?.sender;
      return sender && [self(), sender];
    },
    speaking,
  });
}

function* voices(media: Media, people: People): Iterable<[sid: string, receiver: RTCRtpReceiver]> {
  const receivers = new Map(media.pc.getReceivers().map(receiver => [receiver.track, receiver]));
  for (const track of people.tracks) {
    const receiver = track.kind === 'audio' && !track.muted && track.mediaStreamTrack && receivers.get(track.mediaStreamTrack);
    if (receiver) yield [track.participantSid, receiver];
  }
}
