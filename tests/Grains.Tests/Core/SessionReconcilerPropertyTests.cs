using Nexus.Core;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Core;

/// <summary>
/// One session between owners that lose their memory and a node that restarts, over a link that drops, doubles and reorders. When
/// the trouble is over, the node has exactly what is desired.
/// </summary>
public sealed class SessionReconcilerPropertyTests
{
    private const int Runs = 3000;
    private const int Steps = 80;

    [Fact]
    public async Task After_any_trouble_the_node_has_what_is_desired()
    {
        for (int seed = 0; seed < Runs; seed++)
        {
            var run = new Run(seed);
            for (int step = 0; step < Steps; step++)
            {
                await run.Step();
            }

            await run.Heal();
            Assert.True(run.Verdict() is null, $"seed {seed}: {run.Verdict()}\n{string.Join('\n', run.Trace)}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(23)]
    public async Task A_run_is_the_same_for_the_same_seed(int seed)
    {
        (Run a, Run b) = (new Run(seed), new Run(seed));
        for (int step = 0; step < Steps; step++)
        {
            await a.Step();
            await b.Step();
        }

        Assert.Equal(a.Trace, b.Trace);
    }

    private sealed class Run(int seed)
    {
        private const string Session = "SE_1";

        private readonly Random _random = new(seed);
        private readonly FakeNode _node = new("ND_1", "local");
        private readonly List<SessionCommand> _toNode = [];
        private readonly List<DigestEntry> _digests = [];
        private SessionReconciler _owner = new();
        private SessionCommand? _awaited;
        private int _offers;
        private SessionDesired? _wanted;
        private bool _ended;

        public List<string> Trace { get; } = [];

        public Task Step() => _random.Next(17) switch
        {
            0 or 1 => Want(),
            2 => _random.Next(8) == 0 ? End() : Task.CompletedTask,
            3 or 4 or 5 => Send(),
            6 or 7 or 8 => Deliver(answered: true, again: false),
            9 => Deliver(answered: true, again: true),
            10 => Deliver(answered: false, again: _random.Next(2) == 0),
            11 => Drop(),
            12 => TakeDigest(),
            13 => HearDigest(),
            14 => _random.Next(10) == 0 ? LoseNode() : Task.CompletedTask,
            15 => _random.Next(6) == 0 ? LoseOwner() : Task.CompletedTask,
            _ => _random.Next(12) == 0 ? RestartNode() : Task.CompletedTask,
        };

        /// <summary>What is still under way arrives somehow; then the link is sound and digests come.</summary>
        public async Task Heal()
        {
            _awaited = null;
            while (_toNode.Count > 0)
            {
                await Deliver(answered: false, again: false);
            }

            for (int round = 0; round < 3; round++)
            {
                foreach (DigestEntry entry in _node.Digest())
                {
                    _owner.OnDigest(entry);
                }

                for (int i = 0; i < 20 && (i == 0 ? _owner.Check() : Next()) is var command && command is not SessionCommand.None; i++)
                {
                    Answered(command, await Carry(command));
                }
            }
        }

        /// <summary>Null when all is as it must be.</summary>
        public string? Verdict()
        {
            SessionDesired? actual = _node.Actual.GetValueOrDefault(Session);
            return _owner.Phase switch
            {
                SessionPhase.Established when actual != _owner.Desired => $"desired {Show(_owner.Desired)}, actual {Show(actual)}",
                SessionPhase.Established when _ended => "established although it was ended",
                SessionPhase.Established when _wanted is not null && actual != _wanted => $"wanted {Show(_wanted)}, actual {Show(actual)}",
                SessionPhase.Gone or SessionPhase.Unknown when actual is not null => $"{_owner.Phase}, and the node still has {Show(actual)}",
                SessionPhase.Wanted or SessionPhase.Closing => $"still {_owner.Phase}",
                _ => null,
            };
        }

        private Task Want()
        {
            if (_owner.Phase is SessionPhase.Closing or SessionPhase.Gone)
            {
                return Task.CompletedTask;
            }

            _wanted = new SessionDesired
            {
                OwnerKey = "any/local/ND_1/SE_1",
                ParticipantKey = "any/t/r/alice",
                RoomKey = "any/t/r",
                Identity = "alice",
                ParticipantSid = "PA_1",
                Leg = SessionLeg.Publish,
                CanPublish = true,
                Offer = new SdpOffer(++_offers, "video"),
            };
            _owner.Want(_wanted);
            return Did($"want {_offers}");
        }

        private Task End()
        {
            _ended |= _owner.Phase is not SessionPhase.Gone;
            _owner.End(ReasonCodes.ClientLeft);
            return Did("end");
        }

        /// <summary>The grain has one command under way at a time; sending the next means that it gave up on the one before.</summary>
        private Task Send()
        {
            if (Next() is not SessionCommand.None and var command)
            {
                _awaited = command;
                _toNode.Add(command);
                return Did($"send {command.GetType().Name}");
            }

            return Task.CompletedTask;
        }

        private async Task Deliver(bool answered, bool again)
        {
            if (_toNode.Count == 0)
            {
                return;
            }

            int index = _random.Next(_toNode.Count);
            SessionCommand command = _toNode[index];
            if (!again)
            {
                _toNode.RemoveAt(index);
            }

            object answer = await Carry(command);
            await Did($"deliver {command.GetType().Name}{(again ? " (it comes again)" : "")}{(answered ? "" : " (the answer is lost)")}");
            if (answered && ReferenceEquals(command, _awaited))
            {
                _awaited = null;
                Answered(command, answer);
            }
        }

        private Task Drop()
        {
            if (_toNode.Count == 0)
            {
                return Task.CompletedTask;
            }

            _toNode.RemoveAt(_random.Next(_toNode.Count));
            return Did("drop");
        }

        private Task TakeDigest()
        {
            _digests.AddRange(_node.Digest());
            return Task.CompletedTask;
        }

        private Task HearDigest()
        {
            if (_digests.Count == 0)
            {
                return Task.CompletedTask;
            }

            int index = _random.Next(_digests.Count);
            _owner.OnDigest(_digests[index]);
            _digests.RemoveAt(index);
            return Did("hear a digest");
        }

        private Task LoseOwner()
        {
            (_owner, _awaited, _wanted, _ended) = (new SessionReconciler(), null, null, false);
            return Did("the owner loses its memory");
        }

        /// <summary>The node could not be reached for long, as far as the owner could tell.</summary>
        private Task LoseNode()
        {
            _owner.Lose();
            (_awaited, _wanted) = (null, null);
            return Did("the node counts as lost");
        }

        private Task RestartNode()
        {
            _node.Restart();
            return Did("the node restarts");
        }

        private SessionCommand Next() => _owner.Phase == SessionPhase.Unknown && _node.Digest().Length > 0 ? new SessionCommand.Claim() : _owner.Phase == SessionPhase.Unknown ? new SessionCommand.None() : _owner.Next();

        private async Task<object> Carry(SessionCommand command) => command switch
        {
            SessionCommand.Claim => await _node.Claim(Session),
            SessionCommand.Apply a => await _node.Apply(new ApplySession(0, Session, a.Epoch, a.Seq, a.MustExist, a.Desired)),
            SessionCommand.Close c => await _node.Close(new CloseSession(0, Session, c.Epoch, c.Seq, c.Reason)),
            _ => throw new InvalidOperationException(),
        };

        private void Answered(SessionCommand command, object answer)
        {
            switch (command)
            {
                case SessionCommand.Claim:
                    _owner.OnClaimed((SessionClaim)answer);
                    break;
                case SessionCommand.Apply a:
                    _owner.OnApplied(a.Seq, (SessionApplied)answer);
                    break;
                case SessionCommand.Close c:
                    _owner.OnApplied(c.Seq, (SessionApplied)answer);
                    break;
            }
        }

        private Task Did(string what)
        {
            Trace.Add($"{what} → {_owner.Phase}, epoch {_owner.Epoch}, seq {_owner.Seq}");
            return Task.CompletedTask;
        }

        private static string Show(SessionDesired? desired) => desired is null ? "nothing" : $"offer {desired.Offer!.Id}";
    }
}
