// What one publishes: from local tracks to sections, through mutes, new devices and re-joins.
import { encodingsFor } from './encodings.js';
import { NexusError } from './errors.js';
import { LayerGate } from './layer-gate.js';
import type { LocalTrack } from './local-track.js';
import type { Demand, Publication, Request, Source } from './protocol.js';
import type { Transport } from './transport.js';

interface Entry {
  transceiver: RTCRtpTransceiver;
  gate: LayerGate;
  readonly release: () => void;
}

export interface PublisherOwner {
  request(message: Extract<Request, { type: 'mute' }>): Promise<unknown>;
  published(track: LocalTrack): void;
  unpublished(track: LocalTrack): void;
}

export class Publisher {
  readonly #owner: PublisherOwner;
  readonly #entries = new Map<LocalTrack, Entry>();
  /** By sid; may be said before the answer that tells the sid. */
  readonly #demands = new Map<string, Demand>();
  #transport: Transport;

  constructor(transport: Transport, owner: PublisherOwner) {
    this.#transport = transport;
    this.#owner = owner;
  }

  get tracks(): LocalTrack[] {
    return [...this.#entries.keys()];
  }

  async publish(track: LocalTrack): Promise<void> {
    if (this.#entries.has(track)) return;
    const off = [
      track.on('replaced', media => void this.#entries.get(track)?.transceiver.sender.replaceTrack(media ?? null)),
      track.on('muted', muted => this.#mute(track, muted)),
      track.on('ended', () => void this.unpublish(track)),
    ];
    this.#entries.set(track, { ...this.#open(track), release: () => off.forEach(act => act()) });
    await this.#negotiate(track);
  }

  /** Ends the publication; the track itself goes on. */
  async unpublish(track: LocalTrack): Promise<void> {
    const entry = this.#forget(track);
    if (!entry) return;
    this.#owner.unpublished(track);
    await this.#transport.negotiate().catch(() => {}); // a session that has ended has nothing to be told
  }

  /** Ends the publication of what may not be published any more. */
  keepOnly(may: (source: Source) => boolean): void {
    for (const track of this.tracks.filter(({ source }) => !may(source))) void this.unpublish(track);
  }

  /** For an offer: what each section carries. */
  publications(): Record<string, Publication> {
    return Object.fromEntries([...this.#entries].filter(([, { transceiver }]) => transceiver.mid !== null)
      .map(([{ source, name, muted }, { transceiver }]) => [transceiver.mid!, { source, name, muted }]));
  }

  /** From an answer: the sids of what is published. */
  answered(published: Record<string, string>): void {
    for (const [track, { transceiver, gate }] of this.#entries) {
      const sid = published[transceiver.mid ?? ''];
      if (!sid || sid === track.sid) continue;
      track.sid = sid;
      gate.demand = this.#demands.get(sid) ?? 'high';
      this.#owner.published(track);
    }
  }

  /** How much of one's videos anybody wants: the rest is not sent. */
  demanded(tracks: readonly { trackSid: string; layer: Demand }[]): void {
    for (const { trackSid, layer } of tracks) this.#demands.set(trackSid, layer);
    for (const [{ kind, sid }, { gate }] of this.#entries) {
      const demand = kind === 'video' && sid !== undefined && this.#demands.get(sid);
      if (demand) gate.demand = demand;
    }
  }

  /** Nobody can say any more that somebody wants what nobody did: as little as shows a picture is sent until then. */
  interrupted(): void {
    for (const { gate } of this.#entries.values()) if (gate.demand === 'off') gate.demand = 'low';
  }

  /** An offer is over, one way or the other. */
  negotiated(): void {
    for (const { gate } of this.#entries.values()) void gate.apply();
  }

  /** A new session: everything is published again, under new sids, with all layers. The caller negotiates. */
  moveTo(transport: Transport): void {
    this.#transport = transport;
    this.#demands.clear();
    for (const [track, entry] of this.#entries) {
      track.sid = undefined;
      entry.gate.close();
      Object.assign(entry, this.#open(track));
    }
  }

  /** Mutes may have been lost with the connection. */
  repeatMutes(): void {
    for (const track of this.#entries.keys()) this.#mute(track, track.muted);
  }

  /** The end of the session: tracks are let go, not stopped. */
  close(): void {
    for (const [track, { release, gate }] of this.#entries) {
      release();
      gate.close();
      track.sid = undefined;
    }
    this.#entries.clear();
  }

  transceiverOf(track: LocalTrack): RTCRtpTransceiver | undefined {
    return this.#entries.get(track)?.transceiver;
  }

  #open(track: LocalTrack): Pick<Entry, 'transceiver' | 'gate'> {
    const transceiver = this.#send(track), gate = new LayerGate(transceiver.sender);
    void gate.apply(); // layers of the section's last track may be off
    return { transceiver, gate };
  }

  #send(track: LocalTrack): RTCRtpTransceiver {
    const media = track.mediaStreamTrack ?? null;
    if (track.kind === 'audio') return this.#transport.send(media, 'audio', [{ maxBitrate: 64_000 }], track.codec);
    const { width = 1280, height = 720, frameRate = 30 } = media?.getSettings() ?? {};
    const { source, codec, simulcast } = track;
    return this.#transport.send(media, 'video', encodingsFor({ source, codec, simulcast, width, height, frameRate }), codec);
  }

  async #negotiate(track: LocalTrack): Promise<void> {
    const transport = this.#transport;
    try {
      await transport.negotiate();
    } catch (error) {
      if (transport !== this.#transport) return this.#negotiate(track); // the session was replaced meanwhile: the new one has the track too
      this.#forget(track);
      throw error;
    }
    if (!track.sid && this.#entries.has(track)) {
      this.#forget(track);
      throw new NexusError('SDP_UNSUPPORTED', `The server did not take the ${track.source}.`);
    }
  }

  #mute(track: LocalTrack, muted: boolean): void {
    const { sid } = track;
    if (sid) void this.#owner.request({ type: 'mute', trackSid: sid, muted }).catch(() => {});
  }

  #forget(track: LocalTrack): Entry | undefined {
    const entry = this.#entries.get(track);
    if (!entry) return undefined;
    this.#entries.delete(track);
    entry.release();
    entry.gate.close();
    if (track.sid) this.#demands.delete(track.sid);
    this.#transport.stopSending(entry.transceiver);
    track.sid = undefined;
    return entry;
  }
}
