// The chat beside the stage: what was said, a line to write, and how much of it is unread. All text is text, never HTML.
import { explain } from './messages.js';
import { hueOf } from './tiles.js';

const el = id => document.getElementById(id);
const kept = 500;

export class ChatPanel {
  #room;
  #say;
  #unread = 0;
  #forget;

  /** @param say shows a notice @param signal ends the listening */
  constructor(room, say, signal) {
    this.#room = room;
    this.#say = say;
    this.#forget = room.on('chat', message => this.#add(message));
    el('chat-log').replaceChildren();
    el('chat-empty').hidden = false;
    this.showGrant();
    el('chat-toggle').addEventListener('click', () => this.toggle(), { signal });
    el('chat-close').addEventListener('click', () => this.toggle(false), { signal });
    el('chat').addEventListener('keydown', event => event.key === 'Escape' && this.toggle(false), { signal });
    el('chat-form').addEventListener('submit', event => {
      event.preventDefault();
      void this.#send();
    }, { signal });
    this.#show(false);
  }

  /** The line to write in can be used, or there is a sentence why not. */
  showGrant() {
    const mayWrite = this.#room.grants.canPublishData;
    for (const field of el('chat-form').elements) field.disabled = !mayWrite;
    el('chat-silent').hidden = mayWrite;
  }

  /** Opens it and goes to the line to write in, or closes it and goes back to its button. */
  toggle(open = el('chat').hidden) {
    this.#show(open);
    if (!open) return el('chat-toggle').focus();
    el('chat-log').scrollTop = el('chat-log').scrollHeight;
    (this.#room.grants.canPublishData ? el('chat-text') : el('chat-close')).focus();
  }

  close() {
    this.#forget();
    this.#show(false);
    el('chat-log').replaceChildren();
    el('chat-text').value = '';
  }

  #show(open) {
    el('chat').hidden = !open;
    el('chat-toggle').setAttribute('aria-expanded', String(open));
    if (open) this.#unread = 0;
    this.#count();
  }

  #count() {
    el('unread').hidden = this.#unread === 0;
    el('unread').textContent = this.#unread > 99 ? '99+' : String(this.#unread);
    el('chat-toggle').setAttribute('aria-label', this.#unread ? `Chat, ${this.#unread} unread` : 'Chat');
  }

  async #send() {
    const text = el('chat-text').value.trim();
    if (!text) return;
    el('chat-text').value = '';
    try {
      await this.#room.chat.send(text);
    } catch (error) {
      el('chat-text').value ||= text;
      this.#say(`${explain(error).title}. ${explain(error).text}`);
    }
  }

  #add({ from, text, at }) {
    const log = el('chat-log'), own = from === this.#room.localParticipant;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const item = document.createElement('li'), head = document.createElement('p'), name = document.createElement('strong');
    const time = document.createElement('time'), body = document.createElement('p');
    item.classList.toggle('own', own);
    head.className = 'who';
    name.textContent = own ? 'You' : from?.name ?? 'Server';
    name.style.setProperty('--hue', hueOf(from?.name ?? ''));
    time.dateTime = at.toISOString();
    time.textContent = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    body.textContent = text;
    head.append(name, time);
    item.append(head, body);
    log.append(item);
    while (log.children.length > kept) log.firstElementChild.remove();
    el('chat-empty').hidden = true;
    if (own || atEnd) log.scrollTop = log.scrollHeight;
    if (el('chat').hidden && !own) {
      this.#unread++;
      this.#count();
      this.#say(`${name.textContent}: ${text.length > 80 ? `${text.slice(0, 80)} …` : text}`);
    }
  }
}
