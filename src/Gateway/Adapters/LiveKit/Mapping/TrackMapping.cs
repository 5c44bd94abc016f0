using Google.Protobuf.Collections;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit.Mapping;

/// <summary>Between the core's tracks and those of LiveKit's wire. Pure.</summary>
internal static class TrackMapping
{
    private const int MostLayers = 8;
    private const int MostDetails = 4096;

    /// <summary>The one that is published, and a backup.</summary>
    private const int MostCodecs = 2;

    public static string SourceName(TrackSource source) => source switch
    {
        TrackSource.Camera => "camera",
        TrackSource.Microphone => "microphone",
        TrackSource.ScreenShare => "screen",
        TrackSource.ScreenShareAudio => "screenAudio",
        _ => "unknown",
    };

    /// <param name="name">The core's, or that of a token's grant.</param>
    public static TrackSource Source(string name) => name switch
    {
        "camera" => TrackSource.Camera,
        "microphone" => TrackSource.Microphone,
        "screen" or "screen_share" => TrackSource.ScreenShare,
        "screenAudio" or "screen_share_audio" => TrackSource.ScreenShareAudio,
        _ => TrackSource.Unknown,
    };

    /// <summary>What the core does not know of a track and other LiveKit clients do (sizes, layers, encryption), as it travels with the track.</summary>
    public static string Details(AddTrackRequest request)
    {
        byte[] details = Proto.Encode(new AddTrackRequest
        {
            Width = request.Width,
            Height = request.Height,
            DisableDtx = request.DisableDtx,
            Layers = { request.Layers.Take(MostLayers) },
            SimulcastCodecs = { request.SimulcastCodecs.Take(MostCodecs) },
            Stereo = request.Stereo,
            DisableRed = request.DisableRed,
            Encryption = request.Encryption,
            Stream = request.Stream,
            BackupCodecPolicy = request.BackupCodecPolicy,
            AudioFeatures = { request.AudioFeatures },
            PacketTrailerFeatures = { request.PacketTrailerFeatures },
        });
        return details.Length <= MostDetails ? Convert.ToBase64String(details) : "";
    }

    /// <summary>The format that a client wants to send; LiveKit's clients leave it to the server to choose it from their offers.</summary>
    public static string Codec(AddTrackRequest request) =>
        request.Type == TrackType.Audio ? (request.DisableRed ? "" : "red") : request.SimulcastCodecs.FirstOrDefault()?.Codec ?? "";

    /// <summary>
    /// The codec in which a client would publish a video as well, for receivers that cannot decode the first; null when it said none. The
    /// policies are LiveKit's.
    /// </summary>
    public static BackupCodec? Backup(string details)
    {
        AddTrackRequest said = Said(details);
        return said.SimulcastCodecs.ElementAtOrDefault(1) is not { Codec: { Length: > 0 } codec } || codec == said.SimulcastCodecs[0].Codec
            ? null
            : new(codec, said.BackupCodecPolicy switch
            {
                BackupCodecPolicy.Simulcast => BackupPolicy.Simulcast,
                BackupCodecPolicy.Regression => BackupPolicy.Regression,
                _ => BackupPolicy.PreferRegression,
            });
    }

    /// <summary><see cref="Details"/> of a track whose second codec is published as well.</summary>
    /// <param name="cid">What the client calls that.</param>
    public static string WithBackup(string details, string cid)
    {
        AddTrackRequest said = Said(details);
        said.SimulcastCodecs[1].Cid = cid;
        string longer = Details(said);
        return longer.Length > 0 ? longer : details;
    }

    /// <summary>A track as others are told of it.</summary>
    public static TrackInfo Info(TrackView track) => Info(track.Sid, track.Kind, track.Source, track.Name, track.Muted, track.Details, track.Codec);

    /// <summary>A track as its publisher is told of it before its offer.</summary>
    public static TrackInfo Info(Announced track) => Info(
        track.Sid,
        track.IsVideo ? "video" : "audio",
        track.Publication.Source,
        track.Publication.Name,
        track.Publication.Muted,
        track.Publication.Details,
        codec: "");

    /// <summary>Which layers a publisher is to send, of each codec that it announced.</summary>
    /// <param name="demand">For the first codec.</param>
    /// <param name="backup">For the second one; null when there is none.</param>
    public static SubscribedQualityUpdate Quality(Announced track, LayerDemand demand, LayerDemand? backup = null)
    {
        AddTrackRequest said = Said(track.Publication.Details);
        SimulcastCodec? codec = said.SimulcastCodecs.FirstOrDefault();
        SubscribedQuality[] qualities = Qualities(said, codec, demand);
        return new()
        {
            TrackSid = track.Sid,
            SubscribedQualities = { qualities },
            SubscribedCodecs =
            {
                codec is { Codec.Length: > 0 } ? [new SubscribedCodec { Codec = codec.Codec, Qualities = { qualities } }] : [],
                backup is { } second && said.SimulcastCodecs.ElementAtOrDefault(1) is { } other
                    ? [new SubscribedCodec { Codec = other.Codec, Qualities = { Qualities(said, other, second) } }]
                    : [],
            },
        };
    }

    /// <summary>The names go with rids: of two layers the better is called medium.</summary>
    private static SubscribedQuality[] Qualities(AddTrackRequest said, SimulcastCodec? codec, LayerDemand demand)
    {
        int layers = Math.Max(said.Layers.Count, codec?.Layers.Count ?? 0);
        VideoQuality best = demand switch
        {
            LayerDemand.Off => VideoQuality.Off,
            LayerDemand.Low => VideoQuality.Low,
            LayerDemand.Middle => layers == 2 ? VideoQuality.Low : VideoQuality.Medium,
            _ => VideoQuality.High,
        };
        return
        [
            .. new[] { VideoQuality.Low, VideoQuality.Medium, VideoQuality.High }
                .Select(q => new SubscribedQuality { Quality = q, Enabled = best != VideoQuality.Off && q <= best }),
        ];
    }

    private static AddTrackRequest Said(string details) =>
        details.Length > 0 && Proto.TryDecode(Convert.FromBase64String(details), out AddTrackRequest? request) ? request : new();

    private static TrackInfo Info(string sid, string kind, string source, string name, bool muted, string details, string codec)
    {
        AddTrackRequest said = Said(details);
        SimulcastCodec? announced = said.SimulcastCodecs.FirstOrDefault();
        string mime = codec.Length > 0 ? $"{kind}/{codec}" : announced is { Codec.Length: > 0 } ? $"{kind}/{announced.Codec}" : "";
        RepeatedField<VideoLayer> layers = said.Layers.Count > 0 ? said.Layers : announced?.Layers ?? [];
        return new()
        {
            Sid = sid,
            Type = kind == "video" ? TrackType.Video : TrackType.Audio,
            Source = Source(source),
            Name = name,
            Muted = muted,
            MimeType = mime,
            Width = said.Width,
            Height = said.Height,
            Simulcast = layers.Count > 1,
            DisableDtx = said.DisableDtx,
            Layers = { layers },
            Codecs = { said.SimulcastCodecs.Select((c, i) => CodecInfo(c, i == 0 ? mime : $"{kind}/{c.Codec}", layers)) },
            Stereo = said.Stereo,
            DisableRed = said.DisableRed,
            Encryption = said.Encryption,
            Stream = said.Stream,
            AudioFeatures = { said.AudioFeatures },
            BackupCodecPolicy = said.BackupCodecPolicy,
            PacketTrailerFeatures = { said.PacketTrailerFeatures },
        };
    }

    private static SimulcastCodecInfo CodecInfo(SimulcastCodec said, string mime, RepeatedField<VideoLayer> layers) =>
        new() { MimeType = mime, Cid = said.Cid, Layers = { said.Layers.Count > 0 ? said.Layers : layers }, VideoLayerMode = said.VideoLayerMode };
}
