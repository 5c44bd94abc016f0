// An agent that answers what it is told, with LiveKit's SDK for Node as it is: only the URL is Nexus'.
// npm install @livekit/rtc-node && node agent.mjs ws://127.0.0.1:8080 "$(./nexus token --room lobby --identity agent)"
import { Room } from '@livekit/rtc-node';

const [url, token] = process.argv.slice(2), room = new Room();
room.registerTextStreamHandler('chat', async (reader, { identity }) =>
  room.localParticipant.sendText(`${identity} said ${await reader.readAll()}`, { topic: 'chat', destinationIdentities: [identity] }));
await room.connect(url, token, { autoSubscribe: true, dynacast: false });
console.log(`joined ${room.name} as ${room.localParticipant.identity}`);
