using System.Text;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.MediaNode.Tests.Ice;

public class IceLiteAgentTests
{
    private static readonly Instant Start = new(1_000_000_000);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly IceLiteAgent _agent = new(Start, IceCredentials.Create());
    private readonly IceClient _client;

    public IceLiteAgentTests() => _client = new IceClient(_agent);

    [Fact]
    public void A_check_validates_its_source_and_is_answered_with_it()
    {
        var result = _client.Check(Start, IceClient.Source(1));
        Assert.Equal(new IceResult(IceOutcome.Selected, DropReason.None, IsNewTuple: true), result);
        Assert.Equal(IceClient.Source(1), _client.LastMapped);
        Assert.Equal(IceState.Connected, _agent.State);
        Assert.True(_agent.IsValidated(IceClient.Source(1)));
        Assert.False(_agent.IsValidated(IceClient.Source(2)));
        Assert.False(_agent.IsNominated);
    }

    [Fact]
    public void The_latest_use_candidate_is_followed_and_a_plain_check_is_not()
    {
        _client.Check(Start, IceClient.Source(1), nominate: true);
        Assert.Equal(IceOutcome.Validated, _client.Check(Start, IceClient.Source(2)).Outcome);
        Assert.Equal(IceClient.Source(1), _agent.Selected);
        Assert.Equal(IceOutcome.Selected, _client.Check(Start, IceClient.Source(2), nominate: true).Outcome);
        Assert.Equal(IceClient.Source(2), _agent.Selected);
        Assert.Equal(IceOutcome.Selected, _client.Check(Start, IceClient.Source(1), nominate: true).Outcome);
        Assert.Equal(IceClient.Source(1), _agent.Selected);
        Assert.True(_agent.IsNominated);
    }

    [Fact]
    public void A_peer_that_moves_to_another_port_is_followed_once_it_nominates()
    {
        _client.Check(Start, IceClient.Source(1, 5000), nominate: true);
        var moved = _client.Check(Start + Second, IceClient.Source(1, 6000), nominate: true);
        Assert.True(moved.IsNewTuple);
        Assert.Equal(6000, _agent.Selected.Port);
    }

    [Fact]
    public void A_wrong_password_is_refused_with_401_and_changes_nothing()
    {
        var result = _client.Check(Start, IceClient.Source(1), password: new string('x', 24));
        Assert.Equal(new IceResult(IceOutcome.Refused, DropReason.StunBadIntegrity), result);
        Assert.Equal(StunErrorCode.Unauthenticated, _client.LastError);
        Assert.Equal(IceState.New, _agent.State);
        Assert.Equal(0, _agent.ValidatedCount);
    }

    [Fact]
    public void An_unknown_ufrag_is_refused_with_401()
    {
        var result = _client.Check(Start, IceClient.Source(1), credentials: IceCredentials.Create());
        Assert.Equal(DropReason.StunUnknownUfrag, result.Drop);
        Assert.Equal(StunErrorCode.Unauthenticated, _client.LastError);
    }

    [Fact]
    public void A_peer_in_the_controlled_role_gets_487()
    {
        Assert.Equal(IceOutcome.Refused, _client.Check(Start, IceClient.Source(1), controlled: true).Outcome);
        Assert.Equal(StunErrorCode.RoleConflict, _client.LastError);
        Assert.Equal(IceState.New, _agent.State);
    }

    [Fact]
    public void An_attribute_that_must_be_understood_gets_420_and_an_optional_one_nothing()
    {
        Assert.Equal(IceOutcome.Refused, _client.Check(Start, IceClient.Source(1), unknown: 0x7FFF).Outcome);
        Assert.Equal(StunErrorCode.UnknownAttribute, _client.LastError);
        Assert.Equal(IceOutcome.Selected, _client.Check(Start, IceClient.Source(1), unknown: 0xC057).Outcome);
    }

    /// <summary>As FFmpeg 8.0 checks: it names neither its role nor a priority.</summary>
    [Fact]
    public void A_check_needs_no_more_than_its_credentials()
    {
        var minimal = _client.Begin();
        minimal.AddUseCandidate();
        minimal.AddIntegrity(Encoding.ASCII.GetBytes(_agent.Local.Password));
        minimal.AddFingerprint();
        Assert.Equal(IceOutcome.Selected, _client.Send(Start, IceClient.Source(1), minimal.Written, _agent.Local).Outcome);
        Assert.Equal(IceClient.Source(1), _client.LastMapped);
        Assert.True(_agent.IsNominated);

        var bare = _client.Begin();
        bare.AddIntegrity(Encoding.ASCII.GetBytes(_agent.Local.Password));
        Assert.True(_client.Send(Start, IceClient.Source(2), bare.Written, _agent.Local).IsAuthentic); // not even FINGERPRINT
    }

    [Theory]
    [InlineData(0x0024)] // PRIORITY
    [InlineData(0x802A)] // ICE-CONTROLLING
    [InlineData(0x0020)] // XOR-MAPPED-ADDRESS
    [InlineData(0x0009)] // ERROR-CODE
    [InlineData(0x0014)] // REALM
    [InlineData(0x8022)] // SOFTWARE
    [InlineData(0xC001)] // NOMINATION, of drafts
    public void An_attribute_that_is_not_used_may_hold_anything(ushort type)
    {
        var check = _client.Begin();
        check.AddRaw(type, [1, 2, 3]);
        check.AddIntegrity(Encoding.ASCII.GetBytes(_agent.Local.Password));
        check.AddFingerprint();
        Assert.Equal(IceOutcome.Selected, _client.Send(Start, IceClient.Source(1), check.Written, _agent.Local).Outcome);
    }

    [Fact]
    public void A_request_without_credentials_gets_400_and_an_indication_nothing()
    {
        var buffer = new byte[100];
        var request = new StunWriter(buffer, StunClass.Request, new byte[12]);
        request.AddFingerprint();
        Assert.Equal(DropReason.StunMalformed, _client.Send(Start, IceClient.Source(1), request.Written, _agent.Local).Drop);
        Assert.Equal(StunErrorCode.BadRequest, _client.LastError);

        var indication = new StunWriter(buffer, StunClass.Indication, new byte[12]);
        Assert.Equal(IceOutcome.Dropped, _client.Send(Start, IceClient.Source(1), indication.Written, _agent.Local).Outcome);
        Assert.False(_client.LastWasAnswered);
    }

    [Fact]
    public void Consent_lasts_thirty_seconds_after_the_last_authentic_check()
    {
        _client.Check(Start, IceClient.Source(1));
        _client.Check(Start + (20 * Second), IceClient.Source(1));
        var end = Start + (50 * Second);
        Assert.Equal(end, _agent.NextTimeout);
        _agent.HandleTimeout(end - TimeSpan.FromMilliseconds(1));
        Assert.Equal(IceState.Connected, _agent.State);
        _client.Check(end - TimeSpan.FromMilliseconds(1), IceClient.Source(1), password: new string('x', 24)); // forged: renews nothing
        _agent.HandleTimeout(end);
        Assert.Equal(IceState.Disconnected, _agent.State);
        Assert.Equal(Instant.Never, _agent.NextTimeout);
        Assert.True(_agent.TryTakeRemovedTuple(out var removed));
        Assert.Equal(IceClient.Source(1), removed);

        Assert.Equal(IceOutcome.Selected, _client.Check(end + Second, IceClient.Source(3)).Outcome);
        Assert.Equal(IceState.Connected, _agent.State);
    }

    [Fact]
    public void Anything_authentic_from_a_validated_tuple_renews_consent()
    {
        _client.Check(Start, IceClient.Source(1));
        _agent.Hear(Start + (29 * Second), IceClient.Source(1));
        _agent.Hear(Start + (40 * Second), IceClient.Source(2)); // not validated: proves nothing
        _agent.HandleTimeout(_agent.NextTimeout);
        Assert.Equal(IceState.Connected, _agent.State);
        Assert.Equal(Start + (59 * Second), _agent.NextTimeout);
        _agent.HandleTimeout(_agent.NextTimeout);
        Assert.Equal(IceState.Disconnected, _agent.State);
    }

    [Fact]
    public void A_tuple_that_media_come_over_takes_over_from_one_that_fell_silent()
    {
        _client.Check(Start, IceClient.Source(1), nominate: true);
        _client.Check(Start, IceClient.Source(2));
        _agent.Hear(Start + (20 * Second), IceClient.Source(2));
        _agent.HandleTimeout(Start + (30 * Second));
        Assert.Equal(IceClient.Source(2), _agent.Selected);
        Assert.Equal(Start + (50 * Second), _agent.NextTimeout);
    }

    /// <summary>As libnice does over ICE-TCP: it checks no more once it is connected.</summary>
    [Fact]
    public void An_open_tcp_connection_is_alive_however_silent_and_dead_when_it_ends()
    {
        var tcp = IceClient.Source(1) with { Connection = 7 };
        _client.Check(Start, tcp, nominate: true);
        Assert.Equal(Instant.Never, _agent.NextTimeout);
        _agent.HandleTimeout(Start + TimeSpan.FromHours(1));
        Assert.Equal(IceState.Connected, _agent.State);
        _agent.Forget(Start + TimeSpan.FromHours(1), tcp);
        Assert.Equal(IceState.Disconnected, _agent.State);
    }

    [Fact]
    public void A_peer_that_never_checks_is_disconnected_after_thirty_seconds()
    {
        Assert.Equal(Start + (30 * Second), _agent.NextTimeout);
        _agent.HandleTimeout(_agent.NextTimeout);
        Assert.Equal(IceState.Disconnected, _agent.State);
    }

    [Fact]
    public void The_freshest_tuple_takes_over_from_one_that_fell_silent()
    {
        _client.Check(Start, IceClient.Source(1), nominate: true);
        _client.Check(Start + (10 * Second), IceClient.Source(2));
        _client.Check(Start + (15 * Second), IceClient.Source(3));
        _agent.HandleTimeout(Start + (30 * Second));
        Assert.Equal(IceState.Connected, _agent.State);
        Assert.Equal(IceClient.Source(3), _agent.Selected);
        Assert.Equal(Start + (45 * Second), _agent.NextTimeout);
    }

    [Fact]
    public void A_closed_tcp_connection_gives_way_to_what_is_left()
    {
        var tcp = IceClient.Source(1) with { Connection = 7 };
        _client.Check(Start, tcp, nominate: true);
        _client.Check(Start, IceClient.Source(2));
        _agent.Forget(Start, tcp);
        Assert.Equal(IceClient.Source(2), _agent.Selected);
        _agent.Forget(Start, IceClient.Source(2));
        Assert.False(_agent.HasSelected);
        Assert.Equal(IceState.Disconnected, _agent.State);
    }

    [Fact]
    public void The_table_of_tuples_is_bounded_and_keeps_the_selected_one()
    {
        _client.Check(Start, IceClient.Source(1), nominate: true);
        for (var host = 2; host < 100; host++)
        {
            _client.Check(Start.AddMilliseconds(host), IceClient.Source(host));
        }

        Assert.Equal(ValidatedTuples.Capacity, _agent.ValidatedCount);
        Assert.True(_agent.IsValidated(IceClient.Source(1)));
        Assert.True(_agent.IsValidated(IceClient.Source(99)));
        Assert.True(_agent.TryTakeRemovedTuple(out var removed));
        Assert.Equal(IceClient.Source(2), removed);
    }

    [Fact]
    public void After_a_restart_both_ufrags_work_until_the_first_new_check()
    {
        var old = _agent.Local;
        _client.Check(Start, IceClient.Source(1), nominate: true);
        _agent.Restart(Start, IceCredentials.Create());
        Assert.NotEqual(old.Key, _agent.Local.Key);

        Assert.True(_client.Check(Start + Second, IceClient.Source(1), credentials: old).IsAuthentic);
        Assert.False(_agent.TryTakeRetiredUfrag(out _));
        Assert.True(_client.Check(Start + Second, IceClient.Source(2), nominate: true).IsAuthentic);
        Assert.True(_agent.TryTakeRetiredUfrag(out var retired));
        Assert.Equal(old.Key, retired);

        Assert.Equal(DropReason.StunUnknownUfrag, _client.Check(Start + Second, IceClient.Source(1), credentials: old).Drop);
        Assert.Equal(IceClient.Source(2), _agent.Selected);
    }

    [Fact]
    public void A_second_restart_before_any_check_retires_the_oldest()
    {
        var first = _agent.Local;
        _agent.Restart(Start, IceCredentials.Create());
        var second = _agent.Local;
        _agent.Restart(Start, IceCredentials.Create());
        Assert.True(_agent.TryTakeRetiredUfrag(out var retired));
        Assert.Equal(first.Key, retired);
        Assert.True(_client.Check(Start, IceClient.Source(1), credentials: second).IsAuthentic);
    }

    [Fact]
    public void The_ufrag_for_demultiplexing_is_read_from_a_request()
    {
        var buffer = new byte[100];
        var writer = new StunWriter(buffer, StunClass.Request, new byte[12]);
        writer.AddPriority(1);
        writer.AddUsername(Encoding.ASCII.GetBytes(_agent.Local.Ufrag + ":abcd"));
        Assert.True(UfragKey.TryRead(writer.Written, out var key));
        Assert.Equal(_agent.Local.Key, key);
        Assert.Equal(_agent.Local.Ufrag, key.ToString());
        for (var length = 0; length < writer.Length; length++)
        {
            UfragKey.TryRead(buffer.AsSpan(0, length), out _);
        }

        Assert.False(UfragKey.TryRead(Stun.Rfc5769Vectors.Request, out _)); // another server's ufrag, not of our length
    }
}
