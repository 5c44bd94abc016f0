// Where access tokens come from: from the field, or from the server itself while it runs with the development key.
import { NexusError } from '../sdk/nexus-sdk.js';
import { code } from './link.js';

/** This tab is one person, also after a reload. */
const suffix = sessionStorage.nexusTab ??= Math.random().toString(36).slice(2, 8);

/** Asked for at each join, so that a re-join after hours has a fresh one. */
export function tokenSource({ room, name, pasted }) {
  return async () => {
    if (pasted) return pasted;
    const query = new URLSearchParams({ room, identity: `${name}-${suffix}`.slice(-256), name });
    let response;
    try {
      response = await fetch(`dev/token?${query}`, { method: 'POST', headers: { 'x-nexus-code': code } });
    } catch (cause) {
      throw new NexusError('CONNECT_FAILED', 'The server cannot be reached.', { cause });
    }
    if (response.status === 403) throw new NexusError('DEV_LINK', (await response.json()).message);
    if (!response.ok) throw new NexusError('TOKEN_MISSING', 'This server has keys of its own.');
    return (await response.json()).token;
  };
}
