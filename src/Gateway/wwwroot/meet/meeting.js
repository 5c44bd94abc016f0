// The meeting itself: tiles that follow the room, controls, banner.
import { createCameraVideoTrack, createMicrophoneTrack } from '../sdk/nexus-sdk.js';
import { givenBack, sentenceOfGrants, showButtons, whyHeld } from './allowed.js';
import { ChatPanel } from './chat.js';
import { chosen, devicePicker } from './devices.js';
import { Grid } from './grid.js';
import { explain } from './messages.js';
import { Tile } from './tiles.js';

const el = id => document.getElementById(id);
const states = { connecting: 'Connecting', connected: 'Connected', reconnecting: 'Reconnecting', left: 'Left' };

export class Meeting {
  #room;
  #ended;
  #own = {};
  #tiles = new Map();
  #sounds = new Map();
  #grid = new Grid(el('stage'));
  #listening = new AbortController();
  #fillPickers;
  #chat;
  #silence;

  /** @param ended is told why, when the meeting is over */
  constructor(room, { camera, microphone }, ended) {
    this.#room = room;
    this.#ended = ended;
    this.#own = { camera, microphone };
    this.#showName();
    this.#showLock();
    this.#chat = new ChatPanel(room, text => this.#say(text), this.#listening.signal);
    this.#watch();
    this.#wire();
    for (const participant of room.participants) this.#arrived(participant);
    this.#refreshOwn();
    this.#showState(room.state);
    for (const track of [microphone, camera]) {
      if (track && room.mayPublish(track.source)) void this.#publish(track);
      else if (track) this.#withdrawn(track);
    }
  }

  leave() {
    this.#room.leave();
  }

  // --- the room ---

  #watch() {
    const room = this.#room;
    room.on('state', (state, why) => (state === 'left' ? this.#over(why) : this.#showState(state)));
    room.on('participant-joined', participant => {
      this.#arrived(participant);
      this.#say(`${participant.name} joined`);
    });
    room.on('participant-left', participant => {
      this.#departed(participant);
      this.#say(`${participant.name} left`);
    });
    room.on('participant-updated', participant => this.#refresh(participant));
    room.on('track-published', (track, participant) => this.#refresh(participant));
    room.on('track-unpublished', (track, participant) => this.#refresh(participant));
    room.on('track-state', track => this.#refreshOf(track));
    room.on('track-muted', track => this.#refreshOf(track));
    room.on('quality', participant => this.#update(participant));
    room.on('speaking', participant => this.#update(participant));
    room.on('updated', () => this.#count());
    room.on('grants-changed', (now, before) => {
      this.#chat.showGrant();
      this.#refreshOwn();
      this.#say(sentenceOfGrants(now, before));
    });
    room.on('local-track-unpublished', track => this.#withdrawn(track));
    room.on('locked', locked => {
      this.#showLock();
      this.#say(locked ? 'A moderator locked the room: nobody new comes in' : 'The room is open again');
    });
    room.on('moved', () => {
      this.#showName();
      this.#showLock();
      this.#banner('moved', `A moderator moved you to ${room.name}.`, 'OK', () => {});
    });
    room.on('playback-blocked', () => this.#banner('sound', 'Your browser is holding the sound back.', 'Turn on sound', () => room.startPlayback()));
  }

  #arrived(participant) {
    this.#refresh(participant);
    this.#count();
  }

  #departed(participant) {
    for (const source of ['camera', 'screen']) this.#dropTile(participant, source);
    for (const [sid, sound] of this.#sounds) {
      if (sound.participant === participant) this.#dropSound(sid);
    }
    this.#count();
  }

  #refreshOf(track) {
    const participant = this.#room.participants.find(p => p.sid === track.participantSid);
    if (participant) this.#refresh(participant);
  }

  /** Brings tiles and sounds of one person to what the room says of them. */
  #refresh(participant) {
    const own = participant === this.#room.localParticipant;
    if (own) return this.#refreshOwn();
    const picture = source => participant.tracks.find(t => t.kind === 'video' && (source === 'screen' ? t.source === 'screen' : t.source !== 'screen'));
    this.#tile(participant, 'camera').track = picture('camera');
    const screen = picture('screen');
    if (screen) this.#tile(participant, 'screen').track = screen;
    else this.#dropTile(participant, 'screen');
    const voices = participant.tracks.filter(t => t.kind === 'audio');
    for (const track of voices) this.#sound(track, participant);
    for (const [sid, sound] of this.#sounds) {
      if (sound.participant === participant && !voices.some(t => t.sid === sid)) this.#dropSound(sid);
    }
    this.#update(participant);
  }

  #refreshOwn() {
    const self = this.#room.localParticipant, { camera, screen } = this.#own;
    this.#tile(self, 'camera').track = camera;
    if (screen) this.#tile(self, 'screen').track = screen;
    else this.#dropTile(self, 'screen');
    showButtons(this.#room, this.#own);
    this.#update(self);
  }

  #update(participant) {
    for (const source of ['camera', 'screen']) this.#tiles.get(this.#key(participant, source))?.update();
  }

  /** One's own tile stays through re-joins, which give a new sid. */
  #key(participant, source) {
    return `${participant === this.#room.localParticipant ? 'self' : participant.sid} ${source}`;
  }

  #tile(participant, source) {
    const key = this.#key(participant, source);
    let tile = this.#tiles.get(key);
    if (!tile) {
      const own = participant === this.#room.localParticipant;
      tile = new Tile(participant, { own, screen: source === 'screen', onFull: element => this.#grid.enlarge(this.#grid.large === element ? null : element) });
      this.#tiles.set(key, tile);
      el('stage').append(tile.element);
      if (source === 'screen' && !own) this.#grid.enlarge(tile.element);
      else this.#grid.arrange();
    }
    return tile;
  }

  #dropTile(participant, source) {
    const key = this.#key(participant, source);
    this.#tiles.get(key)?.remove();
    if (this.#tiles.delete(key)) this.#grid.arrange();
  }

  #sound(track, participant) {
    if (this.#sounds.has(track.sid)) return;
    const element = track.attach();
    this.#sounds.set(track.sid, { track, participant, element });
    if (chosen('speaker')) void element.setSinkId?.(chosen('speaker')).catch(() => {});
  }

  #dropSound(sid) {
    this.#sounds.get(sid)?.track.detach();
    this.#sounds.delete(sid);
  }

  // --- oneself ---

  async #publish(track) {
    track.on('ended', () => this.#lost(track));
    track.on('muted-by-server', () => {
      this.#refreshOwn();
      if (track.sid && !track.mutedByServer) this.#say(givenBack(track)); // without a sid it ended with its publication
    });
    try {
      await this.#room.publish(track);
    } catch (error) {
      if (this.#room.state !== 'left') this.#say(`${explain(error).title}: ${explain(error).text}`);
    }
    this.#refreshOwn();
  }

  /** It may not be published any more: its device is let go. */
  #withdrawn(track) {
    if (this.#own[track.source] !== track || this.#room.mayPublish(track.source)) return;
    this.#own[track.source] = undefined;
    track.stop();
    this.#refreshOwn();
  }

  /** A device was unplugged, or sharing was stopped in the browser's own bar. */
  #lost(track) {
    const [source] = Object.entries(this.#own).find(([, own]) => own === track) ?? [];
    if (!source) return;
    this.#own[source] = undefined;
    track.stop();
    this.#refreshOwn();
    this.#say(source === 'screen' ? 'You stopped sharing' : `Your ${source} is gone`);
  }

  async #toggle(source, create) {
    const track = this.#own[source];
    if (whyHeld(this.#room, source, track)) return; // a sentence says why
    try {
      if (track) await (track.muted ? track.unmute() : track.mute());
      else {
        this.#own[source] = await create();
        await this.#publish(this.#own[source]);
      }
    } catch (error) {
      this.#say(`${explain(error).title}. ${explain(error).text}`);
    }
    this.#refreshOwn();
  }

  async #share() {
    const { screen } = this.#own;
    if (screen) {
      this.#own.screen = undefined;
      await this.#room.unpublish(screen);
      screen.stop();
      return this.#refreshOwn();
    }
    if (whyHeld(this.#room, 'screen')) return;
    try {
      const track = await this.#room.createScreenTrack();
      this.#own.screen = track;
      this.#refreshOwn();
      await this.#publish(track);
    } catch (error) {
      if (error.code !== 'CAPTURE_DENIED') this.#say(`${explain(error).title}. ${explain(error).text}`); // who cancels knows
    }
  }

  // --- controls ---

  #wire() {
    const { signal } = this.#listening, on = (id, act) => el(id).addEventListener('click', act, { signal });
    const options = kind => ({ ...(chosen(kind) && { deviceId: chosen(kind) }) });
    const acts = {
      m: () => this.#toggle('microphone', () => createMicrophoneTrack(options('microphone'))),
      v: () => this.#toggle('camera', () => createCameraVideoTrack(options('camera'))),
      s: () => this.#share(),
      c: () => this.#chat.toggle(),
    };
    on('mic', acts.m);
    on('cam', acts.v);
    on('share', acts.s);
    on('leave', () => this.leave());
    on('settings', () => this.#openDevices());
    on('copy', async () => {
      await navigator.clipboard?.writeText(location.href).catch(() => {});
      this.#say('Link copied');
    });
    el('share').hidden = !navigator.mediaDevices?.getDisplayMedia;
    addEventListener('keydown', event => {
      const typing = event.target.closest?.('input, select, textarea, dialog');
      const act = !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && acts[event.key.toLowerCase()];
      if (!act) return;
      event.preventDefault(); // the key that opens the chat is not to be written in it
      void act();
    }, { signal });
    this.#fillPickers = [
      devicePicker(el('camera'), 'camera', id => this.#use('camera', id), signal),
      devicePicker(el('microphone'), 'microphone', id => this.#use('microphone', id), signal),
      devicePicker(el('speaker'), 'speaker', id => this.#sounds.forEach(({ element }) => void element.setSinkId?.(id)), signal),
    ];
  }

  async #openDevices() {
    const { camera, microphone } = this.#own;
    el('speaker-field').hidden = !('setSinkId' in HTMLMediaElement.prototype);
    await Promise.all(this.#fillPickers.map((fill, i) => fill([camera?.deviceId, microphone?.deviceId][i])));
    el('devices').showModal();
  }

  async #use(source, deviceId) {
    try {
      await this.#own[source]?.useDevice(deviceId);
    } catch (error) {
      this.#say(`${explain(error).title}. ${explain(error).text}`);
    }
    this.#refreshOwn();
  }

  // --- what is said ---

  #showName() {
    el('title').textContent = this.#room.name;
    document.title = `${this.#room.name} · Nexus`;
    history.replaceState(null, '', `?${new URLSearchParams({ room: this.#room.name })}`);
  }

  #showState(state) {
    el('state').dataset.state = state;
    el('state').textContent = states[state];
    if (state === 'reconnecting') this.#banner('connection', 'Reconnecting … You keep your place.');
    else if (el('banner').dataset.about === 'connection') el('banner').hidden = true;
  }

  #showLock() {
    el('locked').hidden = !this.#room.locked;
  }

  #banner(about, text, action, act) {
    el('banner').hidden = false;
    el('banner').dataset.about = about;
    el('banner').querySelector('.spinner').hidden = Boolean(action);
    el('banner-text').textContent = text;
    const button = el('banner-act');
    button.hidden = !action;
    button.textContent = action ?? '';
    button.onclick = () => {
      el('banner').hidden = true;
      void act();
    };
  }

  #count() {
    el('count').textContent = String(this.#room.participants.length + 1);
  }

  #say(text) {
    if (!text) return;
    el('notice').textContent = text;
    el('notice').classList.add('shown');
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => el('notice').classList.remove('shown'), 4000);
  }

  #over(why) {
    this.#listening.abort();
    this.#chat.close();
    if (el('devices').open) el('devices').close();
    for (const tile of this.#tiles.values()) tile.remove();
    for (const sid of [...this.#sounds.keys()]) this.#dropSound(sid);
    for (const track of Object.values(this.#own)) track?.stop();
    el('banner').hidden = true;
    this.#ended(why);
  }
}
