using Nexus.Contracts;

namespace Nexus.Grains.Tests.Core;

public sealed class KeysTests
{
    [Theory]
    [InlineData("r", "alice")]
    [InlineData("r/alice", "x")]
    [InlineData("a b/%2F", "ü/ñ?#")]
    public void What_a_key_was_made_of_is_read_from_it(string room, string identity)
    {
        var key = new RoomKey("eu", "ten/ant", room).Participant(identity);
        Assert.Equal(key, ParticipantKey.Parse(key.ToString()));
        Assert.Equal(key.Room, RoomKey.Parse(key.Room.ToString()));
        Assert.Equal(key.ToString(), Keys.Participant(key.Room.ToString(), identity));
        Assert.Equal("eu", Keys.Zone(key.ToString()));
        Assert.Equal(new NodeKey(room, identity), NodeKey.Parse(Keys.MediaNode(room, identity)));
        Assert.Equal("eu/ten%2Fant", key.Room.TenantKey.ToString());
    }

    [Fact]
    public void Rooms_and_people_with_slashes_in_their_names_do_not_meet() =>
        Assert.NotEqual(new RoomKey("any", "t", "r/alice").Participant("x").ToString(), new RoomKey("any", "t", "r").Participant("alice/x").ToString());

    [Fact]
    public void A_key_of_another_kind_is_refused_by_name()
    {
        var e = Assert.Throws<ArgumentException>(() => ParticipantKey.Parse(Keys.Room("any", "t", "r")));
        Assert.Contains("any/t/r", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => RoomKey.Parse("any"));
    }
}
