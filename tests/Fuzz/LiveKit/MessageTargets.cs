using Nexus.Gateway.Adapters.LiveKit.Messages;

namespace Nexus.Fuzz.LiveKit;

/// <summary>What any client may send: what is read of it can be written, and read again as the same.</summary>
public sealed class LiveKitRequestTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        Proto.Encode(new SignalRequest { Offer = new() { Type = "offer", Sdp = "v=0\r\n", Id = 2, MidToTrackId = { ["0"] = "TR_1" } } }),
        Proto.Encode(new SignalRequest
        {
            AddTrack = new()
            {
                Cid = "c", Type = TrackType.Video, Source = TrackSource.Camera, AudioFeatures = { AudioTrackFeature.TfNoDtx },
                SimulcastCodecs = { new SimulcastCodec { Codec = "vp8", Layers = { new VideoLayer { Quality = VideoQuality.High, Width = 1280, SpatialLayer = -1 } } } },
            },
        }),
        Proto.Encode(new SignalRequest { SyncState = new() { PublishTracks = { new TrackPublishedResponse { Cid = "c", Track = new() { Sid = "TR_1" } } } } }),
        Proto.Encode(new SignalRequest { Ping = -1 }),
        Proto.Encode(new SignalRequest { UpdateMetadata = new() { Name = "n", Attributes = { ["k"] = "v" }, RequestId = 7 } }),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (!Proto.TryDecode<SignalRequest>(input.ToArray(), out var message))
        {
            return;
        }

        byte[] bytes;
        try
        {
            bytes = Proto.Encode(message);
        }
        catch (InvalidOperationException)
        {
            return; // it lacks a field that is required of a server
        }

        Assert.True(Proto.TryDecode<SignalRequest>(bytes, out var again));
        Assert.Equal(bytes, Proto.Encode(again));
        Assert.True(Proto.TryDecodeJson<SignalRequest>(Proto.EncodeJson(message), out _));
    }
}

public sealed class LiveKitJsonTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        """{"updateMetadata":{"name":"n","attributes":{"k":"v"},"request_id":7}}"""u8.ToArray(),
        """{"trackSetting":{"trackSids":["TR_1"],"quality":"HIGH","width":640}}"""u8.ToArray(),
        """{"ping":"12","simulate":{"subscriberBandwidth":1e3}}"""u8.ToArray(),
        """{"updateAudioTrack":{"features":["TF_STEREO",1]},"x":[{"y":null}]}"""u8.ToArray(),
    ];

    public static void Run(ReadOnlySpan<byte> input) => Proto.TryDecodeJson<SignalRequest>(input, out _);
}
