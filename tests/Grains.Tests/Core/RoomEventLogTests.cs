using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Grains.Tests.Core;

public sealed class RoomEventLogTests
{
    private readonly RoomEventLog _log = new();

    [Fact]
    public void Who_is_connected_has_joined_once_and_its_tracks_come_after_it()
    {
        Assert.Equal("", Note(ParticipantState.Joining, "TR_1"));
        Assert.Equal("ParticipantJoined TrackPublished:TR_1", Note(ParticipantState.Active, "TR_1"));
        Assert.Equal("", Note(ParticipantState.Reconnecting, "TR_1"));
        Assert.Equal("TrackUnpublished:TR_1 TrackPublished:TR_2", Note(ParticipantState.Active, "TR_2"));
        Assert.Equal("TrackUnpublished:TR_2 ParticipantLeft", Note(ParticipantState.Disconnected));
        Assert.Equal("", Note(ParticipantState.Disconnected));
    }

    [Fact]
    public void Who_never_got_through_neither_joined_nor_left()
    {
        Note(ParticipantState.Joining);
        Assert.Equal("", Note(ParticipantState.Disconnected));
    }

    [Fact]
    public void Who_was_there_before_a_loss_of_memory_is_no_news_until_something_changes()
    {
        Assert.Equal("", Note(ParticipantState.Active, isKnown: true, "TR_1"));
        Assert.Equal("TrackPublished:TR_2", Note(ParticipantState.Active, isKnown: true, "TR_1", "TR_2"));
        Assert.Equal("TrackUnpublished:TR_1 TrackUnpublished:TR_2 ParticipantLeft", Note(ParticipantState.Disconnected, isKnown: true));
    }

    private string Note(ParticipantState state, params string[] tracks) => Note(state, isKnown: false, tracks);

    private string Note(ParticipantState state, bool isKnown, params string[] tracks) => string.Join(' ', _log.Note(
        new()
        {
            Sid = "PA_1",
            Identity = "alice",
            State = state,
            Tracks = [.. tracks.Select(t => new TrackView { Sid = t, Identity = "alice", Kind = "audio", Source = "microphone", Codec = "opus" })],
        },
        isKnown).Select(c => c.Track is null ? $"{c.Kind}" : $"{c.Kind}:{c.Track.Sid}"));
}
