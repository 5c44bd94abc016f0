// One tile per camera and per screen: picture or initials, name, voice, quality, why there is no picture.
import { reasonOf } from './messages.js';

const labels = { good: 'Good connection', fair: 'Fair connection', poor: 'Poor connection', lost: 'Connection lost' };

export function initialsOf(name) {
  const words = name.trim().split(/\s+/);
  return (words.length > 1 ? [words[0], words.at(-1)] : words).map(word => [...word][0] ?? '').join('').toUpperCase();
}

export const hueOf = name => [...name].reduce((hash, c) => (hash * 31 + c.codePointAt(0)) % 360, 225);

export class Tile {
  #video;
  #track;
  #own;
  #screen;

  /** @param {{ own?: boolean, screen?: boolean, onFull: (element: HTMLElement) => void }} options */
  constructor(participant, { own = false, screen = false, onFull }) {
    this.participant = participant;
    this.#own = own;
    this.#screen = screen;
    this.element = document.getElementById('tile').content.firstElementChild.cloneNode(true);
    this.#video = this.element.querySelector('video');
    this.element.dataset.identity = participant.identity;
    this.element.dataset.source = screen ? 'screen' : 'camera';
    this.element.classList.toggle('screen', screen);
    this.element.classList.toggle('mirror', own && !screen);
    const full = () => onFull(this.element);
    this.element.querySelector('.full').addEventListener('click', full);
    this.element.addEventListener('dblclick', full);
    this.element.addEventListener('keydown', event => {
      if (event.target === this.element && (event.key === 'Enter' || event.key === ' ')) {
        event.preventDefault();
        full();
      }
    });
    this.update();
  }

  /** The track to show; undefined shows the initials. */
  set track(track) {
    if (track === this.#track) return;
    this.#track?.detach(this.#video);
    this.#track = track;
    track?.attach(this.#video);
    this.update();
  }

  get track() {
    return this.#track;
  }

  update() {
    const { participant, element } = this, name = participant.name + (this.#own ? ' (you)' : ''), track = this.#track;
    const voice = participant.tracks.find(t => t.source === 'microphone');
    const reconnecting = !this.#own && participant.state === 'reconnecting';
    const between = track?.reason === 'NO_KEYFRAME' && this.#video.videoWidth > 0; // the picture before stays for that moment
    const why = reconnecting ? 'Reconnecting …' : track && !this.#own && !between ? reasonOf(track.state, track.reason) : '';
    const off = t => !t || t.muted || t.mutedByServer;
    const withheld = track?.state === 'refused' || track?.reason === 'BANDWIDTH' || track?.reason === 'NOT_SPEAKING';
    const hasPicture = Boolean(!off(track) && (this.#own || !withheld));
    element.classList.toggle('blanked', !hasPicture);
    element.classList.toggle('frozen', hasPicture && Boolean(why));
    element.classList.toggle('muted', !this.#screen && off(voice));
    element.classList.toggle('speaking', !this.#screen && participant.isSpeaking);
    element.querySelector('.name').textContent = this.#screen ? `${name}: screen` : name;
    element.querySelector('.why').textContent = why;
    const avatar = element.querySelector('.avatar');
    avatar.textContent = initialsOf(participant.name);
    avatar.style.setProperty('--hue', hueOf(participant.name));
    this.#quality(participant.quality);
    const details = [this.#screen ? 'screen' : off(track) ? 'camera off' : '', element.classList.contains('muted') ? 'microphone off' : '', participant.isSpeaking ? 'speaking' : '', why];
    element.setAttribute('aria-label', [name, ...details.filter(Boolean)].join(', '));
    element.querySelector('.full').setAttribute('aria-label', `Full view of ${name}`);
  }

  remove() {
    this.track = undefined;
    this.element.remove();
  }

  #quality(quality) {
    const signal = this.element.querySelector('.signal');
    if (this.#screen || !quality) delete signal.dataset.quality;
    else signal.dataset.quality = quality;
    signal.setAttribute('aria-label', labels[quality] ?? '');
    signal.title = labels[quality] ?? '';
  }
}
