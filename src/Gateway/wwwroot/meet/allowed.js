// What a moderator took, and what the access never gave: the sentences for it, and the buttons that say so.

const el = id => document.getElementById(id);
const buttons = { microphone: 'mic', camera: 'cam', screen: 'share' };
const names = { microphone: 'Microphone', camera: 'Camera', screen: 'Share screen' };
const shortcuts = { microphone: 'M', camera: 'V', screen: 'S' };
const may = { chat: 'write in the chat', microphone: 'speak', camera: 'show your camera', screen: 'share your screen', others: 'see and hear the others' };
const muted = {
  microphone: 'A moderator muted your microphone: nobody hears you until it is given back.',
  camera: 'A moderator turned your camera off: nobody sees you until it is given back.',
  screen: 'A moderator hid your screen: nobody sees it until it is given back.',
};

/** What is told of a track that a moderator gave back: it is as it was before. */
export function givenBack({ source, muted: off }) {
  return source === 'screen' ? 'The others can see your screen again' : `A moderator gave your ${source} back${off ? '' : ': it is on'}`;
}

/** Why one of one's own sources cannot be used; undefined when it can. */
export function whyHeld(room, source, track) {
  if (track?.mutedByServer) return muted[source];
  return room.mayPublish(source) ? undefined : `You cannot ${may[source]} here: a moderator, or your access, does not allow it.`;
}

/** Shows the state of one's own devices on their buttons, and under them in a sentence why some cannot be used. */
export function showButtons(room, own) {
  const reasons = [];
  for (const [source, id] of Object.entries(buttons)) {
    const track = own[source], why = whyHeld(room, source, track), button = el(id), on = Boolean(track && !track.muted && !track.mutedByServer);
    button.disabled = Boolean(why) && !(source === 'screen' && track); // who shares can always stop
    button.toggleAttribute('data-held', Boolean(why));
    button.setAttribute('aria-pressed', String(source === 'screen' ? Boolean(track) : on));
    button.setAttribute('aria-label', track?.mutedByServer ? `${names[source]}, off by a moderator` : names[source]);
    button.title = why ?? `${names[source]} (${shortcuts[source]})`;
    if (why) reasons.push(why);
  }
  const silent = Object.keys(buttons).every(source => !room.mayPublish(source));
  const text = silent ? 'You can see and hear the others here: a moderator, or your access, does not let you speak or show anything.' : reasons.join(' ');
  el('held').hidden = text === '';
  if (el('held').textContent !== text) el('held').textContent = text; // said once, not at each look
}

/** What changed between two grants, in a sentence; undefined when it is nothing that shows. */
export function sentenceOfGrants(now, before) {
  const has = ({ canPublish, canPublishSources: sources, canPublishData, canSubscribe }, what) => {
    if (what === 'chat') return canPublishData;
    if (what === 'others') return canSubscribe;
    return canPublish && (sources.length === 0 || sources.includes(what));
  };
  const changed = to => Object.keys(may).filter(what => has(now, what) === to && has(before, what) !== to).map(what => may[what]);
  const list = words => (words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : words[0]);
  const [lost, won] = [changed(false), changed(true)];
  return [lost.length && `A moderator does not let you ${list(lost)} any more`, won.length && `You can ${list(won)} now`].filter(Boolean).join('. ') || undefined;
}
