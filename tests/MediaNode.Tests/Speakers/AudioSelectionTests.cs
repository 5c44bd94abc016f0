using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Speakers;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Speakers;

public sealed class AudioSelectionTests
{
    private const byte Silent = 127;
    private const byte Speech = 25;
    private const byte Murmur = 45;

    private readonly AudioSelection _room = new(seats: 3);
    private readonly AudioTicket[] _tickets = new AudioTicket[200];
    private Instant _now = Instant.Zero.AddMilliseconds(1000);

    public AudioSelectionTests() => _room.SetPeople(200);

    [Fact]
    public void The_first_loud_packet_goes_and_who_is_silent_costs_nothing()
    {
        Assert.False(Packet(0, Silent));
        Assert.True(Packet(0, Speech));
        Assert.True(Packet(0, Silent));
        Assert.False(Packet(1, Silent));
        Assert.False(Packet(1, AudioLevelMeter.Floor));
        Assert.True(Packet(1, AudioLevelMeter.Floor - 1));
    }

    [Fact]
    public void Pauses_between_words_are_kept_and_silence_gives_the_seat_up()
    {
        Assert.True(Packet(0, Speech));
        for (var waited = TimeSpan.Zero; waited < AudioSelection.HangOver - TimeSpan.FromMilliseconds(20); waited += TimeSpan.FromMilliseconds(20))
        {
            Tick();
            Assert.True(Packet(0, Silent));
        }

        Tick();
        Assert.False(Packet(0, Silent));
        Assert.True(Packet(0, Murmur));
    }

    [Fact]
    public void Of_two_hundred_who_all_murmur_only_so_many_go_and_the_loud_one_always()
    {
        for (var round = 0; round < 100; round++)
        {
            var forwarded = Enumerable.Range(0, 199).Count(i => Packet(i, Murmur));
            Assert.InRange(forwarded, round == 0 ? 3 : 2, 3);
            Assert.True(Packet(199, Speech));
            Tick();
        }
    }

    [Fact]
    public void A_louder_voice_takes_the_seat_of_the_quietest_with_its_very_first_packet()
    {
        Assert.True(Packet(0, 20) && Packet(1, 40) && Packet(2, 30));
        Assert.False(Packet(3, 40 - AudioSelection.Lead + 1));
        Assert.True(Packet(3, 40 - AudioSelection.Lead));
        Assert.True(Packet(0, 20) && Packet(2, 30) && Packet(3, 34));
        Assert.False(Packet(1, 40));
    }

    [Fact]
    public void Who_speaks_is_not_unseated_between_two_words()
    {
        Assert.True(Packet(0, Speech) && Packet(1, Speech) && Packet(2, Speech));
        for (var i = 0; i < 20; i++)
        {
            Tick();
            Assert.True(Packet(0, Silent) && Packet(1, Speech) && Packet(2, Speech));
            Assert.False(Packet(3, Speech + 2));
        }

        Assert.True(Packet(0, Speech));
    }

    [Fact]
    public void Noise_of_one_whose_voice_detector_works_is_not_speech()
    {
        Assert.True(Packet(0, Speech, voice: true));
        for (var i = 0; i < 50; i++)
        {
            Tick();
            Packet(0, Murmur);
        }

        Assert.False(Packet(0, Murmur));
        Assert.True(Packet(0, Murmur, voice: true));
        Assert.True(Packet(1, Murmur)); // it never said that it detects voice
    }

    [Fact]
    public void Packets_without_a_level_take_free_seats_and_displace_nobody()
    {
        Assert.True(Admits(0, null) && Admits(1, null) && Admits(2, null));
        Assert.False(Admits(3, null));
        Assert.True(Packet(3, Murmur));
        Assert.Equal(2, Enumerable.Range(0, 3).Count(i => Admits(i, null)));
    }

    [Fact]
    public void Who_leaves_or_is_muted_makes_room_at_once()
    {
        Assert.True(Packet(0, Speech) && Packet(1, Speech) && Packet(2, Speech));
        Assert.False(Packet(3, Speech));
        _room.Leave(ref _tickets[1]);
        _room.Leave(ref _tickets[5]); // had none
        Assert.True(Packet(3, Speech));
        Assert.False(Packet(1, Speech));
    }

    [Fact]
    public void A_ticket_of_a_seat_that_another_took_holds_nothing()
    {
        Assert.True(Packet(0, Murmur) && Packet(1, Speech) && Packet(2, Speech) && Packet(3, Speech));
        _room.Leave(ref _tickets[0]);
        Assert.True(Packet(3, Speech));
        Assert.False(Packet(0, Murmur));
    }

    [Theory]
    [InlineData(50, false)]
    [InlineData(51, true)]
    public void Small_rooms_forward_everybody(int people, bool selects)
    {
        var room = new AudioSelection();
        room.SetPeople(people);
        var ticket = default(AudioTicket);
        Assert.Equal(!selects, room.Admits(_now, ref ticket, new AudioLevel(false, Silent)));
        room.SetPeople(room.FewPeople);
        Assert.Equal(selects, room.IsSelecting);
        room.SetPeople(room.FewPeople - 1);
        Assert.False(room.IsSelecting);
    }

    [Fact]
    public void Asking_allocates_nothing()
    {
        Assert.Equal(0, Allocations.Least(_ =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                Packet(i % 200, (byte)(i % 128), voice: i % 3 == 0);
                _now = _now.AddMilliseconds(1);
            }
        }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(33)]
    public void Seats_have_bounds(int seats) => Assert.Throws<ArgumentOutOfRangeException>(() => new AudioSelection(seats));

    private void Tick() => _now = _now.AddMilliseconds(20);

    private bool Packet(int track, byte level, bool voice = false) => Admits(track, new AudioLevel(voice, level));

    private bool Admits(int track, AudioLevel? level) => _room.Admits(_now, ref _tickets[track], level);
}
