#!/usr/bin/python3
"""aiortc: "send URL TOKEN" publishes a moving picture by WHIP, "receive URL TOKEN" plays by WHEP. Says its state, and a line per frame that it got."""
import asyncio
import sys
import urllib.error
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import VideoStreamTrack

what, url, token = sys.argv[1:4]


def say(*words):
    print(*words, flush=True)


def post(sdp):
    request = urllib.request.Request(url, sdp.encode(), {'Content-Type': 'application/sdp', 'Authorization': f'Bearer {token}'})
    try:
        return urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        sys.exit(f'{error.code}: {error.read().decode()}\n{sdp}')


async def count(track):
    while True:
        await track.recv()
        say('frame')


async def main():
    peer = RTCPeerConnection()
    peer.on('connectionstatechange', lambda: say(peer.connectionState))
    peer.on('track', lambda track: asyncio.ensure_future(count(track)))
    if what == 'send':
        peer.addTransceiver(VideoStreamTrack(), direction='sendonly')
    else:
        peer.addTransceiver('video', direction='recvonly')
    await peer.setLocalDescription(await peer.createOffer())
    answer = await asyncio.to_thread(post, peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(answer, 'answer'))
    await asyncio.to_thread(sys.stdin.read)
    await peer.close()


asyncio.run(main())
