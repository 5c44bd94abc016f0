#!/usr/bin/python3
"""A camera of GStreamer's webrtcbin (libnice), published by WHIP: URL TOKEN [tcp]. Says "connected"; goes on until its input ends."""
import os
import re
import sys
import threading
import urllib.error
import urllib.request

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstSdp', '1.0')
gi.require_version('GstWebRTC', '1.0')
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

url, token, only_tcp = sys.argv[1], sys.argv[2], 'tcp' in sys.argv[3:]
Gst.init(None)
loop = GLib.MainLoop()
pipeline = Gst.parse_launch(
    'webrtcbin name=peer bundle-policy=max-bundle '
    'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 '
    '! vp8enc deadline=1 keyframe-max-dist=15 target-bitrate=200000 ! rtpvp8pay picture-id-mode=15-bit '
    '! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.')
peer = pipeline.get_by_name('peer')


kept = []


def description(kind, text):
    _, message = GstSdp.SDPMessage.new_from_text(text)
    kept.append(message)  # the description takes it as its own, of which Python knows nothing
    kept.append(GstWebRTC.WebRTCSessionDescription.new(kind, message))
    return kept[-1]


def publish(*_):
    """The offer with all its candidates goes out, the answer comes in."""
    if peer.get_property('ice-gathering-state') != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        return
    local = peer.get_property('local-description')
    sdp = local.sdp
    offer = sdp.as_text()
    request = urllib.request.Request(
        url, offer.encode(), {'Content-Type': 'application/sdp', 'Authorization': f'Bearer {token}'})
    try:
        answer = urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        sys.exit(f'{error.code}: {error.read().decode()}\n{offer}')
    if only_tcp:
        answer = re.sub(r'a=candidate:\S+ \d (?i:udp) .*\r\n', '', answer)
    peer.emit('set-remote-description', description(GstWebRTC.WebRTCSDPType.ANSWER, answer), Gst.Promise.new())


def offered(promise, *_):
    reply = promise.get_reply()  # each is part of the one before, of which Python knows nothing
    offer = reply.get_value('offer')
    sdp = offer.sdp
    peer.emit('set-local-description', description(GstWebRTC.WebRTCSDPType.OFFER, sdp.as_text()), Gst.Promise.new())


def changed(*_):
    state = peer.get_property('connection-state')
    print(state.value_nick, flush=True)


peer.connect('on-negotiation-needed', lambda _: peer.emit('create-offer', None, Gst.Promise.new_with_change_func(offered, None)))
peer.connect('notify::ice-gathering-state', lambda *_: threading.Thread(target=publish).start())
peer.connect('notify::connection-state', changed)
pipeline.set_state(Gst.State.PLAYING)
threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
loop.run()
pipeline.set_state(Gst.State.NULL)
os._exit(0)  # what is kept above would be freed twice
