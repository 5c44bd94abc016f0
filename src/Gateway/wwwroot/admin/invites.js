// Invites of a room: making, showing once, listing and revoking them, in one dialog. Read when it opens, not all the time.
const byId = (id) => document.getElementById(id);

/** @param call asks the admin API; rejects with a code and a message */
export class Invites {
  #call;
  #room;

  constructor(call) {
    this.#call = call;
    byId('invite-make').addEventListener('click', () => void this.#try(() => this.#make()));
    byId('invite-copy').addEventListener('click', () => void navigator.clipboard?.writeText(byId('invite-link').value));
  }

  /** Opens the dialog for a room. */
  open(room) {
    this.#room = room;
    byId('invite-title').textContent = `Invite people to ${room}`;
    byId('invite-made').hidden = true;
    byId('invite-list').replaceChildren();
    byId('invite').showModal();
    void this.#try(() => this.#list());
  }

  async #make() {
    const uses = byId('invite-uses').value;
    const { link } = await this.#call('POST', 'api/v1/invites', {
      room: this.#room, role: byId('invite-role').value, expiresInSeconds: Number(byId('invite-seconds').value), ...(uses && { uses: Number(uses) }),
    });
    byId('invite-link').value = link;
    byId('invite-made').hidden = false;
    byId('invite-link').select();
    await this.#list();
  }

  async #list() {
    const { invites } = await this.#call('GET', `api/v1/invites?${new URLSearchParams({ room: this.#room })}`);
    byId('invite-list').replaceChildren(...invites.map((invite) => this.#row(invite)));
  }

  #row({ id, role, expiresAt, uses, used, createdBy }) {
    const row = document.createElement('div'), text = document.createElement('span'), revoke = document.createElement('button');
    row.className = 'row item';
    text.className = 'grow';
    text.textContent = `${role} · until ${new Date(expiresAt).toLocaleString()} · ${uses === null ? 'any number' : `${used} of ${uses} came`} · by ${createdBy}`;
    revoke.type = 'button';
    revoke.className = 'grave';
    revoke.textContent = 'Revoke';
    revoke.title = 'Nobody comes by it any more; who has come stays.';
    revoke.addEventListener('click', () => void this.#try(async () => {
      await this.#call('DELETE', `api/v1/invites/${encodeURIComponent(id)}`);
      await this.#list();
    }));
    row.append(text, revoke);
    return row;
  }

  async #try(act) {
    try {
      byId('invite-error').textContent = '';
      await act();
    } catch (error) {
      byId('invite-error').textContent = `${error.code ?? 'FAULT'}: ${error.message}`;
    }
  }
}
