// What people read when something is refused or ends: a title, what it means for them, whether to try again.

const texts = {
  CAPTURE_DENIED: ['No access to camera and microphone', 'Allow them for this page in the address bar, then try again. You can also join without.'],
  DEVICE_NOT_FOUND: ['No such device', 'No camera or microphone was found. Plug one in, or join without.'],
  DEVICE_BUSY: ['The device is in use', 'Another program holds the camera or microphone. Close it and try again.'],
  DEVICE_UNSUITABLE: ['The device is not there any more', 'Choose another camera or microphone.'],
  UNSUPPORTED: ['This does not work here', 'The page needs a current browser and a secure address (https or localhost).'],

  CONNECT_FAILED: ['The server cannot be reached', 'Check your network, then try again.'],
  CONNECTION_LOST: ['The connection was lost', 'It could not be brought back. Check your network and join again.'],
  TIMEOUT: ['The server did not answer', 'It may be busy. Try again in a moment.'],
  NO_ICE: ['No media connection', 'A firewall between you and the server may block its media port.'],

  INVITE_INVALID: ['The invite is not valid', 'It was revoked, or its link was copied incompletely. Ask for a new one.'],
  INVITE_EXPIRED: ['The invite has expired', 'It was good for a limited time. Ask for a new one.'],
  INVITE_USED_UP: ['The invite is used up', 'As many people as it was made for have come by it. Ask for a new one.'],
  TOKEN_MISSING: ['An access token is needed', 'This server has keys of its own: paste the token that you were given.'],
  DEV_LINK: ['Open the link that was printed', 'This server is for trying out: open the page by the link that ./nexus up printed when it started, on the same machine, or paste an access token.'],
  TOKEN_LOCAL_ONLY: ['Only for the same machine', 'The token is signed with the development key, which serves no other machine and no proxy.'],
  TOKEN_EXPIRED: ['Your access has expired', 'The token was valid for a limited time. Ask for a new one.'],
  TOKEN_NOT_YET_VALID: ['Your access is not valid yet', 'The token starts later. Wait a moment, or compare the clocks.'],
  TOKEN: ['The access token is not valid', 'It was not made for this server, or it was copied incompletely. Ask for a new one.'],
  PERMISSION: ['You are not allowed to do that', 'Your access does not cover it, for example because it is for another room.'],
  REGION_REFUSED: ['Not from this region', 'The owner of this room does not allow it to be served here.'],

  TOKEN_REVOKED: ['Your access was withdrawn', 'A moderator made older tokens void. Ask for a new one.'],
  BANNED: ['You may not come back yet', 'A moderator removed you for a time.'],
  ROOM_LOCKED: ['The room is locked', 'A moderator lets nobody new in. Ask someone inside.'],
  ROOM_FULL: ['The room is full', 'Wait until someone leaves, then try again.'],
  ROOM_CLOSED: ['The room was closed', 'The meeting is over for everyone.'],
  ROOM_NOT_FOUND: ['There is no such room', 'Check its name.'],
  QUOTA_ROOMS: ['No more rooms', 'The owner of this server has reached the number of rooms at once.'],
  TOO_LARGE: ['That is too long', 'Send it in several parts.'],
  UNCONFIRMED: ['It may not have arrived', 'The connection was lost while it was sent. Look whether the others got it before you send it again.'],
  RATE_LIMITED: ['Too many attempts', 'Wait a few seconds, then try again.'],

  REMOVED: ['You were removed', 'A moderator took you out of the room.'],
  DUPLICATE_IDENTITY: ['You joined from another place', 'The same person is in the room from another tab or device, so this one has ended.'],
  CLIENT_LEFT: ['You left the room', 'The others can still meet.'],
  SERVER_SHUTDOWN: ['The server is going down', 'Try again in a moment.'],
  UNAVAILABLE: ['The server is busy', 'Nobody can serve this room right now. Try again in a moment.'],
};

const alike = { NO_NODE: 'UNAVAILABLE', NODE_TIMEOUT: 'UNAVAILABLE', NODE_LOST: 'UNAVAILABLE', INTERNAL: 'UNAVAILABLE' };

/** @returns {{ title: string, text: string, code: string }} */
export function explain(error) {
  const code = typeof error?.code === 'string' ? error.code : 'INTERNAL_ERROR';
  const [title, text] = texts[code] ?? texts[alike[code]] ?? (code.startsWith('TOKEN_') ? texts.TOKEN : ['Something went wrong', error?.message ?? String(error)]);
  return { title, text, code };
}

/** Why a tile has no picture, in a few words. */
export function reasonOf(state, reason) {
  if (state === 'refused') {
    return reason === 'CODEC' ? 'Your browser cannot show this video format' : reason === 'PERMISSION' ? 'You may not see this' : 'This video cannot be shown here';
  }
  switch (reason) {
    case 'BANDWIDTH': return 'Paused: your connection is too slow';
    case 'NOT_SPEAKING': return 'Shown again when they speak';
    case 'NO_SOURCE_PACKETS': return 'Nothing arrives from them';
    case 'NO_KEYFRAME': return 'Waiting for a picture';
    case 'LINK_DOWN': case 'NODE_LOST': return 'The connection to them is being repaired';
    default: return '';
  }
}
