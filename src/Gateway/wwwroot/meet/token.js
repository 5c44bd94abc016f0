// Where access tokens come from: from the field, for an invite, or from the server itself while it runs with the development key.
import { NexusError } from '../sdk/nexus-sdk.js';
import { code, invite } from './link.js';

/** This tab is one person, also after a reload. */
const suffix = sessionStorage.nexusTab ??= Math.random().toString(36).slice(2, 8);

/** Asked for at each join, so that a re-join after hours has a fresh one. */
export function tokenSource({ room, name, pasted }) {
  return async () => {
    if (pasted) return pasted;
    return invite ? redeem(name) : forDevelopment(room, name);
  };
}

/** Whoever comes again shows the token of before, and is the same person. */
async function redeem(name) {
  const before = sessionStorage.getItem('nexus.guest') ?? undefined;
  const response = await post('api/v1/invites/redeem', { 'content-type': 'application/json' }, JSON.stringify({ invite, name, token: before }));
  const answer = await response.json();
  if (!response.ok) throw new NexusError(answer.code, answer.message);
  sessionStorage.setItem('nexus.guest', answer.token);
  return answer.token;
}

async function forDevelopment(room, name) {
  const query = new URLSearchParams({ room, identity: `${name}-${suffix}`.slice(-256), name });
  const response = await post(`dev/token?${query}`, { 'x-nexus-code': code });
  if (response.status === 403) throw new NexusError('DEV_LINK', (await response.json()).message);
  if (!response.ok) throw new NexusError('TOKEN_MISSING', 'This server has keys of its own.');
  return (await response.json()).token;
}

async function post(url, headers, body) {
  try {
    return await fetch(url, { method: 'POST', headers, body });
  } catch (cause) {
    throw new NexusError('CONNECT_FAILED', 'The server cannot be reached.', { cause });
  }
}
