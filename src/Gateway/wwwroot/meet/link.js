// What a link brings behind its #: secrets. They go to no server by themselves, and stay in no address bar.
const brought = new URLSearchParams(location.hash.slice(1));
if (brought.size) history.replaceState(null, '', location.pathname + location.search);

/** The invite that the link holds; this tab keeps it over a reload, for the room that it is for. */
const room = new URLSearchParams(location.search).get('room'), kept = JSON.parse(sessionStorage.getItem('nexus.invite'));
export const invite = brought.get('invite') ?? (kept?.room === room ? kept.invite : undefined);
if (invite) sessionStorage.setItem('nexus.invite', JSON.stringify({ room, invite }));

/** The code that `./nexus up` printed, which gives tokens of the development key; kept, so that the next tab has it too. */
export const code = brought.get('dev') ?? localStorage.getItem('nexus.dev') ?? '';
if (code) localStorage.setItem('nexus.dev', code);
