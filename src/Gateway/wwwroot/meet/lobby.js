// Before the meeting: who, where, with which devices.
import { createCameraAndMicrophoneTracks, createCameraVideoTrack, createMicrophoneTrack } from '../sdk/nexus-sdk.js';
import { chosen, devicePicker } from './devices.js';
import { invite } from './link.js';
import { explain } from './messages.js';
import { hueOf, initialsOf } from './tiles.js';

const el = id => document.getElementById(id);

export class Lobby {
  #enter;
  #camera;
  #microphone;
  #stopLevel = () => {};
  #fillCameras = devicePicker(el('lobby-camera'), 'camera', id => this.#pick('camera', id));
  #fillMicrophones = devicePicker(el('lobby-microphone'), 'microphone', id => this.#pick('microphone', id));

  /** Resolves when the devices are there, or known not to be. */
  ready = Promise.resolve();

  /** @param enter joins; rejects when it is refused */
  constructor(enter) {
    this.#enter = enter;
    el('name').value = localStorage.getItem('nexus.name') ?? '';
    el('room').value = new URLSearchParams(location.search).get('room') ?? 'lobby';
    el('room').readOnly = Boolean(invite); // an invite is for one
    el('form').addEventListener('submit', event => {
      event.preventDefault();
      void this.submit();
    });
    el('lobby-cam').addEventListener('click', () => void this.#toggle('camera'));
    el('lobby-mic').addEventListener('click', () => void this.#toggle('microphone'));
    el('name').addEventListener('input', () => this.#showPreview());
  }

  start() {
    this.#refuse(undefined);
    this.ready = this.#open();
    (el('name').value ? el('join') : el('name')).focus();
  }

  async submit() {
    if (!el('form').reportValidity()) return;
    const name = el('name').value.trim(), room = el('room').value.trim(), pasted = el('token').value.trim();
    localStorage.setItem('nexus.name', name);
    this.#refuse(undefined);
    el('join').disabled = true;
    el('join').textContent = 'Joining …';
    try {
      await this.ready;
      await this.#enter({ name, room, pasted, camera: this.#camera, microphone: this.#microphone });
      this.#letGo();
    } catch (error) {
      this.#refuse(error);
    } finally {
      el('join').disabled = false;
      el('join').textContent = 'Join';
    }
  }

  async #open() {
    el('preview-text').textContent = 'Your camera is starting …';
    const options = kind => ({ ...(chosen(kind) && { deviceId: chosen(kind) }) });
    try {
      [this.#camera, this.#microphone] = await createCameraAndMicrophoneTracks(options('camera'), options('microphone'));
    } catch (error) {
      await this.#openWhatThereIs(error);
    }
    await Promise.all([this.#fillCameras(this.#camera?.deviceId), this.#fillMicrophones(this.#microphone?.deviceId)]);
    this.#listen();
    this.#showPreview();
  }

  /** One of the two is missing, or a remembered device is gone. Somebody who said no is not asked again. */
  async #openWhatThereIs(error) {
    if (error.code !== 'CAPTURE_DENIED') {
      this.#camera = await createCameraVideoTrack().catch(() => undefined);
      this.#microphone = await createMicrophoneTrack().catch(() => undefined);
    }
    if (!this.#camera && !this.#microphone) this.#refuse(error);
  }

  async #toggle(kind) {
    try {
      const track = kind === 'camera' ? this.#camera : this.#microphone;
      if (track) await (track.muted ? track.unmute() : track.mute());
      else if (kind === 'camera') this.#camera = await createCameraVideoTrack();
      else this.#microphone = await createMicrophoneTrack();
      this.#refuse(undefined);
    } catch (error) {
      this.#refuse(error);
    }
    this.#listen();
    this.#showPreview();
  }

  async #pick(kind, deviceId) {
    try {
      await (kind === 'camera' ? this.#camera : this.#microphone)?.useDevice(deviceId);
    } catch (error) {
      this.#refuse(error);
    }
    this.#listen();
  }

  #showPreview() {
    const on = track => Boolean(track && !track.muted), name = el('name').value.trim();
    this.#camera?.attach(el('preview'));
    el('preview').hidden = !on(this.#camera);
    el('preview-off').hidden = on(this.#camera);
    el('preview-text').textContent = this.#camera ? 'Your camera is off' : 'No camera';
    el('preview-avatar').textContent = initialsOf(name || '?');
    el('preview-avatar').style.setProperty('--hue', hueOf(name));
    el('lobby-cam').setAttribute('aria-pressed', String(on(this.#camera)));
    el('lobby-mic').setAttribute('aria-pressed', String(on(this.#microphone)));
  }

  /** Shows how loud the microphone is. */
  #listen() {
    this.#stopLevel();
    const media = this.#microphone?.mediaStreamTrack;
    if (!media) return;
    const context = new AudioContext(), analyser = new AnalyserNode(context, { fftSize: 512 });
    context.createMediaStreamSource(new MediaStream([media])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
      el('level').value = media.enabled ? Math.min(1, Math.sqrt(power) * 5) : 0;
    }, 80);
    this.#stopLevel = () => {
      clearInterval(timer);
      void context.close();
      this.#stopLevel = () => {};
    };
  }

  /** The meeting has the tracks now. */
  #letGo() {
    this.#stopLevel();
    this.#camera?.detach(el('preview'));
    this.#camera = this.#microphone = undefined;
  }

  #refuse(error) {
    const box = el('refusal');
    box.hidden = !error;
    if (!error) return;
    const { title, text, code } = explain(error);
    box.dataset.code = code;
    box.querySelector('strong').textContent = title;
    box.querySelector('span').textContent = text;
    if (code.startsWith('TOKEN_') || code === 'DEV_LINK') {
      el('token-field').hidden = false;
      el('token').focus();
    }
  }
}
