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

    private sealed class Run
    {
        private const string Session = "SE_1";

        private readonly Random _random;
        private readonly FakeNode _node = new("ND_1", "local");
        private readonly List<(long Epoch, SessionCommand Command)> _toNode = [];
        private readonly List<DigestEntry> _digests = [];
        private CommandOrder _order = new();
        private SessionReconciler _owner;
        private SessionCommand? _awaited;
        private long _epoch;
        private int _offers;
        private SessionDesired? _wanted;
        private bool _ended;

        public Run(int seed) => (_random, _owner) = (new(seed), new(_order));

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
                    Hear(entry);
                }

                if (_node.Digest().IsEmpty)
                {
                    _owner.OnAbsent();
                }

                for (int i = 0; i < 20 && Next() is var command && command is not SessionCommand.None; i++)
                {
                    Answered(command, await Carry(await Epoch(), command));
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
        private async Task Send()
        {
            if (Next() is not SessionCommand.None and var command)
            {
                _awaited = command;
                _toNode.Add((await Epoch(), command));
                await Did($"send {command.GetType().Name}");
            }
        }

        /// <summary>The grain claims the node before the first command, and after it was told that another has claimed it since.</summary>
        private async Task<long> Epoch() => _epoch = _epoch == 0 ? (await _node.Claim()).Epoch : _epoch;

        private async Task Deliver(bool answered, bool again)
        {
            if (_toNode.Count == 0)
            {
                return;
            }

            int index = _random.Next(_toNode.Count);
            (long epoch, SessionCommand command) = _toNode[index];
            if (!again)
            {
                _toNode.RemoveAt(index);
            }

            object answer = await Carry(epoch, command);
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
            Hear(_digests[index]);
            _digests.RemoveAt(index);
            return Did("hear a digest");
        }

        private Task LoseOwner()
        {
            _order = new();
            Forget();
            _epoch = 0;
            return Did("the owner loses its memory");
        }

        /// <summary>The node could not be reached for long, as far as the owner could tell.</summary>
        private Task LoseNode()
        {
            if (_owner.Phase != SessionPhase.Closing)
            {
                Forget();
            }

            _epoch = 0; // it is heard of again by another link

            return Did("the node counts as lost");
        }

        private Task RestartNode()
        {
            _node.Restart();
            _epoch = 0; // the grain sees another boot, and by another link: what was under way on the old one never arrives
            _awaited = null;
            _toNode.Clear();
            _digests.Clear();
            return Did("the node restarts");
        }

        private void Forget() => (_owner, _awaited, _wanted, _ended) = (new SessionReconciler(_order), null, null, false);

        /// <summary>What is over is forgotten by the grain: a node that names it nevertheless is asked what it has.</summary>
        private void Hear(DigestEntry entry)
        {
            if (_owner.Phase == SessionPhase.Gone)
            {
                Forget();
            }

            _owner.OnDigest(entry);
        }

        /// <summary>The grain knows of a session that it did not begin by the node's word alone.</summary>
        private SessionCommand Next() => _owner.Phase == SessionPhase.Unknown && _node.Digest().IsEmpty ? new SessionCommand.None() : _owner.Next();

        private async Task<object> Carry(long epoch, SessionCommand command) => command switch
        {
            SessionCommand.Describe => await _node.Describe(Session),
            SessionCommand.Apply a => await _node.Apply(new ApplySession(0, Session, epoch, a.Seq, a.MustExist, a.Desired)),
            SessionCommand.Close c => await _node.Close(new CloseSession(0, Session, epoch, c.Seq, c.Reason)),
            _ => throw new InvalidOperationException(),
        };

        private void Answered(SessionCommand command, object answer)
        {
            _epoch = answer is SessionApplied { Status: ApplyStatus.Stale } stale && stale.Epoch != _epoch ? 0 : _epoch;
            switch (command)
            {
                case SessionCommand.Describe:
                    var found = (SessionFound)answer;
                    _owner.OnDescribed(found);
                    _owner.OnActual(found.Actual);
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
            Trace.Add($"{what} → {_owner.Phase}, epoch {_epoch}, seq {_owner.Seq}");
            return Task.CompletedTask;
        }

        private static string Show(SessionDesired? desired) => desired is null ? "nothing" : $"offer {desired.Offer!.Id}";
    }
}
